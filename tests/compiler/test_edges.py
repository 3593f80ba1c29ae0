"""Programs at the edges of what kernels are made for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.backends import reference
from schuss.backends.cpu import compile_graph
from schuss.graph import Spec, Variable, trace
from schuss.graph import primitives as p


def _run(function: Any, *arrays: np.ndarray) -> list[Any]:
    """The compiled results, which are the reference's."""
    graph = trace(function, *arrays)
    results = compile_graph(graph)(*arrays)
    for got, want in zip(results, reference.evaluate(graph, arrays)[0], strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
    return results


def test_empty_arrays() -> None:
    x = np.zeros((0, 3), "float32")
    results = _run(
        lambda x: (
            ops.sum(x, axis=0),
            ops.prod(x),
            ops.matmul(ops.transpose(x), x),
            ops.sort(x) + 1,
            x[:, :0],
        ),
        x,
    )
    assert [r.tolist() for r in results] == [[0, 0, 0], 1, [[0] * 3] * 3, [], []]


def test_an_empty_variable_is_updated() -> None:
    v = Variable(np.zeros((0, 2), "float32"))

    def step(x: Any) -> Any:
        v.assign(v.value + 1.0)
        return ops.sum(v.value) + x

    assert compile_graph(trace(step, Spec((), "float32")))(np.float32(3))[0] == 3


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_integers_divided_by_zero_and_by_minus_one(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.array([0, 1, 5, limits.max, limits.min, limits.max // 2 * 2 + 1], dtype)
    x, y = np.repeat(values, 6), np.tile(values, 6)
    quotient, rest = _run(lambda x, y: (p.divide_p.bind(x, y), p.remainder_p.bind(x, y)), x, y)
    assert (quotient[y == 0] == 0).all()
    assert (rest[y == 0] == 0).all()


def test_the_largest_of_a_single_element() -> None:
    assert _run(lambda x: ops.argmax(x, axis=1), np.float32([[[1, 2]], [[3, 4]]]))[0].tolist() == [
        [0, 0],
        [0, 0],
    ]


def test_indices_keep_what_conversion_makes_of_them() -> None:
    x, places = np.arange(300.0), np.int32([10, 120, 200])
    taken, counted = _run(
        lambda x, i: (
            p.gather_p.bind(x, ops.cast(i + i, "int8")),
            p.gather_p.bind(x, p.iota_p.bind(shape=(200,), dtype=np.dtype("int8"), axis=0)),
        ),
        x,
        places,
    )
    assert taken.tolist() == [20, 0, 0]  # 240 is -16 in 8 bits, 400 is -112
    assert counted[127:130].tolist() == [127, 0, 0]


def test_halves_from_doubles_are_rounded_once() -> None:
    x = np.concatenate(
        [np.random.default_rng(0).uniform(-70000, 70000, 999), [1 + 2**-11 + 2**-40, np.nan, 1e300]]
    )
    _run(lambda x: (ops.cast(x, "float16"), ops.cast(ops.cast(x, "float16"), "float64")), x)
    _run(lambda i: ops.cast(i, "float16"), np.array([1, -3, 2049, 70000, -(2**62)]))


def test_numpys_scalars_keep_their_type() -> None:
    x = np.ones(2, "float32")
    assert ops.add(x, np.float64(1)).dtype == "float64"
    assert schuss.jit(lambda x: ops.multiply(x, np.float64(2)))(x).dtype == "float64"
    assert ops.add(x, 1.0).dtype == "float32"


def test_thousands_of_nodes() -> None:
    w = np.full((4, 4), 0.25)

    def long(x: Any) -> Any:
        for _ in range(300):
            x = ops.tanh(ops.matmul(x, w)) + 0.5 * x
        return ops.sum(x)

    x = np.linspace(-1, 1, 12).reshape(3, 4)
    np.testing.assert_allclose(schuss.jit(schuss.grad(long))(x), schuss.grad(long)(x), rtol=1e-9)
