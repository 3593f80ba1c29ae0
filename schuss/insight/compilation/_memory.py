"""Where threads meet and why, and which temporaries share memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schuss.compiler import Plan
from schuss.compiler._expr import Buffer
from schuss.compiler._kernel import leaves
from schuss.compiler._order import stays, touches
from schuss.insight.compilation._names import BufferNames

_PHASES_SHOWN = 48  # columns of the drawing
_OTHERS_SHOWN = 4
_ALIKE = 3  # so many temporaries alike, or more, are drawn as one


@dataclass(frozen=True)
class Barrier:
    """A place where all threads wait for each other.

    Attributes:
        after_phase: the phase that it ends. reasons: which array crosses threads there, made and used by which kernels.
    """

    after_phase: int
    reasons: list[str]


@dataclass(frozen=True)
class Place:
    """Where in the arena a temporary lies.

    Attributes:
        name: of the temporary. offset, nbytes: its place. first_phase, last_phase: when it is in use.
        shares_with: names of temporaries that use some of the same memory before or after.
    """

    name: str
    offset: int
    nbytes: int
    first_phase: int
    last_phase: int
    shares_with: list[str]


def barriers_of(plan: Plan, names: BufferNames) -> list[Barrier]:
    """The barriers within a step, and the one at its end."""
    phases = sorted({step.phase for step in plan.steps})
    found = [
        Barrier(before + 1, _crossings(plan, names, before, after))
        for before, after in itertools.pairwise(phases)
    ]
    changed = any(b.kind == "variable" for step in plan.steps for b in touches(step)[1])
    reason = (
        "the next step reads what this one has changed"
        if changed
        else "the next step writes to the same memory"
    )
    return [*found, Barrier(phases[-1] + 1 if phases else 1, [f"end of the step: {reason}"])]


def _crossings(plan: Plan, names: BufferNames, before: int, after: int) -> list[str]:
    """Why a barrier stands between two phases."""
    made: dict[Buffer, tuple[list[int], list[int]]] = {}
    replaced: dict[Buffer, tuple[list[int], list[int]]] = {}
    phases = [step.phase for step in plan.steps for _ in leaves([step])]
    numbered = list(zip(range(1, len(phases) + 1), plan.leaves, phases, strict=True))
    laters = [(number, step) for number, step, phase in numbered if phase == after]
    for first, earlier in [(number, step) for number, step, phase in numbered if phase == before]:
        for second, later in laters:
            (reads, writes), (reads_later, writes_later) = touches(earlier), touches(later)
            for table, shared in (
                (made, writes & (reads_later | writes_later)),
                (replaced, (reads - writes) & writes_later),
            ):
                for buffer in sorted(shared, key=lambda b: names[b]):
                    if not stays(earlier, later, buffer):
                        users = table.setdefault(buffer, ([], []))
                        users[0].append(first)
                        users[1].append(second)
    texts = [f"{names[b]} is made by {_numbers(a)} and used by {_numbers(z)}" for b, (a, z) in made.items()]
    return texts + [
        f"{names[b]} is read by {_numbers(a)} before {_numbers(z)} overwrites it"
        for b, (a, z) in replaced.items()
    ]


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(set(numbers))))


def places_of(plan: Plan, names: BufferNames) -> list[Place]:
    """The temporaries in the arena, by their offsets."""
    life: dict[Buffer, list[int]] = {}
    for step in plan.steps:
        reads, writes = touches(step)
        for buffer in reads | writes:
            if buffer.kind == "temporary" and buffer.offset >= 0:
                life.setdefault(buffer, []).append(step.phase)
    buffers = sorted(life, key=lambda b: (b.offset, min(life[b]), names[b]))
    return [
        Place(
            names[b], b.offset, b.nbytes, min(life[b]) + 1, max(life[b]) + 1,
            [names[o] for o in buffers if o is not b and _overlap(b, o)],
        )
        for b in buffers
    ]  # fmt: skip


def _overlap(a: Buffer, b: Buffer) -> bool:
    return a.offset < b.offset + b.nbytes and b.offset < a.offset + a.nbytes


def drawing(places: list[Place], size_text: Callable[[int], str]) -> list[str]:
    """A line for each temporary: where it lies and, a column for each phase, when it is in use. Neighbours that are
    alike have one line.

    Args:
        places: as `places_of` gives them. size_text: says a number of bytes in words.
    """
    last = max((place.last_phase for place in places), default=0)
    width = min(last, _PHASES_SHOWN)
    rows = []
    for _, group in itertools.groupby(places, key=_likeness):
        alike = list(group)
        if len(alike) < _ALIKE:
            rows += [(place.offset, size_text(place.nbytes), place.name, place) for place in alike]
        else:
            size = f"{len(alike)} × {size_text(alike[0].nbytes)}"
            rows.append((alike[0].offset, size, f"{alike[0].name} to {alike[-1].name}", alike[0]))
    sizes, names = max(len(row[1]) for row in rows), max(len(row[2]) for row in rows)
    lines = []
    for offset, size, name, place in rows:
        used = {n * width // last for n in range(place.first_phase - 1, place.last_phase)}
        bar = "".join("█" if n in used else "·" for n in range(width))
        others = [*place.shares_with[:_OTHERS_SHOWN], *["…"] * (len(place.shares_with) > _OTHERS_SHOWN)]
        shared = f"  shares memory with {', '.join(others)}" if others else ""
        lines.append(f"  {offset:>10,}  {size:>{sizes}}  {name:<{names}}  {bar}{shared}")
    return lines


def _likeness(place: Place) -> object:
    return place.nbytes, place.first_phase, place.last_phase, place.shares_with
