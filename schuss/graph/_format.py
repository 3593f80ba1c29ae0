"""Graphs as text: a line for each node, in the order in which they run."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph._graph import Graph
from schuss.graph._tensor import Tensor


def format_graph(graph: Graph) -> str:
    """The graph, one node a line: ``%3: float32[2,10] = add %1, %2   # dense/``."""
    names: dict[int, str] = {}

    def name(tensor: Tensor) -> str:
        if tensor.id in names:
            return names[tensor.id]
        if tensor.array is not None and tensor.array.size == 1:
            return f"{tensor.array.reshape(()).item():g}"
        return names.setdefault(tensor.id, f"%{len(names)}")

    lines = [f"graph({', '.join(f'{name(t)}: {t.spec}' for t in graph.inputs)}):"]
    for slot in graph.state:
        lines.append(f"  {name(slot.input)}: {slot.input.spec} = variable {slot.variable.path!r}")
    for tensor in graph.constants():
        if tensor.array is not None and tensor.array.size > 1:
            lines.append(f"  {name(tensor)}: {tensor.spec} = constant")
    scope = ""
    for node in graph.nodes:
        if node.scope != scope:
            scope = node.scope
            lines.append(f"  # {scope}" if scope else "  #")
        left = ", ".join(f"{name(t)}: {t.spec}" for t in node.outputs)
        operands = ", ".join(name(t) for t in node.inputs)
        params = " ".join(f"{key}={_param(value)}" for key, value in node.params.items() if value is not None)
        lines.append(f"  {left} = {node.primitive} {operands}{'  {' + params + '}' if params else ''}")
        for value in node.params.values():
            if hasattr(value, "graph"):
                lines.extend(f"    {line}" for line in format_graph(value.graph).split("\n"))
    for slot in graph.state:
        if slot.output is not None:
            lines.append(f"  {slot.variable.path!r} <- {name(slot.output)}")
    lines.append(f"  return {', '.join(name(t) for t in graph.outputs)}")
    return "\n".join(lines)


def _param(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ",".join(_param(v) for v in value) + ")"
    if isinstance(value, np.dtype):
        return value.name
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return str(value)
