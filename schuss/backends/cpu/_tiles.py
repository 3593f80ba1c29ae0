"""Which dim becomes the vector, and how large the register tile is: estimated from strides, sizes and
registers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schuss.backends.cpu._target import Target
from schuss.compiler import Kernel
from schuss.compiler._expr import Load, walk
from schuss.compiler._index import Dim, dims_of, linear, stride_along
from schuss.compiler._plan import _expressions

_GATHER = 1.5  # cost of a lane of a gather, against a whole vector load
_FOLD = 6.0  # folding the lanes of one total, and its scalar epilogue


@dataclass
class Tiling:
    """`vector`: the dim of the vectors. `row`, `second`: output dims with `rows`, `columns` totals in
    registers each.

    Across: `columns` counts vectors along `vector`. Along the reduction: totals along `second`; `parts`:
    totals that one output's sum is divided into, to hide the latency of additions.
    """

    along_reduction: bool
    vector: Dim | None
    lanes: int = 1
    row: Dim | None = None
    second: Dim | None = None
    rows: int = 1
    columns: int = 1
    parts: int = 1


def _loads(kernel: Kernel, body_only: bool = False) -> list[Load]:
    exprs = [kernel.reduction.body] if body_only and kernel.reduction else _expressions(kernel)
    return [e for x in exprs for e in walk(x) if isinstance(e, Load)]  # type: ignore[arg-type]


def lanes_for(kernel: Kernel, dim: Dim, target: Target) -> int:
    """Vector length for the kernel's widest type, not longer than the dim needs."""
    sizes = [e.dtype.itemsize for x in _expressions(kernel) for e in walk(x) if e.dtype != np.dtype("int64")]  # type: ignore[arg-type]
    lanes = target.lanes(max([4, *sizes, *(s.buffer.dtype.itemsize for s in kernel.stores)]))
    while lanes > 2 and lanes // 2 >= dim.size:
        lanes //= 2
    return lanes


def _load_cost(load: Load, dim: Dim, lanes: int) -> float:
    """The cost of the load for a vector along `dim`, in vector loads."""
    if load.buffer.kind == "batch" and dim in dims_of(load.index[0]):
        return _GATHER * lanes
    if dim not in load.dims:
        return 0.5
    return 1.0 if stride_along(load.position, dim) == 1 else _GATHER * lanes


def best_vector_dim(kernel: Kernel, dims: tuple[Dim, ...]) -> Dim | None:
    """The dim along which most of what the kernel reads and writes is contiguous; the innermost of equals."""
    best, best_cost = None, float("inf")
    for dim in reversed(dims):
        lanes = min(16, dim.size)
        cost = sum(_load_cost(load, dim, lanes) for load in set(_loads(kernel)))
        for store in kernel.stores:
            stride = stride_along(linear(store.index, store.buffer.shape), dim)
            cost += 1.0 if stride == 1 else 2 * lanes
        cost /= lanes
        if cost < best_cost * 0.999:
            best, best_cost = dim, cost
    return best


def choose(kernel: Kernel, target: Target) -> Tiling:
    """The cheapest shape for a reduction."""
    assert kernel.reduction is not None
    reduction = kernel.reduction
    arg = reduction.kind.startswith("arg")
    options: list[tuple[float, Tiling]] = []
    for dim in reversed(kernel.dims):
        options.append((_across_cost(kernel, dim, target), Tiling(False, dim)))
    if not kernel.dims and (arg or not reduction.dims):
        options.append((0.0, Tiling(False, None)))
    if not arg:
        for dim in reversed(reduction.dims):
            options.append((_along_cost(kernel, dim, target), Tiling(True, dim)))
    tiling = min(options, key=lambda option: option[0])[1]
    if tiling.vector is None:
        return tiling
    tiling.lanes = lanes_for(kernel, tiling.vector, target)
    return _tile_along(kernel, tiling) if tiling.along_reduction else _tile_across(kernel, tiling, target)


def _size(dims: tuple[Dim, ...]) -> int:
    size = 1
    for dim in dims:
        size *= dim.size
    return size


def _reuse(load: Load, kernel: Kernel, vector: Dim) -> float:
    """How often a tile uses a load once made: it does not depend on some other output dim."""
    return 4.0 if any(d not in load.dims and d is not vector for d in kernel.dims) else 1.0


def _across_cost(kernel: Kernel, dim: Dim, target: Target) -> float:
    assert kernel.reduction is not None
    lanes = lanes_for(kernel, dim, target)
    used = dim.size / (-(-dim.size // lanes) * lanes)
    body = sum(
        _load_cost(load, dim, lanes) / _reuse(load, kernel, dim) for load in _loads(kernel, body_only=True)
    )
    stores = sum(
        1.0 if stride_along(linear(s.index, s.buffer.shape), dim) == 1 else 2.0 * lanes for s in kernel.stores
    )
    return (1.0 + body + stores / max(1, _size(kernel.reduction.dims))) / (lanes * used)


def _along_cost(kernel: Kernel, dim: Dim, target: Target) -> float:
    assert kernel.reduction is not None
    lanes = lanes_for(kernel, dim, target)
    used = dim.size / (-(-dim.size // lanes) * lanes)
    body = sum(
        _load_cost(load, dim, lanes) / _reuse(load, kernel, dim) for load in _loads(kernel, body_only=True)
    )
    return (1.0 + body) / (lanes * used) + _FOLD / max(1, _size(kernel.reduction.dims))


def _tile_across(kernel: Kernel, tiling: Tiling, target: Target) -> Tiling:
    assert kernel.reduction is not None
    assert tiling.vector is not None
    vector = tiling.vector
    loads = _loads(kernel, body_only=True)
    others = [d for d in kernel.dims if d is not vector]
    rows = [d for d in others if any(d not in load.dims for load in loads)]
    row = rows[-1] if rows else None
    vectors = -(-vector.size // tiling.lanes)
    across = sum(1 for load in set(loads) if vector in load.dims and (row is None or row not in load.dims))
    down = sum(1 for load in set(loads) if vector not in load.dims and row is not None and row in load.dims)
    both = sum(1 for load in set(loads) if vector in load.dims and row is not None and row in load.dims)
    row_choices = (1,) if row is None else _row_choices(kernel, row)
    best, best_cost = (1, 1), float("inf")
    for tall in row_choices:
        for wide in range(1, min(vectors, 6) + 1):
            if tall * wide + max(1, across) * wide + 1 > target.registers:
                continue
            cost = _tile_cost(tall, wide, across, down, both)
            turns = -(-vectors // wide) * (-(-row.size // tall) if row is not None else 1)
            waste = turns * tall * wide / (vectors * (row.size if row is not None else 1))
            cost = cost * waste / (tall * wide)
            if cost < best_cost * 0.999:
                best, best_cost = (tall, wide), cost
    tiling.row, (tiling.rows, tiling.columns) = row, best
    return tiling


def _row_choices(kernel: Kernel, row: Dim) -> tuple[int, ...]:
    """Tile heights: they must divide a chunk where the dim is divided among threads."""
    if kernel.chunks > 1 and row is kernel.dims[0]:
        return tuple(n for n in (8, 4, 2, 1) if kernel.grain % n == 0)
    return tuple(n for n in (8, 7, 6, 5, 4, 3, 2, 1) if n <= row.size)


def _tile_cost(tall: int, wide: int, across: int, down: int, both: int) -> float:
    """Cycles for one turn of the reduced loop: two multiply-adds and two loads a cycle, four cycles'
    latency."""
    loads = across * wide + down * tall + both * tall * wide
    return max(tall * wide / 2, loads / 2, 4.0) + 0.5


def _tile_along(kernel: Kernel, tiling: Tiling) -> Tiling:
    assert kernel.reduction is not None
    assert tiling.vector is not None
    loads = _loads(kernel, body_only=True)
    tiled = [d for d in kernel.dims if any(d not in load.dims for load in loads)][-2:]
    if len(tiled) == 2:
        tiling.row, tiling.second = tiled
        tiling.rows = max(n for n in (4, 2, 1) if n <= tiling.row.size and _fits(kernel, tiling.row, n))
        tiling.columns = max(
            n for n in (4, 3, 2, 1) if n <= tiling.second.size and _fits(kernel, tiling.second, n)
        )
    elif kernel.dims:
        tiling.row = kernel.dims[-1]
        tiling.rows = max(n for n in (4, 2, 1) if n <= tiling.row.size and _fits(kernel, tiling.row, n))
    if tiling.rows * tiling.columns <= 2 and tiling.vector.size >= 4 * tiling.lanes:
        tiling.parts = 4
    return tiling


def _fits(kernel: Kernel, dim: Dim, n: int) -> bool:
    return not (kernel.chunks > 1 and dim is kernel.dims[0]) or kernel.grain % n == 0
