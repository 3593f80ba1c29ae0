"""Sums over a batch's rows, divided into blocks of rows: right, the same bits on any number of threads, no barrier before them."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import ops
from schuss.backends.cpu import _program, compile_graph
from schuss.compiler import Kernel
from schuss.graph import Graph, Spec, Variable, trace


def network(batch: int) -> tuple[Graph, list[Variable]]:
    """A step of a small network over gathered rows: gradients of weights and biases are sums over the rows."""
    rng = np.random.default_rng(0)
    shapes = [(9, 24), (24,), (24, 16), (16,)]
    weights = [Variable((rng.standard_normal(s) / 4).astype("float32")) for s in shapes]
    first, bias, second, other = weights

    def step(x):
        h = ops.tanh(ops.matmul(x, first.value) + bias.value)
        out = ops.matmul(h, second.value) + other.value
        d = out / batch
        back = ops.matmul(d, ops.transpose(second.value)) * (1 - h * h)
        first.assign(first.value - 0.5 * ops.matmul(ops.transpose(x), back))
        bias.assign(bias.value - 0.5 * ops.sum(back, axis=0))
        second.assign(second.value - 0.5 * ops.matmul(ops.transpose(h), d))
        other.assign(other.value - 0.5 * ops.sum(d, axis=0))
        return ops.mean(out * out)

    return trace(step, Spec((batch, 9), np.dtype("float32"))), weights


def right(weights: list[np.ndarray], data: np.ndarray, batch: int) -> list[np.ndarray]:
    """The weights after an epoch, in float64."""
    W, b, V, c = (w.astype("float64") for w in weights)
    for x in data.reshape(-1, batch, 9).astype("float64"):
        h = np.tanh(x @ W + b)
        d = (h @ V + c) / batch
        back = d @ V.T * (1 - h * h)
        W, b, V, c = W - 0.5 * x.T @ back, b - 0.5 * back.sum(0), V - 0.5 * h.T @ d, c - 0.5 * d.sum(0)
    return [W, b, V, c]


@pytest.mark.parametrize("batch", [1024, 1000, 509, 4104])
@pytest.mark.parametrize("parts", [2, 3, 8])
def test_divided_sums_are_right_and_the_same_on_any_number_of_threads(
    batch: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_program, "parts", lambda: parts)
    graph, weights = network(batch)
    program = compile_graph(graph, batch_inputs=1)
    assert sum(isinstance(k, Kernel) and k.block > 0 for k in program.plan.steps) == 4
    data = np.random.default_rng(1).standard_normal((4 * batch, 9)).astype("float32")
    order = np.random.default_rng(2).permutation(4 * batch)
    start = [w.array.copy() for w in weights]
    found = set()
    for threads in (1, 2, 3, 5):
        for weight, array in zip(weights, start, strict=True):
            np.copyto(weight.array, array)
        program.start([data], order, 4, (), [np.zeros((), "float32")], threads=threads, inline=False).result()
        found.add(b"".join(w.array.tobytes() for w in weights))
    assert len(found) == 1
    for weight, array in zip(weights, right(start, data[order], batch), strict=True):
        np.testing.assert_allclose(weight.array, array, rtol=2e-5, atol=2e-6)


def test_a_block_needs_no_barrier_after_the_rows_that_it_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_program, "parts", lambda: 4)
    plan = compile_graph(network(1024)[0], batch_inputs=1).plan
    assert {k.phase for k in plan.steps if isinstance(k, Kernel) and (k.rows or k.block)} == {0}
    assert plan.barriers == 2
    assert "block b (of 256) of" in str(plan)


def test_where_the_blocks_would_have_more_to_say_than_the_rows_nothing_is_divided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_program, "parts", lambda: 8)
    plan = compile_graph(network(64)[0], batch_inputs=1).plan
    assert not any(isinstance(k, Kernel) and k.block for k in plan.steps)


@pytest.mark.parametrize("batch", [24, 37])
@pytest.mark.parametrize("columns", [512, 1000])
def test_products_with_large_matrices_are_divided_by_their_columns(batch: int, columns: int) -> None:
    rng = np.random.default_rng(0)
    weights = Variable((rng.standard_normal((600, columns)) / 30).astype("float32"))
    start = weights.array.copy()

    def step(x):
        h = ops.relu(ops.matmul(x, weights.value))
        back = ops.matmul(h, ops.transpose(weights.value)) / batch
        weights.assign(weights.value - 0.1 * ops.matmul(ops.transpose(x - back), h) / batch)
        return ops.mean(h)

    program = compile_graph(trace(step, Spec((batch, 600), np.dtype("float32"))), batch_inputs=1)
    products = [k for k in program.plan.steps if isinstance(k, Kernel) and k.label.startswith("dot_general")]
    assert [k.dims[0].size for k in products][:2] == [columns, 600]
    data = rng.standard_normal((3 * batch, 600)).astype("float32")
    found = set()
    for threads in (1, 2, 3, 5):
        np.copyto(weights.array, start)
        program.start(
            [data], np.arange(3 * batch), 3, (), [np.zeros((), "float32")], threads=threads, inline=False
        ).result()
        found.add(weights.array.tobytes())
    assert len(found) == 1
    W = start.astype("float64")
    for x in data.reshape(3, batch, 600).astype("float64"):
        h = np.maximum(x @ W, 0)
        W = W - 0.1 * (x - h @ W.T / batch).T @ h / batch
    np.testing.assert_allclose(weights.array, W, rtol=1e-4, atol=1e-5)
