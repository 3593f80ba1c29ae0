"""Lowering of contractions: a sum over products, as any other reduction."""

from __future__ import annotations

from schuss.compiler._context import Context, Reducing
from schuss.compiler._index import Dim, Index, of_dim
from schuss.compiler._kernel import Reduction
from schuss.compiler.lowering.structure import loops
from schuss.graph import PRIMITIVES, Node, lowering_rules


def _dot_general(context: Context, node: Node, dims: tuple[Dim, ...]) -> Reduction:
    x, y = node.inputs
    (x_contract, y_contract), (x_batch, y_batch) = node.params["contract"], node.params["batch"]
    inner = tuple(Dim(f"k{n}", x.shape[axis]) for n, axis in enumerate(x_contract))
    remaining = list(dims)
    x_index: list[Index | None] = [None] * x.ndim
    y_index: list[Index | None] = [None] * y.ndim
    for a, b in zip(x_batch, y_batch, strict=True):
        x_index[a] = y_index[b] = of_dim(remaining.pop(0))
    for k, a, b in zip(inner, x_contract, y_contract, strict=True):
        x_index[a] = y_index[b] = of_dim(k)
    for index in (x_index, y_index):
        for axis, component in enumerate(index):
            if component is None:
                index[axis] = of_dim(remaining.pop(0))
    left, right = context.at(x, tuple(x_index)), context.at(y, tuple(y_index))  # type: ignore[arg-type]
    return Reduction("sum", loops(inner), context.apply("multiply", left, right))


lowering_rules[PRIMITIVES["dot_general"]] = Reducing(_dot_general)
