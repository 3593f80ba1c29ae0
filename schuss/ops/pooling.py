"""Pooling in any number of dimensions: the largest or the mean of the elements of each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np

from schuss.graph import Tensor, as_value, is_float
from schuss.graph import primitives as p
from schuss.ops._custom_gradient import custom_gradient
from schuss.ops._operands import broadcast, reshaped
from schuss.ops._windows import overlapped, padded
from schuss.ops.comparison import equal, greater
from schuss.ops.contraction import contracted
from schuss.ops.convolution import border, channels_last, each, geometry_of
from schuss.ops.elementwise import add, divide, maximum
from schuss.ops.indexing import take, where
from schuss.ops.reductions import max as max_over
from schuss.ops.shaping import moveaxis

__all__ = ["adaptive_average_pool", "adaptive_max_pool", "average_pool", "max_pool"]

_TOGETHER = 32  # windows of more places are pooled one axis after the other

Ints = tuple[int, ...]


def max_pool(
    inputs: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The largest element of each window. Of equal ones the first (in row-major order) gets the gradient.

    Args:
        inputs: [n, *spatial, c], or [n, c, *spatial] for ``"channels_first"``.
        pool_size, strides: int, or one for each spatial axis; strides default to pool_size.
        padding: ``"valid"``, or ``"same"``: windows that reach over the border see less.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        [n, *positions, c] of the same dtype.

    Example:
        >>> from schuss import ops
        >>> ops.max_pool(ops.reshape(ops.array([1.0, 3.0, 2.0, 0.0]), (1, 4, 1)), 2).ravel().tolist()
        [3.0, 2.0]
    """
    x, sizes, steps = _operands("max_pool", inputs, pool_size, strides, data_format)
    geometry = geometry_of("max_pool", x.shape[1:-1], sizes, steps, padding, 1)
    least = -np.inf if is_float(x.dtype) else False if x.dtype.kind == "b" else np.iinfo(x.dtype).min
    x = padded(x, (0, *geometry.low, 0), (0, *geometry.high, 0), (1,) * x.ndim, least)
    return border(_by_axes(_largest, x, sizes, steps), data_format)


def average_pool(
    inputs: Any,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The mean of each window; at borders (``"same"``) of the elements that there are.

    Args:
        as of `max_pool`; inputs of floats.

    Example:
        >>> from schuss import ops
        >>> ops.average_pool(ops.reshape(ops.array([1.0, 3.0, 2.0]), (1, 3, 1)), 2, 2, "same").ravel().tolist()
        [2.0, 2.0]
    """
    x, sizes, steps = _operands("average_pool", inputs, pool_size, strides, data_format)
    spatial = x.shape[1:-1]
    geometry = geometry_of("average_pool", spatial, sizes, steps, padding, 1)
    x = padded(x, (0, *geometry.low, 0), (0, *geometry.high, 0), (1,) * x.ndim)
    total = _by_axes(_total, x, sizes, steps)
    counts = np.ones((), "int64")
    for axis, (n, low, k, s) in enumerate(zip(spatial, geometry.low, sizes, steps, strict=True)):
        first = np.arange(total.shape[axis + 1]) * s - low
        seen = np.minimum(first + k, n) - np.maximum(first, 0)
        counts = counts[..., None] * seen
    if (counts == counts.flat[0]).all():
        mean = divide(total, np.asarray(counts.flat[0], x.dtype))
    else:
        mean = divide(total, counts[..., None].astype(x.dtype))
    return border(mean, data_format)


def adaptive_average_pool(
    inputs: Any, output_size: int | Sequence[int | None], data_format: str | None = None
) -> Any:
    """The means of windows that divide each spatial axis into `output_size` parts: from ``⌊i·n / out⌋`` up to
    ``⌈(i + 1)·n / out⌉``, so that they overlap where it does not come out even.

    Args:
        inputs: [n, *spatial, c]. output_size: int, or one for each spatial axis (None: as it is).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
    """

    def mean(x: Any, axis: int, parts: int) -> Any:
        first, last = _parts(x.shape[axis], parts)
        place = np.arange(x.shape[axis])
        inside = (place >= first[:, None]) & (place < last[:, None])
        weights = (inside / (last - first)[:, None]).astype(x.dtype)
        return moveaxis(contracted(x, weights, ((axis,), (1,))), -1, axis)

    return _adaptive("adaptive_average_pool", inputs, output_size, data_format, average_pool, mean)


def adaptive_max_pool(
    inputs: Any, output_size: int | Sequence[int | None], data_format: str | None = None
) -> Any:
    """The largest elements of windows that divide each spatial axis into `output_size` parts.

    Args:
        as of `adaptive_average_pool`.
    """

    def largest(x: Any, axis: int, parts: int) -> Any:
        first, last = _parts(x.shape[axis], parts)
        longest = int((last - first).max())
        place = np.minimum(first[:, None] + np.arange(longest), last[:, None] - 1).astype("int32")
        return max_over(take(x, place, axis=axis), axis=axis + 1)

    return _adaptive("adaptive_max_pool", inputs, output_size, data_format, max_pool, largest)


def _adaptive(
    name: str,
    inputs: Any,
    output_size: Any,
    data_format: str | None,
    even: Callable[..., Any],
    along: Callable[[Any, int, int], Any],
) -> Any:
    x = _images(name, inputs, data_format)
    spatial = x.shape[1:-1]
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * len(spatial)
    wanted = tuple(n if m is None else m for n, m in zip(spatial, given, strict=len(given) == len(spatial)))
    wanted = each(name, "output_size", wanted, len(spatial))
    if all(n % m == 0 for n, m in zip(spatial, wanted, strict=True)):
        x = even(x, tuple(n // m for n, m in zip(spatial, wanted, strict=True)), data_format="channels_last")
    else:
        for axis, parts in enumerate(wanted, start=1):
            x = along(x, axis, parts)
    return border(x, data_format)


def _parts(size: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    i = np.arange(parts)
    return i * size // parts, -(-(i + 1) * size // parts)


def _images(name: str, inputs: Any, data_format: str | None) -> Any:
    x = as_value(inputs)
    if x.ndim < 3:
        raise ValueError(
            f"{name}: `inputs` must have an axis of samples, one or more spatial axes, and one of channels. "
            f"Received: inputs.shape={tuple(x.shape)}"
        )
    return channels_last(name, x, data_format)


def _operands(
    name: str, inputs: Any, pool_size: Any, strides: Any, data_format: str | None
) -> tuple[Any, Ints, Ints]:
    x = _images(name, inputs, data_format)
    sizes = each(name, "pool_size", pool_size, x.ndim - 2)
    return x, sizes, sizes if strides is None else each(name, "strides", strides, x.ndim - 2)


def _by_axes(pool: Callable[[Any, Ints, Ints], Any], x: Any, sizes: Ints, steps: Ints) -> Any:
    """`pool` of all axes at once or, for large windows, of the last axis, then of the one before, …"""
    if prod(sizes) <= _TOGETHER:
        return pool(x, sizes, steps) if prod(sizes) * prod(steps) > 1 else x
    ones = (1,) * len(sizes)
    for axis in reversed(range(len(sizes))):
        alone = [(*ones[:axis], numbers[axis], *ones[axis + 1 :]) for numbers in (sizes, steps)]
        x = pool(x, alone[0], alone[1])
    return x


def _taps(x: Any, sizes: Ints, steps: Ints) -> list[Any]:
    """For each place in a window the elements that all windows have there, [n, *positions, c]."""
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], sizes, steps, strict=True)]
    found = []
    for place in product(*map(range, sizes)):
        limit = (k + (m - 1) * s + 1 for k, m, s in zip(place, counts, steps, strict=True))
        start, limit = (0, *place, 0), (x.shape[0], *limit, x.shape[-1])
        found.append(p.slice_p.bind(x, start=start, limit=limit, strides=(1, *steps, 1)))
    return found


def _total(x: Any, sizes: Ints, steps: Ints) -> Any:
    @custom_gradient
    def total(x: Any) -> Any:
        def gradient(dy: Any) -> Any:
            seen = reshaped(dy, (*dy.shape, *(1,) * len(sizes)))
            return _back(broadcast(seen, (*dy.shape, *sizes)), x.shape, steps)

        return reduce(add, _taps(x, sizes, steps)), gradient

    return total(x)


def _largest(x: Any, sizes: Ints, steps: Ints) -> Any:
    @custom_gradient
    def largest(x: Any) -> Any:
        taps = _taps(x, sizes, steps)
        best, place = taps[0], np.zeros((), "uint8")
        for number, tap in enumerate(taps[1:], start=1):
            place = where(greater(tap, best), np.uint8(number), place)
            best = maximum(best, tap)

        place = p.materialize_p.bind(place) if isinstance(place, Tensor) else place

        def gradient(dy: Any) -> Any:
            within = np.arange(prod(sizes), dtype="uint8").reshape(sizes)
            own = equal(reshaped(place, (*place.shape, *(1,) * (len(sizes) + dy.ndim - place.ndim))), within)
            errors = reshaped(dy, (*dy.shape, *(1,) * len(sizes)))
            return _back(where(own, errors, np.zeros((), dy.dtype)), x.shape, steps)

        return best, gradient

    return largest(x)


def _back(dy: Any, shape: Sequence[int], steps: Ints) -> Any:
    return overlapped(dy, shape, tuple(range(1, len(steps) + 1)), steps, (1,) * len(steps))
