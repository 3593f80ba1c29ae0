"""Graph: what a traced computation is. A list of nodes in an order in which they can run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schuss.graph._tensor import Tensor

if TYPE_CHECKING:
    from schuss.graph._primitive import Primitive
    from schuss.graph._variable import Variable


class Region:
    """A part of a program whose values are not kept for the backward pass but computed again, unless it is revoked."""

    revoked = False


class Node:
    """One application of a primitive. `scope` says for whom: the path of the layer, ``"backward/"`` in
    gradients. `regions`: in which parts of the program it lies whose values the backward pass computes again, from
    the outermost on."""

    __slots__ = ("inputs", "outputs", "params", "primitive", "regions", "scope")

    def __init__(self, primitive: Primitive, inputs: list[Tensor], params: dict[str, Any], scope: str):
        self.primitive, self.inputs, self.params, self.scope = primitive, inputs, params, scope
        self.outputs: list[Tensor] = []
        self.regions: tuple[Region, ...] = ()


@dataclass
class StateSlot:
    """A variable in a graph: read as `input`, and, where assigned, replaced by `output` when the graph has
    run."""

    variable: Variable
    input: Tensor
    output: Tensor | None = None


@dataclass
class Graph:
    """Inputs, nodes in order, outputs, and the variables read and written.

    `in_tree` and `out_tree` rebuild the nested structures of the traced function's arguments and result.
    """

    inputs: list[Tensor]
    outputs: list[Tensor]
    nodes: list[Node]
    state: list[StateSlot] = field(default_factory=list)
    in_tree: Any = None
    out_tree: Any = None

    @property
    def results(self) -> list[Tensor]:
        """Everything the graph must produce: its outputs and the new values of variables."""
        return self.outputs + [slot.output for slot in self.state if slot.output is not None]

    def constants(self) -> list[Tensor]:
        seen: dict[int, Tensor] = {}
        for tensor in [t for node in self.nodes for t in node.inputs] + self.results:
            if tensor.array is not None:
                seen.setdefault(tensor.id, tensor)
        return list(seen.values())

    def __str__(self) -> str:
        from schuss.graph._format import format_graph

        return format_graph(self)


def needed_nodes(nodes: Iterable[Node], results: Iterable[Tensor]) -> list[Node]:
    """The nodes on which `results` depend, in their order."""
    needed = {tensor.id for tensor in results}
    kept = []
    for node in reversed(list(nodes)):
        if any(out.id in needed for out in node.outputs):
            kept.append(node)
            needed.update(tensor.id for tensor in node.inputs)
    return kept[::-1]
