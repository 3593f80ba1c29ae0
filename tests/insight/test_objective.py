"""The loss as a function of the weights: its derivatives are those of finite differences, and nothing is changed."""

import numpy as np
import pytest

import schuss
from schuss.insight._objective import Objective
from schuss.layers import (
    LSTM,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
)  # fmt: skip

MODELS = {
    "dense": ((5,), lambda: [Dense(8, activation="tanh"), Dropout(0.3), Dense(3)]),
    "convolution": (
        (8, 8, 2),
        lambda: [Conv2D(4, 3, activation="tanh"), BatchNormalization(), AveragePooling2D(2), Flatten(), Dense(3)],
    ),
    "recurrent": ((10, 4), lambda: [LSTM(6), Dense(3)]),
}  # fmt: skip


@pytest.fixture(params=MODELS)
def objective(request):
    before = schuss.floatx()
    schuss.set_floatx("float64")
    shape, layers = MODELS[request.param]
    rng = np.random.default_rng(0)
    model = schuss.Sequential([Input(shape), *layers()])
    model.compile("sgd", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    yield Objective(model, rng.normal(size=(41, *shape)), rng.integers(0, 3, 41), batch_size=16)
    schuss.set_floatx(before)


def moved(objective, by):
    return [w.array + by * v for w, v in zip(objective.weights, directions(objective))]


def directions(objective):
    rng = np.random.default_rng(1)
    return [rng.normal(size=w.shape) for w in objective.weights]


def test_the_gradient_is_the_finite_difference(objective):
    value, gradient = objective.gradient()
    assert value == pytest.approx(objective.value(), rel=1e-12)
    slope = sum((g * v).sum() for g, v in zip(gradient, directions(objective)))
    measured = (objective.value(moved(objective, 1e-5)) - objective.value(moved(objective, -1e-5))) / 2e-5
    assert measured == pytest.approx(slope, rel=1e-6)


def test_the_product_with_the_hessian_is_the_difference_of_gradients(objective):
    above, below = (objective.gradient(moved(objective, e))[1] for e in (1e-5, -1e-5))
    for product, a, b in zip(objective.product(directions(objective)), above, below):
        np.testing.assert_allclose(product, (a - b) / 2e-5, rtol=1e-4, atol=1e-6)


def test_nothing_of_the_model_changes(objective):
    model = objective._model
    before = [v.array.copy() for v in model.variables]
    objective.gradient()
    objective.product(directions(objective))
    for variable, array in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.array, array)


def test_it_is_the_loss_of_evaluate():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)).astype("float32"), rng.normal(size=(50, 1)).astype("float32")
    model = schuss.Sequential([Input((4,)), Dense(8, activation="relu", kernel_regularizer="l2"), Dense(1)])
    model.compile("adam", "mse")
    expected = model.evaluate(x, y, batch_size=32, verbose=0)
    assert Objective(model, x, y, training=False).value() == pytest.approx(expected, rel=1e-5)
    assert Objective(model, x, y, training=False, backend="reference").value() == pytest.approx(
        expected, rel=1e-5
    )


def test_an_array_of_another_shape_is_named():
    model = schuss.Sequential([Input((4,)), Dense(1, name="out")])
    model.compile("adam", "mse")
    objective = Objective(model, np.zeros((8, 4)), np.zeros((8, 1)))
    with pytest.raises(ValueError, match=r"out/kernel.*\(4, 1\).*\(3, 1\)"):
        objective.value([np.zeros((3, 1)), np.zeros(1)])
