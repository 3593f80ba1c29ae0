"""Chunk: some rows of a table, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from schuss.tabular._cells import cleaned, numbers


@dataclass
class Chunk:
    """Rows `start`, `start` + 1, … of a table.

    Attributes:
        start: the number of the first row, from 0.
        columns: name → cells: a list of texts, or an array of numbers (NaN where there is none).
        lines: where the rows stand in the file; None for frames.
    """

    start: int
    columns: dict[str, list[str] | np.ndarray]
    lines: Sequence[int] | None = None
    _texts: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def place(self, row: int) -> str:
        """Where a row of the chunk is, for messages."""
        return f"row {self.start + row}" if self.lines is None else f"line {self.lines[row]}"

    def texts(self, name: str) -> list[str]:
        """A column's cells as texts; ``""`` where there is nothing."""
        if name not in self._texts:
            cells = self.columns[name]
            self._texts[name] = cleaned(cells) if isinstance(cells, list) else number_texts(cells)
        return self._texts[name]

    def some_texts(self, name: str, rows: np.ndarray) -> list[str]:
        """The cells of these rows as texts."""
        cells = self.columns[name]
        if not isinstance(cells, list):
            return number_texts(cells[rows])
        texts = self.texts(name)
        return [texts[row] for row in rows.tolist()]

    def numbers(self, name: str, decimal: str) -> tuple[np.ndarray, list[int]]:
        """A column as float64, NaN where there is no number; and the rows of cells that are not empty, but no numbers."""
        cells = self.columns[name]
        if isinstance(cells, list):
            return numbers(self.texts(name), decimal)
        values = np.array(cells, "float64")
        infinite = np.isinf(values)
        values[infinite] = np.nan
        return values, np.flatnonzero(infinite).tolist()


def number_texts(values: np.ndarray) -> list[str]:
    """Numbers as texts, whole ones without a fraction, NaN as ``""``."""
    if values.dtype.kind in "iu":
        return [str(value) for value in values.tolist()]
    if values.dtype.kind == "b":
        return ["True" if value else "False" for value in values.tolist()]
    return [
        "" if value != value else str(int(value)) if value.is_integer() else repr(value)
        for value in values.astype("float64").tolist()
    ]
