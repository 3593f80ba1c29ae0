"""What the tests of schuss.ops' NumPy-like functions share: one check for eager and traced results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import schuss
from schuss.backends.reference import evaluate
from schuss.graph import _tree

RNG = np.random.default_rng(0)
V = RNG.standard_normal(6).astype("float32")
M = RNG.standard_normal((3, 4)).astype("float32")
T = RNG.standard_normal((2, 3, 4)).astype("float32")
I = RNG.integers(-5, 6, (3, 4)).astype("int32")
U = RNG.integers(0, 200, (3, 4)).astype("uint8")
B = RNG.integers(0, 2, (3, 4)).astype(bool)
P = RNG.uniform(0.1, 0.9, (3, 4)).astype("float32")
D = RNG.standard_normal((3, 4))


def agree(function: Callable[..., Any], expected: Any, *args: Any, tolerance: float = 1e-5) -> None:
    """`function(*args)` is `expected` (values; dtype where expected is an array of one), at once and
    traced."""
    eager = function(*args)
    close(eager, expected, tolerance)
    traced(function, eager, *args)


def traced(function: Callable[..., Any], eager: Any, *args: Any) -> None:
    """The traced function has the specs and, evaluated, the values of its eager result."""
    graph = schuss.trace(function, *args)
    outputs, _ = evaluate(graph, [np.asarray(a) for a in _tree.leaves(args)])
    leaves = [np.asarray(leaf) for leaf in _tree.leaves(eager)]
    assert len(outputs) == len(leaves)
    for tensor, value, leaf in zip(graph.outputs, outputs, leaves, strict=True):
        assert (tensor.shape, tensor.dtype) == (leaf.shape, leaf.dtype)
        assert (value.shape, value.dtype) == (leaf.shape, leaf.dtype)
        np.testing.assert_allclose(value, leaf, rtol=1e-6, atol=1e-6)


def close(actual: Any, expected: Any, tolerance: float = 1e-5) -> None:
    """Equal up to rounding; `expected` has arrays, or nested lists of numbers, where `actual` has arrays."""
    if isinstance(actual, (tuple, list)):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected, strict=True):
            close(a, e, tolerance)
    elif isinstance(actual, dict):
        assert actual.keys() == expected.keys()
        for name in actual:
            close(actual[name], expected[name], tolerance)
    else:
        assert np.shape(actual) == np.shape(expected)
        np.testing.assert_allclose(
            np.asarray(actual, "float64"), np.asarray(expected, "float64"), rtol=tolerance, atol=tolerance
        )
