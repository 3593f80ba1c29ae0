"""Register tiles, panels and folded rows: contractions and reductions of awkward sizes are right, and the same bits on any
number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import ops
from schuss.autodiff import gradients
from schuss.backends import compile
from schuss.backends.cpu import compile_graph, nests
from schuss.backends.cpu._target import host
from schuss.backends.cpu.nests import _overlap
from schuss.graph import Graph, Spec, Variable, trace

SIZES = [
    (32, 64, 64),
    (64, 32, 32),
    (17, 33, 19),
    (40, 5, 100),
    (33, 130, 16),
    (128, 31, 1),
    (100, 1, 40),
    (7, 300, 257),
]


def close(result: np.ndarray, right: np.ndarray) -> None:
    """Equal but for rounding of the sums."""
    tolerance = 2e-5 if result.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        result, right, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(right).max(initial=0)))
    )


def tilings(graph: Graph) -> list[nests.Tiling]:
    """How the graph's reductions are tiled."""
    kernels = [k for k in compile_graph(graph).plan.steps if getattr(k, "reduction", None) is not None]
    return [nests.choose(kernel, host()) for kernel in kernels]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("turned", ["neither", "left", "right", "both"])
def test_products_of_matrices_however_they_lie(size: tuple[int, int, int], dtype: str, turned: str) -> None:
    rows, inner, columns = size
    rng = np.random.default_rng(rows)
    a = rng.standard_normal((inner, rows) if turned in ("left", "both") else (rows, inner)).astype(dtype)
    b = rng.standard_normal((columns, inner) if turned in ("right", "both") else (inner, columns)).astype(
        dtype
    )

    def product(a, b):
        a = ops.transpose(a) if turned in ("left", "both") else a
        b = ops.transpose(b) if turned in ("right", "both") else b
        return ops.relu(ops.matmul(a, b) + 0.5)

    left = (a.T if turned in ("left", "both") else a).astype("float64")
    right = (b.T if turned in ("right", "both") else b).astype("float64")
    close(compile_graph(trace(product, a, b))(a, b)[0], np.maximum(left @ right + 0.5, 0))


def test_a_transposed_operand_is_read_from_a_panel() -> None:
    a, b = np.zeros((64, 48), "float32"), np.zeros((96, 48), "float32")
    (tiling,) = tilings(trace(lambda a, b: ops.matmul(a, ops.transpose(b)), a, b))
    assert not tiling.along_reduction
    assert [panel.along is not None for panel in tiling.panels] == [True]


def test_rows_that_lie_far_apart_are_brought_together() -> None:
    a, b = np.zeros((256, 48), "float32"), np.zeros((48, 1024), "float32")
    (tiling,) = tilings(trace(ops.matmul, a, b))
    assert [panel.along for panel in tiling.panels] == [None]


@pytest.mark.parametrize(("columns", "panels"), [(1024, 0), (4096, 1)])
def test_few_tiles_read_what_the_second_cache_holds_where_it_lies(columns: int, panels: int) -> None:
    a, b = np.zeros((64, 48), "float32"), np.zeros((48, columns), "float32")
    (tiling,) = tilings(trace(ops.matmul, a, b))
    assert len(tiling.panels) == panels


@pytest.mark.parametrize("shape", [(3, 40, 24, 33), (5, 64, 17, 64)])
def test_batches_of_transposed_products(shape: tuple[int, int, int, int]) -> None:
    batch, rows, inner, columns = shape
    rng = np.random.default_rng(0)
    a = rng.standard_normal((batch, rows, inner)).astype("float32")
    b = rng.standard_normal((batch, columns, inner)).astype("float32")
    program = compile_graph(trace(lambda a, b: ops.matmul(a, ops.swapaxes(b, 1, 2)), a, b))
    close(program(a, b)[0], a.astype("float64") @ b.astype("float64").swapaxes(1, 2))


def test_several_reduced_dims_and_work_on_the_way_in() -> None:
    rng = np.random.default_rng(1)
    a = rng.standard_normal((48, 3, 20)).astype("float32")
    b = rng.integers(0, 255, (37, 3, 20), dtype="uint8")
    program = compile_graph(
        trace(lambda a, b: ops.einsum("ikl,jkl->ij", a, ops.cast(b, "float32") / 255), a, b)
    )
    close(program(a, b)[0], np.einsum("ikl,jkl->ij", a.astype("float64"), b / 255))


@pytest.mark.parametrize("rows", [1, 7, 8, 15, 16, 17, 31, 40, 100])
@pytest.mark.parametrize("inner", [1, 3, 10, 16, 37])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reductions_of_rows_with_an_epilogue(rows: int, inner: int, dtype: str) -> None:
    x = np.random.default_rng(inner).standard_normal((rows, inner)).astype(dtype)
    program = compile_graph(
        trace(
            lambda x: (
                ops.exp(ops.sum(x * x, axis=1) / 10),
                ops.max(x, axis=1) + 1,
                ops.logsumexp(x, axis=1),
            ),
            x,
        )
    )
    exact = x.astype("float64")
    for result, right in zip(
        program(x),
        (np.exp((exact**2).sum(1) / 10), exact.max(1) + 1, np.log(np.exp(exact).sum(1))),
        strict=True,
    ):
        close(result, right)


@pytest.mark.parametrize("rows", [40, 96])
def test_any_number_of_threads_gives_the_same_bits(rows: int) -> None:
    """A whole step: gathered rows, transposed weights, sums of rows, an update."""
    rng = np.random.default_rng(0)
    data = rng.integers(0, 255, (5 * rows, 70), dtype="uint8")
    first = Variable((rng.standard_normal((70, 50)) / 8).astype("float32"))
    second = Variable((rng.standard_normal((50, 40)) / 8).astype("float32"))
    start = [v.array.copy() for v in (first, second)]

    def step(x):
        x = ops.cast(x, "float32") / 255
        h = ops.tanh(ops.matmul(x, first.value))
        out = ops.softmax(ops.matmul(h, second.value))
        back = ops.matmul(out, ops.transpose(second.value)) * (1 - h * h)
        first.assign(first.value - 0.1 * ops.matmul(ops.transpose(x), back))
        second.assign(second.value - 0.1 * ops.matmul(ops.transpose(h), out))
        return ops.sum(out * out)

    program = compile_graph(trace(step, Spec((rows, 70), np.dtype("uint8"))), batch_inputs=1)
    found = set()
    order = rng.permutation(5 * rows)
    for threads in (1, 2, 3, 7):
        for variable, array in zip((first, second), start, strict=True):
            np.copyto(variable.array, array)
        program.start([data], order, 5, (), [np.zeros((), "float32")], threads=threads, inline=False).result()
        found.add(first.array.tobytes() + second.array.tobytes())
    assert len(found) == 1
    W, V = (a.astype("float64") for a in start)
    for x in data[order].reshape(5, rows, 70) / 255:
        h = np.tanh(x @ W)
        out = np.exp(h @ V)
        out /= out.sum(1, keepdims=True)
        W, V = W - 0.1 * x.T @ ((out @ V.T) * (1 - h * h)), V - 0.1 * h.T @ out
    close(first.array, W)
    close(second.array, V)


def filtered(size: int, strides: int = 1, dilation: int = 1):
    """A convolution without padding, and its gradients, of images [N, H, W, C]."""

    def step(x, w):
        y = ops.conv(x, w, strides=strides, padding="valid", dilation_rate=dilation)
        return [y, *gradients(ops.sum(ops.sin(y)), [w, x])]

    return step


def overlaps(graph: Graph) -> list[tuple[int, int]]:
    """How many turns tiles take at once, and in how many groups of rows."""
    return [(t.overlap.times, t.overlap.groups) for t in tilings(graph) if t.overlap is not None]


def test_rows_of_windows_read_what_they_share_once() -> None:
    x, w = np.zeros((4, 34, 34, 16), "float32"), np.zeros((3, 3, 16, 16), "float32")
    assert overlaps(trace(filtered(3), x, w))[0] == (3, 1)


def test_gradients_of_kernels_read_what_their_places_share_once() -> None:
    x, w = np.zeros((64, 18, 18, 64), "float32"), np.zeros((3, 3, 64, 64), "float32")
    assert [groups for _, groups in overlaps(trace(filtered(3), x, w)) if groups > 1] == [3]


def test_a_plain_product_shares_nothing() -> None:
    assert not overlaps(trace(ops.matmul, np.zeros((64, 64), "float32"), np.zeros((64, 64), "float32")))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("shape", [(2, 23, 19, 3, 5), (3, 17, 22, 16, 16), (2, 18, 20, 8, 40)])
def test_windows_and_their_gradients(
    size: int, strides: int, dilation: int, shape: tuple[int, ...], monkeypatch
) -> None:
    monkeypatch.setattr(_overlap, "_WORTH", 0)
    rows, high, wide, inner, outer = shape
    rng = np.random.default_rng(size)
    x = rng.standard_normal((rows, high, wide, inner))
    w = rng.standard_normal((size, size, inner, outer))
    graph = trace(filtered(size, strides, dilation), x, w)
    expected = compile(graph, backend="reference")(x, w)
    for found, right in zip(compile_graph(graph)(x, w), expected, strict=True):
        close(found, right)
