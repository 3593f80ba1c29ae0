"""Where rows come from: files by their endings, data frames, dicts of columns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from schuss.tabular._chunk import Chunk
from schuss.tabular._csv import CsvFile, real_kind
from schuss.tabular._pieces import ROWS

_FRAME_FILES = {
    ".parquet": "read_parquet",
    ".xlsx": "read_excel",
    ".xls": "read_excel",
    ".feather": "read_feather",
}


class Source(Protocol):
    """Rows in pieces, as often as wanted.

    Attributes:
        names: of the columns. shown: what messages call it. decimal: what stands before fractions in texts.
        notes: what was assumed.
    """

    names: list[str]
    shown: str
    decimal: str
    notes: list[str]

    def chunks(self) -> Iterator[Chunk]: ...


class Frame:
    """A data frame (pandas, Polars, PyArrow, …) or a dict of columns.

    Raises:
        TypeError: it is neither. ValueError: columns without names, or of different lengths.
    """

    def __init__(self, data: Any, shown: str = "the table"):
        self.shown, self.decimal = shown, "."
        self.notes: list[str] = []
        self._columns = _of_dict(data) if isinstance(data, Mapping) else _of_frame(data)
        self.names = list(self._columns)
        lengths = {len(column) for column in self._columns.values()}
        if len(lengths) > 1:
            shown_lengths = {name: len(column) for name, column in self._columns.items()}
            raise ValueError(f"The columns of {shown} have different lengths: {shown_lengths}.")
        self._length = next(iter(lengths), 0)

    def chunks(self) -> Iterator[Chunk]:
        for start in range(0, self._length, ROWS):
            yield Chunk(start, {name: column[start : start + ROWS] for name, column in self._columns.items()})


def source_of(data: Any, encoding: str | None = None, delimiter: str | None = None) -> Source:
    """The rows of a path or frame.

    Args:
        data: path of a CSV file (``.gz`` too), a Parquet or Excel file (pandas or Polars must be there); a data frame of
            any library that narwhals knows; a dict of columns; or a source.

    Raises:
        FileNotFoundError, ValueError, TypeError: nothing can be read from it; says why.
    """
    if isinstance(data, (CsvFile, Frame)):
        return data
    if not isinstance(data, (str, os.PathLike)):
        return Frame(data)
    path = Path(data)
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Give a file: CSV, Parquet or Excel.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.suffix.lower() in _FRAME_FILES:
        return Frame(_read_frame(path), path.name)
    return CsvFile(path, encoding, delimiter)


def _read_frame(path: Path) -> Any:
    kind, suffix = real_kind(path), path.suffix.lower()
    expected = {".parquet": "a Parquet file", ".xlsx": "an Excel workbook"}.get(suffix)
    if expected and kind != expected:
        raise ValueError(
            f"{path.name} is not {expected}, whatever its name says: it is {kind or 'something else'}."
        )
    failures = []
    for library in ("polars", "pandas"):
        try:
            module = __import__(library)
            if library == "polars" and not hasattr(module, _FRAME_FILES[suffix]):
                continue
            return getattr(module, _FRAME_FILES[suffix])(path)
        except ImportError as error:
            failures.append(f"{library}: {error}")
    raise ImportError(
        f"Reading {path.name} needs Polars, or pandas with an engine for {suffix} files ({'; '.join(failures)}). "
        "Install one, or save the table as CSV."
    )


def _of_dict(data: Mapping[Any, Any]) -> dict[str, list[str] | np.ndarray]:
    return {str(name): _column(np.ravel(_array(values))) for name, values in data.items()}


def _array(values: Any) -> np.ndarray:
    if isinstance(values, (list, tuple)) and any(isinstance(v, str) or v is None for v in values):
        return np.array(values, object)
    return np.asarray(values)


def _of_frame(data: Any) -> dict[str, list[str] | np.ndarray]:
    import narwhals as nw

    _refuse_repeated(list(getattr(data, "columns", ())))
    try:
        frame: Any = nw.from_native(data)
    except TypeError:
        raise TypeError(
            f"A table is a path, a data frame, or a dict of columns; got {type(data).__name__}. For a NumPy array, give a "
            "dict: {'a': array[:, 0], …}."
        ) from None
    frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    return {str(name): _of_series(frame[name]) for name in frame.columns}


def _refuse_repeated(names: list[Any]) -> None:
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"Several columns of the frame have the same name: {', '.join(repeated)}. Give each its own."
        )


def _of_series(series: Any) -> list[str] | np.ndarray:
    import narwhals as nw

    dtype = series.dtype
    if dtype in (nw.Datetime, nw.Date):
        return ["" if v is None or str(v) == "NaT" else str(v) for v in series.to_list()]
    if dtype.is_numeric() and not series.null_count():
        return _column(series.to_numpy())
    if dtype.is_numeric():
        return np.array([np.nan if v is None else v for v in series.to_list()], "float64")
    return _column(np.array([*series.to_list(), None], object)[:-1])


def _column(values: np.ndarray) -> list[str] | np.ndarray:
    """An array of numbers, or a list of texts."""
    if values.dtype.kind in "iuf":
        return values
    if values.dtype.kind == "b":
        return ["True" if value else "False" for value in values.tolist()]
    if values.dtype.kind == "M":
        return [
            "" if text == "NaT" else text.replace("T", " ") for text in np.datetime_as_string(values).tolist()
        ]
    cells = [None if v is None or v != v else v for v in values.tolist()]
    filled = [cell for cell in cells if cell is not None]
    if filled and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in filled):
        return np.array([np.nan if cell is None else cell for cell in cells], "float64")
    return ["" if cell is None else str(cell) for cell in cells]
