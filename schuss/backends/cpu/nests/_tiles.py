"""Which dim becomes the vector, and how large the register tile is: estimated from strides, sizes and
registers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from schuss.backends.cpu._target import Target
from schuss.backends.cpu.nests._overlap import Overlap, overlaps_of
from schuss.backends.cpu.nests._panels import MOST_BYTES, Operand
from schuss.compiler import Kernel
from schuss.compiler._expr import Apply, Expr, Load, walk
from schuss.compiler._index import Dim, dims_of, linear, stride_along
from schuss.compiler._order import expressions

_GATHER = 1.5  # cost of a lane of a gather, against a whole vector load
_NEAR = 16 * 1024  # bytes that stay in the first cache while a tile's other operand goes through it
_FAR = 16  # bytes a cycle from the second cache
_WIDE = 16  # elements that more than one vector of a tile covers, about
_PASS = 0.02  # what reading the rows' operand once more costs, in parts of all
_IN_COMMON = 0.97  # what a tile costs whose rows read in common: more than loads are saved
_READING = 0.05  # cycles that a load costs beside multiply-adds, which take longer
_TALL = 8  # a tile's rows, about
_TALLEST = 14  # ... and at most
_TALLER = (16,)  # ... but if a tile is one vector wide
_LEAST_USES = 2  # tiles that a panel must serve
_USES_OF_NEAR = 8  # ... if it is only copied, of an array that the second cache holds
_MANY_USES = 64  # ... and from which on filling it is nothing
_WIDTHS = 4  # of tiles, in a dim that is divided into smaller chunks
_HELD = 256 * 1024  # bytes that stay in the second cache while the columns go over them
_APART = 512  # bytes from one turn's vectors to the next's, from which on a panel is better
_CROWDED = 2048  # bytes from one turn's element to the next's, from which on they push each other out of the first cache
_SOON_APART = 256  # ... and if very many tiles use it
BLOCK = 512  # products of a long sum that are added up before the next tile's turn
_TURNING = 6.0  # what transposing a vector into a panel costs
_FOLD = 6.0  # folding the lanes of one total, and its scalar epilogue


@dataclass
class Tiling:
    """`vector`: the dim of the vectors. `row`, `second`: output dims with `rows`, `columns` totals in
    registers each.

    Across: `columns` counts vectors along `vector`. Along the reduction: totals along `second`; `parts`:
    totals that one output's sum is divided into, to hide the latency of additions. `inner`: the output dims whose loops
    lie within a column of tiles; those of the others are around all columns. `overlap`: what its rows read in common.
    """

    along_reduction: bool
    vector: Dim | None
    lanes: int = 1
    row: Dim | None = None
    second: Dim | None = None
    rows: int = 1
    columns: int = 1
    parts: int = 1
    rows_in_lanes: bool = False
    panels: list[Operand] = field(default_factory=list)
    inner: tuple[Dim, ...] = ()
    overlap: Overlap | None = None


def _loads(kernel: Kernel, body_only: bool = False) -> list[Load]:
    exprs = [kernel.reduction.body] if body_only and kernel.reduction else expressions(kernel)
    return [e for x in exprs for e in walk(x) if isinstance(e, Load)]  # type: ignore[arg-type]


def lanes_for(kernel: Kernel, dim: Dim, target: Target) -> int:
    """Vector length for the kernel's widest type, not longer than the dim needs."""
    sizes = [e.dtype.itemsize for x in expressions(kernel) for e in walk(x) if e.dtype != np.dtype("int64")]  # type: ignore[arg-type]
    lanes = target.lanes(max([4, *sizes, *(s.buffer.dtype.itemsize for s in kernel.stores)]))
    while lanes > 2 and lanes // 2 >= dim.size:
        lanes //= 2
    return lanes


def _load_cost(load: Load, dim: Dim, lanes: int, turn: Dim | None = None) -> float:
    """The cost of the load for a vector along `dim`, in vector loads. `turn`: the innermost reduced dim."""
    if load.buffer.kind == "batch" and dim in dims_of(load.index[0]):
        return _GATHER * lanes
    if dim not in load.dims:
        stride = 0 if turn is None else (stride_along(load.position, turn) or 0) * load.dtype.itemsize
        return 0.5 if stride < _CROWDED else 1.0
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
    for dim in reversed(_free(kernel)):
        options.append((_across_cost(kernel, dim, target), Tiling(False, dim)))
    if not _free(kernel) and (arg or not reduction.dims):
        options.append((0.0, Tiling(False, None)))
    if not arg:
        for dim in reversed(reduction.dims[1:] if kernel.block else reduction.dims):
            options.append((_along_cost(kernel, dim, target), Tiling(True, dim)))
    tiling = min(options, key=lambda option: option[0])[1]
    if tiling.vector is None:
        return tiling
    tiling.lanes = lanes_for(kernel, tiling.vector, target)
    return _tile_along(kernel, tiling) if tiling.along_reduction else _tile_across(kernel, tiling, target)


def _free(kernel: Kernel) -> tuple[Dim, ...]:
    """The dims over which tiles may lie: not that of a divided sum's blocks."""
    return kernel.dims[1:] if kernel.block else kernel.dims


def _size(dims: tuple[Dim, ...]) -> int:
    size = 1
    for dim in dims:
        size *= dim.size
    return size


def _reuse(load: Load, kernel: Kernel, vector: Dim, lanes: int) -> float:
    """How often a tile uses a load once made: it does not depend on some other output dim."""
    shared = [d for d in _free(kernel) if d not in load.dims]
    if any(d is not vector or d.size > _WIDE for d in shared):
        return 4.0
    return 2.0 if shared and shared[0].size > lanes else 1.0


def _row_of(kernel: Kernel, vector: Dim) -> Dim | None:
    """The output dim down which a tile of vectors along `vector` goes."""
    loads = _loads(kernel, body_only=True)
    others = [d for d in _free(kernel) if d is not vector]
    rows = [d for d in others if any(d not in load.dims for load in loads)]
    return rows[-1] if rows else None


def turns_of(kernel: Kernel) -> int:
    """How many turns the reduced loops take at once."""
    assert kernel.reduction is not None
    dims = kernel.reduction.dims
    if kernel.partial is not None:
        block = block_of(kernel)
        return math.prod(block) * _size(dims[len(block) :])
    return (kernel.span or _size(dims[:1])) * _size(dims[1:])


def block_of(kernel: Kernel) -> tuple[int, ...]:
    """How many turns of the first reduced dim are a block of a long sum; of the first two, if each turn of the first is
    longer than a block."""
    assert kernel.reduction is not None
    dims = kernel.reduction.dims
    if len(dims) == 1:
        return (BLOCK,)
    first = BLOCK // _size(dims[1:])
    return (first,) if first else (1, max(1, BLOCK // _size(dims[2:])))


def _panel_operands(kernel: Kernel, vector: Dim, row: Dim | None, target: Target) -> list[Operand]:
    """The factors of a contraction that tiles could read from a panel."""
    reduction = kernel.reduction
    assert reduction is not None
    body = reduction.body
    if row is None or not reduction.dims or reduction.kind != "sum":
        return []
    if not isinstance(body, Apply) or body.name != "multiply":
        return []
    if body.dtype.kind != "f" or body.dtype.itemsize < 4:
        return []
    tiles = row.size / _TALL / (2 if kernel.chunks > 1 and row is kernel.dims[0] else 1)
    lanes = lanes_for(kernel, vector, target)
    if turns_of(kernel) * lanes * body.dtype.itemsize > MOST_BYTES:
        return []
    factors = [f for f in dict.fromkeys(body.args) if vector in f.dims and row not in f.dims]
    turned = reduction.dims[1:] if kernel.block else reduction.dims  # a block may end within a vector
    loose = _has_loose_end(kernel, vector, lanes)
    found = []
    for factor in factors:
        operand = _operand(factor, vector, turned)
        if operand is None or (operand.along is not None and loose):
            continue
        least = _USES_OF_NEAR if operand.along is None and _is_near(operand) else _LEAST_USES
        if tiles * _size(_within(kernel, vector, row, [factor])) >= least:
            found.append(operand)
    return found


def _within(kernel: Kernel, vector: Dim, row: Dim | None, columns: list[Expr]) -> tuple[Dim, ...]:
    """The last output dims, beside a tile's, on which what the columns read does not depend."""
    others = [d for d in _free(kernel) if d is not vector and d is not row]
    count = 0
    while count < len(others) and not any(others[-1 - count] in x.dims for x in columns):
        count += 1
    return tuple(others[len(others) - count :])


def _operand(factor: Expr, vector: Dim, reduced: tuple[Dim, ...]) -> Operand | None:
    loads = [e for e in walk(factor) if isinstance(e, Load) and vector in e.dims]
    if any(load.buffer.kind == "batch" and vector in dims_of(load.index[0]) for load in loads):
        return None
    if all(stride_along(load.position, vector) == 1 for load in loads):
        return Operand(factor)
    for dim in reversed(reduced):
        if all(stride_along(load.position, dim) == 1 for load in loads):
            return Operand(factor, dim)
    return None


def _has_loose_end(kernel: Kernel, vector: Dim, lanes: int) -> bool:
    """Whether vectors along a divided dim end somewhere that is known only when it runs."""
    split = kernel.chunks > 1 and vector is kernel.dims[0]
    return split and bool(kernel.unit % lanes or vector.size % lanes)


def _is_near(operand: Operand) -> bool:
    """Whether the second cache holds all of the arrays that are read."""
    return sum(e.buffer.nbytes for e in walk(operand.expr) if isinstance(e, Load)) <= _HELD


def _lies_apart(operand: Operand, reduced: tuple[Dim, ...], uses: int) -> bool:
    """Whether the vectors of neighbouring turns lie so far apart that they get into each other's way in the caches."""
    if operand.along is not None:
        return True
    loads = [e for e in walk(operand.expr) if isinstance(e, Load)]
    strides = [(stride_along(load.position, reduced[-1]) or 0) * load.dtype.itemsize for load in loads]
    return max(strides, default=0) >= (_SOON_APART if uses >= _MANY_USES else _APART)


def _across_cost(kernel: Kernel, dim: Dim, target: Target) -> float:
    assert kernel.reduction is not None
    lanes = lanes_for(kernel, dim, target)
    used = dim.size / (-(-dim.size // lanes) * lanes)
    row = _row_of(kernel, dim)
    turned = [o for o in _panel_operands(kernel, dim, row, target) if o.along is not None]
    inside = {e for operand in turned for e in walk(operand.expr)}
    last = kernel.reduction.dims[-1] if kernel.reduction.dims else None
    body = sum(
        (1.0 if load in inside else _load_cost(load, dim, lanes, last)) / _reuse(load, kernel, dim, lanes)
        for load in _loads(kernel, body_only=True)
    )
    stores = sum(
        1.0 if stride_along(linear(s.index, s.buffer.shape), dim) == 1 else 2.0 * lanes for s in kernel.stores
    )
    filling = sum(
        _TURNING / _size((*_within(kernel, dim, row, [o.expr]), row)) for o in turned if row is not None
    )
    stores /= max(1, (kernel.span or _size(kernel.reduction.dims[:1])) * _size(kernel.reduction.dims[1:]))
    if kernel.partial is not None:
        stores += 2.0 / turns_of(kernel)  # totals wait after each block
    return (1.0 + body + filling + stores) / (lanes * used)


def _along_cost(kernel: Kernel, dim: Dim, target: Target) -> float:
    assert kernel.reduction is not None
    lanes = lanes_for(kernel, dim, target)
    used = dim.size / (-(-dim.size // lanes) * lanes)
    body = sum(
        _load_cost(load, dim, lanes) / _reuse(load, kernel, dim, lanes)
        for load in _loads(kernel, body_only=True)
    )
    return (1.0 + body) / (lanes * used) + _FOLD / max(1, _size(kernel.reduction.dims))


def _tile_across(kernel: Kernel, tiling: Tiling, target: Target) -> Tiling:
    assert kernel.reduction is not None
    assert tiling.vector is not None
    vector = tiling.vector
    loads = _loads(kernel, body_only=True)
    row = _row_of(kernel, vector)
    vectors = -(-vector.size // tiling.lanes)
    across = sum(1 for load in set(loads) if vector in load.dims and (row is None or row not in load.dims))
    down = sum(1 for load in set(loads) if vector not in load.dims and row is not None and row in load.dims)
    both = sum(1 for load in set(loads) if vector in load.dims and row is not None and row in load.dims)
    streamed = (
        turns_of(kernel) * tiling.lanes * kernel.reduction.body.dtype.itemsize
    )  # bytes of one vector's column
    operands = _panel_operands(kernel, vector, row, target)
    most = MOST_BYTES // streamed if any(o.along is not None for o in operands) else vectors
    divided = row is not None and kernel.chunks > 1 and vector is kernel.dims[0]
    best: tuple[Overlap | None, int, int] = (None, 1, 1)
    best_cost = float("inf")
    for shared, tall in _heights(kernel, vector, row):
        held = 1 if shared is None else shared.times
        for wide in range(1, min(vectors, 6) + 1):
            if tall * wide + (max(1, across) * wide + 1) * held > target.registers or wide > most:
                continue
            if tall in _TALLER and wide > 1:
                continue
            if divided and wide > 1 and not _wide_chunks(kernel, vector, wide * tiling.lanes):
                continue

            def cycles(height: int, width: int, shared: Overlap | None = shared) -> float:
                """For one turn: multiply-adds, two loads a cycle, what comes from beyond the first cache, latency; and a
                little for each load beside what takes longest."""
                if not height * width:
                    return 0.0
                rows = height if shared is None else shared.reads(height)
                loads = across * width + down * rows + both * height * width
                far = width * across * target.vector_bytes / _FAR if streamed * width > _NEAR else 0.0
                busiest = max(height * width / target.multiply_adds, loads / 2, far, 4.0)
                return busiest + 0.5 + _READING * loads

            height = 1 if row is None else row.size
            cost = sum(
                many * times * cycles(h, w)
                for many, h in ((height // tall, tall), (1, height % tall))
                for times, w in ((vectors // wide, wide), (1, vectors % wide))
            )
            cost *= 1 + _PASS * min(-(-vectors // wide), 4)
            cost *= 1 if shared is None else _IN_COMMON
            if cost < best_cost * 0.999:
                best, best_cost = (shared, tall, wide), cost
    tiling.row, (tiling.overlap, tiling.rows, tiling.columns) = row, best
    if streamed * tiling.columns <= MOST_BYTES:
        tiling.panels = [
            o
            for o in operands
            if _lies_apart(o, kernel.reduction.dims, _size(_within(kernel, vector, row, [o.expr])))
        ]
    tiling.inner = _inner(kernel, tiling, row)
    return tiling


def _inner(kernel: Kernel, tiling: Tiling, row: Dim | None) -> tuple[Dim, ...]:
    """The output dims that each column of tiles goes through by itself: what the column reads stays in the first cache
    then, or in its panel; what the rows read has to stay in the second."""
    assert tiling.vector is not None
    columns: list[Expr] = [
        load
        for load in _loads(kernel, body_only=True)
        if tiling.vector in load.dims and (row is None or row not in load.dims)
    ]
    if not columns or row is None:
        return ()
    within = _within(kernel, tiling.vector, row, columns)
    uses = row.size / tiling.rows
    for count in range(1, len(within) + 1):
        inner = within[len(within) - count :]
        held = _bytes_read(kernel, tiling.vector, (*inner, row))
        if held > _HELD and not (tiling.panels and uses < _MANY_USES):
            return within[len(within) - count + 1 :]
        uses *= inner[0].size
    return within


def _bytes_read(kernel: Kernel, vector: Dim, dims: tuple[Dim, ...]) -> int:
    """About how much the rows of tiles read while `dims` and the reduced loops go through."""
    assert kernel.reduction is not None
    turns = {d: d.size for d in (*dims, *kernel.reduction.dims)}
    if kernel.partial is not None:
        turns.update(zip(kernel.reduction.dims, block_of(kernel)))
    elif kernel.block:
        turns[kernel.reduction.dims[0]] = kernel.span
    total = 0
    for load in set(_loads(kernel, body_only=True)):
        if vector in load.dims:
            continue
        size = load.dtype.itemsize
        for component, n in zip(load.index, load.buffer.shape, strict=True):
            reach = [
                abs(stride_along(component, d) or 0) * (turns[d] - 1)
                for d in dims_of(component)
                if d in turns
            ]
            size *= min(n, 1 + sum(reach))
        total += size
    return total


def _wide_chunks(kernel: Kernel, vector: Dim, width: int) -> bool:
    """Whether tiles may be so wide along the dim that is divided into chunks: they fill each chunk, or chunks are so small
    that a thread has many of them."""
    return kernel.unit % width == 0 or (kernel.unit < width and vector.size >= _WIDTHS * width)


def _heights(kernel: Kernel, vector: Dim, row: Dim | None) -> list[tuple[Overlap | None, int]]:
    """Tile heights, and what rows have in common then."""
    if row is None:
        return [(None, 1)]
    choices = _row_choices(kernel, row)
    found: list[tuple[Overlap | None, int]] = [(None, tall) for tall in choices]
    blocked = len(block_of(kernel)) if kernel.partial is not None else 1 if kernel.block else 0
    if kernel.chunks > 1 and row is kernel.dims[0]:
        return found
    for overlap in overlaps_of(kernel, vector, row, blocked):
        most = row.size // overlap.groups
        found += [(overlap, tall * overlap.groups) for tall in choices if tall <= most]
    return found


def _row_choices(kernel: Kernel, row: Dim) -> tuple[int, ...]:
    """Tile heights: they must divide a chunk where the dim is divided among threads."""
    if kernel.chunks > 1 and row is kernel.dims[0]:
        return tuple(n for n in (8, 4, 2, 1) if kernel.unit % n == 0)
    return tuple(n for n in (*_TALLER, *range(_TALLEST, 0, -1)) if n <= row.size)


def _tile_along(kernel: Kernel, tiling: Tiling) -> Tiling:
    assert kernel.reduction is not None
    assert tiling.vector is not None
    loads = _loads(kernel, body_only=True)
    tiled = [d for d in _free(kernel) if any(d not in load.dims for load in loads)][-2:]
    if len(tiled) == 2:
        tiling.row, tiling.second = tiled
        tiling.rows = max(n for n in (4, 2, 1) if n <= tiling.row.size and _fits(kernel, tiling.row, n))
        tiling.columns = max(
            n for n in (4, 3, 2, 1) if n <= tiling.second.size and _fits(kernel, tiling.second, n)
        )
    elif _free(kernel):
        tiling.row = _free(kernel)[-1]
        tiling.rows = max(n for n in (4, 2, 1) if n <= tiling.row.size and _fits(kernel, tiling.row, n))
        if _rows_fit_lanes(kernel, tiling.row, tiling.lanes):
            tiling.rows, tiling.rows_in_lanes = tiling.lanes, True
            return tiling
    if tiling.rows * tiling.columns <= 2 and tiling.vector.size >= 4 * tiling.lanes:
        tiling.parts = 4
    return tiling


def _rows_fit_lanes(kernel: Kernel, row: Dim, lanes: int) -> bool:
    """Whether the results of as many rows as a vector has lanes can be one vector."""
    strides = (stride_along(linear(s.index, s.buffer.shape), row) for s in kernel.stores)
    return lanes >= 4 and row.size >= lanes // 2 and all(stride == 1 for stride in strides)


def _fits(kernel: Kernel, dim: Dim, n: int) -> bool:
    return not (kernel.chunks > 1 and dim is kernel.dims[0]) or kernel.unit % n == 0
