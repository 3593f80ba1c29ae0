"""Loop nests without a register tile: elementwise work, scans, scatters."""

from __future__ import annotations

from contextlib import ExitStack

import llvmlite.ir as ir

from schuss.backends.cpu._emit import i64
from schuss.backends.cpu._scalars import emit, is_vector, number, register_type, vector_of
from schuss.backends.cpu.nests import _ahead, _tiles
from schuss.backends.cpu.nests._loops import Loops, identity
from schuss.compiler._expr import Load
from schuss.compiler._index import Dim, Dynamic, Index, dims_of, linear, stride_along


class Elementwise(Loops):
    """Vectors along one dim, everything stored at each point."""

    def emit(self) -> None:
        kernel = self.kernel
        vector = _tiles.best_vector_dim(kernel, kernel.dims)
        with ExitStack() as stack:
            self.open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                self.store_all(kernel.stores)
            else:
                self.over_vectors(vector, _tiles.lanes_for(kernel, vector, self.target), self._point)

    def _point(self) -> None:
        _ahead.next_turn(self)
        self.store_all(self.kernel.stores)


class Scanning(Loops):
    """One dim in order, the others side by side."""

    def emit(self) -> None:
        kernel, e = self.kernel, self.e
        assert kernel.scan is not None
        scan = kernel.scan
        vector = _tiles.best_vector_dim(kernel, kernel.dims)
        lanes = 1 if vector is None else _tiles.lanes_for(kernel, vector, self.target)

        def run() -> None:
            type_ = vector_of(register_type(scan.body.dtype), lanes)
            total = self.allocate(type_)
            e.builder.store(number(type_, identity(scan.kind, scan.body.dtype)), total)
            with e.loop(i64(0), i64(scan.dim.size)) as turn:
                e.place[scan.dim] = turn
                e.total = self.combine(scan.kind, e.builder.load(total, typ=type_), scan.body)
                e.builder.store(e.total, total)
                self.store_all(kernel.stores)

        with ExitStack() as stack:
            self.open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                run()
            else:
                self.over_vectors(vector, lanes, run)


class Accumulating(Loops):
    """Scatters: elements added at places that are known only at run time, in order."""

    def emit(self) -> None:
        kernel, e = self.kernel, self.e
        (store,) = kernel.stores
        position = linear(store.index, store.buffer.shape)
        moving = frozenset().union(*(_dims_of_dynamic(i) for i in store.index))
        along = (d for d in kernel.dims if d not in moving and stride_along(position, d) == 1)
        vector = next(along, None)

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
            self.open(stack, [d for d in kernel.dims if d is not vector])
            if vector is None:
                add()
            else:
                self.over_vectors(vector, _tiles.lanes_for(kernel, vector, self.target), add)


def _dims_of_dynamic(index: object) -> frozenset[Dim]:
    """The loop variables on which an index depends through values in memory."""
    found: frozenset[Dim] = frozenset()
    for atom, _ in index.terms:  # type: ignore[attr-defined]
        if not isinstance(atom, Dim):
            found |= dims_of(Index(((atom, 1),)))
    return found
