"""Losses: names, configs, half the mean squared error, masks and weights, and what they say to wrong input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import schuss
from schuss import layers, losses, ops
from schuss.layers._masks import set_mask

CLASSES = [
    name
    for name in losses.__all__
    if isinstance(getattr(losses, name), type) and name not in ("Loss", "LossFunctionWrapper")
]
ARGUMENTS = {
    "BinaryFocalCrossentropy": {"gamma": 1.5, "alpha": 0.4, "apply_class_balancing": True},
    "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
    "CategoricalFocalCrossentropy": {"alpha": [0.1, 0.2, 0.3]},
    "CategoricalGeneralizedCrossEntropy": {"q": 0.3},
    "Circle": {"gamma": 20.0, "margin": 0.1, "remove_diagonal": False},
    "CosineSimilarity": {"axis": 1},
    "Dice": {"axis": [0, 1]},
    "Huber": {"delta": 0.4},
    "SparseCategoricalCrossentropy": {"ignore_class": 3, "from_logits": True},
    "Tversky": {"alpha": 0.3, "beta": 0.8, "axis": -1},
}
SMALL = arrays(
    np.float64,
    array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.floats(-10, 10, allow_subnormal=False),
)


@pytest.mark.parametrize("name", CLASSES)
def test_a_loss_survives_its_config(name):
    loss = getattr(losses, name)(**ARGUMENTS.get(name, {}), reduction="sum", name="mine")
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert (again.name, again.reduction) == ("mine", "sum")
    for key, value in ARGUMENTS.get(name, {}).items():
        assert loss.get_config()[key] == value


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_by_its_name(name):
    assert type(losses.get(name)) is getattr(losses, name)


@pytest.mark.parametrize(
    ("short", "function"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
        ("half_mse", "half_mean_squared_error"),
        ("huber", "huber"),
    ],
)
def test_a_function_by_its_name(short, function):
    assert losses.get(short) is getattr(losses, function)
    assert losses.get(function) is getattr(losses, function)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown loss 'mean_sqared_error'.*'mean_squared_error'"):
        losses.get("mean_sqared_error")


def test_a_function_with_arguments_as_a_loss():
    loss = losses.LossFunctionWrapper(losses.huber, delta=0.5)
    again = losses.deserialize(losses.serialize(loss))
    assert float(loss([[0.0]], [[2.0]])) == float(again([[0.0]], [[2.0]])) == 0.875


@given(SMALL, st.integers(0, 2**31))
def test_half_the_mean_squared_error(y_pred, seed):
    """J = 1/(2n) Σ (y − ŷ)², ∂J/∂ŷ = (ŷ − y)/n, n counting every output of every sample."""
    y = np.random.default_rng(seed).normal(size=y_pred.shape)
    loss = losses.HalfMeanSquaredError(dtype="float64")
    value, gradient = schuss.value_and_grad(lambda y_pred: loss(y, y_pred))(y_pred)
    np.testing.assert_allclose(value, np.sum((y - y_pred) ** 2) / (2 * y.size), rtol=1e-12)
    np.testing.assert_allclose(gradient, (y_pred - y) / y.size, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        np.asarray(loss(y, y_pred)) * 2, losses.MeanSquaredError(dtype="float64")(y, y_pred), rtol=1e-12
    )


def test_half_the_mean_squared_error_trains():
    """One step of gradient descent by hand: W ← W − α ∇_W J."""
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]], "float32"), np.array([[1.0], [2.0]], "float32")
    model = schuss.Sequential([schuss.Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile(schuss.optimizers.SGD(0.1), loss="half_mse")
    model.fit(x, y, batch_size=2, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], 0.1 * x.T @ y / 2, rtol=1e-6)


def test_a_mean_is_over_the_places_that_are_not_masked():
    y_pred = np.array([[1.0], [5.0], [3.0]], "float32")
    set_mask(y_pred, np.array([True, False, True]))
    assert float(losses.MeanSquaredError()(np.zeros((3, 1)), y_pred)) == 5.0
    assert float(losses.MeanSquaredError(reduction="sum")(np.zeros((3, 1)), y_pred)) == 10.0
    set_mask(y_pred, np.zeros(3, bool))
    assert float(losses.MeanSquaredError()(np.zeros((3, 1)), y_pred)) == 0.0


def test_the_mean_of_circle_is_over_the_samples_that_cost_something():
    loss = np.asarray(losses.Circle(reduction="none")(np.array([0, 0, 1]), np.eye(3, dtype="float32")))
    counted = loss[loss > 0]
    assert 0 < len(counted) < 3
    mean = losses.Circle()(np.array([0, 0, 1]), np.eye(3, dtype="float32"))
    np.testing.assert_allclose(mean, counted.mean(), rtol=1e-6)


def test_the_mean_with_ignore_class_is_over_the_labels_left():
    y_pred = np.full((4, 2), 0.5, "float32")
    value = losses.SparseCategoricalCrossentropy(ignore_class=-1)([0, -1, 1, -1], y_pred)
    np.testing.assert_allclose(value, np.log(2.0), rtol=1e-6)


def test_one_weight_a_sample_fits_losses_of_every_step():
    y_pred = np.array([[[1.0], [1.0]], [[2.0], [2.0]], [[0.0], [0.0]]], "float32")
    value = losses.MeanSquaredError(reduction="none")(
        np.zeros((3, 2, 1)), y_pred, sample_weight=[1.0, 2.0, 3.0]
    )
    assert np.asarray(value).tolist() == [[1.0, 1.0], [8.0, 8.0], [0.0, 0.0]]


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "hinge", "log_cosh"])
def test_large_logits_give_finite_losses_and_gradients(name):
    arguments = {"from_logits": True} if "crossentropy" in name else {}
    y_true, y_pred = np.array([[1.0, 0.0, 0.0]]), np.array([[-1e4, 1e4, 88.0]], "float32")
    value, gradient = schuss.value_and_grad(
        lambda y_pred: ops.sum(getattr(losses, name)(y_true, y_pred, **arguments))
    )(y_pred)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_integer_labels_for_one_hot_ones_name_the_right_loss():
    with pytest.raises(
        ValueError, match=r"categorical_crossentropy.*\(4, 3\).*sparse_categorical_crossentropy"
    ):
        losses.CategoricalCrossentropy()(np.array([0, 1, 2, 1]), np.full((4, 3), 1 / 3))


def test_one_hot_labels_for_integer_ones_name_the_right_loss():
    with pytest.raises(ValueError, match=r"integer labels of shape \(4,\).*use categorical_crossentropy"):
        losses.SparseCategoricalCrossentropy()(np.eye(4)[:, :3], np.full((4, 3), 1 / 3))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_outside_of_the_classes(label):
    with pytest.raises(ValueError, match=rf"label {label} is outside of the classes.*3 of them.*0 to 2"):
        losses.SparseCategoricalCrossentropy()(np.array([0, label]), np.full((2, 3), 1 / 3))


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "binary_crossentropy", "hinge", "kl_divergence", "dice", "huber"]
)
def test_shapes_that_do_not_fit(name):
    with pytest.raises(ValueError, match=rf"{name}.*same shape.*\(4, 2\) and \(4, 3\)"):
        getattr(losses, name)(np.ones((4, 2)), np.ones((4, 3)))


def test_cross_entropies_of_bits_do_not_repeat_labels():
    with pytest.raises(ValueError, match=r"binary_crossentropy.*same shape.*\(4, 1\) and \(4, 3\)"):
        losses.BinaryCrossentropy()(np.ones((4, 1)), np.full((4, 3), 0.5))


def test_weights_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"`sample_weight`.*\(4, 1\) and \(5,\)|`sample_weight`.*\(4,\) and \(5,\)"
    ):
        losses.MeanSquaredError()(np.ones((4, 3)), np.ones((4, 3)), sample_weight=np.ones(5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: losses.MeanSquaredError(reduction="average"),
            "Invalid value for argument `reduction`.*'average'",
        ),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.5), "q must be in the interval"),
        (
            lambda: losses.categorical_crossentropy(np.eye(3), np.eye(3), axis=True),
            "`axis` must be of type `int`",
        ),
        (lambda: losses.ctc(np.ones(3, "int32"), np.ones((3, 4, 5))), "expected labels"),
        (lambda: losses.get(3), "Could not interpret loss identifier: 3"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
