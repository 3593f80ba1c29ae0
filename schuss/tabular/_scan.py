"""One pass over a table: what is in each column, in memory that does not grow with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from schuss.tabular._chunk import Chunk, number_texts
from schuss.tabular._sources import Source

MOST_VALUES = 50_000
"""Distinct values that are counted; of a column with more it is only known that there are more."""

_SAMPLE_CELLS = 2_000_000
_SAMPLE_ROWS = 20_000
_SHOWN = 5


@dataclass
class Scanned:
    """What was seen of a column.

    Attributes:
        rows, missing: counts. numeric: whether its cells are read as numbers. whole: all numbers are integers.
        least, most: of the numbers. steady: each number is by the same amount larger than the one before.
        bad, bad_count: cells that are no (finite) numbers: ``(place, cell)`` of the first ones, and how many.
        counts: how often each value occurs, as text; too_many: there are more than are counted.
        sample: cells of some rows, the same ones for each column.
    """

    name: str
    rows: int = 0
    missing: int = 0
    numeric: bool | None = None
    whole: bool = True
    least: float = np.inf
    most: float = -np.inf
    steady: bool = True
    bad: list[tuple[str, str]] = field(default_factory=list)
    bad_count: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    too_many: bool = False
    sample: list[str] = field(default_factory=list)
    _step: float = 0.0
    _last: float | None = None

    @property
    def filled(self) -> int:
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        return len(self.counts)

    def sampled(self) -> list[str]:
        """The cells of the sample that are not empty."""
        return [cell for cell in self.sample if cell]

    def add(self, chunk: Chunk, decimal: str) -> None:
        cells = chunk.columns[self.name]
        texts = chunk.texts(self.name) if isinstance(cells, list) else None
        self.rows += len(chunk)
        self.missing += texts.count("") if texts is not None else int(np.isnan(cells).sum())
        if self.numeric is not False:
            self._add_numbers(chunk, texts, decimal)
        if not self.too_many:
            self._count(texts if texts is not None else np.asarray(cells))

    def _add_numbers(self, chunk: Chunk, texts: list[str] | None, decimal: str) -> None:
        values, bad = chunk.numbers(self.name, decimal)
        known = values[~np.isnan(values)]
        if self.numeric is None and (len(known) or bad):
            self.numeric = len(known) >= len(bad)
        if not self.numeric:
            return
        for row in bad[: max(0, _SHOWN - len(self.bad))]:
            self.bad.append((chunk.place(row), texts[row] if texts else str(chunk.columns[self.name][row])))
        self.bad_count += len(bad)
        if not len(known):
            return
        self.least, self.most = min(self.least, known.min()), max(self.most, known.max())
        self.whole = self.whole and bool(np.all(known == np.round(known)))
        self._look_for_steps(known if self._last is None else np.concatenate([[self._last], known]))

    def _look_for_steps(self, values: np.ndarray) -> None:
        steps = np.diff(values)
        if len(steps):
            self._step = self._step or float(steps[0])
            self.steady = self.steady and self._step != 0 and bool(np.all(steps == self._step))
        self._last = float(values[-1])

    def _count(self, cells: list[str] | np.ndarray) -> None:
        if isinstance(cells, list):
            self.counts.update(cells)
        else:
            values, times = np.unique(cells[~np.isnan(cells)], return_counts=True)
            self.counts.update(dict(zip(number_texts(values), times.tolist())))
        self.counts.pop("", None)
        if len(self.counts) > MOST_VALUES:
            self.too_many = True
            self.counts = Counter(dict(self.counts.most_common(MOST_VALUES)))


class Scan:
    """What was seen of a table.

    Args:
        source: its rows. seed: of the sample. progress: called with the number of rows read so far.

    Attributes:
        rows: how many. columns: name → `Scanned`.

    Raises:
        ValueError: there are no rows.
    """

    def __init__(self, source: Source, seed: int = 0, progress: Callable[[int], None] | None = None):
        self.rows = 0
        self.columns = {name: Scanned(name) for name in source.names}
        sample = _Sample(source.names, seed)
        for chunk in source.chunks():
            for column in self.columns.values():
                column.add(chunk, source.decimal)
            sample.add(chunk)
            self.rows += len(chunk)
            if progress:
                progress(self.rows)
        if not self.rows:
            names = ", ".join(source.names[:5]) + (", …" if len(source.names) > 5 else "")
            raise ValueError(f"{source.shown} has a header ({names}), but no rows below it.")
        for name, cells in sample.columns().items():
            self.columns[name].sample = cells


class _Sample:
    """Rows drawn evenly from a stream of unknown length: those with the smallest random numbers."""

    def __init__(self, names: list[str], seed: int):
        self._size = int(np.clip(_SAMPLE_CELLS // max(1, len(names)), 1000, _SAMPLE_ROWS))
        self._random = np.random.default_rng(seed)
        self._ranks = np.zeros(0)
        self._kept: dict[str, list[str]] = {name: [] for name in names}

    def add(self, chunk: Chunk) -> None:
        ranks, old = self._random.random(len(chunk)), len(self._ranks)
        together = np.concatenate([self._ranks, ranks])
        least = np.argsort(together, kind="stable")[: self._size]
        new, given_up = np.sort(least[least >= old]) - old, np.setdiff1d(np.arange(old), least)
        replacing, added = new[: len(given_up)], new[len(given_up) :]
        for name, kept in self._kept.items():
            for place, text in zip(given_up.tolist(), chunk.some_texts(name, replacing)):
                kept[place] = text
            kept.extend(chunk.some_texts(name, added))
        self._ranks[given_up] = ranks[replacing]
        self._ranks = np.concatenate([self._ranks, ranks[added]])

    def columns(self) -> dict[str, list[str]]:
        return self._kept
