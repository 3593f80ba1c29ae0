"""Lowering of contractions: a sum over products, as any other reduction."""

from __future__ import annotations

from math import prod

from schuss.compiler._context import Context, Reducing
from schuss.compiler._expr import Expr, Load, Position, walk
from schuss.compiler._index import Dim, Index, dims_of, of_dim, reshaped, stride_along
from schuss.compiler._kernel import LONG_SUM, Reduction
from schuss.compiler.lowering.structure import loops
from schuss.graph import PRIMITIVES, Node, lowering_rules


def _dot_general(context: Context, node: Node, dims: tuple[Dim, ...]) -> Reduction:
    sizes = tuple(node.inputs[0].shape[axis] for axis in node.params["contract"][0])
    if len(sizes) > 1 and prod(sizes) >= LONG_SUM:  # so that it can go in blocks
        flat = Dim("k", prod(sizes))
        left, right = _factors(context, node, dims, reshaped((of_dim(flat),), (flat.size,), sizes))
        if _lies_together(left, flat) and _lies_together(right, flat):
            return Reduction("sum", (flat,), context.apply("multiply", left, right))
    inner = tuple(Dim(f"k{n}", size) for n, size in enumerate(sizes))
    left, right = _factors(context, node, dims, tuple(of_dim(k) for k in inner))
    return Reduction("sum", loops(inner), context.apply("multiply", left, right))


def _factors(
    context: Context, node: Node, dims: tuple[Dim, ...], contracted: tuple[Index, ...]
) -> tuple[Expr, Expr]:
    """The two factors of a product, at these indices of the results and of the contracted axes."""
    x, y = node.inputs
    (x_contract, y_contract), (x_batch, y_batch) = node.params["contract"], node.params["batch"]
    remaining = list(dims)
    x_index: list[Index | None] = [None] * x.ndim
    y_index: list[Index | None] = [None] * y.ndim
    for a, b in zip(x_batch, y_batch, strict=True):
        x_index[a] = y_index[b] = of_dim(remaining.pop(0))
    for k, a, b in zip(contracted, x_contract, y_contract, strict=True):
        x_index[a] = y_index[b] = k
    for index in (x_index, y_index):
        for axis, component in enumerate(index):
            if component is None:
                index[axis] = of_dim(remaining.pop(0))
    return context.at(x, tuple(x_index)), context.at(y, tuple(y_index))  # type: ignore[arg-type]


def _lies_together(expr: Expr, flat: Dim) -> bool:
    """Whether what is read along the dim lies at equal distances."""
    for e in walk(expr):
        if isinstance(e, Position) and flat in e.dims:
            return False
        if isinstance(e, Load) and flat in e.dims:
            rows = e.buffer.kind == "batch" and flat in dims_of(e.index[0])
            if rows or stride_along(e.position, flat) is None:
                return False
    return True


lowering_rules[PRIMITIVES["dot_general"]] = Reducing(_dot_general)
