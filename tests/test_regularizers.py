"""Penalties: Keras's figures, gradients, configs, names."""

from __future__ import annotations

import numpy as np
import pytest

import schuss
from schuss import regularizers

W = np.array([[1.0, 2.0], [-3.0, 4.0]], "float32")


@pytest.mark.parametrize(
    ("regularizer", "penalty"),
    [
        (regularizers.L1(0.1), 1.0),
        (regularizers.L2(0.1), 3.0),
        (regularizers.L1L2(0.1, 0.1), 4.0),
        (regularizers.L1L2(), 0.0),
        (regularizers.OrthogonalRegularizer(0.1), 0.0447214),
        (regularizers.OrthogonalRegularizer(0.1, "columns"), 0.1 * 10 / np.sqrt(200)),
        (regularizers.L1(), 0.1),
        (regularizers.L2(), 0.3),
    ],
)
def test_penalties(regularizer, penalty):
    value = np.asarray(regularizer(W))
    assert value.shape == ()
    np.testing.assert_allclose(value, penalty, rtol=2e-4)


def test_columns_figure_of_keras():
    columns = float(regularizers.OrthogonalRegularizer(0.1, "columns")(W))
    cosine = abs(1 * 2 - 3 * 4) / np.sqrt((1 + 9) * (4 + 16))
    np.testing.assert_allclose(columns, 0.1 * 0.5 * 2 * cosine, rtol=1e-5)


def test_gradients():
    np.testing.assert_allclose(schuss.grad(regularizers.L2(0.1))(W), 0.2 * W, rtol=1e-6)
    np.testing.assert_allclose(schuss.grad(regularizers.L1(0.1))(W), 0.1 * np.sign(W), rtol=1e-6)
    assert np.isfinite(schuss.grad(regularizers.OrthogonalRegularizer())(W)).all()


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2", "OrthogonalRegularizer"])
def test_round_trip(name):
    original = getattr(regularizers, name)(0.25)
    described = regularizers.serialize(original)
    assert described["module"] == "keras.regularizers"
    assert described["class_name"] == name
    again = regularizers.deserialize(described)
    assert type(again) is type(original)
    assert again.get_config() == original.get_config()


def test_get():
    assert regularizers.get(None) is None
    for name, cls in (
        ("l1", regularizers.L1),
        ("l2", regularizers.L2),
        ("l1_l2", regularizers.L1L2),
        ("L1L2", regularizers.L1L2),
        ("orthogonal_regularizer", regularizers.OrthogonalRegularizer),
    ):
        assert type(regularizers.get(name)) is cls
    assert regularizers.l2(0.5).get_config() == {"l2": 0.5}
    assert regularizers.get(abs) is abs
    assert regularizers.get({"class_name": "L2", "config": {"l2": 0.5}}).l2 == 0.5
    with pytest.raises(ValueError, match=r"Unknown regularizer 'l3'.*'l1'"):
        regularizers.get("l3")


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf"), "a"])
def test_bad_factors(bad):
    with pytest.raises(ValueError, match="Invalid value for argument l2: expected a non-negative float"):
        regularizers.L2(bad)


def test_bad_shapes_and_modes():
    with pytest.raises(ValueError, match="rank 2"):
        regularizers.OrthogonalRegularizer()(W[0])
    with pytest.raises(ValueError, match="mode"):
        regularizers.OrthogonalRegularizer(mode="x")
    with pytest.raises(NotImplementedError, match="get_config"):
        regularizers.Regularizer().get_config()


def test_missing_names_suggest_the_nearest():
    with pytest.raises(AttributeError, match=r"'L3'.*'L1'"):
        regularizers.L3  # noqa: B018


def test_no_penalty_of_integers_is_a_float():
    assert np.asarray(regularizers.L1L2()(np.ones(2, "int32"))).dtype == "float32"
