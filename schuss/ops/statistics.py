"""Quantiles, correlations, differences, integrals."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import result_type
from schuss.ops._operands import (
    as_float,
    axes_of,
    axis_of,
    broadcast,
    convert,
    filled,
    kind_of,
    promoted,
    reshaped,
    transposed,
    value,
)
from schuss.ops.comparison import isnan, not_equal
from schuss.ops.contraction import contracted
from schuss.ops.elementwise import add, clip, divide, multiply, sqrt, subtract
from schuss.ops.indexing import take_along_axis
from schuss.ops.reductions import any as any_of
from schuss.ops.reductions import kept_shape, mean
from schuss.ops.reductions import sum as sum_over
from schuss.ops.shaping import flip, take_slice

__all__ = [
    "corrcoef", "correlate", "diff", "median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile",
    "trapezoid",
]  # fmt: skip

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle element over axes, or the mean of the middle two; in floats."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The values below which a share q of the elements lies.

    Args:
        x: array. q: number or vector of numbers in [0, 1].
        axis: int, tuple or None for all.
        method: between two elements ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"`` or ``"nearest"``.
        keepdims: keep reduced axes with size 1.

    Returns:
        q's axes, then what is left of x's; in floats. NaN where there is one.

    Example:
        >>> from schuss import ops
        >>> float(ops.quantile(ops.array([1.0, 2.0, 3.0, 4.0]), 0.5))
        2.5
    """
    return _quantile(as_float(x), q, axis, method, keepdims, skip_nan=False)


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` with q in [0, 100]."""
    return quantile(x, divide(q, 100.0), axis, method, keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`median` of what is not NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of what is not NaN; NaN where nothing is left."""
    return _quantile(as_float(x), q, axis, method, keepdims, skip_nan=True)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`percentile` of what is not NaN; NaN where nothing is left."""
    return nanquantile(x, divide(q, 100.0), axis, method, keepdims)


def _quantile(x: Any, q: Any, axis: Any, method: str, keepdims: bool, skip_nan: bool) -> Any:
    if method not in METHODS:
        raise ValueError(
            f"quantile: `method` must be one of {', '.join(METHODS)}. Received: method={method!r}"
        )
    axes = axes_of(axis, x.ndim, "quantile")
    others = [a for a in range(x.ndim) if a not in axes]
    rows = tuple(x.shape[a] for a in others)
    size = prod(x.shape[a] for a in axes)
    if not size:
        raise ValueError(f"quantile: no elements along axes {axes} of shape {tuple(x.shape)}.")
    columns = reshaped(transposed(x, [*others, *axes]), (*rows, size))
    ordered = p.sort_p.bind(columns, axis=len(rows), descending=False)[0]
    missing = isnan(columns)
    last = filled((*rows, 1), size - 1, "float64")
    if skip_nan:  # NaNs are sorted to the end
        present = sum_over(convert(p.not_p.bind(missing), "float64"), axis=-1, keepdims=True)
        last = subtract(present, 1.0)
    q = value(q)
    shares = reshaped(convert(q, "float64"), (prod(q.shape),))
    place = clip(multiply(shares, last), 0.0, float(size - 1))
    result = _at(ordered, place, method)
    bad = any_of(missing, axis=-1, keepdims=True)
    if skip_nan:
        from schuss.ops.reductions import all as all_of

        bad = all_of(missing, axis=-1, keepdims=True)
    bad = broadcast(bad, result.shape)
    result = p.select_p.bind(bad, filled(result.shape, np.nan, result.dtype), result)
    result = transposed(result, [len(rows), *range(len(rows))])
    return reshaped(result, (*q.shape, *(kept_shape(x.shape, axes) if keepdims else rows)))


def _at(ordered: Any, place: Any, method: str) -> Any:
    """Elements of the last axis at places that may lie between two of them."""
    low, high = p.floor_p.bind(place), p.ceil_p.bind(place)
    if method == "nearest":
        low = high = p.round_nearest_even_p.bind(place)
    elif method == "lower":
        high = low
    elif method == "higher":
        low = high
    below = take_along_axis(ordered, convert(low, "int32"), axis=-1)
    if low is high:
        return below
    above = take_along_axis(ordered, convert(high, "int32"), axis=-1)
    share = subtract(place, low)
    if method == "midpoint":
        share = multiply(convert(not_equal(share, 0.0), "float64"), 0.5)
    share = convert(share, ordered.dtype)
    return add(multiply(below, subtract(1.0, share)), multiply(above, share))


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """``a[i + 1] − a[i]`` along an axis, n times; of bools whether they differ."""
    x = value(a)
    axis = axis_of(axis, x.ndim, "diff")
    if n < 0:
        raise ValueError(f"diff: `n` must not be negative. Received: n={n}")
    for _ in range(n):
        size = x.shape[axis]
        after, before = take_slice(x, axis, min(1, size), size), take_slice(x, axis, 0, max(size - 1, 0))
        x = not_equal(after, before) if x.dtype.kind == "b" else subtract(after, before)
    return x


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral of y along an axis by the trapezoidal rule; in floats.

    Args:
        y: array. x: where y was taken; default: at distances `dx`. axis: default last.
    """
    y = as_float(y)
    axis = axis_of(axis, y.ndim, "trapezoid")
    size = y.shape[axis]
    middle = multiply(add(take_slice(y, axis, 1, size), take_slice(y, axis, 0, size - 1)), 0.5)
    if x is None:
        return sum_over(multiply(middle, dx), axis=axis)
    width = diff(value(x, y.dtype), axis=-1 if value(x).ndim == 1 else axis)
    if width.ndim == 1:
        width = reshaped(width, [size - 1 if a == axis else 1 for a in range(y.ndim)])
    return sum_over(multiply(middle, width), axis=axis)


def corrcoef(x: Any) -> Any:
    """Pearson's correlation of the rows of a matrix [variables, observations] with each other; in floats."""
    x = as_float(x)
    if x.ndim > 2:
        raise ValueError(f"corrcoef: expected a vector or a matrix, got shape {tuple(x.shape)}.")
    single = x.ndim < 2
    x = reshaped(x, (1, prod(x.shape))) if single else x
    centred = subtract(x, mean(x, axis=1, keepdims=True))
    products = contracted(centred, centred, ((1,), (1,)))
    from schuss.ops.indexing import diagonal

    length = sqrt(diagonal(products))
    scale = multiply(reshaped(length, (prod(length.shape), 1)), reshaped(length, (1, prod(length.shape))))
    result = clip(divide(products, scale), -1.0, 1.0)
    return reshaped(result, ()) if single else result


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """``c[k] = Σₙ x1[n + k] x2[n]`` of two vectors; in floats.

    Args:
        x1, x2: vectors. mode: ``"valid"``: where they overlap completely, ``"same"``: as long as the longer,
            ``"full"``: wherever they overlap.
    """
    x, y = promoted(x1, x2, dtype=result_type(kind_of(x1), kind_of(x2), float))
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"correlate: expected vectors, got shapes {tuple(x.shape)} and {tuple(y.shape)}.")
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"correlate: `mode` must be valid, same or full. Received: mode={mode!r}")
    if x.shape[0] < y.shape[0]:  # turned round when exchanged, as NumPy does
        return flip(_correlate(y, x, mode), 0)
    return _correlate(x, y, mode)


def _correlate(x: Any, y: Any, mode: str) -> Any:
    from schuss.ops.indexing import take
    from schuss.ops.shaping import pad

    n, m = x.shape[0], y.shape[0]
    low = {"valid": 0, "same": m // 2, "full": m - 1}[mode]
    length = {"valid": n - m + 1, "same": n, "full": n + m - 1}[mode]
    high = length + m - 1 - n - low
    windows = np.arange(length)[:, None] + np.arange(m)
    return contracted(take(pad(x, (low, high)), windows.astype("int32")), y, ((1,), (0,)))
