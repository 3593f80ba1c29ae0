"""λ_max is that of the dense Hessian, and what it says of stability is so."""

import numpy as np
import pytest

import schuss
from schuss.insight import find_learning_rate, largest_eigenvalue
from schuss.insight._objective import Objective
from schuss.insight.learning_rate._curvature import eigenvalue, stability
from schuss.insight.learning_rate._lanczos import largest
from schuss.layers import LSTM, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input

MODELS = {
    "dense": ((4,), lambda: [Dense(6, activation="tanh"), Dropout(0.2), Dense(3)]),
    "convolution": ((6, 6, 1), lambda: [Conv2D(3, 3, activation="softplus"), BatchNormalization(), Flatten(), Dense(3)]),
    "recurrent": ((5, 3), lambda: [LSTM(3), Dense(3)]),
}  # fmt: skip


@pytest.fixture
def float64():
    before = schuss.floatx()
    schuss.set_floatx("float64")
    yield
    schuss.set_floatx(before)


def dense_hessian(objective):
    """A column for each weight, by products with unit vectors."""
    sizes = [w.size for w in objective.weights]
    columns = []
    for i in range(sum(sizes)):
        unit = np.zeros(sum(sizes))
        unit[i] = 1.0
        parts = np.split(unit, np.cumsum(sizes)[:-1])
        product = objective.product([p.reshape(w.shape) for p, w in zip(parts, objective.weights)])
        columns.append(np.concatenate([p.reshape(-1) for p in product]))
    return np.array(columns).T


@pytest.mark.parametrize("name", MODELS)
def test_it_is_that_of_the_dense_hessian(float64, name):
    shape, layers = MODELS[name]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, *shape)), rng.integers(0, 3, 30)
    model = schuss.Sequential([Input(shape), *layers()])
    model.compile("sgd", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    found = largest_eigenvalue(model, x, y, batch_size=15)
    hessian = dense_hessian(Objective(model, x, y, batch_size=15))
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    assert found.value == pytest.approx(values[-1], rel=1e-3)
    flat = np.concatenate([v.reshape(-1) for v in found.vector])
    assert np.linalg.norm(flat) == pytest.approx(1.0)
    assert abs(flat @ vectors[:, -1]) > 0.99
    assert np.linalg.norm(hessian @ flat - found.value * flat) < 2e-3 * found.value


@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_lanczos_finds_the_largest_of_any_symmetric_matrix(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(size, size))
    matrix = matrix + matrix.T
    expected = np.linalg.eigvalsh(matrix)[-1]
    assert largest(lambda v: matrix @ v, size, 100, relative=1e-8).value == pytest.approx(expected, rel=1e-6)


def test_lanczos_ends_where_eigenvalues_repeat():
    found = largest(lambda v: 3 * v, 50, 50)
    assert (found.value, found.products) == (pytest.approx(3.0), 1)


def quadratic(optimizer):
    """J = mean of (x w)², with a Hessian whose λ is known by NumPy, and a model that begins at w = 1."""
    x = np.random.default_rng(0).normal(size=(40, 5)) * [1, 2, 3, 0.5, 0.1]
    model = schuss.Sequential([Input((5,)), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizer, "mse")
    return model, x, np.zeros((40, 1)), np.linalg.eigvalsh(2 * x.T @ x / 40)[-1]


OPTIMIZERS = {
    "plain": lambda rate: schuss.optimizers.SGD(rate),
    "heavy ball": lambda rate: schuss.optimizers.SGD(rate, momentum=0.9),
    "nesterov": lambda rate: schuss.optimizers.SGD(rate, momentum=0.9, nesterov=True),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_descent_is_stable_below_the_bound_and_not_above(float64, name):
    losses = {}
    for part in (0.99, 1.01):
        model, x, y, expected = quadratic(OPTIMIZERS[name](0.0))
        assert largest_eigenvalue(model, x, y).value == pytest.approx(expected, rel=1e-2)
        model.optimizer.build(model.trainable_variables)
        factor = stability(model.optimizer, model.trainable_variables).factor
        model.optimizer.learning_rate = part * factor / largest_eigenvalue(model, x, y).value
        before = model.evaluate(x, y, verbose=0)
        model.fit(x, y, batch_size=40, epochs=1500, verbose=0)
        losses[part] = model.evaluate(x, y, verbose=0) / before
    assert losses[0.99] < 1e-6
    assert losses[1.01] > 1e3


PRECONDITIONED = {
    "adam": lambda rate: schuss.optimizers.Adam(rate, beta_2=0.0, epsilon=0.0),
    "adamw": lambda rate: schuss.optimizers.AdamW(rate, weight_decay=0.0, beta_1=0.5),
    "rmsprop": lambda rate: schuss.optimizers.RMSprop(rate, momentum=0.5, centered=True),
    "adagrad": lambda rate: schuss.optimizers.Adagrad(rate),
    "adamax": lambda rate: schuss.optimizers.Adamax(rate),
    "nadam": lambda rate: schuss.optimizers.Nadam(rate),
    "amsgrad": lambda rate: schuss.optimizers.Adam(rate, amsgrad=True),
}


@pytest.mark.parametrize("name", PRECONDITIONED)
def test_preconditioners_are_what_steps_are_divided_by(float64, name):
    """Without memory, a step in the direction of a gradient is −α g / p."""
    model = quadratic(PRECONDITIONED[name](1e-6))[0]
    weights = model.trainable_variables
    model.optimizer.build(weights)
    rng = np.random.default_rng(1)
    gradients = [rng.normal(size=w.shape) for w in weights]
    model.optimizer.apply(gradients, weights)
    scales = stability(model.optimizer, weights).scales()
    for scale, gradient in zip(scales, gradients):
        assert scale.shape == gradient.shape
        assert (scale > 0).all()
    if name in ("adam", "amsgrad", "adamax"):
        np.testing.assert_allclose(scales[0], np.abs(gradients[0]), rtol=1e-5)


def test_the_preconditioned_eigenvalue_is_that_of_the_scaled_hessian(float64):
    model, x, y, _ = quadratic("sgd")
    objective = Objective(model, x, y)
    scales = [np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])]
    root = np.diag(1 / np.sqrt(scales[0][:, 0]))
    expected = np.linalg.eigvalsh(root @ (2 * x.T @ x / 40) @ root)[-1]
    assert eigenvalue(objective, scales, 50, 1e-6).value == pytest.approx(expected, rel=1e-5)


def test_a_model_without_weights_is_refused():
    model = schuss.Sequential([Input((3,)), Flatten()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no trainable weights"):
        largest_eigenvalue(model, np.zeros((4, 3)), np.zeros((4, 3)))


def test_the_suggestion_for_descent_on_a_quadratic_is_below_the_bound():
    model, x, y, largest_value = quadratic("sgd")
    found = find_learning_rate(model, x, y)
    assert found.bound == pytest.approx(2 / largest_value, rel=0.5)  # of some of the rows
    assert 0 < found.suggestion <= found.highest_stable
