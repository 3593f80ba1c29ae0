"""Kernels as LLVM functions: ``void kernel(i64 begin, i64 end, ptr rows, ptr buffer0, …)``, for chunks begin
≤ c < end.

Three shapes of loop nest: elementwise, reductions whose vectors lie along an output dim (with a register
tile: rows broadcast × vector columns), and reductions whose vectors lie along the reduced dim. Everything is
emitted as explicit vectors, so that an element goes through the same instructions wherever it stands: results
have the same bits for any division of the work.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu import _tiles
from schuss.backends.cpu._emit import I64, ExpressionEmitter, i64
from schuss.backends.cpu._scalars import (
    POINTER,
    emit,
    is_vector,
    multiply_add,
    number,
    register_type,
    vector_of,
)
from schuss.backends.cpu._target import Target
from schuss.compiler import Kernel, Store
from schuss.compiler._expr import Apply, Buffer, Expr, Load, walk
from schuss.compiler._index import Dim, Dynamic, dims_of, linear, stride_along
from schuss.compiler._plan import _expressions

_BLOCK = 512  # products of a long sum that are added up before the next tile's turn


def buffers_of(kernel: Kernel) -> list[Buffer]:
    """The buffers that the kernel touches, in the order in which it takes their pointers."""
    found: dict[Buffer, None] = {}
    for expr in _expressions(kernel):
        for e in walk(expr):  # type: ignore[arg-type]
            if isinstance(e, Load):
                found.setdefault(e.buffer)
    for store in kernel.stores:
        found.setdefault(store.buffer)
    if kernel.partial is not None:
        found.setdefault(kernel.partial)
    return list(found)


def emit_kernel(module: ir.Module, kernel: Kernel, name: str, target: Target) -> ir.Function:
    """The kernel as a function of `module`."""
    buffers = buffers_of(kernel)
    type_ = ir.FunctionType(ir.VoidType(), [I64, I64, POINTER] + [POINTER] * len(buffers))
    function = ir.Function(module, type_, name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    function.attributes.add("noinline")
    for argument in function.args[2:]:
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    pointers = dict(zip(buffers, function.args[3:], strict=True))
    emitter = ExpressionEmitter(builder, pointers, function.args[2], target)
    _Nest(kernel, emitter, target, function.args[0], function.args[1]).emit()
    builder.ret_void()
    return function


class _Nest:
    def __init__(self, kernel: Kernel, e: ExpressionEmitter, target: Target, begin: ir.Value, end: ir.Value):
        self.kernel, self.e, self.target = kernel, e, target
        self.bounds: dict[Dim, tuple[ir.Value, ir.Value]] = {}
        self.waits = False  # totals are to wait for the next block
        self.begins: ir.Value | None = (
            None  # whether this is the first block, where that is known when it runs
        )
        for number_, dim in enumerate(kernel.dims):
            low, high = i64(0), i64(dim.size)
            if number_ == 0 and kernel.chunks > 1:
                b = e.builder
                low = b.mul(begin, i64(kernel.grain))
                stop = b.mul(end, i64(kernel.grain))
                high = b.select(b.icmp_signed("<", stop, i64(dim.size)), stop, i64(dim.size))
            self.bounds[dim] = (low, high)

    def emit(self) -> None:
        if any(s.accumulate for s in self.kernel.stores):
            self._accumulating()
        elif self.kernel.scan is not None:
            self._scanning()
        elif self.kernel.reduction is None:
            self._elementwise()
        else:
            plan = _tiles.choose(self.kernel, self.target)
            if plan.along_reduction:
                self._reduce_along(plan)
            else:
                self._reduce_across(plan)

    # -- loops ---

    def _open(self, stack: ExitStack, dims: tuple[Dim, ...] | list[Dim]) -> None:
        """Open a loop for each dim."""
        for dim in dims:
            self.e.place[dim] = stack.enter_context(
                self.e.loop(*self.bounds.get(dim, (i64(0), i64(dim.size))))
            )

    def _is_split(self, dim: Dim) -> bool:
        return self.kernel.chunks > 1 and dim is self.kernel.dims[0]

    def _over_vectors(self, dim: Dim, lanes: int, body: Callable[[], None]) -> None:
        """Run `body` for vectors of `lanes` along `dim`, the last one masked."""
        e = self.e
        e.vector, e.lanes, e.mask = dim, lanes, None
        low, high = self.bounds.get(dim, (i64(0), i64(dim.size)))
        if self._is_split(dim):
            count = e.builder.sub(high, low)
            whole = e.builder.and_(count, i64(-lanes))
            middle = e.builder.add(low, whole)
        else:
            middle = i64(dim.size // lanes * lanes)
        if self._is_split(dim) or dim.size >= lanes:
            with e.loop(low, middle, lanes) as i:
                e.place[dim] = i
                body()
        if self._is_split(dim):
            if self.kernel.grain % lanes or dim.size % lanes:
                with e.condition(e.builder.icmp_signed("<", middle, high)):
                    e.place[dim] = middle
                    e.mask = e.dynamic_mask(e.builder.sub(high, middle)) if lanes > 1 else None
                    body()
        elif dim.size % lanes:
            e.place[dim] = middle
            e.fresh()
            e.mask = e.tail_mask(dim.size % lanes)
            body()
        e.vector, e.lanes, e.mask = None, 1, None
        e.fresh()

    def _store_all(self, stores: list[Store]) -> None:
        """Evaluate everything, then write: an expression may read the old value of what another store
        replaces."""
        values = [self.e.expression(s.expr) for s in stores]
        for store, value in zip(stores, values, strict=True):
            self.e.store(store.buffer, store.index, value)

    # -- elementwise ---

    def _elementwise(self) -> None:
        kernel = self.kernel
        vector = _tiles.best_vector_dim(kernel, kernel.dims)
        with ExitStack() as stack:
            self._open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                self._store_all(kernel.stores)
            else:
                lanes = _tiles.lanes_for(kernel, vector, self.target)
                self._over_vectors(vector, lanes, lambda: self._store_all(kernel.stores))

    # -- scans and scatters

    def _scanning(self) -> None:
        kernel, e = self.kernel, self.e
        assert kernel.scan is not None
        scan = kernel.scan
        vector = _tiles.best_vector_dim(kernel, kernel.dims)
        lanes = 1 if vector is None else _tiles.lanes_for(kernel, vector, self.target)

        def run() -> None:
            type_ = vector_of(register_type(scan.body.dtype), lanes)
            total = self._allocate(type_)
            e.builder.store(number(type_, _identity(scan.kind, scan.body.dtype)), total)
            with e.loop(i64(0), i64(scan.dim.size)) as turn:
                e.place[scan.dim] = turn
                e.total = self._combine(scan.kind, e.builder.load(total, typ=type_), scan.body)
                e.builder.store(e.total, total)
                self._store_all(kernel.stores)

        with ExitStack() as stack:
            self._open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                run()
            else:
                self._over_vectors(vector, lanes, run)

    def _accumulating(self) -> None:
        kernel, e = self.kernel, self.e
        (store,) = kernel.stores
        position = linear(store.index, store.buffer.shape)
        moving = frozenset().union(*(dims_of_dynamic(i) for i in store.index))
        vector = kernel.dims[-1] if kernel.dims else None
        if vector is not None and (vector in moving or stride_along(position, vector) != 1):
            vector = None

        def add() -> None:
            inside = ir.Constant(ir.IntType(1), 1)
            for component in store.index:
                for atom, _ in component.terms:
                    if isinstance(atom, Dynamic):
                        raw = e.raw(atom)
                        fits = e.builder.icmp_unsigned("<", raw, i64(atom.size))
                        inside = e.builder.and_(inside, fits)
            with e.condition(inside):
                old = e.expression(Load(store.buffer, store.index))
                value = e.expression(store.expr)
                if is_vector(old):
                    value = e.spread(value)
                dtype = store.buffer.dtype
                total = emit(e.builder, "add", [old, value], [dtype, dtype], dtype, ())
                e.store(store.buffer, store.index, total)

        with ExitStack() as stack:
            self._open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                add()
            else:
                self._over_vectors(vector, _tiles.lanes_for(kernel, vector, self.target), add)

    # -- reductions ---

    def _allocate(self, type_: ir.Type) -> ir.Value:
        """A variable in a register (LLVM's mem2reg puts it there)."""
        b = self.e.builder
        with b.goto_entry_block():
            return b.alloca(type_)

    def _combine(self, kind: str, total: ir.Value, body: Expr) -> ir.Value:
        """``kind(total, body)`` at the current place; sums of products are fused multiply-adds."""
        e = self.e
        if (
            kind == "sum"
            and isinstance(body, Apply)
            and body.name == "multiply"
            and body.dtype.kind == "f"
            and body.dtype.itemsize > 2
        ):
            a, b = e.expression(body.args[0]), e.expression(body.args[1])
            if is_vector(total):
                a, b = e.spread(a), e.spread(b)
            return multiply_add(e.builder, a, b, total, self.target.fma)
        value = e.expression(body)
        if is_vector(total):
            value = e.spread(value)
        return self._fold(kind, total, value, body.dtype)

    def _fold(self, kind: str, total: ir.Value, value: ir.Value, dtype: np.dtype) -> ir.Value:
        name = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}[kind]
        return emit(self.e.builder, name, [total, value], [dtype, dtype], dtype, ())

    def _reduce_across(self, plan: _tiles.Tiling) -> None:
        """Tiles over all of the reduction, or, where totals can wait in memory, over one block of it after the other:
        then what a block reads stays in the caches while all tiles use it. The order of additions is the same."""
        kernel, e = self.kernel, self.e
        if kernel.partial is None:
            self._across(plan)
            return
        assert kernel.reduction is not None
        dim = kernel.reduction.dims[0]
        last = (dim.size - 1) // _BLOCK
        with e.loop(i64(0), i64(last)) as block:
            begin = e.builder.mul(block, i64(_BLOCK))
            self.bounds[dim] = (begin, e.builder.add(begin, i64(_BLOCK)))
            self.waits, self.begins = True, e.builder.icmp_signed("==", block, i64(0))
            self._across(plan)
        self.bounds[dim] = (i64(last * _BLOCK), i64(dim.size))
        self.waits, self.begins = False, None
        self._across(plan)

    def _across(self, plan: _tiles.Tiling) -> None:
        """Vectors along an output dim: a tile of rows × vectors of totals stays in registers over the reduced
        loops."""
        e, kernel = self.e, self.kernel
        vector, row = plan.vector, plan.row
        with ExitStack() as stack:
            self._open(stack, [d for d in kernel.dims if d is not vector and d is not row])
            if vector is None:
                e.vector, e.lanes = None, 1
                self._over_rows(plan, [None])
                return
            lanes, columns = plan.lanes, plan.columns
            low, high = self.bounds[vector]
            width = lanes * columns

            def tile(start: ir.Value, masks: list[ir.Value | None]) -> None:
                e.vector, e.lanes = vector, lanes
                e.place[vector] = start
                self._over_rows(plan, masks)

            if self._is_split(vector):
                b = e.builder
                count = b.sub(high, low)
                middle = b.add(low, b.mul(b.sdiv(count, i64(width)), i64(width)))
                end = b.add(low, b.and_(count, i64(-lanes)))
                with e.loop(low, middle, width) as i:
                    tile(i, [None] * columns)
                if columns > 1:
                    with e.loop(middle, end, lanes) as i:
                        tile(i, [None])
                with e.condition(b.icmp_signed("<", end, high)):
                    tile(end, [e_mask(e, lanes, b.sub(high, end))])
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

    def _over_rows(self, plan: _tiles.Tiling, masks: list[ir.Value | None]) -> None:
        """The tile for all rows of the current columns."""
        e, row = self.e, plan.row
        if row is None:
            e.fresh()
            self._tile(plan, 1, masks)
            return
        low, high = self.bounds[row]
        rest = row.size % plan.rows
        b = e.builder
        if self._is_split(row):
            middle = b.add(low, b.mul(b.sdiv(b.sub(high, low), i64(plan.rows)), i64(plan.rows)))
        else:
            middle = i64(row.size - rest)
        if row.size >= plan.rows:
            with e.loop(low, middle, plan.rows) as i:
                e.place[row] = i
                self._tile(plan, plan.rows, masks)
        if rest:
            if self._is_split(row):
                with e.condition(b.icmp_signed("<", middle, high)):
                    e.place[row] = middle
                    self._tile(plan, rest, masks)
            else:
                e.fresh()
                e.place[row] = middle
                self._tile(plan, rest, masks)

    def _tile(self, plan: _tiles.Tiling, rows: int, masks: list[ir.Value | None]) -> None:
        e, kernel = self.e, self.kernel
        assert kernel.reduction is not None
        reduction = kernel.reduction
        body = reduction.body
        arg = reduction.kind.startswith("arg")
        type_ = vector_of(register_type(body.dtype), e.lanes)
        place_type = vector_of(ir.IntType(32), e.lanes)
        points = [(i, j) for i in range(rows) for j in range(len(masks))]
        totals = {point: self._allocate(type_) for point in points}
        places = {point: self._allocate(place_type) for point in points} if arg else {}
        start = number(type_, _identity(reduction.kind, body.dtype))
        for point in points:
            self._go_to(plan, point, masks)
            first = start if kernel.partial is None else self._waiting(kernel.partial, start)
            e.builder.store(first, totals[point])
            if arg:
                e.builder.store(number(place_type, 0), places[point])
        with ExitStack() as stack:
            self._open(stack, reduction.dims)
            e.fresh()
            for point in points:
                self._go_to(plan, point, masks)
                old = e.builder.load(totals[point], typ=type_)
                if arg:
                    self._better(
                        reduction.kind, reduction.dims[0], old, totals[point], places[point], place_type
                    )
                else:
                    e.builder.store(self._combine(reduction.kind, old, body), totals[point])
        e.fresh()
        for point in points:
            self._go_to(plan, point, masks)
            source, source_type = (places, place_type) if arg else (totals, type_)
            e.total = e.builder.load(source[point], typ=source_type)
            if self.waits and kernel.partial is not None:
                e.store(kernel.partial, kernel.stores[0].index, e.total)
            else:
                self._store_all(kernel.stores)
        e.shift.clear()
        e.mask = None

    def _waiting(self, partial: Buffer, start: ir.Value) -> ir.Value:
        """What the total at the present point was after the block before; `start` in the first block."""
        e = self.e
        old = e.expression(Load(partial, self.kernel.stores[0].index))
        return old if self.begins is None else e.builder.select(self.begins, start, old)

    def _go_to(self, plan: _tiles.Tiling, point: tuple[int, int], masks: list[ir.Value | None]) -> None:
        i, j = point
        if plan.row is not None:
            self.e.shift[plan.row] = i
        if plan.vector is not None:
            self.e.shift[plan.vector] = j * self.e.lanes
        self.e.mask = masks[j]

    def _better(
        self, kind: str, dim: Dim, old: ir.Value, total: ir.Value, place: ir.Value, place_type: ir.Type
    ) -> None:
        """argmax, argmin: keep the value and its place where it beats the best so far; the first NaN beats
        all."""
        e = self.e
        b = e.builder
        assert self.kernel.reduction is not None
        body = self.kernel.reduction.body
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

    def _reduce_along(self, plan: _tiles.Tiling) -> None:
        """Vectors along the last reduced dim: every lane sums its share, then the lanes are folded in a fixed
        tree."""
        _e, kernel = self.e, self.kernel
        assert kernel.reduction is not None
        assert plan.vector is not None
        with ExitStack() as stack:
            tiled = [d for d in (plan.row, plan.second) if d is not None]
            self._open(stack, [d for d in kernel.dims if d not in tiled])
            self._over_points(plan, tiled, {})

    def _over_points(self, plan: _tiles.Tiling, tiled: list[Dim], counts: dict[Dim, int]) -> None:
        """Loops over the tiled output dims, with the remainders as smaller tiles."""
        e = self.e
        if not tiled:
            self._points(plan, counts)
            return
        dim, rest_dims = tiled[0], tiled[1:]
        size = plan.rows if dim is plan.row else plan.columns
        low, high = self.bounds[dim]
        rest = dim.size % size
        b = e.builder
        if self._is_split(dim):
            middle = b.add(low, b.mul(b.sdiv(b.sub(high, low), i64(size)), i64(size)))
        else:
            middle = i64(dim.size - rest)
        if dim.size >= size:
            with e.loop(low, middle, size) as i:
                e.place[dim] = i
                self._over_points(plan, rest_dims, {**counts, dim: size})
        if rest:
            with ExitStack() as stack:
                if self._is_split(dim):
                    stack.enter_context(e.condition(b.icmp_signed("<", middle, high)))
                e.fresh()
                e.place[dim] = middle
                self._over_points(plan, rest_dims, {**counts, dim: rest})

    def _points(self, plan: _tiles.Tiling, counts: dict[Dim, int]) -> None:
        e, kernel = self.e, self.kernel
        assert kernel.reduction is not None
        assert plan.vector is not None
        reduction, inner, lanes = kernel.reduction, plan.vector, plan.lanes
        dtype = reduction.body.dtype
        dims = list(counts)
        shifts: list[dict[Dim, int]] = [{}]
        for dim in dims:
            shifts = [{**s, dim: i} for s in shifts for i in range(counts[dim])]
        parts = plan.parts
        type_ = vector_of(register_type(dtype), lanes)
        start = number(type_, _identity(reduction.kind, dtype))
        totals = [[self._allocate(type_) for _ in range(parts)] for _ in shifts]
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
                    new = self._combine(reduction.kind, old, reduction.body)
                    if mask is not None:
                        new = e.builder.select(mask, new, old)
                    e.builder.store(new, totals[n][part])
            e.shift = {}
            e.vector, e.lanes, e.mask = None, 1, None

        with ExitStack() as stack:
            self._open(stack, [d for d in reduction.dims if d is not inner])
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
                    self._fold(reduction.kind, a, b, dtype)
                    for a, b in zip(values[::2], values[1::2], strict=True)
                ]
            results.append(self._fold_lanes(reduction.kind, values[0], lanes, dtype))
        e.fresh()
        for shift, result in zip(shifts, results, strict=True):
            e.shift, e.total = shift, result
            self._store_all(kernel.stores)
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
            value = self._fold(kind, low, high, dtype)
            lanes = half
        return value


def e_mask(e: ExpressionEmitter, lanes: int, count: ir.Value) -> ir.Value | None:
    e.lanes = lanes
    return e.dynamic_mask(count) if lanes > 1 else None


def dims_of_dynamic(index: object) -> frozenset[Dim]:
    """The loop variables on which an index depends through values in memory."""
    found: frozenset[Dim] = frozenset()
    for atom, _ in index.terms:  # type: ignore[attr-defined]
        if not isinstance(atom, Dim):
            from schuss.compiler._index import Index

            found |= dims_of(Index(((atom, 1),)))
    return found


def _identity(kind: str, dtype: np.dtype) -> float | int:
    """What the reduction of nothing is."""
    if kind in ("sum", "prod"):
        return int(kind == "prod")
    smallest = kind in ("max", "argmax")
    if dtype.kind == "f":
        return float("-inf") if smallest else float("inf")
    if dtype.kind == "b":
        return int(not smallest)
    info = np.iinfo(dtype)
    return int(info.min if smallest else info.max)
