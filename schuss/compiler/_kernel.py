"""Kernel: a loop nest. What the compiler hands to a backend is a list of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schuss.compiler._expr import Buffer, Expr
from schuss.compiler._index import Dim, Index

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

    `rows`: the first dim runs over the batch's rows. `block`: the first dim runs over blocks of so many of the first
    reduced dim, the batch's rows: each of its turns reduces over one block. `partial`: where totals may wait, if the
    backend divides a long sum so that what it reads stays in the caches; it has the shape of the dims. `label`: the
    primitives and scopes it came from, for people. `late`: it computes something again, after all steps before it.
    """

    dims: tuple[Dim, ...]
    stores: list[Store]
    reduction: Reduction | None = None
    scan: Scan | None = None
    rows: bool = False
    block: int = 0
    partial: Buffer | None = None
    label: str = ""
    late: bool = False
    phase: int = 0
    chunks: int = 1
    grain: int = 1

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
class Plan:
    """A compiled step, before a machine is known: kernels in order (a barrier where `phase` grows), buffers,
    the arena."""

    steps: list[Kernel | HostCall]
    buffers: list[Buffer]
    arena_bytes: int
    batch: int
    batch_inputs: list[Buffer] = field(default_factory=list)
    arguments: list[Buffer] = field(default_factory=list)
    variables: list[Any] = field(default_factory=list)
    outputs: list[Buffer] = field(default_factory=list)
    check: Buffer | None = None

    @property
    def barriers(self) -> int:
        """How often the threads meet in one step, the end of the step included."""
        return len({step.phase for step in self.steps}) if self.steps else 1

    def __str__(self) -> str:
        lines = [f"{len(self.steps)} kernels, {self.barriers} barriers, arena {self.arena_bytes} bytes"]
        phase = 0
        for step in self.steps:
            if step.phase != phase:
                phase = step.phase
                lines.append("--- barrier ---")
            lines.append(f"# {step.label}")
            if isinstance(step, Kernel):
                lines.append(f"# {step.chunks} chunks of {step.grain}" if step.chunks > 1 else "# one chunk")
                lines.append(str(step))
            else:
                lines.append(f"host {step.function}: {step.inputs} -> {step.outputs}")
        return "\n".join(lines)
