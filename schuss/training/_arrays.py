"""What users give as data (lists, frames, tensors of other libraries) as arrays that programs can read in
place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from schuss.graph import DTYPES, SUPPORTED, as_text, is_text

_FRAMES = ("pandas", "polars", "modin", "cudf", "pyarrow")


def as_arrays(structure: Any, name: str, text: bool = False) -> Any:
    """The structure (one array, a list, tuple or dict of them) with NumPy arrays as leaves.

    Lists of numbers, and lists of lists of numbers, are one array; lists of arrays are several inputs, as in
    Keras.

    Args:
        structure: arrays, memory maps, frames, series, tensors of other libraries, lists. None stays.
        name: ``"x"``, ``"y"``, ``"sample_weight"``: for messages.
        text: whether strings may be among them; they become arrays of Python's strings.
    """
    if isinstance(structure, dict):
        return {key: as_arrays(value, f"{name}[{key!r}]", text) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)) and _is_several(structure):
        kept = [as_arrays(value, f"{name}[{i}]", text) for i, value in enumerate(structure)]
        return tuple(kept) if isinstance(structure, tuple) else kept
    if structure is None:
        return None
    strings = _strings(structure) if text else None
    return as_array(structure, name) if strings is None else strings


def _strings(value: Any) -> np.ndarray | None:
    """Strings, [rows, …], as an array; of a frame's column [rows, 1]. None if they are none."""
    if is_frame(value):
        import narwhals

        frame: Any = narwhals.from_native(value, allow_series=True)
        columns = [frame] if isinstance(frame, narwhals.Series) else list(frame.iter_columns())
        if len(columns) != 1 or columns[0].dtype.is_numeric() or columns[0].null_count():
            return None
        value = np.asarray(columns[0].to_list(), object)[:, None]
    if isinstance(value, (str, bytes)):
        return None
    strings = as_text(value)
    if strings is None and isinstance(value, np.ndarray) and value.dtype.kind == "O":
        strings = as_text(value.tolist()) if value.ndim and not is_text(value) else None
    return strings if strings is not None and strings.ndim else None


def _is_several(values: Any) -> bool:
    """Whether a list holds arrays, one for each input, and not the numbers of one array."""
    return any(
        isinstance(v, dict) or v is None or (hasattr(v, "shape") and len(v.shape) > 0) or is_frame(v)
        or (isinstance(v, (list, tuple)) and len(v) > 0 and _is_several(v))
        for v in values
    )  # fmt: skip


def is_frame(value: Any) -> bool:
    """Whether it is a data frame or a series (of pandas, polars, …)."""
    return type(value).__module__.partition(".")[0] in _FRAMES and not isinstance(value, np.ndarray)


def column_names(value: Any) -> list[str] | None:
    """The names of a data frame's columns; None of anything else (and of a lazy frame, which does not know
    them yet)."""
    columns = getattr(value, "columns", None) if is_frame(value) and not hasattr(value, "collect") else None
    return None if columns is None else [str(c) for c in columns]


def columns_of(x: Any, y: Any, given: Any = None) -> dict[str, list[str] | None]:
    """What the columns of arrays are called, by the arrays' names: as `given` for x (a dict of such lists by the inputs'
    names, if there are several), else as in the data frames."""
    columns = {"x": column_names(x), "y": column_names(y)}
    if isinstance(given, Mapping):
        columns.update((f"x[{name!r}]", list(names)) for name, names in given.items())
    elif given is not None:
        columns["x"] = list(given)
    return columns


def as_array(value: Any, name: str) -> np.ndarray:
    """One array, C-contiguous and of a supported dtype. Arrays that are so already come back as they are.

    Raises:
        ValueError: it holds objects, text or lists of different lengths, or is a scalar.
    """
    if is_frame(value):
        array = _from_frame(value, name)
    elif isinstance(value, np.ndarray):
        array = np.asarray(value)
    elif hasattr(value, "toarray"):
        array = np.asarray(value.toarray())  # a sparse matrix of SciPy
    else:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ValueError(
                f"{name} cannot become one array: {error}. All rows must have the same length; pad or cut "
                "them."
            ) from None
        if array.dtype == np.float64 and not hasattr(value, "dtype"):
            array = array.astype("float32")  # Python's floats
    if isinstance(value, (str, bytes)):
        raise ValueError(
            f"{name} must be an array, got the text {value!r}. If it names a file, load that first."
        )
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array with one row for each sample, got the scalar {array!r}.")
    return _supported(array, name)


def _supported(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype in SUPPORTED and array.flags.c_contiguous:
        return array
    kind = array.dtype.kind
    if kind not in "biuf":
        hint = {
            "O": "It holds Python objects: text, missing values or rows of different lengths. Convert it with "
            "np.asarray(data, dtype='float32'), after encoding text and filling what is missing.",
            "U": "Encode text as numbers first.",
            "S": "Encode text as numbers first.",
            "c": "Split complex numbers into real and imaginary parts.",
        }.get(kind, "Convert it to numbers first.")
        first = f", beginning with {array.reshape(-1)[:1].tolist()[0]!r}" if array.size else ""
        raise ValueError(
            f"{name} has dtype {array.dtype}, which networks cannot read (shape {array.shape}{first}). {hint}"
        )
    if array.dtype.name not in DTYPES:
        array = array.astype("float64")  # longer floats
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def _from_frame(value: Any, name: str) -> np.ndarray:
    """The numbers of a frame, [rows, columns], or of a series, [rows, 1]."""
    import narwhals

    frame: Any = narwhals.from_native(value, allow_series=True)
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    columns = [frame] if isinstance(frame, narwhals.Series) else list(frame.iter_columns())
    arrays = []
    for column in columns:
        if column.dtype.is_numeric() and column.null_count():
            row = int(column.is_null().arg_true()[0])
            raise ValueError(
                f"{name}: column {column.name!r} has no value in row {row}. Fill in or drop what is missing."
            )
        if not (column.dtype.is_numeric() or column.dtype == narwhals.Boolean):
            raise ValueError(
                f"{name}: column {column.name!r} has dtype {column.dtype}, which networks cannot read. "
                "Encode it as "
                "numbers, or drop it."
            )
        arrays.append(column.to_numpy())
    return np.stack(arrays, axis=1) if arrays else np.empty((len(frame), 0))


def names_of(structure: Any) -> list[str]:
    """What the arrays of ``(x, y, sample_weight)`` are called: ``x``, ``x[0]``, ``y['price']``."""
    found: list[str] = []

    def visit(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key in sorted(value, key=lambda k: (type(k).__name__, k)):
                visit(value[key], f"{name}[{key!r}]")
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                visit(item, f"{name}[{index}]")
        elif value is not None:
            found.append(name)

    for part, name in zip(structure, ("x", "y", "sample_weight"), strict=True):
        visit(part, name)
    return found
