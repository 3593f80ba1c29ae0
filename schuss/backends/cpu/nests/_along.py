"""Reductions whose vectors lie along the reduced dim: every lane sums its share, then lanes are folded in a fixed tree."""

from __future__ import annotations

from contextlib import ExitStack

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu._emit import i64
from schuss.backends.cpu._scalars import number, register_type, vector_of
from schuss.backends.cpu.nests import _ahead
from schuss.backends.cpu.nests._loops import Reducing, identity
from schuss.backends.cpu.nests._panels import interleaving
from schuss.compiler._index import Dim


class _Along(Reducing):
    @property
    def inner(self) -> Dim:
        """The dim of the vectors."""
        assert self.plan.vector is not None
        return self.plan.vector


class Points(_Along):
    """A tile of points, folded one by one; the epilogue works on scalars."""

    def emit(self) -> None:
        """Emit the nest where the builder stands."""
        tiled = [d for d in (self.plan.row, self.plan.second) if d is not None]
        with ExitStack() as stack:
            self.open_outputs(stack, tuple(tiled))
            self._over_points(tiled, {})

    def _over_points(self, tiled: list[Dim], counts: dict[Dim, int]) -> None:
        """Loops over the tiled output dims, with the remainders as smaller tiles."""
        e = self.e
        if not tiled:
            self._points(counts)
            return
        dim, rest_dims = tiled[0], tiled[1:]
        size = self.plan.rows if dim is self.plan.row else self.plan.columns
        low, high = self.bounds[dim]
        rest = dim.size % size
        b = e.builder
        if self.is_split(dim):
            middle = b.add(low, b.mul(b.sdiv(b.sub(high, low), i64(size)), i64(size)))
        else:
            middle = i64(dim.size - rest)
        if dim.size >= size:
            with e.loop(low, middle, size) as i:
                e.place[dim] = i
                self._over_points(rest_dims, {**counts, dim: size})
        if rest:
            with ExitStack() as stack:
                if self.is_split(dim):
                    stack.enter_context(e.condition(b.icmp_signed("<", middle, high)))
                e.fresh()
                e.place[dim] = middle
                self._over_points(rest_dims, {**counts, dim: rest})

    def _points(self, counts: dict[Dim, int]) -> None:
        e, kernel, reduction, inner = self.e, self.kernel, self.reduction, self.inner
        lanes = self.plan.lanes
        dtype = reduction.body.dtype
        dims = list(counts)
        shifts: list[dict[Dim, int]] = [{}]
        for dim in dims:
            shifts = [{**s, dim: i} for s in shifts for i in range(counts[dim])]
        parts = self.plan.parts
        type_ = vector_of(register_type(dtype), lanes)
        start = number(type_, identity(reduction.kind, dtype))
        totals = [[self.allocate(type_) for _ in range(parts)] for _ in shifts]
        for row in totals:
            for total in row:
                e.builder.store(start, total)

        def turn(at: ir.Value, part_count: int, mask: ir.Value | None) -> None:
            e.fresh()
            e.vector, e.lanes, e.mask = inner, lanes, mask
            e.place[inner] = at
            for n, shift in enumerate(shifts):
                for part in range(part_count):
                    e.shift = {**shift, inner: part * lanes}
                    old = e.builder.load(totals[n][part], typ=type_)
                    new = self.combine(reduction.kind, old, reduction.body)
                    if mask is not None:
                        new = e.builder.select(mask, new, old)
                    e.builder.store(new, totals[n][part])
            e.shift = {}
            e.vector, e.lanes, e.mask = None, 1, None

        with ExitStack() as stack:
            self.open(stack, [d for d in reduction.dims if d is not inner])
            step = lanes * parts
            whole = inner.size // step * step
            if whole:
                with e.loop(i64(0), i64(whole), step) as i:
                    turn(i, parts, None)
            rest = inner.size - whole
            e.lanes = lanes
            if rest // lanes:
                turn(i64(whole), rest // lanes, None)
            if rest % lanes:
                e.lanes = lanes
                turn(i64(inner.size - rest % lanes), 1, e.tail_mask(rest % lanes))
            e.lanes = 1
        results = []
        for row in totals:
            values = [e.builder.load(total, typ=type_) for total in row]
            while len(values) > 1:
                values = [
                    self.fold(reduction.kind, a, b, dtype)
                    for a, b in zip(values[::2], values[1::2], strict=True)
                ]
            results.append(self._fold_lanes(reduction.kind, values[0], lanes, dtype))
        e.fresh()
        for shift, result in zip(shifts, results, strict=True):
            e.shift = shift
            e.total = self.with_so_far(result)
            self.store_all(kernel.stores)
        e.shift = {}
        e.fresh()

    def _fold_lanes(self, kind: str, value: ir.Value, lanes: int, dtype: np.dtype) -> ir.Value:
        b = self.e.builder
        while lanes > 1:
            half = lanes // 2
            undefined = ir.Constant(value.type, ir.Undefined)
            i32 = ir.IntType(32)
            if half == 1:
                low, high = (
                    b.extract_element(value, ir.Constant(i32, 0)),
                    b.extract_element(value, ir.Constant(i32, 1)),
                )
            else:
                masks = [ir.Constant(ir.VectorType(i32, half), list(range(s, s + half))) for s in (0, half)]
                low, high = (b.shuffle_vector(value, undefined, m) for m in masks)
            value = self.fold(kind, low, high, dtype)
            lanes = half
        return value


class Rows(_Along):
    """As many rows at once as a vector has lanes: their sums are folded into one vector, which the epilogue takes whole."""

    def emit(self) -> None:
        """Emit the nest where the builder stands."""
        e, kernel, row, lanes = self.e, self.kernel, self.plan.row, self.plan.lanes
        assert row is not None
        b = e.builder
        with ExitStack() as stack:
            self.open_outputs(stack, (row,))
            low, high = self.bounds[row]
            middle = b.add(low, b.and_(b.sub(high, low), i64(-lanes)))
            if row.size >= lanes:
                with e.loop(low, middle, lanes) as start:
                    self._vector_of_rows(row, start, None)
            if row.size % lanes or (self.is_split(row) and kernel.unit % lanes):
                with e.condition(b.icmp_signed("<", middle, high)):
                    self._vector_of_rows(row, middle, high)

    def _vector_of_rows(self, row: Dim, start: ir.Value, end: ir.Value | None) -> None:
        """One vector of rows from `start` on; with an `end`, rows from there on are not stored (the last one is read
        instead)."""
        e, b, reduction = self.e, self.e.builder, self.reduction
        inner, lanes = self.inner, self.plan.lanes
        if end is None:
            e.place[row] = start
            _ahead.rows(self, row, lanes)
        type_ = vector_of(register_type(reduction.body.dtype), lanes)
        totals = [self.allocate(type_) for _ in range(lanes)]
        for total in totals:
            b.store(number(type_, identity(reduction.kind, reduction.body.dtype)), total)
        places = [start] * lanes
        if end is not None:
            last = b.sub(end, i64(1))
            places = [b.add(start, i64(n)) for n in range(lanes)]
            places = [b.select(b.icmp_signed("<", place, last), place, last) for place in places]

        def turn(at: ir.Value, mask: ir.Value | None) -> None:
            e.vector, e.lanes, e.mask = inner, lanes, mask
            e.place[inner] = at
            e.fresh()
            for n, total in enumerate(totals):
                if end is not None:
                    e.fresh()
                e.place[row], e.shift = places[n], {} if end is not None else {row: n}
                old = b.load(total, typ=type_)
                new = self.combine(reduction.kind, old, reduction.body)
                b.store(new if mask is None else b.select(mask, new, old), total)
            e.vector, e.lanes, e.mask, e.shift = None, 1, None, {}

        with ExitStack() as stack:
            self.open(stack, [d for d in reduction.dims if d is not inner])
            whole = inner.size // lanes * lanes
            if whole:
                with e.loop(i64(0), i64(whole), lanes) as at:
                    turn(at, None)
            if inner.size % lanes:
                e.lanes = lanes
                turn(i64(whole), e.tail_mask(inner.size % lanes))
        e.fresh()
        values = [b.load(total, typ=type_) for total in totals]
        total = self._folded(reduction.kind, values, reduction.body.dtype)
        e.vector, e.lanes, e.place[row] = row, lanes, start
        e.mask = None if end is None else e.dynamic_mask(b.sub(end, start))
        e.total = self.with_so_far(total)
        self.store_all(self.kernel.stores)
        e.vector, e.lanes, e.mask = None, 1, None
        e.fresh()

    def _folded(self, kind: str, values: list[ir.Value], dtype: np.dtype) -> ir.Value:
        """As many vectors as lanes → the vector of what each folds to, in the order of `Points._fold_lanes`."""
        b = self.e.builder
        lanes = len(values)
        low, high = interleaving(lanes)
        while len(values) > 1:
            half = len(values) // 2
            pairs = list(zip(values[:half], values[half:], strict=True))
            values = [
                self.fold(kind, b.shuffle_vector(x, y, low), b.shuffle_vector(x, y, high), dtype)
                for x, y in pairs
            ]
        return values[0]
