"""Sliding windows of an array, and their transpose: windows added up where they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.ops._operands import reshaped, transposed
from schuss.ops.elementwise import add

Ints = Sequence[int]


def windows(x: Any, axes: Ints, sizes: Ints, strides: Ints, dilations: Ints) -> Any:
    """``y[…, i, …, k] = x[…, i·stride + k·dilation, …]``: positions in place of each of `axes`, the places within
    a window as further axes at the end. A view: nothing is copied where it is used."""
    return p.windows_p.bind(
        x, axes=tuple(axes), sizes=tuple(sizes), strides=tuple(strides), dilations=tuple(dilations)
    )


def padded(x: Any, low: Ints, high: Ints, spread: Ints, value: Any = 0) -> Any:
    """`x` with its elements `spread` apart, and `value` between and around them; negative numbers cut off."""
    if any(n != 1 for n in spread) or any(n > 0 for n in (*low, *high)):
        x = p.pad_p.bind(
            x,
            np.asarray(value).astype(x.dtype),
            low=tuple(max(n, 0) for n in low),
            high=tuple(max(n, 0) for n in high),
            interior=tuple(n - 1 for n in spread),
        )
    if any(n < 0 for n in (*low, *high)):
        start = tuple(max(-n, 0) for n in low)
        limit = tuple(n - max(-k, 0) for n, k in zip(x.shape, high, strict=True))
        x = p.slice_p.bind(x, start=start, limit=limit, strides=(1,) * x.ndim)
    return x


def overlapped(dy: Any, shape: Ints, axes: Ints, strides: Ints, dilations: Ints) -> Any:
    """The transpose of `windows`: each element of an array of `shape` is the sum of its copies in `dy`."""
    ndim = len(shape)
    dy = transposed(
        dy, (*range(ndim, dy.ndim), *range(ndim))
    )  # places first: whole rows of the last axis move
    for n in reversed(range(len(axes))):
        dy = _overlapped_along(dy, n, n + 1 + axes[n], shape[axes[n]], strides[n], dilations[n])
    return dy


def _overlapped_along(dy: Any, taps: int, axis: int, size: int, stride: int, dilation: int) -> Any:
    """Axis `taps` of dy, the places within windows at positions along `axis`, added up into `axis`.

    Windows without a gap are added in as few pieces as there are windows over one element: the first `stride`
    places of all windows lie side by side, so do the next ones.
    """
    count = dy.shape[taps]
    together = stride if dilation == 1 else 1
    total = None
    for first in range(0, count, together):
        part = _sliced(dy, taps, first, min(first + together, count))
        piece = _side_by_side(part, taps, axis, together, stride)
        low = first * dilation
        ends = [0] * piece.ndim, [0] * piece.ndim
        ends[0][axis - 1], ends[1][axis - 1] = low, size - low - piece.shape[axis - 1]
        piece = padded(piece, *ends, (1,) * piece.ndim)
        total = piece if total is None else add(total, piece)
    return total


def _side_by_side(part: Any, taps: int, axis: int, together: int, stride: int) -> Any:
    """[…, places, …, positions, …] as […, positions · stride, …], with zeros where there is no place."""
    none, ones = (0,) * part.ndim, (1,) * part.ndim
    if together > 1 or stride == 1:
        missing = list(none)
        missing[taps] = stride - part.shape[taps]
        part = padded(part, none, missing, ones)
        order = [n for n in range(part.ndim) if n != taps]
        order.insert(axis, taps)  # the places follow their positions
        part = transposed(part, order)
        shape = (*part.shape[: axis - 1], part.shape[axis - 1] * stride, *part.shape[axis + 1 :])
        return reshaped(part, shape)
    part = reshaped(part, (*part.shape[:taps], *part.shape[taps + 1 :]))
    spread = [1] * part.ndim
    spread[axis - 1] = stride
    return padded(part, none[1:], none[1:], spread)


def _sliced(x: Any, axis: int, start: int, limit: int) -> Any:
    if start == 0 and limit == x.shape[axis]:
        return x
    starts, limits = [0] * x.ndim, list(x.shape)
    starts[axis], limits[axis] = start, limit
    return p.slice_p.bind(x, start=tuple(starts), limit=tuple(limits), strides=(1,) * x.ndim)
