"""Where functions of functions run: inside a trace they add to it; outside they make one and compute it at
once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.graph import Graph, Spec, Tensor, Trace, _tree, active_trace, as_value, name_path, tracing
from schuss.graph.primitives import identity_p


def evaluated(body: Callable[[Trace, list[Tensor]], Any], values: Sequence[Any]) -> Any:
    """``body(trace, tensors)``, a nested structure, where `tensors` stand for `values`.

    In an active trace the body is recorded there, on tensors of its own for the gradients to end at. Outside,
    its tensors are computed by NumPy, and the variables that it assigns change.
    """
    trace = active_trace()
    if trace is not None:
        return body(trace, [trace.record(identity_p, [value], {}) for value in values])
    with tracing() as trace:
        inputs = [trace.input(Spec.of(value)) for value in values]
        flat, definition = _tree.flatten(body(trace, inputs))
        graph = trace.graph(inputs, [leaf for leaf in flat if isinstance(leaf, Tensor)])
    results = iter(replayed(graph, values))
    return _tree.unflatten(definition, [next(results) if isinstance(leaf, Tensor) else leaf for leaf in flat])


def replayed(graph: Graph, values: Sequence[Any]) -> list[Any]:
    """The graph's outputs for these inputs: computed outside of a trace, recorded inside one. Assigns its
    variables.

    Results are copies: neither a variable nor an input that changes later changes them.
    """
    known: dict[int, Any] = dict(zip((t.id for t in graph.inputs), values, strict=True))
    known |= {slot.input.id: slot.variable.value for slot in graph.state}
    known |= {t.id: t.array for t in graph.constants()}
    for node in graph.nodes:
        with name_path(node.scope):
            result = node.primitive.bind(*(known[t.id] for t in node.inputs), **node.params)
        for tensor, value in zip(
            node.outputs, result if node.primitive.several_results else [result], strict=True
        ):
            known[tensor.id] = value
    outputs = [_copied(known[t.id]) for t in graph.outputs]
    written = [(s.variable, _copied(known[s.output.id])) for s in graph.state if s.output is not None]
    for variable, value in written:
        variable.assign(value)
    return outputs


def _copied(value: Any) -> Any:
    value = as_value(value)
    return value if isinstance(value, Tensor) else np.array(value)
