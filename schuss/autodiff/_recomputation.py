"""Recomputation: of regions (`schuss.remat`) the backward pass keeps what they read, and computes the rest again."""

from __future__ import annotations

from collections.abc import Sequence

from schuss.graph import Node, Region, Tensor, Trace, current_regions, name_path
from schuss.graph.primitives import recompute_p


class Recomputation:
    """What stands, while the backward pass goes through a region, for the values computed there: the same, recorded
    again when the pass arrives.

    What a region reads goes through the primitive `recompute`, so that the compiler neither takes the second
    computation for the first nor does it before its time.

    Args:
        trace: in which the backward pass is recorded. nodes: the part of it that the pass goes through.
    """

    def __init__(self, trace: Trace, nodes: Sequence[Node]):
        self._trace = trace
        self._around = len(current_regions())  # the pass itself lies in these
        self._path: tuple[Region, ...] = ()
        self._before: list[dict[int, Tensor]] = []
        self._nodes: dict[Region, list[Node]] = {}
        for node in list(nodes):
            for region in self._regions(node):
                self._nodes.setdefault(region, []).append(node)

    def _regions(self, node: Node) -> tuple[Region, ...]:
        return tuple(region for region in node.regions[self._around :] if not region.revoked)

    def enter(self, node: Node) -> None:
        """From now on gradients pass through `node`."""
        path = self._regions(node)
        common = 0
        while common < min(len(path), len(self._path)) and path[common] is self._path[common]:
            common += 1
        self.leave(common)
        for region in path[common:]:
            self._before.append(self._trace.renamed)
            self._trace.renamed = self._computed_again(region)
        self._path = path

    def leave(self, depth: int = 0) -> None:
        """From now on gradients pass through nothing that is so deep within regions."""
        while len(self._before) > depth:
            self._trace.renamed = self._before.pop()
        self._path = self._path[:depth]

    def _computed_again(self, region: Region) -> dict[int, Tensor]:
        """By ids of tensors, what stands for them within the region."""
        trace, nodes = self._trace, self._nodes[region]
        made = {t.id for node in nodes for t in node.outputs}
        read = {t.id: t for node in nodes for t in node.inputs if t.id not in made and t.array is None}
        renamed = dict(trace.renamed)
        for tensor in read.values():
            with name_path(nodes[0].scope):
                renamed[tensor.id] = trace.record(recompute_p, [tensor], {"region": nodes[0].outputs[0].id})
        trace.renamed = renamed
        for node in nodes:
            with name_path(node.scope):
                results = trace.record(node.primitive, list(node.inputs), node.params)
            for old, new in zip(
                node.outputs, results if node.primitive.several_results else [results], strict=True
            ):
                renamed[old.id] = new
        return renamed
