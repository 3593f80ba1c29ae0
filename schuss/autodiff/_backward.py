"""Backpropagation: from the outputs back through the recorded nodes, each once, in reverse order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss.autodiff._recomputation import Recomputation
from schuss.autodiff.rules import WITHOUT_GRADIENT
from schuss.graph import Node, Tensor, Trace, active_trace, as_value, gradient_rules, is_float, name_path
from schuss.graph.primitives import add_p
from schuss.ops._operands import filled


def backward(
    outputs: Sequence[Tensor],
    cotangents: Sequence[Any],
    wrt: Sequence[Tensor],
    nodes: Sequence[Node] | None = None,
) -> list[Tensor]:
    """``dL/dx`` for each x of `wrt`, from ``dL/dy`` for each y of `outputs`, recorded in the active trace.

    Args:
        outputs: tensors of the active trace. cotangents: ``dL/dy`` for each, of its shape and dtype, or None
            for 0.
        wrt: tensors of the active trace: inputs, variables' values, or results on the way.
        nodes: the part of the trace to look at; default all. It must hold what lies between `wrt` and
            `outputs`.

    Returns:
        Tensors of the shapes of `wrt`; zeros where no path leads to the outputs.
    """
    trace = active_trace()
    if trace is None:
        raise RuntimeError(
            "backward: works on the nodes of a trace, and none is active. Use schuss.grad or schuss.vjp."
        )
    between, depending = _between(trace.nodes if nodes is None else nodes, wrt)
    arrived: dict[int, Tensor] = {}
    again = Recomputation(trace, trace.nodes if nodes is None else nodes)
    for y, dy in zip(outputs, cotangents, strict=True):
        if dy is not None:
            _arrive(arrived, y, trace.own(as_value(dy)))
    for node in reversed(between):
        if any(y.id in arrived for y in node.outputs):
            again.enter(node)
            with name_path(f"backward/{node.scope}" if node.scope else "backward"):
                for x, dx in zip(node.inputs, _through(trace, node, arrived), strict=True):
                    if dx is not None and x.id in depending:
                        _arrive(arrived, x, dx)
    again.leave()
    with name_path("backward"):
        return [arrived[x.id] if x.id in arrived else trace.own(filled(x.shape, 0, x.dtype)) for x in wrt]


def _between(nodes: Sequence[Node], wrt: Sequence[Tensor]) -> tuple[list[Node], set[int]]:
    """The nodes through which floats depend on `wrt`, in order, and the ids of the tensors that do."""
    depending = {x.id for x in wrt}
    between = []
    for node in nodes:
        if node.primitive in WITHOUT_GRADIENT or all(x.id not in depending for x in node.inputs):
            continue
        floats = [y.id for y in node.outputs if is_float(y.dtype)]
        if floats:
            depending.update(floats)
            between.append(node)
    return between, depending


def _through(trace: Trace, node: Node, arrived: dict[int, Tensor]) -> list[Tensor | None]:
    """The cotangents of a node's operands."""
    primitive = node.primitive
    if primitive not in gradient_rules:
        raise NotImplementedError(
            f"The primitive {primitive.name!r} has no gradient rule. Add one in schuss.autodiff.rules, or "
            "list it in "
            "WITHOUT_GRADIENT."
        )
    dys = [arrived.get(y.id) for y in node.outputs]
    if primitive.several_results:
        dxs = gradient_rules[primitive](dys, node.inputs, node.outputs, **node.params)
    else:
        dxs = gradient_rules[primitive](dys[0], node.inputs, node.outputs[0], **node.params)
    return [
        None if dx is None or not is_float(x.dtype) else _checked(trace.own(as_value(dx)), x, node)
        for x, dx in zip(node.inputs, dxs, strict=True)
    ]


def _checked(dx: Tensor, x: Tensor, node: Node) -> Tensor:
    if dx.spec != x.spec:
        raise ValueError(
            f"The gradient rule of {node.primitive.name!r} returned {dx.spec} for an operand that is "
            f"{x.spec}; "
            "shape and dtype must be equal."
        )
    return dx


def _arrive(arrived: dict[int, Tensor], x: Tensor, dx: Tensor) -> None:
    """Gradients that reach a tensor on several ways add up."""
    arrived[x.id] = add_p.bind(arrived[x.id], dx) if x.id in arrived else dx
