"""Inputs of any kind as one matrix, for what neighbours and correlations can tell; and keys, to find rows again."""

from __future__ import annotations

import zlib

import numpy as np

from schuss.graph import is_float
from schuss.insight.diagnosis._rows import Rows

_MOST_COLUMNS = 2048  # more are projected on so many random directions
_BUCKETS = 512  # of words
_PIXELS = 0.5  # share of columns with the least value of all, from which on they are alike


def is_numeric(array: np.ndarray) -> bool:
    """Whether it holds numbers (texts do not)."""
    return array.dtype.kind in "biuf"


def flat(array: np.ndarray) -> np.ndarray:
    """A matrix, a row for each sample."""
    return array.reshape(len(array), -1)


def are_alike(columns: np.ndarray) -> bool:
    """Whether columns are of one kind, like pixels or counts of words: of one range, most with the least value of "
    "all."""
    if columns.shape[1] < 8:
        return False
    lows, highs = columns.min(axis=0), columns.max(axis=0)
    return bool((lows == lows.min()).mean() >= _PIXELS and (highs == highs.max()).mean() >= 0.2)


def features_of(rows: Rows, chosen: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """All inputs of the chosen rows as one matrix, float32 [n, d], columns about of mean 0 and variance 1.

    Pixels and the like have one scale in common. Whole numbers in rows of one range are words, and counted. Of series,
    what does not depend on the time is added: means, deviations, spectra.
    """
    parts = [_one(array[chosen]) for array in rows.inputs.values()]
    matrix = np.concatenate(parts, axis=1) if parts else np.zeros((len(chosen), 0), "float32")
    if matrix.shape[1] > _MOST_COLUMNS:
        directions = random.standard_normal((matrix.shape[1], _MOST_COLUMNS // 4), dtype="float32")
        matrix = matrix @ directions / np.float32(np.sqrt(matrix.shape[1]))
    return matrix


def _one(array: np.ndarray) -> np.ndarray:
    if not is_numeric(array):
        return _scaled(_words(array))
    if array.dtype.kind in "iu" and array.dtype.itemsize > 1 and array.ndim == 2 and array.shape[1] > 4:
        tokens = _counted(array)
        return np.concatenate([_scaled(tokens), _scaled(array)], axis=1)
    columns = flat(array).astype("float32")
    if array.ndim == 3 and array.shape[1] > 4:
        wide = array.astype("float32")
        spectra = np.abs(np.fft.rfft(wide, axis=1)).astype("float32")
        return np.concatenate(
            [_scaled(columns, True), _scaled(wide.std(axis=1)), _scaled(flat(spectra))], axis=1
        )
    return _scaled(columns, array.ndim > 2 or are_alike(columns))


def _scaled(columns: np.ndarray, together: bool = False) -> np.ndarray:
    columns = columns.astype("float32")
    columns = columns - columns.mean(axis=0)
    scale = columns.std(axis=0)
    if together:
        scale = np.full_like(scale, np.sqrt((scale**2).mean()))
    return np.clip(columns / np.where(scale > 0, scale, 1), -10, 10)


def _counted(tokens: np.ndarray) -> np.ndarray:
    buckets = tokens.astype("int64") % _BUCKETS
    places = buckets + _BUCKETS * np.arange(len(tokens))[:, None]
    return np.bincount(places.reshape(-1), minlength=_BUCKETS * len(tokens)).reshape(-1, _BUCKETS)


def _words(texts: np.ndarray) -> np.ndarray:
    counts = np.zeros((len(texts), _BUCKETS), "float32")
    for row, parts in enumerate(flat(texts)):
        for word in " ".join(map(str, parts)).lower().split():
            counts[row, zlib.crc32(word.encode()) % _BUCKETS] += 1
    return counts


def keys_of(rows: Rows, chosen: np.ndarray, with_labels: bool = False) -> list[int]:
    """A number for each row, equal for equal rows (floats: to about six digits)."""
    arrays = [*rows.inputs.values(), *(rows.labels.values() if with_labels else ())]
    keys = [0] * len(chosen)
    for array in arrays:
        part = array[chosen]
        if not is_numeric(part):
            keys = [hash((key, *map(str, row))) for key, row in zip(keys, flat(part))]
            continue
        matrix = np.ascontiguousarray(flat(_coarse(part) if is_float(part.dtype) else part))
        keys = [hash((key, row.tobytes())) for key, row in zip(keys, matrix)]
    return keys


def _coarse(array: np.ndarray) -> np.ndarray:
    """Floats without their last bits, so that what was calculated twice is still equal; -0 is 0."""
    bits = (array.astype("float32") + np.float32(0)).view("uint32")
    return (bits + np.uint32(4)) & np.uint32(0xFFFFFFF8)


def neighbours(matrix: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the `count` nearest other rows of each row, [n, count]."""
    squares = (matrix * matrix).sum(axis=1)
    distances = squares[:, None] + squares - 2 * matrix @ matrix.T
    np.fill_diagonal(distances, np.inf)
    return np.argpartition(distances, count, axis=1)[:, :count]
