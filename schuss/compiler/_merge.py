"""Loops that go through memory as one become one: heads and their columns, or the places of a window and the channels there,
are then as long as both together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from schuss.compiler._expr import Buffer, Expr, Interner, Load, Position, Reduced, rebuilt, walk
from schuss.compiler._index import Dim, Index, Split, dims_of, of_dim
from schuss.compiler._kernel import Kernel, Reduction, Store


def merged(kernel: Kernel, make: Interner, rows: int = 0) -> Kernel:
    """The reduction with one loop in the place of two, output loops or reduced ones, wherever each array is read and
    written either with both as neighbouring axes of it, or with neither.

    Args:
        rows: the size of the loop over the batch's rows, which stays, also where it is reduced.
    """
    for a, b in _neighbours(kernel, rows):
        if _go_as_one(kernel, a, b):
            return merged(_with_one(kernel, a, b, make), make, rows)
    return kernel


def _neighbours(kernel: Kernel, rows: int) -> list[tuple[Dim, Dim]]:
    """Loops that follow one another."""
    assert kernel.reduction is not None
    free, reduced = kernel.dims[kernel.rows :], kernel.reduction.dims
    if reduced and reduced[0].size == rows:
        reduced = reduced[1:]
    return [*pairwise(free), *pairwise(reduced)]


def _expressions(kernel: Kernel) -> list[Expr]:
    assert kernel.reduction is not None
    return [kernel.reduction.body, *(store.expr for store in kernel.stores)]


def _go_as_one(kernel: Kernel, a: Dim, b: Dim) -> bool:
    parts = [e for expr in _expressions(kernel) for e in walk(expr)]
    if any(isinstance(e, Position) and not e.dims.isdisjoint((a, b)) for e in parts):
        return False
    loads = [e for e in parts if isinstance(e, Load)]
    return all(_beside(e.buffer, e.index, a, b) for e in loads) and all(
        _beside(store.buffer, store.index, a, b) for store in kernel.stores
    )


def _beside(buffer: Buffer, index: tuple[Index, ...], a: Dim, b: Dim) -> bool:
    """Whether the place is in two neighbouring axes, one step along `a` being all of `b`; or does not depend on them.
    Along the first axis it may begin anywhere, as windows do."""
    axes = _axes(index, a, b)
    if not axes:
        return True
    first, last = axes[0], axes[-1]
    if len(axes) != 2 or (buffer.kind == "batch" and first == 0):
        return False
    return (
        (a, 1) in index[first].terms
        and all(isinstance(atom, Dim) and atom is not b for atom, _ in index[first].terms)
        and index[last] == of_dim(b)
        and buffer.shape[first + 1 : last + 1] == (*(1,) * (last - first - 1), b.size)
    )


def _axes(index: tuple[Index, ...], a: Dim, b: Dim) -> list[int]:
    """The axes whose place depends on the loops."""
    return [axis for axis, component in enumerate(index) if not dims_of(component).isdisjoint((a, b))]


def _with_one(kernel: Kernel, a: Dim, b: Dim, make: Interner) -> Kernel:
    both = Dim(f"{a.name}{b.name}", a.size * b.size)
    changed = _Changed(a, b, both, make)
    assert kernel.reduction is not None
    old = kernel.reduction
    reduction = Reduction(old.kind, changed.dims(old.dims), changed.expression(old.body))
    stores = [
        Store(store.buffer, changed.index(store.buffer, store.index), changed.expression(store.expr))
        for store in kernel.stores
    ]
    return replace(kernel, dims=changed.dims(kernel.dims), stores=stores, reduction=reduction)


class _Changed:
    """Expressions with one loop in the place of two."""

    def __init__(self, a: Dim, b: Dim, both: Dim, make: Interner):
        self.a, self.b, self.both, self.make = a, b, both, make
        self.known: dict[Expr, Expr] = {}

    def dims(self, dims: tuple[Dim, ...]) -> tuple[Dim, ...]:
        return tuple(self.both if d is self.a else d for d in dims if d is not self.b)

    def expression(self, expr: Expr) -> Expr:
        return rebuilt(expr, self._changed, self.make, self.known)

    def index(self, buffer: Buffer, index: tuple[Index, ...]) -> tuple[Index, ...]:
        """The same place, its two neighbouring axes being parts of one position."""
        axes = _axes(index, self.a, self.b)
        if not axes:
            return index
        first, last = axes
        begin = Index(
            tuple(term for term in index[first].terms if term[0] is not self.a), index[first].offset
        )
        position = begin * self.b.size + of_dim(self.both)
        parts = list(index)
        for axis in axes:
            parts[axis] = Index(((Split(position, buffer.shape[first : last + 1], axis - first), 1),))
        return tuple(parts)

    def _changed(self, e: Expr) -> Expr:
        if e.dims.isdisjoint((self.a, self.b)):
            return e
        if isinstance(e, Load):
            return self.make.load(e.buffer, self.index(e.buffer, e.index))
        assert isinstance(e, Reduced)
        return self.make.reduced(e.dtype, (e.dims - {self.a, self.b}) | {self.both})
