"""Lowering of reductions and running totals."""

from __future__ import annotations

from schuss.compiler._context import Context, Reducing, Writing
from schuss.compiler._expr import Buffer
from schuss.compiler._index import Dim, Index, of_dim, reshaped
from schuss.compiler._kernel import Kernel, Reduction, Scan, Store
from schuss.compiler.lowering.structure import loops, new_dims
from schuss.graph import PRIMITIVES, Node, lowering_rules


def _reduce(kind: str) -> Reducing:
    def rule(context: Context, node: Node, dims: tuple[Dim, ...]) -> Reduction:
        x = node.inputs[0]
        axes = node.params["axes"] if "axes" in node.params else (node.params["axis"],)
        if not dims and not kind.startswith("arg"):  # all axes: one loop over the data, as it lies
            flat = Dim("r", x.size)
            index = reshaped((of_dim(flat),), (x.size,), x.shape)
            return Reduction(kind, loops((flat,)), context.at(x, index))
        kept = iter(dims)
        inner = {axis: Dim(f"r{axis}", x.shape[axis]) for axis in axes}
        index = tuple(of_dim(inner[a]) if a in inner else of_dim(next(kept)) for a in range(x.ndim))
        return Reduction(kind, loops(tuple(inner[a] for a in sorted(inner))), context.at(x, index))

    return Reducing(rule)


for _kind in ("sum", "prod", "max", "min"):
    lowering_rules[PRIMITIVES[f"reduce_{_kind}"]] = _reduce(_kind)
for _kind in ("argmax", "argmin"):
    lowering_rules[PRIMITIVES[_kind]] = _reduce(_kind)


def _cumulative(kind: str) -> Writing:
    def rule(context: Context, node: Node, outputs: list[Buffer]) -> list[Kernel]:
        x = node.inputs[0]
        axis = node.params["axis"]
        dims = new_dims(x.shape)
        turn = dims[axis]
        index: tuple[Index, ...] = tuple(of_dim(d) for d in dims)
        if node.params.get("reverse"):
            index = tuple(i * -1 + (turn.size - 1) if a == axis else i for a, i in enumerate(index))
        context.enter(set(), index, None)
        outer = loops(tuple(d for d in dims if d is not turn))
        total = context.make.reduced(x.dtype, frozenset(loops(dims)))
        scan = Scan(kind, turn, context.at(x, index))
        return [Kernel(outer, [Store(outputs[0], index, total)], scan=scan, label=node.primitive.name)]

    return Writing(rule)


for _name, _kind in (("cumsum", "sum"), ("cumprod", "prod"), ("cummax", "max")):
    lowering_rules[PRIMITIVES[_name]] = _cumulative(_kind)
