"""Text as tokens: standardized, split, joined to n-grams. In: arrays of strings. Out: lists of byte strings.

Bytes are what TensorFlow works on: `lower` changes only ASCII letters, and white space is that of ASCII.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from schuss.graph import as_text

STANDARDIZATIONS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")

_PUNCTUATION = b"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
_AT_ONCE = 512  # strings given to a user's function, as an array in which the longest makes all others long


def encoded(strings: np.ndarray) -> list[bytes]:
    """The strings of an array, in row-major order, as UTF-8."""
    return [s if isinstance(s, bytes) else s.encode("utf-8", "surrogateescape") for s in strings.flat]


def decoded(token: bytes, encoding: str = "utf-8") -> str:
    return token.decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")


def standardized(strings: np.ndarray, standardize: Any, owner: str) -> np.ndarray:
    """The strings, changed by one of `STANDARDIZATIONS` or by a function of an array of them; same shape."""
    if standardize is None:
        return strings
    if callable(standardize):
        return _by_function(strings, standardize, owner)
    lower = "lower" in standardize
    removed = _PUNCTUATION if "strip_punctuation" in standardize else b""
    changed = np.empty(strings.size, object)
    changed[:] = [(s.lower() if lower else s).translate(None, removed) for s in encoded(strings)]
    return changed.reshape(strings.shape)


def _by_function(strings: np.ndarray, function: Callable[[Any], Any], owner: str) -> np.ndarray:
    parts = [as_text(plain(function(part))) for part in _pieces(strings)]
    if not parts:
        return strings
    if any(part is None for part in parts) or sum(len(part) for part in parts if part is not None) != len(
        strings
    ):
        raise ValueError(
            f'Layer "{owner}": the function `standardize` must return an array of strings of the shape it gets, '
            f"{strings.shape}; it returned something else."
        )
    return np.concatenate(parts) if len(parts) > 1 else parts[0]  # type: ignore[arg-type, return-value]


def _pieces(strings: np.ndarray) -> Iterable[np.ndarray]:
    """The strings as NumPy's own unicode, some rows at once."""
    for start in range(0, len(strings), _AT_ONCE):
        part = strings[start : start + _AT_ONCE]
        flat = [s if isinstance(s, str) else decoded(s) for s in part.flat]
        yield np.array(flat, dtype=np.str_).reshape(part.shape)


def plain(value: Any) -> Any:
    """What a user's function returned, as an array or lists."""
    for name in ("to_list", "numpy"):  # of ragged and other tensors of TensorFlow
        if hasattr(value, name):
            return getattr(value, name)()
    return value


def split(strings: np.ndarray, how: Any, owner: str) -> list[list[bytes]]:
    """The tokens of each string of a vector, by one of `SPLITS` or by a function of an array of strings."""
    if how == "whitespace":
        return [s.split() for s in encoded(strings)]
    if how == "character":
        return [[c.encode() for c in s.decode("utf-8", "replace")] for s in encoded(strings)]
    rows = [row for part in _pieces(strings) for row in plain(how(part))]
    if len(rows) != len(strings) or any(isinstance(row, (str, bytes)) for row in rows):
        raise ValueError(
            f'Layer "{owner}": the function `split` gets an array of strings of shape {strings.shape} and must return '
            f"a row of tokens for each, as np.char.split does; it returned {len(rows)} rows."
        )
    return [[t if isinstance(t, bytes) else str(t).encode() for t in plain(row)] for row in rows]


def ngrams(tokens: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    """Runs of tokens, joined by spaces: all of the first width, then all of the second, …"""
    return [
        b" ".join(tokens[start : start + width])
        for width in widths
        for start in range(len(tokens) - width + 1)
    ]


def padded(rows: list[np.ndarray], filling: int, length: int | None = None) -> np.ndarray:
    """Vectors of integers as the rows of a matrix, filled up (or cut) to one length: the longest, if not given."""
    length = max(map(len, rows), default=0) if length is None else length
    matrix = np.full((len(rows), length), filling, np.int32)
    for row, numbers in zip(matrix, rows):
        kept = numbers[:length]
        row[: len(kept)] = kept
    return matrix
