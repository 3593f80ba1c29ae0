"""Order: sort, search, largest elements, distinct elements, bins."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import result_type
from schuss.ops._operands import axis_of, broadcast, concrete, convert, filled, kind_of, reshaped, value
from schuss.ops.comparison import equal, less, less_equal
from schuss.ops.reductions import sum as sum_over
from schuss.ops.shaping import expand_dims, take_slice

__all__ = [
    "argpartition", "argsort", "bincount", "digitize", "histogram", "searchsorted", "sort", "top_k", "unique",
]  # fmt: skip


def sort(x: Any, axis: int | None = -1) -> Any:
    """Elements in increasing order along an axis (of the flattened array for None); NaN last.

    Example:
        >>> from schuss import ops
        >>> ops.sort(ops.array([3, 1, 2])).tolist()
        [1, 2, 3]
    """
    x, axis = _sortable(x, axis, "sort")
    return p.sort_p.bind(x, axis=axis, descending=False)[0]


def argsort(x: Any, axis: int | None = -1) -> Any:
    """The indices that sort along an axis (of the flattened array for None); equal elements keep their order;
    int32."""
    x, axis = _sortable(x, axis, "argsort")
    return _sorted_with_places(x, axis, descending=False)[1]


def _sortable(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    x = value(x)
    if axis is None or x.ndim == 0:
        return reshaped(x, (prod(x.shape),)), 0
    return x, axis_of(axis, x.ndim, name)


def _sorted_with_places(x: Any, axis: int, descending: bool) -> list[Any]:
    places = p.iota_p.bind(shape=tuple(x.shape), dtype=np.dtype("int32"), axis=axis)
    return p.sort_p.bind(x, places, axis=axis, descending=descending)


class TopK(NamedTuple):
    """The result of `top_k`."""

    values: Any
    indices: Any


def top_k(x: Any, k: int, sorted: bool = True) -> TopK:
    """The k largest elements along the last axis, largest first, and their places (int32); the first of
    equals first.

    Args:
        x: array. k: how many. sorted: taken for Keras's sake; the result always is.

    Example:
        >>> from schuss import ops
        >>> values, indices = ops.top_k(ops.array([5, 9, 7]), k=2)
        >>> values.tolist(), indices.tolist()
        ([9, 7], [1, 2])
    """
    x = value(x)
    if x.ndim == 0 or not 0 <= k <= x.shape[-1]:
        raise ValueError(
            f"top_k: `k`={k} elements of the last axis of shape {tuple(x.shape)} are not to be had."
        )
    axis = x.ndim - 1
    values, indices = _sorted_with_places(x, axis, descending=True)
    return TopK(take_slice(values, axis, 0, k), take_slice(indices, axis, 0, k))


def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    """Indices that put the smallest `kth` elements first, the kth in its sorted place; int32."""
    x = value(x)
    at = axis_of(axis, x.ndim, "argpartition")
    if not -x.shape[at] <= kth < x.shape[at]:
        raise ValueError(
            f"argpartition: `kth`={kth} is out of range for axis {axis} of shape {tuple(x.shape)}."
        )
    return argsort(x, axis)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where to insert values into a sorted vector so that it stays sorted; int32.

    Args:
        sorted_sequence: [n], increasing. values: array. side: of equal elements, ``"left"`` or ``"right"``.
    """
    sequence, values = value(sorted_sequence), value(values)
    if sequence.ndim != 1:
        raise ValueError(f"searchsorted: expected a vector to search, got shape {tuple(sequence.shape)}.")
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: `side` must be 'left' or 'right'. Received: side={side!r}")
    before = less if side == "left" else less_equal
    return sum_over(convert(before(sequence, expand_dims(values, -1)), "int32"), axis=-1)


def digitize(x: Any, bins: Any) -> Any:
    """The number of the bin in which each element lies: how many edges are ≤ it; int32.

    Args:
        x: array. bins: vector of increasing edges.
    """
    return searchsorted(bins, x, side="right")


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often 0, 1, 2, … occur along the last axis, or the sum of the weights where they do.

    Args:
        x: integers ≥ 0, [n] or [batch, n]. weights: like x. minlength: the least length of the result; in a
            trace the length. sparse: not supported.

    Returns:
        [length] or [batch, length]; int32, or the weights' type.
    """
    if sparse:
        raise ValueError("bincount: sparse results are not supported. Received: sparse=True")
    x = value(x)
    if x.dtype.kind not in "iub":
        raise TypeError(f"bincount: expected integers, got {x.dtype.name}.")
    if isinstance(x, np.ndarray):
        length = max(int(minlength), int(x.max(initial=-1)) + 1)
    elif minlength:
        length = int(minlength)
    else:
        concrete(x, "bincount")
        raise AssertionError
    x = convert(x, "int32") if x.dtype.itemsize < 4 else x
    classes = p.iota_p.bind(shape=(length,), dtype=x.dtype, axis=0) if length else np.zeros(0, x.dtype)
    here = equal(expand_dims(x, -1), classes)
    if weights is None:
        return sum_over(convert(here, "int32"), axis=-2)
    weights = value(weights)
    weights = broadcast(expand_dims(weights, -1), here.shape)
    return sum_over(p.select_p.bind(here, weights, filled(weights.shape, 0, weights.dtype)), axis=-2)


def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Any, Any]:
    """Counts of elements in bins.

    Args:
        x: array. bins: int, how many of equal width; or a vector of increasing edges.
        range: ``(low, high)``; default: the smallest and largest element (not in traces).

    Returns:
        ``(counts int32 [bins], edges [bins + 1])``. The last bin has its right edge, too.
    """
    from schuss.ops.creation import linspace
    from schuss.ops.reductions import max as max_of
    from schuss.ops.reductions import min as min_of

    x = value(x)
    if isinstance(bins, (int, np.integer)):
        if bins < 1:
            raise ValueError(f"histogram: expected at least one bin. Received: bins={bins}")
        low, high = (min_of(x), max_of(x)) if range is None else range
        if isinstance(low, np.ndarray) and isinstance(high, np.ndarray) and low == high:
            low, high = low - 0.5, high + 0.5
        edges = linspace(low, high, int(bins) + 1, dtype=result_type(kind_of(x), float))
    else:
        edges = value(bins)
    flat = reshaped(x, (prod(x.shape), 1))
    count = edges.shape[0] - 1
    left, right = take_slice(edges, 0, 0, count), take_slice(edges, 0, 1, count + 1)
    inside = p.and_p.bind(less_equal(left, flat), less(flat, right))
    last = p.iota_p.bind(shape=(1, count), dtype=np.dtype("int32"), axis=1)
    at_end = p.and_p.bind(equal(flat, right), broadcast(equal(last, count - 1), (flat.shape[0], count)))
    return sum_over(convert(p.or_p.bind(inside, at_end), "int32"), axis=0), edges


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The distinct elements in increasing order. Not in traces, where shapes must be known.

    Args:
        x: array. sorted: taken for Keras's sake; the result always is.
        return_index, return_inverse, return_counts: also return where each was first, which one each element
            is, and how often each occurs (int32).
        axis: distinct slices along an axis; default: elements of the flattened array.
        size: the length of the result: cut, or filled up with `fill_value` (default: the first).
    """
    array = concrete(x, "unique")
    values, *others = np.unique(array, True, True, True, axis=axis)
    index, inverse, counts = (o.astype("int32") for o in others)
    along = 0 if axis is None else axis_of(axis, array.ndim, "unique")
    if size is not None:
        have = values.shape[along]
        if have >= size:
            values, index, counts = values.take(range(size), along), index[:size], counts[:size]
        else:
            fill = (
                values.take([0], along)
                if fill_value is None
                else np.full_like(values.take([0], along), fill_value)
            )
            values = np.concatenate([values, np.repeat(fill, size - have, along)], along)
            index = np.concatenate([index, np.repeat(index[:1], size - have)])
            counts = np.concatenate([counts, np.zeros(size - have, "int32")])
    wanted = [
        part
        for part, flag in ((index, return_index), (inverse, return_inverse), (counts, return_counts))
        if flag
    ]
    return (values, *wanted) if wanted else values
