"""Panels: an operand of a contraction, copied together for one column of tiles, so that every tile reads it in order.

A tile reads, for each turn of the reduced loops, some vectors of an operand that does not depend on the tile's rows.
Where those lie far apart (a wide matrix: rows 4 kB apart fall into the same sets of the caches) or across the vectors (the
transposed matrix of a gradient), they are first brought together: ``panel[turn][column]``. All tiles of the column use it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import llvmlite.ir as ir

from schuss.backends.cpu._emit import ExpressionEmitter, i64
from schuss.backends.cpu._scalars import POINTER, memory_type, number
from schuss.compiler._expr import Expr
from schuss.compiler._index import Dim

MOST_BYTES = 256 * 1024
"""The largest panel: it must stay in the second level of the caches, and on a thread's stack."""


@dataclass(frozen=True)
class Operand:
    """What is worth a panel. `along`: the reduced dim along which it lies in memory, if that is not the vectors' dim; then
    it is transposed on the way."""

    expr: Expr
    along: Dim | None = None


class Panel:
    """The copy of an operand: `width` elements for each turn of the reduced loops, from where these begin."""

    def __init__(
        self, operand: Operand, reduced: tuple[Dim, ...], turns: int, width: int, e: ExpressionEmitter
    ):
        self.operand, self.reduced, self.width, self.e = operand, reduced, width, e
        self.element, self.align = memory_type(operand.expr.dtype), operand.expr.dtype.itemsize
        self.begins: dict[Dim, ir.Value] = {}
        with e.builder.goto_entry_block():
            memory = e.builder.alloca(ir.ArrayType(self.element, turns * width))
            memory.align = 64
            self.memory = e.builder.gep(memory, [i64(0)], source_etype=self.element)
            self.memory.type = POINTER

    def fill(self, bounds: dict[Dim, tuple[ir.Value, ir.Value]], masks: list[ir.Value | None]) -> None:
        """Copy the operand for the present columns."""
        self.begins = {dim: bounds[dim][0] for dim in self.reduced if dim in bounds}
        if self.operand.along is None:
            self._copy(bounds, masks)
        else:
            self._transpose(self.operand.along, bounds, masks)
        self.e.fresh()

    def load(self) -> ir.Value:
        """The operand's vector at the present turn and column."""
        return self.e.builder.load(
            self._address(), typ=ir.VectorType(self.element, self.e.lanes), align=self.align
        )

    def _address(self, turn: int = 0, column: ir.Value | None = None) -> ir.Value:
        """Where the present vector lies, `turn` turns and `column` elements on."""
        e, b = self.e, self.e.builder
        place: ir.Value | None = None
        for dim in self.reduced:
            here = b.sub(e.place[dim], self.begins[dim]) if dim in self.begins else e.place[dim]
            place = here if place is None else b.add(b.mul(place, i64(dim.size)), here)
        assert place is not None
        assert e.vector is not None
        start = b.mul(place, i64(self.width))
        start = start if column is None else b.add(start, column)
        address = b.gep(self.memory, [start], source_etype=self.element)
        stride = 1
        for dim in reversed(self.reduced):
            turn += e.shift.get(dim, 0) * stride
            stride *= dim.size
        shift = e.shift.get(e.vector, 0) + turn * self.width
        return b.gep(address, [i64(shift)], source_etype=self.element) if shift else address

    def _loops(
        self, stack: ExitStack, dims: tuple[Dim, ...], bounds: dict[Dim, tuple[ir.Value, ir.Value]]
    ) -> None:
        for dim in dims:
            self.e.place[dim] = stack.enter_context(self.e.loop(*bounds.get(dim, (i64(0), i64(dim.size)))))

    def _copy(self, bounds: dict[Dim, tuple[ir.Value, ir.Value]], masks: list[ir.Value | None]) -> None:
        e = self.e
        with ExitStack() as stack:
            self._loops(stack, self.reduced, bounds)
            for column, mask in enumerate(masks):
                assert e.vector is not None
                e.shift, e.mask = {e.vector: column * e.lanes}, mask
                e.builder.store(e.wide(self.operand.expr), self._address(), align=self.align)
            e.shift, e.mask = {}, None

    def _transpose(
        self, along: Dim, bounds: dict[Dim, tuple[ir.Value, ir.Value]], masks: list[ir.Value | None]
    ) -> None:
        """Squares of lanes × lanes: vectors along `along`, turned in registers."""
        e, b = self.e, self.e.builder
        lanes = e.lanes
        low, high = bounds.get(along, (i64(0), i64(along.size)))
        with ExitStack() as stack:
            self._loops(stack, tuple(d for d in self.reduced if d is not along), bounds)
            whole = b.and_(b.sub(high, low), i64(-lanes))
            with e.loop(low, b.add(low, whole), lanes) as turn:
                e.place[along] = turn
                self._squares(along, lanes, masks)
            rest = along.size % lanes
            if rest:
                first = b.add(low, whole)
                with e.condition(b.icmp_signed("<", first, high)):
                    e.place[along] = first
                    self._squares(along, rest, masks)

    def _squares(self, along: Dim, turns: int, masks: list[ir.Value | None]) -> None:
        """One square for each vector of the columns: a loop over those that are whole, then the last."""
        e = self.e
        vector, lanes = e.vector, e.lanes
        assert vector is not None
        start, b = e.place[vector], e.builder
        whole = sum(mask is None for mask in masks)

        def square(column: ir.Value, inside: int) -> None:
            e.fresh()
            e.place[vector] = b.add(start, column)
            self._square(along, turns, inside, column)

        if whole > 1:
            with e.loop(i64(0), i64(whole * lanes), lanes) as column:
                square(column, lanes)
        elif whole:
            square(i64(0), lanes)
        if masks[-1] is not None:
            square(i64(whole * lanes), _count(masks[-1]))
        e.place[vector] = start
        e.fresh()

    def _square(self, along: Dim, turns: int, inside: int, column: ir.Value) -> None:
        """`turns` × `inside` elements, read along `along`, stored across."""
        e = self.e
        vector, lanes = e.vector, e.lanes
        assert vector is not None
        e.vector, e.mask = along, None if turns == lanes else e.tail_mask(turns)
        rows = []
        for lane in range(inside):
            e.shift = {vector: lane}
            rows.append(e.wide(self.operand.expr))
        rows += [number(rows[0].type, 0)] * (lanes - inside)
        e.vector, e.mask, e.shift = vector, None, {}
        for turn, value in enumerate(_transposed(rows, e.builder)[:turns]):
            e.builder.store(value, self._address(turn, column), align=self.align)


def _count(mask: ir.Value) -> int:
    """How many lanes are inside of a mask that is known now."""
    return sum(element.constant for element in mask.constant)


def interleaving(lanes: int) -> tuple[ir.Constant, ir.Constant]:
    """Masks of shuffles that interleave the lower, and the upper halves of two vectors."""
    type_ = ir.VectorType(ir.IntType(32), lanes)
    order = [n // 2 + (n % 2) * lanes for n in range(lanes)]
    return ir.Constant(type_, order), ir.Constant(type_, [n + lanes // 2 for n in order])


def _transposed(rows: list[ir.Value], b: ir.IRBuilder) -> list[ir.Value]:
    """The square's columns: pairs of vectors are interleaved, log2(lanes) times."""
    half = turns = len(rows) // 2
    low, high = interleaving(len(rows))
    while turns:
        pairs = list(zip(rows[:half], rows[half:], strict=True))
        rows = [b.shuffle_vector(x, y, mask) for x, y in pairs for mask in (low, high)]
        turns //= 2
    return rows
