"""CSV files: which bytes, which letters, which delimiter; rows in pieces, so that a file of any length can be read."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import itertools
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from schuss.tabular._cells import decimal_sign
from schuss.tabular._chunk import Chunk
from schuss.tabular._pieces import Pieces, RaggedRow

_HEAD = 1 << 18
_KINDS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an older Excel (.xls) file",
    b"\x7fELF": "a program",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"RIFF": "a sound or a film",
    b"<!DOCTYPE": "a web page (HTML)",
    b"<!doctype": "a web page (HTML)",
    b"<html": "a web page (HTML)",
    b"<?xml": "XML",
    b"[{": "JSON",
    b'{"': "JSON",
}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAID = re.compile(r"sep=(.)\r?\n")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def real_kind(path: Path) -> str | None:
    """What a file's first bytes say that it is; None for what may be text."""
    with path.open("rb") as file:
        head = file.read(16)
    kind = next((kind for start, kind in _KINDS.items() if head.startswith(start)), None)
    if kind == "a zip archive" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if "xl/workbook.xml" in names:
            return "an Excel workbook"
        if "config.json" in names and "model.weights.h5" in names:
            return "a model (.keras)"
    return kind


class CsvFile:
    """A file of rows, read in pieces.

    Args:
        path: the file; may be compressed with gzip, if its name ends in ``.gz``.
        encoding: default: UTF-8, UTF-16 and UTF-32 by their marks, UTF-16 without one, UTF-8, else Windows-1252.
        delimiter: default: found out, of comma, semicolon, tab (also written ``"tab"``) and bar.

    Attributes:
        names: of the columns. decimal: what stands before fractions. notes: what was assumed of the file.

    Raises:
        ValueError: it is empty, not text, or has no header that names columns.
    """

    def __init__(self, path: Path, encoding: str | None = None, delimiter: str | None = None):
        self.path, self.shown = path, path.name
        self.notes: list[str] = []
        delimiter = "\t" if delimiter in ("\\t", "tab") else delimiter
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(f"The delimiter must be one character (or tab), got {delimiter!r}.")
        head = self._head()
        self._encoding = encoding or self._found_encoding(head)
        text = self._decoded(head)
        said = _SAID.match(text)  # for Excel: which delimiter there is
        self._lines_above = 1 if said else 0
        text = text[said.end() :] if said else text
        self._delimiter = delimiter or (said[1] if said else _found_delimiter(text))
        csv.field_size_limit(sys.maxsize)
        self.names = self._header()
        lines = io.StringIO(text, newline="")
        sample = list(itertools.islice(csv.reader(lines, delimiter=self._delimiter), 1, 1000))
        self.decimal = decimal_sign((cell.strip() for row in sample for cell in row), self._delimiter)

    # What it is ---

    def _head(self) -> bytes:
        kind = real_kind(self.path)
        packed = kind == "compressed with gzip" and self.path.suffix == ".gz"
        if kind and not packed:
            raise ValueError(
                f"{self.shown} is not a CSV file, whatever its name says: it is {kind}. Give a text file with a row in each "
                "line and names of columns in the first line; from Excel, save as CSV, or keep the ending .xlsx."
            )
        with self._bytes() as file:
            head = file.read(_HEAD)
        if not head.strip():
            raise ValueError(
                f"{self.shown} is empty. The first line should name columns, each further line be a row."
            )
        return head

    def _bytes(self) -> IO[bytes]:
        opened: Any = gzip.open if self.path.suffix == ".gz" else open
        return opened(self.path, "rb")

    def _found_encoding(self, head: bytes) -> str:
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        if b"\0" in head:
            return self._of_two_bytes(head)
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _HEAD)
        except UnicodeDecodeError as error:
            line = head[: error.start].count(b"\n") + 1
            self.notes.append(
                f"{self.shown} is not UTF-8 (line {line}); it was read as Windows-1252 (Latin-1). If letters look wrong, "
                "give the right encoding."
            )
            return "cp1252"
        return "utf-8"

    def _of_two_bytes(self, head: bytes) -> str:
        """UTF-16 without a mark: in mostly Latin text every second byte is 0."""
        for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            zeros = head[offset::2]
            if zeros.count(0) > 0.7 * len(zeros) and not head[1 - offset :: 2].count(0):
                return name
        raise ValueError(
            f"{self.shown} is not a CSV file: it has bytes in it that are no text (NUL, at byte {head.index(0)}). "
            "Give a text file with a row in each line."
        )

    def _decoded(self, head: bytes) -> str:
        try:
            return codecs.getincrementaldecoder(self._encoding)().decode(head, final=False)
        except UnicodeDecodeError as error:
            raise self._wrong_letters(error, head[: error.start].count(b"\n") + 1) from None
        except LookupError:
            raise ValueError(
                f"Unknown encoding {self._encoding!r}. Known ones are utf-8, utf-16, cp1252, …"
            ) from None

    def _wrong_letters(self, error: UnicodeDecodeError, line: int) -> ValueError:
        return ValueError(
            f"{self.shown}, about line {line}: this is not {self._encoding} ({error.reason}). Give the file's encoding "
            "(such as cp1252 or utf-16), or save it as UTF-8."
        )

    # Rows ---

    @contextlib.contextmanager
    def _pieces(self) -> Iterator[Pieces]:
        """The file's rows from the start; what goes wrong within is told with its line."""
        with self._bytes() as file:
            text = io.TextIOWrapper(file, encoding=self._encoding, newline="")
            pieces = Pieces(text, self._delimiter, self._lines_above)
            try:
                yield pieces
            except UnicodeDecodeError as error:
                raise self._wrong_letters(error, pieces.line + 1) from None
            except RaggedRow as error:
                raise self._ragged(error) from None
            except csv.Error as error:
                raise ValueError(f"{self.shown}, line {pieces.line + 1}: {error}.") from None
            except (EOFError, OSError) as error:
                raise ValueError(f"{self.shown} cannot be read to its end: {error}.") from None

    def _header(self) -> list[str]:
        with self._pieces() as pieces:
            header, line = pieces.header(), pieces.line
        names = [name.strip() for name in header]
        unnamed = sum(not name for name in names)
        if unnamed == len(names) or (unnamed and len(names) > 1 and unnamed > 1):
            raise ValueError(
                f"{self.shown}, line {line}: {unnamed} columns have no name. The first line names columns; remove "
                "what stands above it, such as a title."
            )
        names = [name or "unnamed" for name in names]
        for name in names:
            places = [place + 1 for place, other in enumerate(names) if other == name]
            if len(places) > 1:
                shown = " and ".join(map(str, places))
                raise ValueError(
                    f"{self.shown}, line {line}: the columns {shown} are both called {name!r}. Give each its own name."
                )
        return names

    def chunks(self) -> Iterator[Chunk]:
        """The rows in pieces of about 20,000.

        Raises:
            ValueError: a row has more or fewer cells than the header; with its line.
        """
        start = 0
        with self._pieces() as pieces:
            pieces.header()
            for columns, lines in pieces(len(self.names)):
                yield Chunk(start, dict(zip(self.names, columns)), lines)
                start += len(lines)

    def _ragged(self, row: RaggedRow) -> ValueError:
        shown = self._delimiter.join(row.cells)
        shown = shown if len(shown) <= 60 else shown[:57] + "…"
        lines = f"line {row.first}" if row.first == row.last else f"lines {row.first} to {row.last}"
        delimiter = _DELIMITERS.get(self._delimiter, repr(self._delimiter))
        if row.first < row.last:
            advice = "Is there a quote that is not closed?"
        elif len(row.cells) > len(self.names):
            advice = f"A cell with a {delimiter} in it must stand in quotes."
        else:
            advice = f"Every row needs all cells, empty ones, too, with a {delimiter} between them."
        return ValueError(
            f"{self.shown}, {lines}: {len(row.cells)} cells, but the first line names {len(self.names)} columns "
            f"({shown!r}). {advice}"
        )


def _found_delimiter(text: str) -> str:
    """The delimiter by which the first rows fall into most cells, as many in each."""
    lines = text.splitlines()
    sample = "\n".join(lines[: min(200, max(1, len(lines) - 1))])
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = sum(width == widths[0] for width in widths) / len(widths) + widths[0] / 1000
        if score > most:
            best, most = delimiter, score
    return best
