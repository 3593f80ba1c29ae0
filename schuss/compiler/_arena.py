"""The arena: where temporaries lie. Two share memory if nobody needs the first any more when the second is made.

That is so if a barrier lies between their lives. It is also so without one, if each thread works on its own part of both,
one after the other: then the parts must be the same bytes, so both have the same place and the same size, or one thread
does all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.compiler._expr import Buffer

ALONE = "alone"  # the owner of what one thread does, whatever there is
_ALIGNMENT = 64
_TRIED = 64  # places of others that are tried


@dataclass
class _Life:
    """When a buffer is in use.

    Attributes:
        first, last: numbers of steps. begins, ends: phases. maker, taker: who owns which part of it in the first phase, in
            the last one; None if that is not one and the same all the time.
    """

    first: int
    last: int
    begins: int
    ends: int
    maker: object
    taker: object

    def use(self, number: int, phase: int, owner: object) -> None:
        """It is in use in this step, too."""
        if phase == self.begins and owner != self.maker:
            self.maker = None
        self.taker = owner if phase > self.ends or owner == self.taker else None
        self.last, self.ends = number, phase


def lay_out(
    steps: list[Any],
    temporaries: list[Buffer],
    touches: Callable[[Any], tuple[set[Buffer], set[Buffer]]],
    owner: Callable[[Any, Buffer], object],
) -> int:
    """Give temporaries their places, the largest first, each the lowest that is free.

    Args:
        steps: in order, with their phases. temporaries: buffers; others have places already. touches: the buffers that a
            step reads, and writes. owner: which thread works in a step on which part of a buffer: `ALONE`, something that
            is equal where the parts are, or None.

    Returns:
        How many bytes they take together.
    """
    wanted = set(temporaries)
    lives: dict[Buffer, _Life] = {}
    for number, step in enumerate(steps):
        reads, writes = touches(step)
        for buffer in (reads | writes) & wanted:
            whose = owner(step, buffer)
            if buffer in lives:
                lives[buffer].use(number, step.phase, whose)
            else:
                lives[buffer] = _Life(number, number, step.phase, step.phase, whose, whose)
    waiting = sorted((b for b in temporaries if b in lives), key=lambda b: -b.nbytes)
    return _placed(waiting, [lives[b] for b in waiting])


def _placed(waiting: list[Buffer], lives: list[_Life]) -> int:
    owners: dict[object, int] = {}
    makers, takers = (
        np.array([-1 if whose is None else owners.setdefault(whose, len(owners)) for whose in side], np.int64)
        for side in ([life.maker for life in lives], [life.taker for life in lives])
    )
    alone = owners.get(ALONE, -2)
    first, last, begins, ends = (
        np.array([getattr(life, name) for life in lives], np.int64)
        for name in ("first", "last", "begins", "ends")
    )
    sizes = np.array([-(-max(b.nbytes, 1) // _ALIGNMENT) * _ALIGNMENT for b in waiting], np.int64)
    exact = np.array([b.nbytes for b in waiting], np.int64)
    starts = np.zeros(len(waiting), np.int64)
    for i, buffer in enumerate(waiting):
        rivals = (begins[:i] <= ends[i]) & (ends[:i] >= begins[i])
        after = (ends[:i] == begins[i]) & (last[:i] < first[i])  # the other's last phase is this one's first
        before = (begins[:i] == ends[i]) & (first[:i] > last[i])
        passes_on = (after & (takers[:i] == makers[i]) & (makers[i] >= 0)) | (
            before & (makers[:i] == takers[i]) & (takers[i] >= 0)
        )
        whose = np.where(after, takers[:i], makers[:i])
        rivals &= ~(passes_on & (whose == alone))
        same_bytes = rivals & passes_on & (exact[:i] == exact[i])
        starts[i] = _lowest(starts[:i], sizes[:i], int(sizes[i]), rivals, same_bytes)
        buffer.offset = int(starts[i])
    return int((starts + sizes).max(initial=0))


def _lowest(
    starts: np.ndarray, sizes: np.ndarray, size: int, rivals: np.ndarray, same_bytes: np.ndarray
) -> int:
    """The lowest place for `size` bytes: one that overlaps no rival, or only those of `same_bytes`, exactly."""
    free = _first_gap(starts[rivals], sizes[rivals], size)
    tried = sorted({place for place in starts[same_bytes].tolist() if place < free})[:_TRIED]
    if not tried:
        return free
    places = np.array(tried)[:, None]
    overlaps = (starts < places + size) & (starts + sizes > places) & rivals
    hindered = (overlaps & ~(same_bytes & (starts == places))).any(axis=1)
    return int(places[~hindered][0, 0]) if not hindered.all() else free


def _first_gap(starts: np.ndarray, sizes: np.ndarray, size: int) -> int:
    """The lowest place at which `size` bytes overlap none of the given pieces."""
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    ends = np.maximum.accumulate(np.concatenate([[0], starts + sizes[order]]))  # of all pieces before
    fits = np.flatnonzero(starts - ends[:-1] >= size)
    return int(ends[fits[0]] if fits.size else ends[-1])
