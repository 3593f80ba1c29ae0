"""Activations against recorded figures of Keras, at extremes, and by name."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import activations, ops

RECORDED = Path(__file__).parent / "recorded"
CASES = json.loads((RECORDED / "activations.json").read_text())["cases"]
FIGURES = dict(np.load(RECORDED / "activations.npz"))
MORE = dict(np.load(RECORDED / "activations_more.npz"))
ARGUMENTS = {
    "gelu_approximate": {"approximate": True},
    "elu_alpha": {"alpha": 0.3},
    "celu_alpha": {"alpha": 2.0},
    "relu_general": {"negative_slope": 0.1, "max_value": 3.0, "threshold": 0.3},
    "softmax_axis0": {"axis": 0},
    "sparsemax_axis0": {"axis": 0},
    "leaky_relu_slope": {"negative_slope": 1.5},
    "threshold": {"threshold": 0.1, "default_value": 20.0},
    "squareplus_b": {"b": 1.0},
    "soft_shrink_threshold": {"threshold": 1.0},
    "hard_shrink_threshold": {"threshold": 1.0},
    "relu_negative_slope": {"negative_slope": 0.1, "max_value": 3.0},
    "glu_axis0": {"axis": 0},
    "log_softmax_axis0": {"axis": 0},
}
MORE_NAMES = sorted({key.split("/")[0] for key in MORE if "/" in key})
ALL = [name for name in activations.__all__ if name not in ("get", "serialize", "deserialize")]


def function_of(name: str):
    while not hasattr(activations, name):
        name = name.rpartition("_")[0]
    return getattr(activations, name)


def close(actual, expected, tolerance):
    actual = np.asarray(actual)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(np.abs(expected).max(), 1e-30))


@pytest.mark.parametrize("case", CASES, ids=[c["function"] for c in CASES])
def test_recorded(case):
    x, y, dy, dx = (FIGURES[f"{case['id']}/{k}"] for k in ("x", "output", "output_grad", "grad.x"))
    value, pull = schuss.vjp(lambda x: getattr(activations, case["function"])(x, **case["kwargs"]), x)
    close(value, y, 1e-5)
    close(pull(dy)[0], dx, 1e-4)


@pytest.mark.parametrize("name", MORE_NAMES)
def test_recorded_on_a_grid_with_large_values_and_arguments(name):
    x, y = MORE["x"], MORE[f"{name}/y"]
    dy = MORE["dy"][tuple(slice(0, n) for n in y.shape)]
    value, pull = schuss.vjp(lambda x: function_of(name)(x, **ARGUMENTS.get(name, {})), x)
    close(value, y, 1e-5)
    close(pull(np.ascontiguousarray(dy))[0], MORE[f"{name}/dx"], 1e-4)


@pytest.mark.parametrize("name", MORE_NAMES)
def test_small_results_are_relatively_right(name):
    """Where an activation is nearly zero, it is so with the right digits (sigmoid(-20), log_softmax, …)."""
    if name in ("gelu", "mish", "tanh_shrink", "squareplus", "squareplus_b"):
        pytest.skip("the difference of nearly equal numbers, in Keras as here")
    value = np.asarray(function_of(name)(MORE["x"], **ARGUMENTS.get(name, {})))
    normal = np.abs(MORE[f"{name}/y"]) > 1e-30
    np.testing.assert_allclose(
        value[normal], MORE[f"{name}/y"][normal], rtol=2e-3 if "gelu" in name else 2e-5
    )


@pytest.mark.parametrize("name", ALL)
def test_no_activation_breaks_at_extremes(name):
    if name in ("exponential", "squareplus", "threshold"):
        pytest.skip("overflows by definition, or needs arguments")
    x = np.array([-1e4, -300.0, -1e-40, 0.0, 1e-40, 300.0, 1e4, 88.0], "float32")
    value, pull = schuss.vjp(getattr(activations, name), x)
    assert np.isfinite(value).all()
    assert np.isfinite(pull(np.ones(np.shape(value), "float32"))[0]).all()


@pytest.mark.parametrize(
    "name", ["softplus", "log_sigmoid", "sigmoid", "tanh", "gelu", "silu", "mish", "elu", "softsign"]
)
def test_gradient_and_curvature_at_zero(name):
    """Smooth functions built from kinked pieces have their derivatives at the kink, too (checked by
    differences)."""
    f, h = getattr(activations, name), 1e-3
    x = np.zeros(1)
    slope = schuss.grad(lambda x: ops.sum(f(x)))
    np.testing.assert_allclose(slope(x), (np.asarray(f(x + h)) - np.asarray(f(x - h))) / (2 * h), atol=1e-3)
    if name not in ("elu", "softsign"):  # the others' second derivative is continuous
        curvature = schuss.grad(lambda x: ops.sum(slope(x)))
        differences = (np.asarray(slope(x + h)) - np.asarray(slope(x - h))) / (2 * h)
        np.testing.assert_allclose(curvature(x), differences, atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_nan_stays_visible(name):
    if name in ("threshold", "sparse_sigmoid"):
        pytest.skip("threshold compares only; it needs arguments")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(np.asarray(getattr(activations, name)(np.array([[np.nan, 1.0]], "float32")))).any()


def test_relu_sends_no_gradient_at_zero():
    assert schuss.grad(lambda x: ops.sum(ops.relu(x)))(np.zeros(2, "float32")).tolist() == [0, 0]


def test_integers():
    assert np.asarray(ops.relu(np.array([-1, 2], "int32"))).tolist() == [0, 2]
    assert np.asarray(ops.relu(np.array([-1, 2], "int32"))).dtype == np.int32
    assert np.asarray(ops.sigmoid(np.array([0, 1], "int32"))).dtype == np.float32
    limited = np.asarray(activations.relu(np.array([-1, 5], "int32"), max_value=2.0))
    assert limited.tolist() == [0, 2]
    assert limited.dtype == np.int32


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_dtype_is_kept(name, dtype):
    if name == "threshold":
        pytest.skip("needs arguments")
    assert np.asarray(getattr(activations, name)(np.ones((2, 2), dtype))).dtype == dtype


def test_softmax_axes():
    x = np.array([[1.0, 2.0], [2.0, 3.0]], "float32")
    expected = [[0.0723295, 0.1966119], [0.1966119, 0.5344466]]
    np.testing.assert_allclose(ops.softmax(x, axis=(0, 1)), expected, rtol=1e-5)
    np.testing.assert_allclose(ops.softmax(x, axis=None), expected, rtol=1e-5)
    np.testing.assert_allclose(ops.log_softmax(x, axis=(0, 1)), np.log(expected), rtol=1e-5)


def test_softmax_warns_of_an_axis_of_one():
    with pytest.warns(UserWarning, match="axis -1 .* size 1"):
        ops.softmax(np.ones((3, 1), "float32"))


def test_sparsemax_is_a_projection_where_one_entry_is_left_and_keras_s_otherwise():
    np.testing.assert_allclose(ops.sparsemax(np.array([[3.0, 1.0, 0.0]], "float32")), [[1, 0, 0]])
    np.testing.assert_allclose(ops.sparsemax(np.array([[-1.0, -1.5, -6.0]], "float32")), [[1.25, 0.75, 0]])


def test_glu_wants_an_even_axis():
    with pytest.raises(ValueError, match="even"):
        ops.glu(np.ones((2, 3), "float32"))


@pytest.mark.parametrize("name", ALL)
def test_get_and_serialize(name):
    function = getattr(activations, name)
    assert activations.get(name) is function
    assert activations.get(activations.serialize(function)) is function
    assert isinstance(activations.serialize(function), str)


def test_get_takes_what_keras_takes():
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get({"class_name": "function", "config": "relu"}) is activations.relu
    described = {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "relu"}
    assert activations.get(described) is activations.relu
    assert activations.get({"class_name": "relu", "config": {}}) is activations.relu
    assert activations.deserialize("gelu") is activations.gelu


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown activation function 'relo'.*'relu'"):
        activations.get("relo")
    with pytest.raises(ValueError, match="Could not interpret activation function identifier: 3"):
        activations.get(3)
    with pytest.raises(ValueError, match="class_name"):
        activations.get({"config": {}})


def test_users_own_functions():
    @schuss.saving.register_keras_serializable(package="mine")
    def doubled(x):
        return 2 * x

    assert activations.get(activations.serialize(doubled)) is doubled
    assert activations.get("mine>doubled") is doubled
    assert activations.deserialize("other", custom_objects={"other": doubled}) is doubled
    with schuss.saving.custom_object_scope({"third": doubled}):
        assert activations.get("third") is doubled
    with pytest.warns(UserWarning, match="lambda"):
        assert activations.serialize(lambda x: x)["class_name"] == "__lambda__"


RELU_X = np.array([-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 6.0, 8.0], "float32")
RELU = [  # arguments, values, slopes as Keras computes them, also at the kinks
    ({"max_value": 2.0}, [0, 0, 0, 0, 0.25, 0.5, 1, 2, 2, 2], [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]),
    ({"max_value": 6.0}, [0, 0, 0, 0, 0.25, 0.5, 1, 2, 6, 6], [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]),
    ({"threshold": 0.5}, [0, 0, 0, 0, 0, 0, 1, 2, 6, 8], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]),
    ({"threshold": -0.5}, [0, 0, -0.25, 0, 0.25, 0.5, 1, 2, 6, 8], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
    (
        {"threshold": -0.5, "max_value": 2.0},
        [0, 0, 0, 0, 0.25, 0.5, 1, 2, 2, 2],
        [0, 0, 0, 1, 1, 1, 1, 1, 0, 0],
    ),
    (
        {"negative_slope": 0.5, "max_value": 2.0},
        [-1, -0.25, -0.125, 0, 0.25, 0.5, 1, 2, 2, 2],
        [0.5, 0.5, 0.5, 0, 1, 1, 1, 1, 0, 0],
    ),
    (
        {"negative_slope": 0.5, "threshold": 0.5, "max_value": 2.0},
        [-1.25, -0.5, -0.375, -0.25, -0.125, 0, 1, 2, 2, 2],
        [0.5, 0.5, 0.5, 0.5, 0.5, 0, 1, 1, 0, 0],
    ),
    (
        {"threshold": 7.0, "max_value": 2.0, "negative_slope": 0.5},
        [-4.5, -3.75, -3.625, -3.5, -3.375, -3.25, -3, -2.5, -0.5, 2],
        [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0],
    ),
]


@pytest.mark.parametrize(
    ("arguments", "values", "slopes"), RELU, ids=lambda v: str(v) if isinstance(v, dict) else ""
)
def test_relu_with_arguments(arguments, values, slopes):
    value, pull = schuss.vjp(lambda x: activations.relu(x, **arguments), RELU_X)
    np.testing.assert_allclose(value, values, rtol=1e-6)
    np.testing.assert_allclose(pull(np.ones_like(RELU_X))[0], slopes, rtol=1e-6)


def test_equal_entries_of_sparsemax_count_in_their_order():
    """Of equal entries the earlier ones are in more of the sums S₁, S₂, …, and so pull more at τ."""
    _, pull = schuss.vjp(activations.sparsemax, np.zeros((1, 2), "float32"))
    np.testing.assert_allclose(pull(np.array([[1.0, 0.0]], "float32"))[0], [[0.0, -0.5]], atol=1e-6)


def test_missing_names_suggest_the_nearest():
    with pytest.raises(AttributeError, match=r"schuss.activations.*'rleu'.*'relu'"):
        activations.rleu  # noqa: B018
