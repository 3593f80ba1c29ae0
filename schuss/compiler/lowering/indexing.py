"""Lowering of data-dependent indexing and of random bits."""

from __future__ import annotations

import numpy as np

from schuss.compiler._context import Context, Pointwise, Writing
from schuss.compiler._expr import Apply, Buffer, Const, Expr, Position
from schuss.compiler._index import Dynamic, Index, constant, linear, of_dim
from schuss.compiler._kernel import Kernel, Store
from schuss.compiler.lowering.structure import loops, new_dims
from schuss.graph import PRIMITIVES, Node, Tensor, lowering_rules

_U64 = np.dtype("uint64")


def _component(context: Context, indices: Tensor, at: tuple[Index, ...], size: int) -> Index:
    """The index that an integer tensor holds at a point: affine where it is a plain count, dynamic
    otherwise."""
    if size == 1:
        return Index()
    expr = _without_conversion(context.at(indices, at))
    if isinstance(expr, Position) and _counts(expr, size):
        return expr.index
    if isinstance(expr, Const):
        return constant(min(max(int(expr.value), 0), size - 1))
    return Index(((Dynamic(expr, size), 1),))


def _without_conversion(expr: Expr) -> Expr:
    """The expression below conversions that keep every integer."""
    while isinstance(expr, Apply) and expr.name == "convert":
        inner = expr.args[0]
        if inner.dtype.kind not in "iu" or not _keeps(inner, expr.dtype):
            break
        expr = inner
    return expr


def _keeps(expr: Expr, dtype: np.dtype) -> bool:
    """Whether every value of the integer expression is one of `dtype`, too."""
    most = int(np.iinfo(dtype).max)
    if isinstance(expr, Const):
        return np.iinfo(dtype).min <= expr.value <= most
    return np.can_cast(expr.dtype, dtype) or (
        isinstance(expr, Position) and _stays_within(expr.index, most + 1)
    )


def _counts(position: Position, size: int) -> bool:
    """Whether a position is within ``[0, size)``, and its dtype can hold it."""
    return size - 1 <= np.iinfo(position.dtype).max and _stays_within(position.index, size)


def _stays_within(index: Index, size: int) -> bool:
    from schuss.compiler._index import Dim, Split

    low = high = index.offset
    for atom, coefficient in index.terms:
        if isinstance(atom, Dim):
            reach = atom.size - 1
        elif isinstance(atom, Split):
            reach = atom.shape[atom.axis] - 1
        else:
            return False
        low, high = low + min(0, coefficient * reach), high + max(0, coefficient * reach)
    return low >= 0 and high < size


def _gather(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    x, *indices = node.inputs
    return context.at(
        x, tuple(_component(context, i, index, n) for i, n in zip(indices, x.shape, strict=True))
    )


def _scatter_add(context: Context, node: Node, outputs: list[Buffer]) -> list[Kernel]:
    x, updates, *indices = node.inputs
    dims = new_dims(x.shape)
    index = tuple(of_dim(d) for d in dims)
    context.enter(set(), index, None)
    copy = Kernel(loops(dims), [Store(outputs[0], index, context.at(x, index))], label="scatter_add")
    if not updates.size or not x.size:
        return [copy]
    dims = new_dims(updates.shape)
    index = tuple(of_dim(d) for d in dims)
    context.enter(set(), index, None)
    target = []
    for i, n in zip(indices, x.shape, strict=True):
        expr = _without_conversion(context.at(i, index))
        if isinstance(expr, Position) and _counts(expr, n):
            target.append(expr.index)
        else:
            target.append(Index(((Dynamic(expr, n), 1),)))
    add = Kernel(
        loops(dims),
        [Store(outputs[0], tuple(target), context.at(updates, index), accumulate=True)],
        label="scatter_add",
    )
    return [copy, add]


def _random_bits(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    key = node.inputs[0]
    position = context.make.position(linear(index, node.outputs[0].shape), _U64)
    k0, k1 = context.at(key, (constant(0),)), context.at(key, (constant(1),))
    return context.apply("random_bits", position, k0, k1, dtype="uint32")


lowering_rules[PRIMITIVES["gather"]] = Pointwise(_gather)
lowering_rules[PRIMITIVES["scatter_add"]] = Writing(_scatter_add, beside=True)
lowering_rules[PRIMITIVES["random_bits"]] = Pointwise(_random_bits)
