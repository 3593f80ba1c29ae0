"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences filled up, or cut, to one length.

    Args:
        sequences: list of sequences (of numbers, or of arrays of one shape).
        maxlen: the length; default: that of the longest.
        dtype: of the result; ``object`` for text.
        padding: ``"pre"`` or ``"post"``: where `value` is put. truncating: where a long one is cut.
        value: what fills up.

    Returns:
        Array [sequences, maxlen, …].

    Raises:
        ValueError: something that is no list of sequences, or entries of different shapes.

    Example:
        >>> from schuss.utils import pad_sequences
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
        [[0, 1], [2, 3], [5, 6]]
    """
    for name, side in (("Padding", padding), ("Truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f'{name} type "{side}" not understood: it must be "pre" or "post".')
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {sequence}")
    text = np.issubdtype(dtype, np.str_) or np.issubdtype(dtype, np.bytes_)
    if isinstance(value, str) and dtype is not object and not text:
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\n"
            "You should set `dtype=object` for variable length strings."
        )
    lengths = [len(sequence) for sequence in sequences]
    length = int(max(lengths)) if maxlen is None else int(maxlen)
    shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    padded = np.full((len(lengths), length, *shape), value, dtype=dtype)
    for i, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        kept = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype=dtype)
        if kept.shape[1:] != shape:
            raise ValueError(
                f"Shape of sample {kept.shape[1:]} of sequence at position {i} is different from expected shape "
                f"{shape}"
            )
        place = slice(length - len(kept), length) if padding == "pre" else slice(0, len(kept))
        padded[i, place] = kept
    return padded
