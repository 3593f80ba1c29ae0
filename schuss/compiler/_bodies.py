"""Scans simplified: results that nobody needs are not made, what is the same in every turn is computed once, outside.

A *settled* scan is one on which this has been done. Of its body's outputs each carry is made by a node of its own, and
others are made by nodes, or are carries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.graph import PRIMITIVES, Body, Graph, Node, Spec, Tensor, divided, needed_nodes

if TYPE_CHECKING:
    from schuss.compiler._simplify import Rewriter

_OFTEN = 4  # turns for which a matrix is worth transposing


def without_unused(graph: Graph) -> Graph:
    """The graph without nodes, and results of scans, that nothing needs."""
    needed = {t.id for t in graph.results}
    kept = []
    for node in reversed(graph.nodes):
        if not any(t.id in needed for t in node.outputs):
            continue
        if node.primitive.name == "scan":
            node = _of_needed(node, needed)
        kept.append(node)
        needed.update(t.id for t in node.inputs)
    return replace(graph, nodes=kept[::-1])


def _of_needed(node: Node, needed: set[int]) -> Node:
    """The scan with those results that are needed, or carried to make them."""
    graph, (consts, carries) = node.params["body"].graph, node.params["counts"]
    numbers = {n for n, t in enumerate(node.outputs) if t.id in needed}
    while True:
        nodes = needed_nodes(graph.nodes, [graph.outputs[n] for n in numbers])
        used = {t.id for inner in nodes for t in inner.inputs} | {graph.outputs[n].id for n in numbers}
        more = {n for n in range(carries) if graph.inputs[consts + n].id in used} - numbers
        if not more:
            break
        numbers |= more
    places = [
        n
        for n, t in enumerate(graph.inputs)
        if (n - consts in numbers if consts <= n < consts + carries else t.id in used)
    ]
    if len(places) == len(graph.inputs) and len(numbers) == len(graph.outputs):
        return node
    results = sorted(numbers)
    body = Body(Graph([graph.inputs[n] for n in places], [graph.outputs[n] for n in results], nodes))
    body.settled = node.params["body"].settled
    counts = (sum(n < consts for n in places), sum(n < carries for n in results))
    smaller = Node(
        node.primitive,
        [node.inputs[n] for n in places],
        {**node.params, "body": body, "counts": counts},
        node.scope,
    )
    smaller.outputs = [node.outputs[n] for n in results]  # which still say that the larger one makes them
    return smaller


def settled(
    rewriter: Rewriter,
    operands: list[Tensor],
    params: dict[str, Any],
    scope: str,
    simplified: Callable[[Graph], Graph],
) -> list[Tensor]:
    """The results of a scan, made by a settled one (or by none, where that is possible).

    Args:
        rewriter: of the graph in which it stands. operands, params, scope: of the scan. simplified: simplifies the body.
    """
    length, counts = params["length"], params["counts"]
    graph = simplified(params["body"].graph)
    ends, ys = graph.outputs[: counts[1]], graph.outputs[counts[1] :]
    if not length:
        empty = (np.empty((0, *t.shape), t.dtype) for t in ys)
        return [*divided(operands, counts)[1], *map(rewriter.constant, empty)]
    consts, carries, xs = divided(graph.inputs, counts)
    operand = {t.id: x for t, x in zip(graph.inputs, operands, strict=True)}
    same = [old for old, end in zip(carries, ends, strict=True) if end is old]
    outside = _Outside(rewriter, graph, {t.id: operand[t.id] for t in (*consts, *same)})
    nodes = outside.hoisted(graph.nodes)
    if length >= _OFTEN:
        outside.turn(nodes, scope)
    gone_through = {t.id for t in xs}
    made = {
        t.id: t for t in ys if t.id not in gone_through and t.array is None and t.id not in outside.values
    }
    moving = [(old, end) for old, end in zip(carries, ends, strict=True) if end is not old]
    new = _Body(outside.new, nodes, moving, made, outside.values)
    results: dict[Any, Tensor] = {}
    if new.outputs:
        used = [t for t in xs if t.id in new.used]
        given = [*new.consts, *(operand[t.id] for t in (*(old for old, _ in moving), *used))]
        body = Body(Graph([*new.inputs, *(old for old, _ in moving), *used], new.outputs, new.nodes))
        body.settled = True
        settings = {**params, "body": body, "counts": (len(new.consts), len(moving))}
        keys = [*(("last", old.id) for old, _ in moving), *made]
        results.update(zip(keys, rewriter.emit_all("scan", given, settings, scope), strict=True))

    def stacked(y: Tensor) -> Tensor:
        if y.id in results or y.id in gone_through:
            return results[y.id] if y.id in results else operand[y.id]
        shape = (length, *y.shape)
        once = outside.value(y)
        return rewriter.emit(
            "broadcast_in_dim", once, shape=shape, dims=tuple(range(1, len(shape))), scope=scope
        )

    return [*(results.get(("last", t.id), operand[t.id]) for t in carries), *map(stacked, ys)]


class _New:
    """Makes new tensors of a body."""

    def __init__(self, graph: Graph):
        ids = [t.id for n in graph.nodes for t in (*n.inputs, *n.outputs)] + [t.id for t in graph.results]
        self._last = max([*ids, *(t.id for t in graph.inputs)], default=0)

    def tensor(self, spec: Spec, node: Node | None = None) -> Tensor:
        self._last += 1
        return Tensor(None, spec, self._last, node=node)  # type: ignore[arg-type]


class _Outside:
    """What a body computes that is the same in every turn: `values` says what it is outside of the loop."""

    def __init__(self, rewriter: Rewriter, graph: Graph, values: dict[int, Tensor]):
        self.rewriter, self.values, self.new = rewriter, values, _New(graph)
        self._plain: dict[int, Node] = {}
        self._copies: dict[int, Tensor] = {}

    def hoisted(self, nodes: list[Node]) -> list[Node]:
        """Emit outside what can be; what is left. Work on numbers alone (they are few) stays where it is used."""
        left = []
        for node in nodes:
            known = [t.array is not None or t.id in self._plain or t.id in self.values for t in node.inputs]
            if all(known) and any(t.id in self.values for t in node.inputs):
                self._emit(node, self.values)
                continue
            if all(known):
                self._plain.update((t.id, node) for t in node.outputs)
            left.append(node)
        return left

    def turn(self, nodes: list[Node], scope: str) -> None:
        """Let products with matrices from outside add along their columns: a matrix that lies across is transposed once, not
        in every turn."""
        turned: dict[int, Tensor] = {}
        for node in nodes:
            if node.primitive.name != "dot_general" or any(node.params["batch"]):
                continue
            for side, t in enumerate(node.inputs):
                if t.id not in self.values or t.ndim != 2 or node.params["contract"][side] != (1,):
                    continue
                if t.id not in turned:
                    value = self.rewriter.emit(
                        "transpose", self.values[t.id], permutation=(1, 0), scope=scope
                    )
                    turned[t.id] = self.new.tensor(value.spec)
                    self.values[turned[t.id].id] = value
                node.inputs[side] = turned[t.id]
                contract = list(node.params["contract"])
                contract[side] = (0,)
                node.params = {**node.params, "contract": tuple(contract)}

    def _emit(self, node: Node, table: dict[int, Tensor]) -> None:
        inputs = [self.value(t) for t in node.inputs]
        made = self.rewriter.emit_all(node.primitive.name, inputs, node.params, node.scope)
        table.update((t.id, new) for t, new in zip(node.outputs, made, strict=True))

    def value(self, tensor: Tensor) -> Tensor:
        """A tensor that is the same in every turn, outside."""
        if tensor.array is not None:
            return self.rewriter.constant(tensor.array)
        if tensor.id in self.values:
            return self.values[tensor.id]
        if tensor.id not in self._copies:
            self._emit(self._plain[tensor.id], self._copies)
        return self._copies[tensor.id]


class _Body:
    """The new body.

    Attributes:
        nodes, outputs: of it. inputs: those that stand for what is outside. consts: what these are there.
        used: ids of all that it reads.
    """

    def __init__(
        self,
        new: _New,
        nodes: list[Node],
        moving: list[tuple[Tensor, Tensor]],
        made: dict[int, Tensor],
        outside: dict[int, Tensor],
    ):
        self.nodes, self._new = nodes, new
        kept: dict[int, Tensor] = {}  # by ids of outputs: where they are made
        ends = []
        for _, end in moving:
            own = (
                end.node is not None
                and end.id not in outside
                and end.id not in kept
                and not lies_with_loop(end)
            )
            ends.append(end if own else self._copy(end))
            kept.setdefault(end.id, ends[-1])
        for y in made.values():
            kept.setdefault(y.id, self._copy(y) if lies_with_loop(y) else y)
        self.outputs = [*ends, *(kept[y.id] for y in made.values())]
        self.nodes = needed_nodes(self.nodes, self.outputs)
        stand_ins: dict[int, tuple[Tensor, Tensor]] = {}
        for node in self.nodes:
            for place, t in enumerate(node.inputs):
                if t.id in outside:
                    value = outside[t.id]
                    if value.id not in stand_ins:
                        stand_ins[value.id] = (self._new.tensor(t.spec), value)
                    node.inputs[place] = stand_ins[value.id][0]
        self.inputs = [inner for inner, _ in stand_ins.values()]
        self.consts = [value for _, value in stand_ins.values()]
        self.used = {t.id for node in self.nodes for t in node.inputs}

    def _copy(self, tensor: Tensor) -> Tensor:
        """The same value, made by a node of its own."""
        node = Node(PRIMITIVES["identity"], [tensor], {}, "")
        node.outputs.append(self._new.tensor(tensor.spec, node))
        self.nodes = [*self.nodes, node]
        return node.outputs[0]


def lies_with_loop(tensor: Tensor) -> bool:
    """Whether a tensor is kept where a loop keeps its carries."""
    return tensor.node is not None and tensor.node.primitive.name == "scan" and not is_stack(tensor)


def is_stack(tensor: Tensor) -> bool:
    """Whether a settled scan's result is what its turns give alone, not what they carry."""
    assert tensor.node is not None
    graph, (consts, carries) = tensor.node.params["body"].graph, tensor.node.params["counts"]
    carried = {t.id for t in (*graph.inputs[consts : consts + carries], *graph.outputs[:carries])}
    return tensor.index >= carries and graph.outputs[tensor.index].id not in carried
