"""Loops taken apart: what each turn of a `scan` computed, so that a number from a recurrent layer has its origin, too.

The graph has a loop as one operation. Here its body is evaluated turn by turn, and each tensor within becomes one with a
first axis for the turns, whose node says which operation of the body made it, in which loop.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from schuss.backends.reference import evaluate_all
from schuss.graph import Node, Spec, Tensor, divided

_MOST_BYTES = 1 << 26  # of one loop's numbers; larger ones stay one operation


class Numbers(dict[int, np.ndarray]):
    """The value of each tensor of a graph by its id, and of each tensor within its loops.

    Attributes:
        loops: by the ids of a loop's results, the loop.
    """

    def __init__(self, values: dict[int, np.ndarray], nodes: list[Node]):
        super().__init__(values)
        self.loops: dict[int, Loop] = {}
        for node in nodes:
            if node.primitive.name == "scan":
                loop = Loop(node, self)
                self.loops |= {t.id: loop for t in node.outputs if loop.is_open}


class LoopNode(Node):
    """The operation of a loop's body that made a tensor; `inner` is None for states that come from the turn before."""

    __slots__ = ("inner", "loop", "state")

    def __init__(self, name: str, loop: Loop, inner: Node | None = None, state: int = 0):
        primitive: Any = SimpleNamespace(name=name)
        super().__init__(primitive, [], {}, loop.node.scope)
        self.loop, self.inner, self.state = loop, inner, state


class Loop:
    """One loop.

    Attributes:
        node: the scan. is_open: whether what its turns computed is known. length: turns. backwards: whether the last place
            comes first. outer: by the ids of the body's inputs, the tensor outside that they stand for, and whether they are
            its slices. within: by the ids of tensors of the body, those with an axis for turns. starts: the states' first.
    """

    def __init__(self, node: Node, values: Numbers):
        self.node, self.length, self.backwards = node, node.params["length"], node.params["reverse"]
        body = node.params["body"].graph
        consts, carries, slices = divided(node.inputs, node.params["counts"])
        at_const, at_carry, at_slice = divided(body.inputs, node.params["counts"])
        self.outer = {b.id: (t, False) for b, t in zip(at_const, consts, strict=True)}
        self.outer |= {b.id: (t, True) for b, t in zip(at_slice, slices, strict=True)}
        self.starts: list[Tensor] = carries
        self.results: list[Tensor] = body.outputs
        inside = [*at_carry, *(t for n in body.nodes for t in n.outputs)]
        size = self.length * sum(t.spec.size * t.dtype.itemsize for t in inside)
        self.is_open = 0 < size <= _MOST_BYTES
        self.within: dict[int, Tensor] = {}
        if self.is_open:
            self._open(values, body, at_carry, [consts, carries, slices])

    def states(self) -> list[tuple[Tensor | None, Tensor | None]]:
        """Each state before and after each turn, with an axis for turns."""
        before = [t for t in self.within.values() if isinstance(t.node, LoopNode) and t.node.inner is None]
        return [(b, self.within.get(r.id)) for b, r in zip(before, self.results)]

    def _open(self, values: Numbers, body: Any, states: list[Tensor], given: list[list[Tensor]]) -> None:
        nodes = {t.id: LoopNode("state", self, state=n) for n, t in enumerate(states)}
        nodes |= {t.id: LoopNode(_kind(n), self, n) for n in body.nodes for t in n.outputs}
        tensors = {t.id: t for t in (*states, *(t for n in body.nodes for t in n.outputs))}
        stacks: dict[int, np.ndarray] = {}
        for key, t in tensors.items():
            spec = Spec((self.length, *t.shape), t.dtype)
            number = min([0, *values]) - 1
            self.within[key] = Tensor(self.node.outputs[0].trace, spec, number, nodes[key])
            stacks[key] = values[number] = np.empty(spec.shape, spec.dtype)
        consts, carries, slices = ([values[t.id] for t in part] for part in given)
        for turn in reversed(range(self.length)) if self.backwards else range(self.length):
            found = evaluate_all(body, [*consts, *carries, *(x[turn] for x in slices)])
            carries = [found[t.id] for t in body.outputs[: len(carries)]]
            for key, stack in stacks.items():
                stack[turn] = found[key]


def _kind(node: Node) -> str:
    """Of moves of numbers within a loop another name than of computations."""
    from schuss.insight.explanation._origins import MOVES

    return "move in a loop" if node.primitive.name in MOVES else "in a loop"
