"""Callbacks that look on between runs, so that whole parts of an epoch can be machine code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from schuss.callbacks import CallbackList
from schuss.callbacks._run_observer import RunObserver
from schuss.training._data import Piece


class Observers:
    """The callbacks of one epoch of training that are `RunObserver`s; false if there are none."""

    def __init__(self, callbacks: CallbackList):
        self._all = [c for c in callbacks.callbacks if isinstance(c, RunObserver)]

    def __bool__(self) -> bool:
        return bool(self._all)

    def parts(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The pieces, in parts of at most so many steps as the observers say before each of them."""
        for piece in pieces:
            done = 0
            while done < piece.steps:
                most = min((o.run_length for o in self._all if o.run_length is not None), default=piece.steps)
                part = next(piece.split(max(1, most), start=done)) if self._all else piece
                yield part
                done += part.steps

    def begin(self, done: int, piece: Piece) -> None:
        """A run begins; `done` steps of the epoch were made before."""
        for observer in self._all:
            observer.on_run_begin(done, piece.structure, piece.rows[: piece.batch])

    def end(self, done: int, losses: np.ndarray, failed: bool) -> None:
        """A run is over, and `done` steps of the epoch have been made."""
        for observer in self._all:
            observer.on_run_end(done, losses, failed)
