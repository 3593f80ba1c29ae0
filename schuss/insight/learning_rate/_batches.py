"""The data of a search: batches to train on, in the order of a seed, and rows apart that say how well it went."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.training._data import ArrayData, Piece

_APART = 0.5  # of the rows: of few data, all the more is needed to tell rates apart
_MOST_APART = 8  # batches, and blocks of rows
MOST_KEPT = 64  # batches of a generator
MOST_BYTES = 1 << 28  # of them


class Batches:
    """Rows of arrays, or batches that were read once, again and again.

    Attributes:
        structure: of the first batch. size: rows in a batch. per_epoch: steps of an epoch, None if it is not known.
        apart: pieces that are never trained on; empty where nothing could be spared.
    """

    def __init__(self, per_epoch: int | None):
        self.per_epoch = per_epoch
        self.apart: list[Piece] = []

    def parts(self, steps: int) -> Iterator[Piece]:
        """So many steps from the beginning of the order, in as few pieces as may be."""
        raise NotImplementedError

    def some(self, steps: int) -> list[Piece]:
        """The first steps' rows, as copies."""
        parts = [one for piece in self.parts(steps) for one in piece.split(1)]
        return [next(_cut(p.structure, p.rows, p.batch)) for p in parts]

    def first(self) -> Piece:
        """The first step."""
        return next(self.parts(1))


class Rows(Batches):
    """Batches of arrays' rows.

    Args:
        data: the arrays, cut into batches. seed: of the order. spare: whether rows are to be set apart.
        limit: steps of an epoch, where it is not a whole pass.
    """

    def __init__(self, data: ArrayData, seed: int, spare: bool = True, limit: int | None = None):
        super().__init__(limit or data.steps)
        self._rng_seed = seed
        order = np.random.default_rng(seed).permutation(data.size).astype(np.int64)
        self._structure = data.structure
        count = (
            min(int(data.size * _APART), _MOST_APART * data.batch_size) if spare and data.size >= 10 else 0
        )
        self._rows = np.sort(order[count:])
        self._batch = min(data.batch_size, len(self._rows))
        if count:
            self.apart = list(_cut(data.structure, order[:count], max(1, count // _MOST_APART)))

    def parts(self, steps: int) -> Iterator[Piece]:
        rng = np.random.default_rng(self._rng_seed)
        full = len(self._rows) // self._batch * self._batch
        passes = -(-steps * self._batch // full)
        rows = np.concatenate([rng.permutation(self._rows)[:full] for _ in range(passes)])
        yield Piece(self._structure, rows[: steps * self._batch], self._batch, steps)


class Read(Batches):
    """Batches that came one by one, and are kept.

    Args:
        pieces: where they come from; no more are read than are kept. per_epoch: as above.
        spare: whether some are to be set apart.
    """

    def __init__(self, pieces: Iterator[Piece], per_epoch: int | None, spare: bool = True):
        super().__init__(per_epoch)
        self.read: list[Piece] = []
        held = 0
        for piece in pieces:
            self.read.append(piece)
            held += sum(array.nbytes for array in piece.arrays)
            if len(self.read) == MOST_KEPT or held > MOST_BYTES:
                break
        count = min(int(len(self.read) * _APART), _MOST_APART) if spare else 0
        chosen = self.read[:: len(self.read) // count][:count] if count else []
        self.apart = chosen
        self._used = [piece for piece in self.read if not any(piece is other for other in chosen)]
        first = max((p.batch for p in self._used), default=0)
        self._used = [p for p in self._used if p.batch == first]  # the last one may be smaller

    def parts(self, steps: int) -> Iterator[Piece]:
        return itertools.islice(itertools.cycle(self._used), steps)


def _cut(structure: Any, rows: np.ndarray, batch: int) -> Iterator[Piece]:
    """Rows, as copies, in as many whole pieces of one batch each as there are."""
    for begin in range(0, len(rows) - batch + 1, batch):
        chosen = rows[begin : begin + batch]
        part = _tree.map_structure(lambda array: array[chosen], structure)  # noqa: B023
        yield Piece(part, np.arange(len(chosen), dtype=np.int64), len(chosen), 1)
