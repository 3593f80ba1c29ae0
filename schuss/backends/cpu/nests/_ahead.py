"""Asking for memory ahead of time, so that it comes while something else is computed."""

from __future__ import annotations

from schuss.backends.cpu._emit import i64
from schuss.backends.cpu.nests._loops import Loops, Reducing
from schuss.backends.cpu.nests._tiles import Tiling, block_of
from schuss.compiler import Kernel
from schuss.compiler._expr import Expr, Load, walk
from schuss.compiler._index import Dim, dims_of, stride_along
from schuss.compiler._order import expressions

_LINE = 64  # bytes that come from memory together
_LINES = 4  # how many of a row are asked for; the processor guesses the others
TURNS = 8  # how many turns of a reduced loop ahead
ROW_TURNS = 16  # ... if it is not a data set's rows, but what others have made
_PAGE_PART = 256  # bytes from turn to turn, from which on the processor does not guess
_WIDE = 1024  # bytes from which on rows lie far apart
_FAR = 256 * 1024  # bytes of an array that is not found in the nearer caches when it is needed


def _loads(exprs: list[Expr]) -> list[Load]:
    return list(dict.fromkeys(x for expr in exprs for x in walk(expr) if isinstance(x, Load)))


def rows_asked(kernel: Kernel, row: Dim) -> list[Load]:
    """What lies in rows of data sets, each loop turn in another."""
    loads = _loads(expressions(kernel))
    return [load for load in loads if load.buffer.kind == "batch" and dims_of(load.index[0]) == {row}]


def rows(loops: Loops, row: Dim, count: int) -> None:
    """Ask for the beginnings of the next `count` rows of data sets: they lie anywhere in memory."""
    e, b = loops.e, loops.e.builder
    here, last = e.place[row], b.sub(loops.bounds[row][1], i64(1))
    for load in rows_asked(loops.kernel, row):
        size = load.buffer.nbytes // load.buffer.shape[0]
        for shift in range(count):
            ahead = b.add(here, i64(count + shift))
            e.place[row] = b.select(b.icmp_signed("<", ahead, last), ahead, last)
            e.fresh()
            origin = e.origin(load.buffer, load.index)
            for line in range(min(-(-size // _LINE) + 1, _LINES)):
                e.ask(origin, line * _LINE)
        e.place[row] = here
        e.fresh()


def results_asked(kernel: Kernel, vector: Dim, row: Dim | None) -> list[Load]:
    """What totals are combined with, if it lies in a large array, along the vectors; and where results go, if rows lie so
    far apart that the processor does not guess: a line has to come before it can be written to."""
    read = _loads([store.expr for store in kernel.stores])
    written = [Load(store.buffer, store.index) for store in kernel.stores]
    apart = [] if row is None else [place for place in written if _bytes_apart(place, row) >= _WIDE]
    return [
        load
        for load in dict.fromkeys([*read, *apart])
        if _is_far(load) and stride_along(load.position, vector) == 1
    ]


def _is_far(load: Load) -> bool:
    """Whether it is of a large array that is not a data set."""
    return load.buffer.nbytes > _FAR and load.buffer.kind != "batch"


def _read_by_tiles(kernel: Kernel, tiling: Tiling) -> list[Load]:
    """What tiles read of such arrays in their loops, but for what they find in panels."""
    assert kernel.reduction is not None
    copied = {x for operand in tiling.panels for x in walk(operand.expr)}
    return [load for load in _loads([kernel.reduction.body]) if _is_far(load) and load not in copied]


def results(loops: Loops, vector: Dim, row: Dim | None) -> None:
    """Ask for what the total at the present point is to be combined with, and its place: weights to be updated come while
    the sum is made."""
    e = loops.e
    for load in results_asked(loops.kernel, vector, row):
        e.ask(e.address(load.buffer, load.index, load.position))


def turns_asked(kernel: Kernel) -> list[Load]:
    """What the reduced loops read of a data set's rows, a row in a turn."""
    reduction = kernel.reduction
    if reduction is None or not reduction.dims:
        return []
    return [
        load
        for load in _loads([reduction.body])
        if load.buffer.kind == "batch"
        and load.buffer.nbytes > _FAR
        and reduction.dims[-1] in dims_of(load.index[0])
    ]


def block_asked(kernel: Kernel, tiling: Tiling) -> list[tuple[Load, int]]:
    """What a long sum reads of large arrays, other lines in each turn, and how many elements further its next block lies.
    For what is copied into panels it was no gain."""
    reduction = kernel.reduction
    if reduction is None or kernel.partial is None:
        return []
    blocks = block_of(kernel)
    found = []
    for load in _read_by_tiles(kernel, tiling):
        further = stride_along(load.position, reduction.dims[len(blocks) - 1])
        if further and _bytes_apart(load, reduction.dims[-1]) >= _LINE:
            found.append((load, further * blocks[-1]))
    return found


def rows_of_tiles_asked(kernel: Kernel, tiling: Tiling) -> list[Load]:
    """What tiles read for their rows of large arrays, in each turn lines that are far from those of the turn before."""
    reduction = kernel.reduction
    if reduction is None or not reduction.dims or tiling.row is None or kernel.partial is not None:
        return []
    return [
        load
        for load in _read_by_tiles(kernel, tiling)
        if load.buffer.kind == "temporary"
        and tiling.vector not in load.dims
        and _bytes_apart(load, reduction.dims[-1]) >= _PAGE_PART
    ]


def _bytes_apart(load: Load, dim: Dim) -> int:
    """How far neighbouring turns of `dim` read from each other; 0 if that is not a constant."""
    return abs(stride_along(load.position, dim) or 0) * load.dtype.itemsize


def block(loops: Reducing, tile: dict[Dim, int]) -> None:
    """Ask for what the same turn of the next block reads, as far as it is this tile's: so many elements along its dims. It
    is to come into the second cache; the first one is full of the present block."""
    e = loops.e
    for load, further in block_asked(loops.kernel, loops.plan):
        last, size = loops.reduction.dims[-1], load.dtype.itemsize
        reach = size + sum(_bytes_apart(load, dim) * (n - 1) for dim, n in tile.items())
        address = e.address(load.buffer, load.index, load.position)
        for line in range(-(-min(reach, _bytes_apart(load, last)) // _LINE)):
            e.ask(address, further * size + line * _LINE, near=2)


def loop_asked(kernel: Kernel) -> list[tuple[Load, Dim, int]]:
    """What an elementwise kernel in a loop reads of large arrays, and where it writes to them, elsewhere in each turn; of
    which loop, and how many bytes further the next turn does so."""
    if kernel.reduction is not None or kernel.scan is not None or any(s.accumulate for s in kernel.stores):
        return []
    places = [*_loads(expressions(kernel)), *(Load(store.buffer, store.index) for store in kernel.stores)]
    found = []
    for place in dict.fromkeys(places):
        if _is_far(place):
            strides = ((dim, stride_along(place.position, dim)) for dim in kernel.given)
            found += [(place, dim, stride * place.dtype.itemsize) for dim, stride in strides if stride]
    return found


def next_turn(loops: Loops) -> None:
    """Ask for what the same point of the next turn of a loop around reads, and for where it writes."""
    e = loops.e
    for place, _, further in loop_asked(loops.kernel):
        e.ask(e.address(place.buffer, place.index, place.position), further, near=2)


def turn(loops: Reducing, dims: tuple[Dim, ...]) -> None:
    """Ask for what a coming turn of the reduced loops reads, where they go through a data set's rows, or lines that lie far
    apart."""
    e, b = loops.e, loops.e.builder
    for load in rows_of_tiles_asked(loops.kernel, loops.plan):
        further = ROW_TURNS * (stride_along(load.position, dims[-1]) or 0) * load.dtype.itemsize
        e.ask(e.address(load.buffer, load.index, load.position), further)
    for load in turns_asked(loops.kernel):
        here = e.place[dims[-1]]
        ahead, last = b.add(here, i64(TURNS)), i64(dims[-1].size - 1)
        e.place[dims[-1]] = b.select(b.icmp_signed("<", ahead, last), ahead, last)
        vector, e.vector = e.vector, None
        e.ask(e.address(load.buffer, load.index, load.position))
        e.vector, e.place[dims[-1]] = vector, here
        e.fresh()
