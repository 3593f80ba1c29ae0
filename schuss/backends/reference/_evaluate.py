"""Run a graph node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schuss.graph import Graph, Spec, Tensor, Variable, reference_rules


def evaluate(graph: Graph, arrays: Sequence[Any]) -> tuple[list[np.ndarray], dict[Variable, np.ndarray]]:
    """The graph's outputs for these inputs, and the new arrays of the variables it assigns.

    Args:
        graph: a traced graph.
        arrays: one array for each of ``graph.inputs``.

    Returns:
        ``(outputs, {variable: new array})``. Variables themselves are not changed.

    Raises:
        ValueError: the number, shapes or dtypes of the arrays are not those of the graph's inputs.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.backends.reference import evaluate
        >>> graph = schuss.trace(lambda x: x + x, schuss.Spec((2,), "float32"))
        >>> evaluate(graph, [np.array([1, 2], "float32")])[0][0].tolist()
        [2.0, 4.0]
    """
    values = evaluate_all(graph, arrays)
    # Copies: a new value may be (a view of) another variable's array, as when two are swapped.
    state = {
        slot.variable: np.array(values[slot.output.id]) for slot in graph.state if slot.output is not None
    }
    return [values[t.id] for t in graph.outputs], state


def evaluate_all(
    graph: Graph, arrays: Sequence[Any], state: Mapping[Variable, np.ndarray] | None = None
) -> dict[int, np.ndarray]:
    """Every intermediate value of the graph: ``{tensor.id: array}``.

    Args:
        graph: a traced graph.
        arrays: one array for each of ``graph.inputs``.
        state: values of variables; those not in it have the value they hold.
    """
    if len(arrays) != len(graph.inputs):
        raise ValueError(f"The graph has {len(graph.inputs)} inputs; received {len(arrays)} arrays.")
    values: dict[int, np.ndarray] = {}
    for number, (tensor, array) in enumerate(zip(graph.inputs, arrays, strict=True)):
        _store(values, tensor, np.asarray(array), f"input {number}")
    for slot in graph.state:
        held = slot.variable.array if state is None else state.get(slot.variable, slot.variable.array)
        _store(values, slot.input, held, f"variable {slot.variable.path!r}")
    values |= {tensor.id: tensor.array for tensor in graph.constants() if tensor.array is not None}
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            result = reference_rules[node.primitive](*(values[t.id] for t in node.inputs), **node.params)
            for tensor, array in zip(
                node.outputs, result if node.primitive.several_results else [result], strict=True
            ):
                values[tensor.id] = np.asarray(array)
    return values


def _store(values: dict[int, np.ndarray], tensor: Tensor, array: np.ndarray, name: str) -> None:
    spec = Spec.of(array)
    if spec != tensor.spec:
        raise ValueError(f"The graph's {name} is {tensor.spec}; received {spec}.")
    values[tensor.id] = array
