"""Which keys a query may look at: masks of both sequences, order in time, windows, joined into one."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._shapes import is_integer


def checked_window(owner: str, window: Any) -> int | None:
    """`sliding_window` as given to a layer, if it is a positive integer or None."""
    if window is not None and (not is_integer(window) or window <= 0):
        raise ValueError(f"{owner}: `sliding_window` must be `None` or a positive integer; got {window!r}.")
    return window


def causal(queries: int, keys: int) -> Any:
    """bool [1, queries, keys]: query t sees keys up to t."""
    return ops.greater_equal(_column(queries), _row(keys))


def within(window: int, queries: int, keys: int) -> Any:
    """bool [1, queries, keys]: query t sees keys nearer than `window`, on both sides."""
    return ops.less(ops.abs(ops.subtract(_column(queries), _row(keys))), window)


def _column(length: int) -> Any:
    return ops.reshape(ops.arange(length, dtype="int32"), (1, length, 1))


def _row(length: int) -> Any:
    return ops.reshape(ops.arange(length, dtype="int32"), (1, 1, length))


def joined(masks: list[Any]) -> Any:
    """True where all masks are that are not None; None if there is none."""
    together = None
    for mask in masks:
        if mask is not None:
            mask = ops.cast(mask, "bool")
            together = mask if together is None else ops.logical_and(together, mask)
    return together


def with_heads(mask: Any, ndim: int, attended: int) -> Any:
    """A mask [batch, …, queries…, keys…] with axes of size 1 for heads (and what else is missing) before its
    `2·attended` last ones."""
    missing = ndim - len(mask.shape)
    if missing <= 0:
        return mask
    place = max(len(mask.shape) - 2 * attended, 0)
    return ops.reshape(mask, (*mask.shape[:place], *(1,) * missing, *mask.shape[place:]))
