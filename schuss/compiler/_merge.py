"""Loops that go through memory as one become one: heads and their columns, say, are then as wide as both together."""

from __future__ import annotations

from dataclasses import replace

from schuss.compiler._expr import Apply, Buffer, Expr, Interner, Load, Position, Reduced, walk
from schuss.compiler._index import Dim, Index, Split, dims_of, of_dim
from schuss.compiler._kernel import Kernel, Reduction, Store


def merged(kernel: Kernel, make: Interner) -> Kernel:
    """The reduction with one output loop in the place of two, wherever each array is either read and written with both as
    neighbouring axes of it, or with neither. The loop over rows stays."""
    for a, b in zip(kernel.dims[kernel.rows :], kernel.dims[kernel.rows + 1 :]):
        if _go_as_one(kernel, a, b):
            return merged(_with_one(kernel, a, b, make), make)
    return kernel


def _expressions(kernel: Kernel) -> list[Expr]:
    assert kernel.reduction is not None
    return [kernel.reduction.body, *(store.expr for store in kernel.stores)]


def _go_as_one(kernel: Kernel, a: Dim, b: Dim) -> bool:
    parts = [e for expr in _expressions(kernel) for e in walk(expr)]
    if any(isinstance(e, Position) and not e.dims.isdisjoint((a, b)) for e in parts):
        return False
    places = [(e.buffer, e.index) for e in parts if isinstance(e, Load)]
    places += [(store.buffer, store.index) for store in kernel.stores]
    return all(_beside(buffer, index, a, b) for buffer, index in places)


def _beside(buffer: Buffer, index: tuple[Index, ...], a: Dim, b: Dim) -> bool:
    """Whether the place is in two neighbouring axes that are these loops', or does not depend on them."""
    axes = _axes(index, a, b)
    if not axes:
        return True
    first, last = axes[0], axes[-1]
    if len(axes) != 2 or (buffer.kind == "batch" and first == 0):
        return False
    return (
        index[first] == of_dim(a)
        and index[last] == of_dim(b)
        and buffer.shape[first : last + 1] == (a.size, *(1,) * (last - first - 1), b.size)
    )


def _axes(index: tuple[Index, ...], a: Dim, b: Dim) -> list[int]:
    """The axes whose place depends on the loops."""
    return [axis for axis, component in enumerate(index) if not dims_of(component).isdisjoint((a, b))]


def _with_one(kernel: Kernel, a: Dim, b: Dim, make: Interner) -> Kernel:
    both = Dim(f"{a.name}{b.name}", a.size * b.size)
    changed = _Changed(a, b, both, make)
    dims = tuple(both if d is a else d for d in kernel.dims if d is not b)
    assert kernel.reduction is not None
    reduction = Reduction(
        kernel.reduction.kind, kernel.reduction.dims, changed.expression(kernel.reduction.body)
    )
    stores = [
        Store(store.buffer, changed.index(store.buffer, store.index), changed.expression(store.expr))
        for store in kernel.stores
    ]
    return replace(kernel, dims=dims, stores=stores, reduction=reduction)


class _Changed:
    """Expressions with one loop in the place of two."""

    def __init__(self, a: Dim, b: Dim, both: Dim, make: Interner):
        self.a, self.b, self.both, self.make = a, b, both, make
        self.known: dict[int, Expr] = {}

    def expression(self, expr: Expr) -> Expr:
        for e in walk(expr):
            if id(e) not in self.known:
                self.known[id(e)] = self._changed(e)
        return self.known[id(expr)]

    def index(self, buffer: Buffer, index: tuple[Index, ...]) -> tuple[Index, ...]:
        """The same place, its two neighbouring axes being parts of one position."""
        axes = _axes(index, self.a, self.b)
        if not axes:
            return index
        shape = buffer.shape[axes[0] : axes[-1] + 1]
        parts = list(index)
        for axis in axes:
            parts[axis] = Index(((Split(of_dim(self.both), shape, axis - axes[0]), 1),))
        return tuple(parts)

    def _changed(self, e: Expr) -> Expr:
        if e.dims.isdisjoint((self.a, self.b)):
            return e
        if isinstance(e, Load):
            return self.make.load(e.buffer, self.index(e.buffer, e.index))
        if isinstance(e, Reduced):
            return self.make.reduced(e.dtype, (e.dims - {self.a, self.b}) | {self.both})
        assert isinstance(e, Apply)
        return self.make.apply(e.name, tuple(self.known[id(x)] for x in e.args), e.dtype, e.params)
