"""Reductions whose vectors lie along an output dim: a register tile of rows × vectors of totals."""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import Any

import llvmlite.ir as ir

from schuss.backends.cpu._emit import ExpressionEmitter, i64
from schuss.backends.cpu._scalars import POINTER, is_vector, number, register_type, vector_of
from schuss.backends.cpu.nests import _ahead
from schuss.backends.cpu.nests._loops import Reducing, identity
from schuss.backends.cpu.nests._panels import Panel
from schuss.backends.cpu.nests._tiles import block_of, turns_of
from schuss.compiler import Kernel
from schuss.compiler._expr import Apply, Buffer, Load, cost_of, walk
from schuss.compiler._index import Dim, Index, linear, of_dim

_LONG_EPILOGUE = 12  # simple operations with a total, from which on a loop over a tile's rows makes them


class Across(Reducing):
    """Loops over columns of tiles, then rows, then the reduced dims.

    `panels`: operands that are brought together for a column of tiles. `block`: the number of the present block of a long
    sum. `waits`: totals are to wait in memory for the next one.
    """

    def __init__(self, kernel: Kernel, e: ExpressionEmitter, *place: Any):
        super().__init__(kernel, e, *place)
        width, turns = self.plan.lanes * self.plan.columns, turns_of(kernel)
        self.panels = [Panel(operand, self.reduction.dims, turns, width, e) for operand in self.plan.panels]
        self.block: ir.Value | None = None
        self.waits = False

    def emit(self) -> None:
        """Tiles over all of the reduction, or, where totals can wait in memory, over one block of it after the other:
        then what a block reads stays in the caches while all tiles use it. The order of additions is the same."""
        e, kernel = self.e, self.kernel
        if kernel.partial is None:
            self._columns()
            return
        last = math.prod(self._blocks()) - 1
        with e.loop(i64(0), i64(last)) as block:
            self.block, self.waits = block, True
            self._columns()
        self.block, self.waits = i64(last), False
        self._columns()

    def _blocks(self) -> list[int]:
        """How many blocks there are, along each dim that has several."""
        sizes = [dim.size for dim in self.reduction.dims]
        sizes[0] = self.kernel.span or sizes[0]
        return [-(-size // most) for size, most in zip(sizes, block_of(self.kernel))]

    def turns(self, reduced: tuple[Dim, ...]) -> dict[Dim, tuple[ir.Value, ir.Value]]:
        """Between which values reduced dims run at the present point, where that is not all of them."""
        found, b = super().turns(reduced), self.e.builder
        if self.block is None:
            return found
        number, blocks = self.block, self._blocks()
        numbers = (
            [number] if len(blocks) == 1 else [b.udiv(number, i64(blocks[1])), b.urem(number, i64(blocks[1]))]
        )
        for dim, size, n in zip(reduced, block_of(self.kernel), numbers):
            low, high = found.get(dim, (i64(0), i64(dim.size)))
            low = b.add(low, b.mul(n, i64(size)))
            found[dim] = low, self.smaller(b.add(low, i64(size)), high)
        return found

    def _columns(self) -> None:
        """All columns of tiles."""
        e, plan = self.e, self.plan
        vector, row = plan.vector, plan.row
        with ExitStack() as stack:
            self.open_outputs(stack, (vector, row, *plan.inner))
            if vector is None:
                e.vector, e.lanes = None, 1
                self._column([None])
                return
            lanes, columns = plan.lanes, plan.columns
            low, high = self.bounds[vector]
            width = lanes * columns

            def tile(start: ir.Value, masks: list[ir.Value | None]) -> None:
                e.vector, e.lanes = vector, lanes
                e.place[vector] = start
                self._column(masks)

            if self.is_split(vector):
                b = e.builder
                count = b.sub(high, low)
                middle = b.add(low, b.mul(b.sdiv(count, i64(width)), i64(width)))
                end = b.add(low, b.and_(count, i64(-lanes)))
                with e.loop(low, middle, width) as i:
                    tile(i, [None] * columns)
                if self.kernel.unit % width or vector.size % width:
                    with e.loop(middle, end, lanes) as i:
                        tile(i, [None])
                if self.kernel.unit % lanes or vector.size % lanes:
                    with e.condition(b.icmp_signed("<", end, high)):
                        tile(end, [mask_of(e, lanes, b.sub(high, end))])
            else:
                whole = vector.size // width * width
                if whole:
                    with e.loop(i64(0), i64(whole), width) as i:
                        tile(i, [None] * columns)
                rest = vector.size - whole
                if rest:
                    e.lanes = lanes
                    masks: list[ir.Value | None] = [None] * (rest // lanes)
                    if rest % lanes:
                        masks.append(e.tail_mask(rest % lanes))
                    tile(i64(whole), masks)
        e.vector, e.lanes, e.mask = None, 1, None
        e.fresh()

    def _column(self, masks: list[ir.Value | None]) -> None:
        """The tiles of a column, one vector of it for each mask."""
        e, row = self.e, self.plan.row
        if row is None:
            e.fresh()
            self._tile(1, masks)
            return
        e.panels = {}
        for panel in self.panels:
            panel.fill(self.bounds, masks)
        e.panels = {id(panel.operand.expr): panel for panel in self.panels}
        with ExitStack() as stack:
            self.open(stack, self.plan.inner)
            self._down(row, self.plan.rows, masks)
        e.panels = {}

    def _down(self, row: Dim, rows: int, masks: list[ir.Value | None]) -> None:
        """Tiles of so many rows, and a smaller one at the end."""
        e, b = self.e, self.e.builder
        low, high = self.bounds[row]
        overlap = self.plan.overlap
        groups = 1 if overlap is None else overlap.groups
        size, step = row.size // groups, rows // groups
        rest = size % step
        if self.is_split(row):
            middle = b.add(low, b.mul(b.sdiv(b.sub(high, low), i64(step)), i64(step)))
        else:
            middle = i64(size - rest)
        if size >= step:
            with e.loop(low, middle, step) as i:
                e.place[row] = i
                self._tile(rows, masks)
        if rest:
            if self.is_split(row):
                with e.condition(b.icmp_signed("<", middle, high)):
                    e.place[row] = middle
                    self._tile(rest * groups, masks)
            else:
                e.fresh()
                e.place[row] = middle
                self._tile(rest * groups, masks)

    def _tile(self, rows: int, masks: list[ir.Value | None]) -> None:
        """The totals of so many rows at the present place, all turns of the reduced loops, and what becomes of them."""
        e, kernel, reduction = self.e, self.kernel, self.reduction
        body = reduction.body
        arg = reduction.kind.startswith("arg")
        if self.plan.row is not None and rows == self.plan.rows:
            _ahead.rows(self, self.plan.row, rows)
        type_ = vector_of(register_type(body.dtype), e.lanes)
        place_type = vector_of(ir.IntType(32), e.lanes)
        overlap = self.plan.overlap
        numbers = range(rows) if overlap is None else overlap.rows(rows)
        points = [(i, j) for i in numbers for j in range(len(masks))]
        totals = {point: self.allocate(type_) for point in points}
        places = {point: self.allocate(place_type) for point in points} if arg else {}
        start = number(type_, identity(reduction.kind, body.dtype))
        for point in points:
            self._go_to(point, masks)
            if self.plan.vector is not None and not self.waits:
                _ahead.results(self, self.plan.vector, self.plan.row)
            first = self.so_far(start)
            if kernel.partial is not None:
                first = self._waiting(kernel.partial, first)
            e.builder.store(first, totals[point])
            if arg:
                e.builder.store(number(place_type, 0), places[point])
        with ExitStack() as stack:
            self._open_turns(stack)
            e.fresh()
            self._go_to(points[0], masks)
            _ahead.turn(self, reduction.dims)
            _ahead.block(self, self._extent(rows, masks))
            for point, turn in self._products(points):
                self._go_to(point, masks, turn)
                old = e.builder.load(totals[point], typ=type_)
                if arg:
                    self._better(
                        reduction.kind, reduction.dims[0], old, totals[point], places[point], place_type
                    )
                else:
                    e.builder.store(self.combine(reduction.kind, old, body), totals[point])
        e.fresh()
        if not self.waits and not arg and self._is_long(rows) and list(numbers) == list(range(rows)):
            self._finish_row_by_row(totals, rows, masks)
            return
        for point in points:
            self._go_to(point, masks)
            source, source_type = (places, place_type) if arg else (totals, type_)
            e.total = e.builder.load(source[point], typ=source_type)
            if self.waits and kernel.partial is not None:
                e.store(kernel.partial, self._waiting_place(), e.total)
            else:
                self.store_all(kernel.stores)
        e.shift.clear()
        e.mask = None

    def _is_long(self, rows: int) -> bool:
        """Whether what becomes of the totals is so long that its code, once for each, would not stay with the processor."""
        applied = {x for store in self.kernel.stores for x in walk(store.expr) if isinstance(x, Apply)}
        return rows > 1 and sum(cost_of(x.name) for x in applied) >= _LONG_EPILOGUE

    def _finish_row_by_row(
        self, totals: dict[tuple[int, int], ir.Value], rows: int, masks: list[ir.Value | None]
    ) -> None:
        """What becomes of the totals, in a loop over the tile's rows."""
        e, b, row, columns = self.e, self.e.builder, self.plan.row, len(masks)
        assert row is not None
        type_ = totals[0, 0].allocated_type
        kept = self.allocate(ir.ArrayType(type_, rows * columns))

        def place(number: ir.Value) -> ir.Value:
            found = b.gep(kept, [number], source_etype=type_)
            found.type = POINTER
            return found

        for (i, j), total in totals.items():
            b.store(b.load(total, typ=type_), place(i64(i * columns + j)))
        first = e.place[row]
        e.shift.clear()
        with e.loop(i64(0), i64(rows)) as i:
            e.place[row] = b.add(first, i)
            for j in range(columns):
                self._go_to((0, j), masks)
                e.total = b.load(place(b.add(b.mul(i, i64(columns)), i64(j))), typ=type_)
                self.store_all(self.kernel.stores)
        e.place[row] = first
        e.shift.clear()
        e.mask = None

    def _extent(self, rows: int, masks: list[ir.Value | None]) -> dict[Dim, int]:
        """How far a tile reaches along its dims."""
        found = {} if self.plan.row is None else {self.plan.row: rows}
        if self.plan.vector is not None:
            found[self.plan.vector] = len(masks) * self.plan.lanes
        return found

    def _open_turns(self, stack: ExitStack) -> None:
        """Open the reduced loops, that of windows for several turns at once."""
        overlap = self.plan.overlap
        for dim in self.reduction.dims:
            if overlap is None or dim is not overlap.dim:
                self.open(stack, (dim,))
            elif overlap.apart * overlap.times == dim.size:
                self.e.place[dim] = stack.enter_context(self.e.loop(i64(0), i64(overlap.apart)))
            else:
                self.e.place[dim] = stack.enter_context(self.e.loop(i64(0), i64(dim.size), overlap.times))

    def _products(self, points: list[tuple[int, int]]) -> list[tuple[tuple[int, int], int]]:
        """The points with the turns that each takes at once, such that what is read in common comes together."""
        overlap = self.plan.overlap
        if overlap is None:
            return [(point, 0) for point in points]
        pairs = [(point, turn) for point in points for turn in range(overlap.times)]
        return sorted(pairs, key=lambda pair: overlap.shared(pair[0][0], pair[1]))

    def _waiting_place(self) -> tuple[Index, ...]:
        """Where the total at the present point waits: vectors are contiguous there."""
        vector = self.plan.vector
        dims = [*(d for d in self.kernel.dims if d is not vector), *([vector] if vector is not None else [])]
        return (linear([of_dim(d) for d in dims], [d.size for d in dims]),)

    def _waiting(self, partial: Buffer, start: ir.Value) -> ir.Value:
        """What the total at the present point was after the block before; `start` in the first block."""
        e = self.e
        old = e.expression(Load(partial, self._waiting_place()))
        return e.builder.select(e.builder.icmp_signed("==", self.block, i64(0)), start, old)

    def _go_to(self, point: tuple[int, int], masks: list[ir.Value | None], turn: int = 0) -> None:
        """From here on, expressions are those of this row and vector of the tile, so many turns on."""
        i, j = point
        if self.plan.row is not None:
            self.e.shift[self.plan.row] = i
        if self.plan.vector is not None:
            self.e.shift[self.plan.vector] = j * self.e.lanes
        if self.plan.overlap is not None:
            self.e.shift[self.plan.overlap.dim] = turn * self.plan.overlap.apart
        self.e.mask = masks[j]

    def _better(
        self, kind: str, dim: Dim, old: ir.Value, total: ir.Value, place: ir.Value, place_type: ir.Type
    ) -> None:
        """argmax, argmin: keep the value and its place where it beats the best so far; the first NaN beats
        all."""
        e = self.e
        b = e.builder
        body = self.reduction.body
        value = e.spread(e.expression(body)) if is_vector(old) else e.expression(body)
        relation = ">" if kind == "argmax" else "<"
        if body.dtype.kind == "f":
            beats = b.and_(b.fcmp_unordered(relation, value, old), b.fcmp_ordered("==", old, old))
        else:
            beats = (b.icmp_signed if body.dtype.kind == "i" else b.icmp_unsigned)(relation, value, old)
        here = b.trunc(e.place[dim], ir.IntType(32))
        here = e.spread(here) if isinstance(place_type, ir.VectorType) else here
        first = b.icmp_signed(
            "==", e.place[dim], i64(0)
        )  # the first element always counts, even if it is the identity
        beats = b.or_(beats, e.spread(first) if is_vector(beats) else first)
        b.store(b.select(beats, value, old), total)
        b.store(b.select(beats, here, b.load(place, typ=place_type)), place)


def mask_of(e: ExpressionEmitter, lanes: int, count: ir.Value) -> ir.Value | None:
    e.lanes = lanes
    return e.dynamic_mask(count) if lanes > 1 else None
