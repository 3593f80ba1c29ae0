"""Kernel: a loop nest. What the compiler hands to a backend is a list of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from schuss.compiler._expr import Buffer, Expr
from schuss.compiler._index import Dim, Index

LONG_SUM = 2048  # products in a sum that may be divided into blocks
REDUCTIONS = ("sum", "prod", "max", "min", "argmax", "argmin")


@dataclass
class Reduction:
    """``total = kind over dims of body``. argmax and argmin give the position along the one dim."""

    kind: str
    dims: tuple[Dim, ...]
    body: Expr


@dataclass
class Store:
    """``buffer[index] = expr``, or ``+=`` if `accumulate` (then the kernel runs in order, as one chunk)."""

    buffer: Buffer
    index: tuple[Index, ...]
    expr: Expr
    accumulate: bool = False


@dataclass
class Scan:
    """Runs `dim` in order, carrying ``total = kind(total, body)``; the kernel's stores happen at every
    turn."""

    kind: str
    dim: Dim
    body: Expr


@dataclass
class Kernel:
    """For every point of `dims`: reduce (or scan), then store. Points of `dims` are independent unless a
    store accumulates.

    `rows`: the first dim runs over the batch's rows (or those of what a loop carries). `block`: the first dim runs over
    blocks of so many of the first reduced dim, the batch's rows: each of its turns reduces over one block. `partial`: where
    totals may wait, in any order, if the backend divides a long sum so that what it reads stays in the caches. `given`:
    variables of the loops around it on which it depends. `label`: the primitives and scopes it came from, for people.
    `late`: it computes something again, after all steps before it. `grain`: the first dim's turns in a chunk. `strip`: so
    many of them go through this kernel and those next to it, then the next ones; 0: all.
    """

    dims: tuple[Dim, ...]
    stores: list[Store]
    reduction: Reduction | None = None
    scan: Scan | None = None
    rows: bool = False
    block: int = 0
    partial: Buffer | None = None
    given: tuple[Dim, ...] = ()
    label: str = ""
    late: bool = False
    phase: int = 0
    chunks: int = 1
    grain: int = 1
    strip: int = 0

    @property
    def unit(self) -> int:
        """How many turns of the first dim a call takes at least: a strip, or a chunk."""
        return self.strip or self.grain

    @property
    def span(self) -> int:
        """How many rows a call of a divided sum adds up: a block of them, or a strip of a block; 0 for other kernels."""
        return self.block and (self.strip or self.block)

    def __str__(self) -> str:
        lines = []
        loops = ", ".join(f"{d.name} < {d.size}" for d in self.dims)
        lines.append(f"for {loops}:" if loops else "once:")
        indent = "  "
        if self.reduction is not None:
            inner = ", ".join(f"{d.name} < {d.size}" for d in self.reduction.dims)
            waiting = f", waiting in {self.partial} between blocks" if self.partial else ""
            if self.block:
                inner = f"block {self.dims[0].name} (of {self.block}) of {inner}"
            lines.append(
                f"{indent}total = {self.reduction.kind} over {inner} of {self.reduction.body}{waiting}"
            )
        if self.scan is not None:
            lines.append(f"{indent}for {self.scan.dim.name} < {self.scan.dim.size} in order:")
            indent += "  "
            lines.append(f"{indent}total = {self.scan.kind}(total, {self.scan.body})")
        for store in self.stores:
            sign = "+=" if store.accumulate else "="
            lines.append(f"{indent}{store.buffer}[{', '.join(map(str, store.index))}] {sign} {store.expr}")
        return "\n".join(lines)


@dataclass
class HostCall:
    """A step on the host: ``function(*arrays) -> arrays`` between the buffers, run by one thread while the
    others wait."""

    function: Callable[..., Any]
    inputs: list[Buffer]
    outputs: list[Buffer]
    label: str = ""
    late: bool = False
    phase: int = 0


@dataclass
class Loop:
    """``for turn in order: the steps``, a barrier where their `phase` grows, and one after each turn if `closing`.

    `turn` counts from 0. `side` is ``turn % 2``: where a turn reads, of two places that take turns. `reverse`: the last
    slices come first. `label`: as of a kernel.
    """

    turn: Dim
    side: Dim
    steps: list[Step]
    reverse: bool = False
    closing: bool = False
    label: str = ""
    late: bool = False
    phase: int = 0

    @property
    def barriers(self) -> int:
        """How often the threads meet in it."""
        own = len({step.phase for step in self.steps}) - 1 + self.closing
        return self.turn.size * (own + sum(s.barriers for s in self.steps if isinstance(s, Loop)))

    def __str__(self) -> str:
        direction = ", the last slices first" if self.reverse else ""
        lines = [f"for {self.turn.name} < {self.turn.size} in order{direction}:"]
        lines += [f"  {line}" for line in _lines(self.steps)]
        return "\n".join(lines + ["  --- barrier ---"] * self.closing)


Step = Kernel | HostCall | Loop


def counted(steps: list[Step], turns: int = 1) -> Iterator[tuple[Kernel | HostCall, int]]:
    """The steps, those of loops in their places, and how often each runs."""
    for step in steps:
        if isinstance(step, Loop):
            yield from counted(step.steps, turns * step.turn.size)
        else:
            yield step, turns


def leaves(steps: list[Step]) -> Iterator[Kernel | HostCall]:
    """The steps, those of loops in their places."""
    return (step for step, _ in counted(steps))


def meetings(steps: list[Step]) -> Iterator[int]:
    """The barriers between the steps, in the order in which they stand: after which phase of the plan."""
    phase = 0
    for step in steps:
        if step.phase != phase:
            yield phase
            phase = step.phase
        if isinstance(step, Loop):
            yield from (phase for _ in meetings(step.steps))
            yield from [phase] * step.closing


def _lines(steps: list[Step]) -> Iterator[str]:
    phase = 0
    for step in steps:
        if step.phase != phase:
            phase = step.phase
            yield "--- barrier ---"
        yield f"# {step.label}"
        if isinstance(step, HostCall):
            yield f"host {step.function}: {step.inputs} -> {step.outputs}"
            continue
        if isinstance(step, Kernel):
            strips = f" in strips of {step.strip}" if step.strip else ""
            yield f"# {step.chunks} chunks of {step.grain}{strips}" if step.chunks > 1 else "# one chunk"
        yield from str(step).split("\n")


@dataclass
class Plan:
    """A compiled step, before a machine is known: kernels in order (a barrier where `phase` grows), buffers,
    the arena. `work`: about how many simple operations it is."""

    steps: list[Step]
    buffers: list[Buffer]
    arena_bytes: int
    batch: int
    batch_inputs: list[Buffer] = field(default_factory=list)
    arguments: list[Buffer] = field(default_factory=list)
    variables: list[Any] = field(default_factory=list)
    outputs: list[Buffer] = field(default_factory=list)
    check: Buffer | None = None
    work: int = 0

    @property
    def leaves(self) -> list[Kernel | HostCall]:
        """The kernels and host calls, those in loops in their places."""
        return list(leaves(self.steps))

    @property
    def barriers(self) -> int:
        """How often the threads meet in one step, the end of the step included."""
        own = len({step.phase for step in self.steps}) if self.steps else 1
        return own + sum(step.barriers for step in self.steps if isinstance(step, Loop))

    def __str__(self) -> str:
        lines = [f"{len(self.leaves)} kernels, {self.barriers} barriers, arena {self.arena_bytes} bytes"]
        return "\n".join([*lines, *_lines(self.steps)])
