"""Sums that pick one term: ``Σₖ (v[k] if choice = k else 0)`` is ``v[choice]``, looked up, not searched for. Losses of
classes that are given by number are such sums, and so are parts of their gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from schuss.compiler._expr import Apply, Const, Expr, Interner, Load, Position, Reduced, rebuilt, walk
from schuss.compiler._index import Dim, Dynamic, Index, Split, dims_of, of_dim
from schuss.compiler._kernel import Kernel, Reduction

_BOOL = np.dtype(bool)


def picked(kernel: Kernel, make: Interner) -> Kernel:
    """The sum without the loops in which one term at most is not 0; without any, it is no sum any more."""
    reduction = kernel.reduction
    if reduction is None or reduction.kind != "sum":
        return kernel
    dims, body = list(reduction.dims), reduction.body
    for dim in reduction.dims:
        term = _term(body, dim, make)
        if term is not None:
            dims.remove(dim)
            body = term
    if len(dims) == len(reduction.dims):
        return kernel
    if dims:
        return replace(kernel, reduction=Reduction("sum", tuple(dims), body))

    def with_total(e: Expr) -> Expr:
        return body if isinstance(e, Reduced) else e

    stores = [replace(store, expr=rebuilt(store.expr, with_total, make)) for store in kernel.stores]
    return replace(kernel, reduction=None, stores=stores)


def _term(body: Expr, dim: Dim, make: Interner) -> Expr | None:
    """The one term along `dim` that need not be 0, without `dim`; 0 where the choice is none of its places."""
    if not isinstance(body, Apply):
        return None
    if body.name == "negative":
        inner = _term(body.args[0], dim, make)
        return None if inner is None else make.apply("negative", (inner,), body.dtype)
    if body.name != "select":
        return None
    condition, value, other = body.args
    choice = _choice(condition, dim)
    if choice is None or not isinstance(other, Const) or other.value != 0 or _reads_rows(value, dim):
        return None
    chosen = _Placed(dim, Dynamic(choice, dim.size), make).expression(value)
    return make.apply("select", (_is_inside(choice, dim.size, make), chosen, other), body.dtype)


def _choice(condition: Expr, dim: Dim) -> Expr | None:
    """The integer that is compared with the place along `dim`."""
    if not (isinstance(condition, Apply) and condition.name == "compare" and condition.params == ("EQ",)):
        return None
    for place, choice in (condition.args, condition.args[::-1]):
        counts = isinstance(place, Position) and place.index == of_dim(dim) and place.dtype.kind in "iu"
        if counts and dim not in choice.dims and dim.size - 1 <= np.iinfo(place.dtype).max:
            return choice
    return None


def _reads_rows(value: Expr, dim: Dim) -> bool:
    """Whether `dim` goes over rows of a data set, which are found by the order of the epoch."""
    loads = [e for e in walk(value) if isinstance(e, Load) and e.buffer.kind == "batch"]
    return any(dim in dims_of(load.index[0]) for load in loads)


def _is_inside(choice: Expr, size: int, make: Interner) -> Expr:
    def compared(direction: str, number: int) -> Expr:
        return make.apply("compare", (choice, make.const(number, choice.dtype)), _BOOL, (direction,))

    below = compared("LE", size - 1)
    return below if choice.dtype.kind == "u" else make.apply("and", (compared("GE", 0), below), _BOOL)


class _Placed:
    """Expressions at one place along a dim."""

    def __init__(self, dim: Dim, place: Dynamic, make: Interner):
        self.dim, self.place, self.make = dim, place, make

    def expression(self, expr: Expr) -> Expr:
        return rebuilt(expr, self._placed, self.make)

    def _placed(self, e: Expr) -> Expr:
        if self.dim not in e.dims:
            return e
        if isinstance(e, Load):
            return self.make.load(e.buffer, tuple(map(self._index, e.index)))
        assert isinstance(e, Position)
        return self.make.position(self._index(e.index), e.dtype)

    def _index(self, index: Index) -> Index:
        if self.dim not in dims_of(index):
            return index
        return Index(tuple((self._atom(atom), c) for atom, c in index.terms), index.offset)

    def _atom(self, atom: Dim | Split | Dynamic) -> Dim | Split | Dynamic:
        if isinstance(atom, Dim):
            return self.place if atom is self.dim else atom
        if isinstance(atom, Split):
            return Split(self._index(atom.flat), atom.shape, atom.axis)
        return Dynamic(self.expression(atom.expr), atom.size)
