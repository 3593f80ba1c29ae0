"""What a kernel, or a plan, is to whoever makes machine code of it, as text: equal texts, equal code. And what a graph is to
whoever plans it: equal texts, equal plans.

A plan's text is written from the fields of the data classes themselves, so that a new field is part of it from the start.
Left out are what is there for people (labels, names of buffers) and what is known only when a program runs (arrays,
functions).
"""

from __future__ import annotations

import dataclasses
import hashlib
from functools import cache
from typing import Any

import numpy as np

from schuss.compiler._expr import Buffer
from schuss.compiler._index import Dim
from schuss.compiler._kernel import HostCall, Kernel, Loop, Plan, Step
from schuss.graph import Body, Graph, Node, Tensor, lowering_rules

_LEFT_OUT = {Kernel: ("label", "late", "phase")}


def structure_of(kernel: Kernel) -> str:
    """The kernel's text: the same for kernels that differ only in where their buffers lie."""
    writer = _Writer()
    writer.write(kernel)
    return writer.text()


def structure_of_plan(plan: Plan) -> str:
    """The plan's text: of each step its phase, its kernel's text and its buffers; then where the buffers lie."""
    number = {buffer: n for n, buffer in enumerate(plan.buffers)}
    known: dict[str, int] = {}
    lines = []
    _write_steps(plan.steps, number, known, lines, ())
    lines.extend(f"{b.kind} {b.dtype.str} {b.shape} {b.offset}" for b in plan.buffers)
    check = None if plan.check is None else number[plan.check]
    lines.append(f"batch {plan.batch} check {check}")
    return "\n".join(lines)


def structure_of_graph(graph: Graph) -> str | None:
    """The graph's text, with its scopes and the names of its variables; None if it holds what text cannot tell: functions
    for the host, lowering rules of others."""
    try:
        return _GraphWriter().text(graph)
    except _Untold:
        return None


class _Untold(Exception):
    """There is no text for a part of a graph."""


class _GraphWriter:
    """Tensors are written as numbers, constants also as a hash of what they hold."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def text(self, graph: Graph) -> str:
        lines = [" ".join(map(self._made, graph.inputs))]
        lines += [f"{self._made(slot.input)} {slot.variable.path!r}" for slot in graph.state]
        lines += map(self._node, graph.nodes)
        lines.append(" ".join(map(self._name, graph.outputs)))
        lines.append(
            " ".join("-" if slot.output is None else self._name(slot.output) for slot in graph.state)
        )
        return "\n".join(lines)

    def _name(self, tensor: Tensor) -> str:
        name = self._names.get(tensor.id)
        if name is not None:
            return name
        name = self._names[tensor.id] = f"%{len(self._names)}"
        if tensor.array is None:
            return name
        return f"{self._made(tensor)}={hashlib.sha256(tensor.array.tobytes()).hexdigest()}"

    def _made(self, tensor: Tensor) -> str:
        return f"{self._name(tensor)}:{tensor.dtype.str}{tensor.shape}"

    def _node(self, node: Node) -> str:
        primitive = node.primitive
        rule = getattr(lowering_rules.get(primitive), "rule", None)
        if rule is not None and not rule.__module__.startswith("schuss."):
            raise _Untold
        params = [
            f"{key}={_param(value)}"
            for key, value in node.params.items()
            if key != "gradient" or primitive.name != "custom_gradient"  # which the compiler does not look at
        ]
        operands, results = " ".join(map(self._name, node.inputs)), " ".join(map(self._made, node.outputs))
        return f"{results} = {primitive.name} {operands} {' '.join(params)} {node.scope!r}"


def _param(value: Any) -> str:
    if type(value) is tuple and all(type(element) is int for element in value):  # most are
        return repr(value)
    if isinstance(value, (tuple, list)):
        return f"({','.join(map(_param, value))})"
    if isinstance(value, Body):
        return f"{{{value.settled} {_GraphWriter().text(value.graph)}}}"
    if isinstance(value, np.dtype):
        return value.str
    if value is None or isinstance(value, (int, float, str)):
        return repr(value)
    raise _Untold


def _write_steps(
    steps: list[Step],
    number: dict[Buffer, int],
    known: dict[str, int],
    lines: list[str],
    turns: tuple[Dim, ...],
) -> None:
    """A line for each step, before it the text of its kernel if that is new; loops with the steps of a turn.

    Args:
        number: of buffers. known: kernels' texts that have been written. turns: the variables of the loops around.
    """
    for step in steps:
        if isinstance(step, HostCall):
            lines.append(f"{step.phase} host")
        elif isinstance(step, Loop):
            lines.append(f"{step.phase} loop {step.turn.size} {step.closing}")
            _write_steps(step.steps, number, known, lines, (*turns, step.turn, step.side))
            lines.append("end")
        else:
            writer = _Writer()
            writer.write(step)
            text = writer.text()
            if text not in known:
                known[text] = len(known)
                lines.append(text)
            given = [turns.index(dim) for dim in step.given]
            lines.append(f"{step.phase} kernel {known[text]} {[number[b] for b in writer.buffers]} {given}")


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The names of the fields that say what an object is; those not given to it follow from the others."""
    left_out = _LEFT_OUT.get(kind, ())
    return tuple(f.name for f in dataclasses.fields(kind) if f.init and f.name not in left_out)


class _Writer:
    """Writes values one after the other. What was written before is named by its number, so that shared expressions
    are written once.

    Attributes:
        buffers: the buffers met, in the order of their numbers.
    """

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self._numbers: dict[Any, int] = {}
        self._parts: list[str] = []

    def text(self) -> str:
        return " ".join(self._parts)

    def write(self, value: Any) -> None:
        if value is None or isinstance(value, (int, str)):
            self._parts.append(repr(value))
        elif isinstance(value, float):
            self._parts.append(np.float64(value).tobytes().hex())
        elif isinstance(value, np.dtype):
            self._parts.append(value.str)
        elif isinstance(value, (tuple, list)):
            self._parts.append("(")
            for element in value:
                self.write(element)
            self._parts.append(")")
        elif isinstance(value, frozenset):  # of loop variables
            self.write(sorted(value, key=lambda dim: (dim.name, dim.size)))
        else:
            self._write_object(value)

    def _write_object(self, value: Any) -> None:
        kind = type(value)
        if not dataclasses.is_dataclass(kind):
            raise TypeError(
                f"Part of a kernel is a {kind.__name__}, of which it is not known what makes two equal."
            )
        if kind.__hash__ is not None:
            number = self._numbers.get(value)
            if number is not None:
                self._parts.append(f"#{number}")
                return
            self._numbers[value] = len(self._numbers)
        self._parts.append(kind.__name__)
        if isinstance(value, Buffer):
            self.buffers.append(value)
            self.write((value.dtype, value.shape, value.kind == "batch"))
            return
        for name in _fields(kind):
            self.write(getattr(value, name))
