"""Sums over many products are made in blocks, and are the same bits as in one go."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import ops
from schuss.backends.cpu import _program, compile_graph
from schuss.compiler import _plan
from schuss.graph import Graph, Spec, Variable, trace

SHAPES = [(2048, 33, 40), (3000, 100, 17), (5001, 37, 64), (2300, 1, 2000), (2049, 4, 300)]


def contraction(shape: tuple[int, int, int], dtype: str, transposed: bool) -> tuple[Graph, list[np.ndarray]]:
    """``tanh(aᵀ b / 100)`` or ``tanh(a b / 100)``, and operands."""
    k, m, n = shape
    rng = np.random.default_rng(k)
    a, b = rng.standard_normal((k, m)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    if transposed:
        return trace(lambda a, b: ops.tanh(ops.matmul(ops.transpose(a), b) / 100), a, b), [a, b]
    a = np.ascontiguousarray(a.T)
    return trace(lambda a, b: ops.tanh(ops.matmul(a, b) / 100), a, b), [a, b]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transposed", [True, False])
def test_the_same_bits_as_in_one_go(
    shape: tuple[int, int, int], dtype: str, transposed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, arrays = contraction(shape, dtype, transposed)
    program = compile_graph(graph)
    assert program.plan.steps[0].partial is not None
    (blocks,) = program(*arrays)
    monkeypatch.setattr(_plan, "LONG_SUM", 10**9)
    whole = compile_graph(graph)
    assert whole.plan.steps[0].partial is None
    assert whole(*arrays)[0].tobytes() == blocks.tobytes()
    a, b = arrays[0].astype("float64"), arrays[1].astype("float64")
    right = np.tanh((a.T if transposed else a) @ b / 100)
    np.testing.assert_allclose(blocks, right, atol=1e-5 if dtype == "float32" else 1e-13)


def test_the_update_of_weights_ends_the_sum_and_any_number_of_threads_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_program, "parts", lambda: 1)
    rng = np.random.default_rng(0)
    data = rng.integers(0, 255, (9000, 50), dtype="uint8")
    weights = Variable(rng.standard_normal((50, 30)).astype("float32"))
    start = weights.array.copy()

    def step(x):
        x = ops.cast(x, "float32") / 255
        weights.assign(
            weights.value - 1e-4 * ops.matmul(ops.transpose(x), ops.tanh(ops.matmul(x, weights.value)))
        )
        return ops.sum(x)

    program = compile_graph(trace(step, Spec((3000, 50), np.dtype("uint8"))), batch_inputs=1)
    assert any(getattr(kernel, "partial", None) is not None for kernel in program.plan.steps)
    found = set()
    for threads in (1, 2, 3, 5):
        np.copyto(weights.array, start)
        program.start(
            [data], np.arange(9000), 3, (), [np.zeros((), "float32")], threads=threads, inline=False
        ).result()
        found.add(weights.array.tobytes())
    assert len(found) == 1
    W = start.astype("float64")
    for x in data.reshape(3, 3000, 50) / 255:
        W = W - 1e-4 * x.T @ np.tanh(x @ W)
    np.testing.assert_allclose(weights.array, W, atol=2e-5)
