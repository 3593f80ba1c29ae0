"""Projections: Keras's figures, configs, names."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import constraints

W = np.array([[1.0, 2.0], [-3.0, 4.0]], "float32")


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.MaxNorm(), [[0.6325, 0.8944], [-1.8974, 1.7889]]),
        (constraints.MaxNorm(100), W),
        (constraints.NonNeg(), [[1, 2], [0, 4]]),
        (constraints.UnitNorm(), [[0.3162, 0.4472], [-0.9487, 0.8944]]),
        (constraints.UnitNorm(axis=1), [[0.4472, 0.8944], [-0.6, 0.8]]),
        (constraints.MinMaxNorm(), [[0.3162, 0.4472], [-0.9487, 0.8944]]),
        (constraints.MinMaxNorm(10.0, 20.0), [[3.1623, 4.4721], [-9.4868, 8.9443]]),
        (constraints.MinMaxNorm(rate=0.5, axis=1), [[0.7236, 1.4472], [-1.8, 2.4]]),
        (constraints.UnitNorm(axis=[0, 1]), W / np.sqrt(30)),
        (constraints.Constraint(), W),
    ],
)
def test_projections(constraint, expected):
    value = np.asarray(constraint(W))
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, expected, rtol=2e-4)


def test_zero_weights_stay_finite():
    for constraint in (constraints.MaxNorm(), constraints.UnitNorm(), constraints.MinMaxNorm(0.5, 1.0)):
        assert np.asarray(constraint(np.zeros((2, 2), "float32"))).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"])
def test_round_trip(name):
    original = getattr(constraints, name)()
    described = constraints.serialize(original)
    assert (described["module"], described["class_name"]) == ("keras.constraints", name)
    again = constraints.deserialize(described)
    assert type(again) is type(original)
    assert again.get_config() == original.get_config()


def test_get():
    assert constraints.get(None) is None
    assert type(constraints.get("max_norm")) is constraints.MaxNorm is constraints.max_norm
    assert type(constraints.get("NonNeg")) is constraints.NonNeg
    assert type(constraints.get(constraints.UnitNorm)) is constraints.UnitNorm
    assert constraints.get(abs) is abs
    assert constraints.get({"class_name": "MaxNorm", "config": {"max_value": 3}}).max_value == 3
    with pytest.raises(ValueError, match=r"Unknown constraint 'maxnorm'.*'max_norm'"):
        constraints.get("maxnorm")
    with pytest.raises(ValueError, match="Could not interpret constraint identifier: 1"):
        constraints.get(1)


def test_missing_names_suggest_the_nearest():
    with pytest.raises(AttributeError, match=r"'Maxnorm'.*'MaxNorm'"):
        constraints.Maxnorm  # noqa: B018
