"""Compilation: a program explained, and how that is printed."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schuss.graph import Spec
from schuss.insight.compilation._kernels import Access, ExplainedKernel
from schuss.insight.compilation._memory import Barrier, Place, drawing
from schuss.models._summary import readable_size

_WIDTH = 100  # at which lists are broken
_INDENT = " " * 5
_REASONS_SHOWN = 10
_TITLE = 9  # characters of "epilogue" and a blank


@dataclass(repr=False)
class Compilation:
    """What a model's step, or a function, became.

    ``print`` shows it; ``str(compilation.kernel(3))`` is one kernel as loops; `show` prints in colours.

    Attributes:
        title: what was compiled, for which arrays. backend: ``"cpu"`` or ``"reference"``.
        kernels: list of `ExplainedKernel`, in the order in which they run; empty where nothing is compiled.
        barriers: list of `Barrier`: where threads wait for each other, the end of the step included.
        arena: list of `Place`: the temporaries, and which of them share memory.
        arena_bytes: the memory in which temporaries lie. temporary_bytes: what they would need side by side.
        variables: name → bytes of the variables read or written.
        threads: on how many threads it runs. meetings: how often these meet in a step, in every turn of loops.
        primitives: number of operations that the reference backend goes through; 0 for a compiled program.
        with_code: whether `print` shows kernels as loops.
    """

    title: str
    backend: str
    kernels: list[ExplainedKernel] = field(default_factory=list)
    barriers: list[Barrier] = field(default_factory=list)
    arena: list[Place] = field(default_factory=list)
    arena_bytes: int = 0
    temporary_bytes: int = 0
    variables: dict[str, int] = field(default_factory=dict)
    threads: int = 1
    primitives: int = 0
    with_code: bool = False
    meetings: int = 0

    @property
    def flops(self) -> int:
        """Floating-point operations in a step."""
        return sum(kernel.flops for kernel in self.kernels)

    @property
    def bytes_moved(self) -> int:
        """Bytes that kernels read and write in a step, from whatever cache or memory."""
        return sum(kernel.bytes_read + kernel.bytes_written for kernel in self.kernels)

    @property
    def host_calls(self) -> list[ExplainedKernel]:
        """The steps that run in NumPy, by one thread while the others wait: slow."""
        return [kernel for kernel in self.kernels if kernel.on_host]

    def kernel(self, number: int) -> ExplainedKernel:
        """The kernel with that number, counted from 1.

        Raises:
            IndexError: there is none.
        """
        if not 1 <= number <= len(self.kernels):
            raise IndexError(
                f"There is no kernel {number!r}: this program has the kernels 1 to {len(self.kernels)}."
            )
        return self.kernels[number - 1]

    def show(self) -> None:
        """Print it, with colours where there is a terminal or a notebook."""
        from rich.console import Console

        Console(highlight=False, soft_wrap=True).print(self)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    __repr__ = __str__

    def __rich__(self) -> Any:
        from rich.text import Text

        text = Text(str(self))
        text.highlight_regex(r"(?m)^─.*$", "yellow")
        text.highlight_regex(r"(?m)^phase .*$", "bold yellow")
        text.highlight_regex(r"(?m)^ *\d+  \S.*$", "bold")
        text.highlight_regex(
            r"(?m)^ {5}(loops|panel|ahead|once|leader|prologue|epilogue|result|reads|writes|host)\b", "cyan"
        )
        text.highlight_regex(r"(?m)#.*$", "bright_black")
        text.highlight_regex(r"updated in place", "green")
        text.highlight_regex(r"(?m)HOST CALL.*$|on the host", "bold red")
        return text

    def _repr_html_(self) -> str:
        return f'<pre style="line-height: 1.25">{html.escape(str(self))}</pre>'

    def _lines(self) -> Iterator[str]:
        yield self.title
        if self.backend == "reference":
            yield (
                f"Nothing is compiled: the reference backend goes through the {self.primitives} operations one at a "
                "time, with NumPy."
            )
            return
        yield from self._totals()
        ends = {barrier.after_phase: barrier for barrier in self.barriers}
        phase, brief, turns = 0, False, []
        for kernel in self.kernels:
            if kernel.phase != phase:
                if phase in ends:
                    yield from _barrier_lines(ends[phase])
                phase = kernel.phase
                yield ""
                yield self._phase_line(phase)
                brief = False
            if kernel.turns != turns:
                turns, brief = kernel.turns, False
                if turns:
                    yield ""
                    yield self._loop_line(kernel)
            if not (brief and kernel.same_code_as):
                yield ""
            brief = kernel.same_code_as is not None
            yield from self._kernel_lines(kernel)
        if self.barriers:
            yield from _barrier_lines(self.barriers[-1])
        yield from self._arena_lines()

    def _totals(self) -> Iterator[str]:
        codes = len({k.same_code_as or k.number for k in self.kernels if not k.on_host})
        count = len(self.kernels) - len(self.host_calls)
        shared = f" ({codes} different ones)" if codes < count else ""
        yield (
            f"{_count(count, 'kernel')}{shared}, {_count(max(self.meetings, len(self.barriers)), 'barrier')} a step, on "
            f"{_count(self.threads, 'thread')}; {_count_of(self.flops, 'FLOP')}, {_size(self.bytes_moved)} read "
            "and written"
        )
        if self.host_calls:
            numbers = ", ".join(str(kernel.number) for kernel in self.host_calls)
            yield f"HOST CALLS, slow (NumPy, on one thread, while the others wait): number {numbers}"
        parts = []
        if self.variables:
            parts.append(f"{_count(len(self.variables), 'variable')}, {_size(sum(self.variables.values()))}")
        if self.arena:
            parts.append(
                f"temporaries in {_size(self.arena_bytes)} of memory, side by side they would take "
                f"{_size(self.temporary_bytes)}"
            )
        if parts:
            yield "; ".join(parts)

    def _phase_line(self, phase: int) -> str:
        kernels = [kernel for kernel in self.kernels if kernel.phase == phase]
        first, last = kernels[0], kernels[-1]
        numbers = _numbers(first, last)
        rows = {(k.loops[0][1], k.chunks, k.grain) for k in kernels if k.by_rows}
        text = f"phase {phase}: {numbers}"
        if len(rows) == 1 and sum(k.by_rows for k in kernels) > 1:
            count, chunks, grain = rows.pop()
            blocks = f"{chunks} chunks of {grain}" if chunks > 1 else "one chunk"
            text += (
                f"; those over the {count} rows go by {blocks}, each chunk through all of them on one thread"
            )
        return text

    def _loop_line(self, first: ExplainedKernel) -> str:
        """``for t in range(64), in order: kernels 6 and 7``."""
        last = first
        for kernel in self.kernels[first.number :]:
            if kernel.turns[: len(first.turns)] != first.turns or kernel.phase != first.phase:
                break
            last = kernel
        loops = ", ".join(f"for {name} in range({size})" for name, size in first.turns)
        return f"{loops}, in order: {_numbers(first, last)}"

    def _kernel_lines(self, kernel: ExplainedKernel) -> Iterator[str]:
        figure = f"{_count_of(kernel.flops, 'FLOP')}" if kernel.flops else ""
        like = f"; code of kernel {kernel.same_code_as}" if kernel.same_code_as else ""
        yield f"{kernel.number:>3}  {kernel.what + like:<{_WIDTH - 12}} {figure:>11}".rstrip()
        if like:
            return
        if kernel.on_host:
            yield f"{_INDENT}HOST CALL, slow: NumPy, on one thread, while the others wait"
            yield from _titled("host", kernel.stores)
        elif self.with_code:
            yield from (f"{_INDENT}{line}" for line in kernel.code.split("\n"))
        else:
            yield from _titled("loops", [_loops_text(kernel)])
            yield from _titled("panel", kernel.panels)
            yield from _titled("ahead", kernel.ahead, "; ")
            yield from _titled("once", kernel.once)
            yield from _titled("leader", kernel.formula)
            yield from _titled("prologue", kernel.prologue, ", ")
            fused = kernel.formula and (kernel.epilogue or kernel.updates)
            yield from _titled("epilogue" if fused else "result", kernel.stores)
        yield from _titled("reads", [_access_text(a) for a in kernel.reads], ", ")
        yield from _titled("writes", [_access_text(a) for a in kernel.writes], ", ")

    def _arena_lines(self) -> Iterator[str]:
        if not self.arena:
            return
        yield ""
        yield f"arena: {_size(self.arena_bytes)}; where temporaries lie and, a column for each phase, when they are in use"
        yield from drawing(self.arena, _size)


def _numbers(first: ExplainedKernel, last: ExplainedKernel) -> str:
    return f"kernel {first.number}" if first is last else f"kernels {first.number} to {last.number}"


def _loops_text(kernel: ExplainedKernel) -> str:
    if not kernel.loops:
        text = "none"
    else:
        text = " × ".join(f"{name} < {size}" for name, size in kernel.loops)
    if kernel.reduced:
        text += f", {'in order' if kernel.leader == 'scan' else 'inside'} " + " × ".join(
            f"{name} < {size}" for name, size in kernel.reduced
        )
        if kernel.rows_of_sum:
            text += f", of which each {kernel.loops[0][0]} takes {kernel.rows_of_sum}"
    parts = [text]
    if kernel.chunks > 1:
        parts.append(f"{kernel.loops[0][0]} in {kernel.chunks} chunks of {kernel.grain}")
    elif kernel.loops:
        parts.append("one chunk")
    tile = [(name, count) for name, count in kernel.tile if count > 1]
    if tile:
        sizes = " × ".join(f"{count} {name}" for name, count in tile)
        parts.append(f"tile of {sizes} in registers")
    if kernel.vector is not None and kernel.lanes > 1:
        parts.append(f"vectors of {kernel.lanes} along {kernel.vector}")
    for (name, _), size in zip(kernel.reduced, kernel.block):
        parts.append(f"{name} in blocks of {size} for all tiles")
    return "; ".join(parts)


def _access_text(access: Access) -> str:
    part = f" of {_size(access.nbytes)}" if access.bytes < access.nbytes else ""
    return f"{access.name} {Spec(access.shape, access.dtype)} ({access.kind}, {_size(access.bytes)}{part})"


def _titled(title: str, parts: list[str], joint: str = "") -> Iterator[str]:
    """``title     part, part``: broken where lines get too long; without a joint each part has a line."""
    lines: list[str] = []
    for part in parts:
        if joint and lines and len(lines[-1]) + len(joint) + len(part) <= _WIDTH - len(_INDENT) - _TITLE:
            lines[-1] += joint + part
        else:
            if joint and lines:
                lines[-1] += joint.rstrip()
            lines.append(part)
    for number, line in enumerate(lines):
        yield f"{_INDENT}{title if not number else '':<{_TITLE}}{line}"


def _barrier_lines(barrier: Barrier) -> Iterator[str]:
    yield ""
    yield "──── barrier"
    yield from (f"{_INDENT}{reason}" for reason in barrier.reasons[:_REASONS_SHOWN])
    if len(barrier.reasons) > _REASONS_SHOWN:
        yield f"{_INDENT}and {len(barrier.reasons) - _REASONS_SHOWN} arrays more"


def _size(size: int) -> str:
    return f"{size} B" if size < 1024 else readable_size(size)


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _count_of(count: float, unit: str) -> str:
    """``3211264`` → ``"3.21 MFLOP"``."""
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {prefix}{unit}"
    return f"{count:.0f} {unit}"
