"""Integers as vectors: one-hot, multi-hot, counts. What the layers for categories, words and bins end with."""

from __future__ import annotations

from typing import Any

from schuss import ops

VECTOR_MODES = ("one_hot", "multi_hot", "count")


def encoded(x: Any, mode: str, depth: int, dtype: Any, count_weights: Any = None) -> Any:
    """Integers as vectors of `depth` numbers, as `mode` says; those outside of ``[0, depth)`` count nothing.

    Args:
        x: integers ``[…]``. mode: ``"one_hot"``: a vector for each (in the place of a last axis of size 1);
            ``"multi_hot"``: one for each example, with 1 for all that occur in it; ``"count"``: with how often.
        count_weights: like x: how much each counts.
    """
    if not x.shape:
        x = ops.expand_dims(x, -1)
    if mode == "one_hot":
        if len(x.shape) > 1 and x.shape[-1] == 1:
            x = ops.squeeze(x, -1)
        return ops.one_hot(x, depth, dtype=dtype)
    if len(x.shape) <= 2:
        counts = _counts(x, depth, dtype, count_weights)
        return ops.minimum(counts, ops.cast(1, dtype)) if mode == "multi_hot" else counts
    if mode == "multi_hot":
        return ops.multi_hot(x, depth, dtype=dtype)
    rows = ops.one_hot(x, depth, dtype=dtype)
    if count_weights is not None:
        rows = ops.multiply(rows, ops.expand_dims(ops.cast(count_weights, dtype), -1))
    return ops.sum(rows, axis=1)


def _counts(x: Any, depth: int, dtype: Any, count_weights: Any) -> Any:
    """How often each integer occurs, for each row: sums at places, which take no room for each integer."""
    batch = x.shape[:-1]
    count = batch[0] if batch else 1
    x = ops.reshape(x, (count, x.shape[-1]))
    known = ops.logical_and(ops.greater_equal(x, 0), ops.less(x, depth))
    wide = "int32" if count * depth < 2**31 else "int64"
    first = ops.expand_dims(ops.arange(count, dtype=wide), 1) * depth
    places = ops.where(known, ops.cast(x, wide) + first, count * depth)
    weights = ops.ones(x.shape, dtype=dtype)
    if count_weights is not None:
        weights = ops.reshape(ops.cast(count_weights, dtype), x.shape)
    return ops.reshape(ops.segment_sum(weights, places, count * depth), (*batch, depth))


def encoded_shape(shape: tuple[Any, ...], mode: str, depth: int | None) -> tuple[Any, ...]:
    """The shape of what `encoded` makes of integers of a shape."""
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,)), depth)
    return (shape[0], *shape[2:], depth) if len(shape) > 1 else (depth,)


def refuse_sparse(owner: str, sparse: bool) -> None:
    """A ValueError if sparse outputs are wanted."""
    if sparse:
        raise ValueError(f"{owner}: `sparse=True` is not supported; outputs are dense.")
