"""The rows of a CSV file, in pieces: column by column, and which line each row ends in."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from typing import IO

ROWS = 20_000
"""In a piece, about."""


class RaggedRow(ValueError):
    """A row has more or fewer cells than it should.

    Attributes:
        first, last: the lines in which it begins and ends. cells: what it has.
    """

    def __init__(self, first: int, last: int, cells: list[str]):
        super().__init__(f"line {first}: {len(cells)} cells")
        self.first, self.last, self.cells = first, last, cells


class Pieces:
    """The columns of each piece, and the lines in which its rows end; blank lines are no rows.

    Lines without quotes are taken apart as a whole, which is several times as fast as Python's reader; pieces with quotes go
    through that.

    Args:
        file: text, opened with ``newline=""``. delimiter: between cells. above: lines above the first row.

    Attributes:
        line: how many lines have been read.

    Raises:
        RaggedRow: a row has not as many cells as it should. csv.Error: the file cannot be taken apart.
    """

    def __init__(self, file: IO[str], delimiter: str, above: int = 0):
        self._file, self._delimiter = file, delimiter
        self.line = sum(1 for _ in itertools.islice(file, above))

    def header(self) -> list[str]:
        """The cells of the first row that is not blank; [] if there is none."""
        reader = csv.reader(self._file, delimiter=self._delimiter)
        row = next((row for row in reader if row), [])
        self.line += reader.line_num
        return row

    def __call__(self, width: int) -> Iterator[tuple[list[list[str]], Sequence[int]]]:
        """The pieces behind what has been read so far.

        Args:
            width: how many cells a row must have.
        """
        while True:
            lines: list[str] = []
            before = self.line
            try:
                lines.extend(itertools.islice(self._file, ROWS))
            finally:
                self.line += len(lines)
            if not lines:
                return
            columns = _plain_columns(lines, self._delimiter, width)
            if columns is not None:
                yield columns, range(before + 1, self.line + 1)
                continue
            rows, ends = self._read(lines, before, width)
            if rows:
                yield [list(column) for column in zip(*rows)], ends

    def _read(self, lines: list[str], before: int, width: int) -> tuple[list[list[str]], list[int]]:
        """Rows that begin in these lines, by Python's reader; the last one may go on behind them."""
        reader = csv.reader(itertools.chain(lines, self._file), delimiter=self._delimiter)
        rows, ends = [], []
        self.line = before
        for row in reader:
            first, self.line = self.line + 1, before + reader.line_num
            while len(row) > width and not row[-1].strip():
                row.pop()  # delimiters at the end
            if row and len(row) != width:
                raise RaggedRow(first, self.line, row)
            if row:
                rows.append(row)
                ends.append(self.line)
            if reader.line_num >= len(lines):
                break
        return rows, ends


def _plain_columns(lines: list[str], delimiter: str, width: int) -> list[list[str]] | None:
    """The columns of lines in which nothing is quoted, no line is blank and each has `width` cells; None for others."""
    text = "".join(lines)
    if '"' in text or set(map(str.count, lines, itertools.repeat(delimiter))) != {width - 1}:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.removesuffix("\n")
    if width == 1 and (not text or "\n\n" in text or text.startswith("\n") or text.endswith("\n")):
        return None  # blank
    cells = text.replace("\n", delimiter).split(delimiter)
    return [cells[place::width] for place in range(width)]
