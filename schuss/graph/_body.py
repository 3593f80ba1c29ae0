"""Bodies: graphs as parameters of primitives that repeat them. A body is closed: all that it reads is an input."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from schuss.graph._graph import Graph, Node
from schuss.graph._tensor import Spec, Tensor
from schuss.graph._trace import Trace, active_trace, entered, name_path, tracing


class Body:
    """A graph without state that is a parameter. Two are equal if they say the same.

    Attributes:
        graph: its inputs, nodes and outputs. text: what it says. settled: whether the compiler has simplified it.
    """

    settled = False

    def __init__(self, graph: Graph):
        self.graph = graph
        self.text = _text(graph)

    @property
    def specs(self) -> list[Spec]:
        """What it returns."""
        return [t.spec for t in self.graph.outputs]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Body) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return f"<{len(self.graph.nodes)} nodes>"

    __repr__ = __str__


def _text(graph: Graph) -> str:
    """The graph, scopes left out: tensors by their numbers, parameters by their values (functions: by identity)."""
    numbers: dict[int, int] = {}

    def name(tensor: Tensor) -> str:
        if tensor.array is not None:
            return f"{tensor.spec}={tensor.array.tobytes().hex()}"
        return f"%{numbers.setdefault(tensor.id, len(numbers))}"

    lines = [", ".join(f"{name(t)}: {t.spec}" for t in graph.inputs)]
    for node in graph.nodes:
        operands = " ".join(map(name, node.inputs))
        params = " ".join(f"{key}={_of_param(node.params[key])}" for key in sorted(node.params))
        results = " ".join(f"{name(t)}:{t.spec}" for t in node.outputs)
        lines.append(f"{results} = {node.primitive} {operands} {params}")
    return "\n".join([*lines, " ".join(map(name, graph.outputs))])


def _of_param(value: Any) -> str:
    if isinstance(value, Body):
        return f"{{{value.text}}}"
    if isinstance(value, (tuple, list)):
        return f"({' '.join(map(_of_param, value))})"
    if isinstance(value, np.dtype):
        return value.str
    return f"function at {id(value)}" if callable(value) else repr(value)


def divided(operands: Sequence[Any], counts: tuple[int, int]) -> tuple[list[Any], list[Any], list[Any]]:
    """A scan's operands, or its body's inputs: constants, carries, and what it goes through."""
    consts, carries = counts
    values = list(operands)
    return values[:consts], values[consts : consts + carries], values[consts + carries :]


def nodes_for(outputs: Sequence[Tensor], known: Container[int]) -> list[Node]:
    """The nodes that make `outputs` from the tensors whose ids are known and from those without a node, in order."""
    seen: set[int] = set()
    found: dict[int, Node] = {}
    stack = list(outputs)
    while stack:
        tensor = stack.pop()
        if tensor.id in known or tensor.id in seen:
            continue
        seen.add(tensor.id)
        if tensor.node is not None:
            found[id(tensor.node)] = tensor.node
            stack.extend(tensor.node.inputs)
    return sorted(found.values(), key=lambda node: node.outputs[0].id)


def leaves_of(outputs: Sequence[Tensor], known: Container[int]) -> list[Tensor]:
    """The tensors without a node, constants among them, from which (and from what is known) `outputs` are made."""
    used = [*(t for node in nodes_for(outputs, known) for t in node.inputs), *outputs]
    found = {t.id: t for t in used if t.node is None and t.id not in known}
    return list(found.values())


def transplanted(trace: Trace, outputs: Sequence[Tensor], known: dict[int, Any]) -> list[Tensor]:
    """Tensors of another trace, computed anew in `trace`, which is active.

    Args:
        outputs: of the other trace. known: by ids of the other trace's tensors, what stands for them here; what is
            computed is added to it.
    """
    for leaf in leaves_of(outputs, known):
        outside = next((outer for outer, inner in leaf.trace.captured.values() if inner is leaf), None)
        if leaf.array is None and outside is None:
            raise RuntimeError(f"A tensor ({leaf.spec}) of a trace was used outside of it.")
        known[leaf.id] = leaf.array if outside is None else outside
    for node in nodes_for(outputs, known):
        params = node.params
        if "gradient" in params:
            params = {**params, "gradient": _Moved(params["gradient"], node, known)}
        with name_path(node.scope):
            result = trace.record(node.primitive, [known[t.id] for t in node.inputs], params)
        for old, new in zip(
            node.outputs, result if node.primitive.several_results else [result], strict=True
        ):
            known[old.id] = new
            new.origin = None
    return [trace.own(known[t.id]) for t in outputs]


class _Moved:
    """The gradient function of a `custom_gradient` that has been transplanted: what it knows of is in the other trace."""

    def __init__(self, gradient: Callable[..., Any], node: Node, known: dict[int, Any]):
        self.gradient, self.home, self.known = gradient, node.outputs[0].trace, known

    def __call__(self, *dys: Any) -> list[Any]:
        here = active_trace()
        assert here is not None
        with entered(Trace(self.home)) as inner:
            given = [inner.input(Spec.of(dy)) for dy in dys]
            dxs = [None if dx is None else inner.own(dx) for dx in self.gradient(*given)]
        known: dict[int, Any] = {t.id: dy for t, dy in zip(given, dys, strict=True)}
        for slot in inner.slots.values():
            known.setdefault(slot.input.id, slot.variable.value)
        for outer, stand_in in inner.captured.values():
            if isinstance(outer, Tensor) and outer.trace is self.home:
                (known[stand_in.id],) = transplanted(here, [outer], self.known)
            else:
                known[stand_in.id] = outer
        results = iter(transplanted(here, [dx for dx in dxs if dx is not None], known))
        return [None if dx is None else next(results) for dx in dxs]


def closed(
    trace: Trace, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> tuple[Body, list[Any], list[Tensor]]:
    """The part of a trace that makes `outputs` from `inputs`, as a body.

    Returns:
        The body; what else it reads: arrays, and tensors of enclosing traces, its first inputs; and what of `trace`
        stands for these.
    """
    known = {t.id for t in inputs}
    outside = {inner.id: outer for outer, inner in trace.captured.values()}
    more = [t for t in leaves_of(outputs, known) if t.id in outside or (t.array is not None and t.size != 1)]
    values = [outside.get(t.id, t.array) for t in more]
    with tracing() as fresh:
        given = [fresh.input(t.spec, t.name) for t in (*more, *inputs)]
        table: dict[int, Any] = {t.id: new for t, new in zip((*more, *inputs), given, strict=True)}
        results = transplanted(fresh, outputs, table)
        graph = fresh.graph(given, results)
    if fresh.captured:
        raise RuntimeError("A body reads what is no input of it.")
    return Body(graph), values, more
