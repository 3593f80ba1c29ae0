"""On which side of its kinks a computation is: the places where relu, maximum, abs, … have no derivative."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Node, Tensor

_STEPS = ("floor", "ceil", "round_nearest_even")


def side(nodes: list[Node], known: dict[int, Any], from_: set[int]) -> Any:
    """A scalar that changes (but for a chance of about 1e-12) when anything crosses a kink.

    Args:
        nodes: of the computation, as recorded elsewhere. known: by the ids of their tensors, what stands for them here.
        from_: ids of the tensors here on which a crossing may depend.
    """
    depending = _depending(nodes, known, from_)
    total: Any = np.float64(0)
    for number, node in enumerate(nodes):
        if not any(t.id in depending for t in node.inputs):
            continue
        chosen = _choice(node, known)
        if chosen is not None:
            mixed = ops.cast(chosen, "float64") * _weights(chosen.shape, number)
            total = total + ops.sum(mixed)
    return ops.convert_to_tensor(total)


def _depending(nodes: list[Node], known: dict[int, Any], from_: set[int]) -> set[int]:
    found = {key for key, value in known.items() if isinstance(value, Tensor) and value.id in from_}
    for node in nodes:
        if any(t.id in found for t in node.inputs):
            found.update(t.id for t in node.outputs)
    return found


def _choice(node: Node, known: dict[int, Any]) -> Any:
    """What the operation chooses between; None for smooth ones."""
    operands = [known.get(t.id, t.array) for t in node.inputs]
    name = node.primitive.name
    if name in ("maximum", "minimum"):
        return ops.greater(operands[0], operands[1])
    if name in ("abs", "sign"):
        return ops.greater(operands[0], ops.zeros_like(operands[0]))
    if name == "compare":
        return known[node.outputs[0].id]
    if name in _STEPS or name in ("argmax", "argmin"):
        return known[node.outputs[0].id]
    if name in ("reduce_max", "reduce_min"):
        extreme = ops.expand_dims(known[node.outputs[0].id], node.params["axes"])
        return ops.equal(operands[0], extreme)
    return None


def _weights(shape: tuple[int, ...], number: int) -> np.ndarray:
    """Numbers without pattern, one for each choice, so that no two changes cancel each other."""
    return np.random.default_rng(number).uniform(0.5, 1.5, shape)


def ways_around(nodes: list[Node], weight: Tensor) -> list[str]:
    """The operations on the way from a weight that pass on another gradient than their derivative, or none."""
    found, reached = [], {weight.id}
    for node in nodes:
        if any(t.id in reached for t in node.inputs):
            reached.update(t.id for t in node.outputs)
            if node.primitive.name in ("stop_gradient", "custom_gradient", *_STEPS) and not _is_library(node):
                found.append(f"{node.primitive.name} in {node.scope or 'the model'}")
    return list(dict.fromkeys(found))


def _is_library(node: Node) -> bool:
    """Whether the operation is part of an op whose gradient is known to be right, as of softmax."""
    if node.primitive.name == "custom_gradient":
        rule = inspect.getclosurevars(node.params["gradient"]).nonlocals.get("gradient", None)
        return getattr(rule, "__module__", "").startswith("schuss.ops")
    made = node.inputs[0].node
    while made is not None and made.primitive.name in ("reshape", "broadcast_in_dim"):
        made = made.inputs[0].node
    return node.primitive.name == "stop_gradient" and made is not None and made.primitive.name == "reduce_max"
