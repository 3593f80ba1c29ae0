"""Products with rows that are looked up in a small table, as those after an embedding of letters: made once for each row
of the table, not once for each time that it is looked up.

With X[n] = E[i[n]], of a table E of V rows, n = 1 … N and N well above V:

    X W  =  (E W)[i]
    Xᵀ Z  =  Eᵀ S,  where S[v] = Σ Z[n] over the n with i[n] = v      (so W's gradient is made)
    Σ (Z Wᵀ)[n] over the n with i[n] = v  =  (S Wᵀ)[v]                (so E's is)

What is looked up, or added to rows, may have more axes than n, in any order. Rows of E that are not looked up count as 0 in
Eᵀ S, so that what is no number in them does not reach W's gradient.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.compiler._values import scalar_value
from schuss.graph import Spec, Tensor

if TYPE_CHECKING:
    from schuss.compiler._simplify import Rewriter

_OFTEN = 2  # times that a row of the table is looked up, in the mean
_LEAST_TERMS = (
    16  # of the sums in a product: shorter ones cost no more than to look up, or to add, what they make
)
_ELEMENTWISE = {
    "add",
    "and",
    "compare",
    "convert",
    "maximum",
    "minimum",
    "multiply",
    "not",
    "or",
    "remainder",
    "select",
    "subtract",
}


@dataclass(frozen=True)
class _Rows:
    """X: rows of a table. `numbers`: which; `axes`: X's axes of which they are; `axis`: that of the columns."""

    table: Tensor
    numbers: Tensor
    axes: list[int]
    axis: int


def product_of_rows(
    rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str
) -> Tensor | None:
    """X W or Xᵀ Z, by the table; None where neither is wanted, or it would not be worth it."""
    if any(params["batch"]):
        return None
    for side in (0, 1):
        mine, theirs = params["contract"][side], params["contract"][1 - side]
        rows = _looked_up(rewriter, inputs[side])
        if rows is None or rows.table.shape[1] < _LEAST_TERMS:
            continue
        other = inputs[1 - side]
        if tuple(mine) == (rows.axis,):
            return _rows_of_product(rewriter, rows, other, theirs, side, scope)
        if sorted(mine) == sorted(rows.axes):
            axes = [theirs[mine.index(axis)] for axis in rows.axes]
            numbers = _within(rewriter, rows.numbers, rows.table.shape[0], scope)
            sums = _sums(rewriter, numbers, axes, other, rows.table.shape[0], scope)
            table = _where_added(rewriter, rows.table, sums, scope)
            pair = (table, sums) if side == 0 else (sums, table)
            return _product(rewriter, *pair, (0,), (0,), scope)
    return None


def sums_of_products(
    rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str
) -> Tensor | None:
    """What is added to rows of a table, if it is Z Wᵀ, which nobody else wants."""
    x, updates, *indices = inputs
    product, where = _moved(updates)
    node = product.node
    if x.ndim != 2 or node is None or node.primitive.name != "dot_general" or any(node.params["batch"]):
        return None
    if not _wanted_here_alone(rewriter, updates) or not _columns(indices[1], x.shape[1]):
        return None
    if updates.size < _OFTEN * x.size:
        return None
    numbers = _along_rows(rewriter, indices[0])
    if numbers is None:
        return None
    free = [
        [a for a in range(t.ndim) if a not in axes]
        for t, axes in zip(node.inputs, node.params["contract"], strict=True)
    ]
    side = int(where[-1] >= len(free[0]))  # whose axis becomes that of the columns
    terms = math.prod(node.inputs[side].shape[a] for a in node.params["contract"][side])
    if len(free[side]) != 1 or terms < _LEAST_TERMS:
        return None
    z, weight = node.inputs[1 - side], node.inputs[side]
    theirs, mine = node.params["contract"][1 - side], node.params["contract"][side]
    first = 0 if side else 1  # the first of z's free axes in the product
    axes = [free[1 - side][axis - first] for axis in where[:-1]]
    sums = _sums(rewriter, numbers, axes, z, x.shape[0], scope)
    left = sorted(theirs)  # after the rows, in `sums`
    total = _product(rewriter, sums, weight, tuple(1 + left.index(a) for a in theirs), mine, scope)
    return total if scalar_value(x) == 0 else rewriter.emit("add", x, total, scope=scope)


def _rows_of_product(
    rewriter: Rewriter, rows: _Rows, other: Tensor, axes: tuple[int, ...], side: int, scope: str
) -> Tensor:
    """(E W)[i], or (Wᵀ Eᵀ)[:, i]."""
    if side == 0:
        made = _product(rewriter, rows.table, other, (1,), axes, scope)
    else:
        made = _product(rewriter, other, rows.table, axes, (1,), scope)
    count = rows.numbers.ndim
    turned = _in_order(rewriter, rows.numbers, rows.axes, scope)
    sizes = made.shape[1:] if side == 0 else made.shape[:-1]
    shape = (*turned.shape, *sizes) if side == 0 else (*sizes, *turned.shape)
    first = 0 if side == 0 else made.ndim - 1  # of the axes along which rows are looked up
    numbers = rewriter.emit(
        "broadcast_in_dim", turned, shape=shape, dims=tuple(range(first, first + count)), scope=scope
    )
    places = [
        _place(rewriter, shape, axis, scope)
        for axis in range(len(shape))
        if not first <= axis < first + count
    ]
    indices = [numbers, *places] if side == 0 else [*places, numbers]
    return rewriter.emit("gather", made, *indices, scope=scope)


def _sums(rewriter: Rewriter, numbers: Tensor, axes: list[int], z: Tensor, count: int, scope: str) -> Tensor:
    """S: for each of `count` rows what z has where the row's number is; numbers[i, j, …] is of z's axes[0], axes[1], …"""
    turned = _in_order(rewriter, numbers, axes, scope)
    where = rewriter.emit("broadcast_in_dim", turned, shape=z.shape, dims=tuple(sorted(axes)), scope=scope)
    left = [axis for axis in range(z.ndim) if axis not in axes]
    zeros = rewriter.repeated(0, Spec((count, *(z.shape[axis] for axis in left)), z.dtype), scope)
    places = [_place(rewriter, z.shape, axis, scope) for axis in left]
    return rewriter.emit("scatter_add", zeros, z, where, *places, scope=scope)


def _where_added(rewriter: Rewriter, table: Tensor, sums: Tensor, scope: str) -> Tensor:
    """The table, with 0 in the rows of which the sums are 0."""
    size = rewriter.emit("abs", sums, scope=scope)
    largest = rewriter.emit("reduce_max", size, axes=tuple(range(1, sums.ndim)), scope=scope)
    zeros = rewriter.repeated(0, largest.spec, scope)
    added = rewriter.emit("compare", largest, zeros, direction="GT", scope=scope)
    added = rewriter.emit("broadcast_in_dim", added, shape=table.shape, dims=(0,), scope=scope)
    return rewriter.emit("select", added, table, rewriter.repeated(0, table.spec, scope), scope=scope)


def _in_order(rewriter: Rewriter, numbers: Tensor, axes: list[int], scope: str) -> Tensor:
    """The numbers, whose axes are these of another tensor, in the order that they have there."""
    order = tuple(sorted(range(len(axes)), key=lambda k: axes[k]))
    return rewriter.emit("transpose", numbers, permutation=order, scope=scope)


def _product(
    rewriter: Rewriter, x: Tensor, y: Tensor, of_x: tuple[int, ...], of_y: tuple[int, ...], scope: str
) -> Tensor:
    return rewriter.emit(
        "dot_general", x, y, contract=(tuple(of_x), tuple(of_y)), batch=((), ()), scope=scope
    )


def _place(rewriter: Rewriter, shape: tuple[int, ...], axis: int, scope: str) -> Tensor:
    return rewriter.emit("iota", shape=shape, dtype=np.dtype("int32"), axis=axis, scope=scope)


def _within(rewriter: Rewriter, numbers: Tensor, count: int, scope: str) -> Tensor:
    """To look up takes the nearest row where a number is outside; to add drops it. Written as gather's gradient does,
    so that both of an embedding's gradients share their sums."""
    if numbers.dtype.itemsize < 4:
        numbers = rewriter.emit("convert", numbers, dtype=np.dtype("int32"), scope=scope)
    numbers = rewriter.emit("maximum", rewriter.repeated(0, numbers.spec, scope), numbers, scope=scope)
    return rewriter.emit("minimum", rewriter.repeated(count - 1, numbers.spec, scope), numbers, scope=scope)


def _looked_up(rewriter: Rewriter, tensor: Tensor) -> _Rows | None:
    """The rows of a table of which the tensor consists, each often enough."""
    found, where = _moved(tensor)
    node = found.node
    if node is None or node.primitive.name != "gather" or node.inputs[0].ndim != 2 or found.ndim < 2:
        return None
    table, numbers, columns = node.inputs
    if table.dtype.kind != "f" or not _columns(columns, table.shape[1]):
        return None
    if found.size < _OFTEN * table.size:
        return None
    along = _along_rows(rewriter, numbers)
    if along is None:
        return None
    return _Rows(table, along, [where.index(k) for k in range(along.ndim)], where.index(found.ndim - 1))


def _moved(tensor: Tensor) -> tuple[Tensor, list[int]]:
    """What was transposed to the tensor, and for each axis of the tensor which it was there."""
    where = list(range(tensor.ndim))
    while tensor.node is not None and tensor.node.primitive.name == "transpose":
        where = [tensor.node.params["permutation"][axis] for axis in where]
        tensor = tensor.node.inputs[0]
    return tensor, where


def _wanted_here_alone(rewriter: Rewriter, tensor: Tensor) -> bool:
    while rewriter.uses.get(tensor.id) == 1:
        if tensor.node is None or tensor.node.primitive.name != "transpose":
            return True
        tensor = tensor.node.inputs[0]
    return False


def _columns(tensor: Tensor, count: int) -> bool:
    """Whether the tensor counts along its last axis, which has so many places."""
    node = tensor.node
    if node is None or node.primitive.name != "iota" or tensor.ndim == 0:
        return False
    return node.params["axis"] == tensor.ndim - 1 and tensor.shape[-1] == count


def _along_rows(rewriter: Rewriter, tensor: Tensor) -> Tensor | None:
    """The tensor without its last axis, if it is the same all along it."""
    node, shape = tensor.node, tensor.shape[:-1]
    if tensor.ndim == 0:
        return None
    if tensor.shape[-1] == 1:
        return rewriter.emit("reshape", tensor, shape=shape)
    if node is None:
        return None
    name = node.primitive.name
    if name == "broadcast_in_dim":
        (x,), dims = node.inputs, node.params["dims"]
        if tensor.ndim - 1 in dims:
            if x.shape[-1] != 1:
                return None
            x, dims = rewriter.emit("reshape", x, shape=x.shape[:-1]), dims[:-1]
        return rewriter.emit("broadcast_in_dim", x, shape=shape, dims=dims)
    if name == "iota" and node.params["axis"] != tensor.ndim - 1:
        return rewriter.emit("iota", shape=shape, dtype=node.params["dtype"], axis=node.params["axis"])
    if name not in _ELEMENTWISE:
        return None
    parts = []
    for x in node.inputs:
        part = _along_rows(rewriter, x)
        if part is None:
            return None
        parts.append(part)
    return rewriter.emit(name, *parts, **node.params)
