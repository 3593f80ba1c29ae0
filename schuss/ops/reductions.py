"""Sums, extremes and running totals along axes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod as _product
from typing import Any

import numpy as np

from schuss.graph import as_dtype, is_float, result_type
from schuss.graph import primitives as p
from schuss.ops._operands import axes_of, axis_of, broadcast, convert, filled, is_weak, reshaped, value
from schuss.ops.comparison import isnan, not_equal
from schuss.ops.elementwise import divide, maximum, minimum, multiply, sqrt, subtract

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "cumprod", "cumsum", "max", "mean", "min",
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum",
    "nanvar", "prod", "ptp", "std", "sum", "var",
]  # fmt: skip


def reduced(primitive: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """`primitive` over the axes; x itself where there are none to reduce."""
    axes = axes_of(axis, x.ndim, primitive.name)
    result = primitive.bind(x, axes=axes) if axes else x
    return reshaped(result, kept_shape(x.shape, axes)) if keepdims else result


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with size 1 at `axes`."""
    return tuple(1 if a in axes else n for a, n in enumerate(shape))


def _sum_type(dtype: np.dtype) -> np.dtype:
    """Small integers are added up in 32 bits."""
    if dtype.kind in "bi" and dtype.itemsize < 4:
        return np.dtype("int32")
    return np.dtype("uint32") if dtype.kind == "u" and dtype.itemsize < 4 else dtype


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ x over axes.

    Args:
        x: array; bools and small integers are added up as int32 (uint32).
        axis: int, tuple, or None for all. keepdims: keep reduced axes with size 1.

    Example:
        >>> from schuss import ops
        >>> ops.sum(ops.array([[1, 2], [3, 4]]), axis=0).tolist()
        [4, 6]
    """
    x = value(x)
    return reduced(p.reduce_sum_p, convert(x, _sum_type(x.dtype)), axis, keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Π x over axes, in `dtype` if given; small integers as in `sum`."""
    x = value(x)
    x = convert(x, _sum_type(x.dtype) if dtype is None else as_dtype(dtype))
    return reduced(p.reduce_prod_p, x, axis, keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean over axes, in floats; float16 is added up in float32.

    Example:
        >>> from schuss import ops
        >>> float(ops.mean(ops.array([1, 2])))
        1.5
    """
    x = value(x)
    dtype = _mean_type(x.dtype)
    work = convert(x, result_type(dtype, "float32"))
    axes = axes_of(axis, x.ndim, "mean")
    total = reduced(p.reduce_sum_p, work, axes, keepdims)
    return convert(divide(total, _product(x.shape[a] for a in axes)), dtype)


def _mean_type(dtype: np.dtype) -> np.dtype:
    return dtype if is_float(dtype) else result_type(dtype, float)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean squared distance from the mean, in floats."""
    x = value(x)
    dtype = _mean_type(x.dtype)
    work = convert(x, result_type(dtype, "float32"))
    distance = subtract(work, mean(work, axis, keepdims=True))
    return convert(mean(multiply(distance, distance), axis, keepdims), dtype)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The root of the variance, in floats."""
    return sqrt(var(x, axis, keepdims))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """``Σ w x / Σ w`` over axes; the mean where there are no weights.

    Args:
        x: array. axis: int, tuple or None.
        weights: array of x's shape, or a vector along `axis`.

    Raises:
        ValueError: the weights fit neither.
    """
    if weights is None:
        return mean(x, axis)
    x, weights = value(x), value(weights)
    dtype = result_type(x.dtype, weights.dtype, float)
    x, weights = convert(x, dtype), convert(weights, dtype)
    if tuple(weights.shape) != tuple(x.shape):
        axes = () if axis is None else axes_of(axis, x.ndim, "average")
        if tuple(weights.shape) != tuple(x.shape[a] for a in axes) or not axes:
            raise ValueError(
                f"average: `weights` of shape {tuple(weights.shape)} fit neither x of shape {tuple(x.shape)} "
                f"nor its axis {axis}."
            )
        weights = broadcast(
            reshaped(weights, [n if a in axes else 1 for a, n in enumerate(x.shape)]), x.shape
        )
    return divide(sum(multiply(x, weights), axis), sum(weights, axis))


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest element over axes; NaN if there is one.

    Args:
        x: array. axis: int, tuple or None. keepdims: keep reduced axes with size 1.
        initial: the least the result may be; needed for no elements.
    """
    return _extreme(p.reduce_max_p, maximum, x, axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest element over axes; NaN if there is one. `initial`: the most the result may be."""
    return _extreme(p.reduce_min_p, minimum, x, axis, keepdims, initial)


def _extreme(
    primitive: Any, join: Callable[..., Any], x: Any, axis: Any, keepdims: bool, initial: Any
) -> Any:
    x = value(x)
    axes = axes_of(axis, x.ndim, primitive.name)
    if initial is None:
        return reduced(primitive, x, axes, keepdims)
    initial = initial if is_weak(initial) else value(initial, x.dtype)
    if any_empty(x.shape, axes):
        shape = (
            kept_shape(x.shape, axes)
            if keepdims
            else tuple(n for a, n in enumerate(x.shape) if a not in axes)
        )
        return broadcast(value(initial, x.dtype), shape)
    return join(reduced(primitive, x, axes, keepdims), initial)


def any_empty(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    """Whether one of the axes has no elements."""
    return 0 in [shape[a] for a in axes]


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The same as `max`."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The same as `min`."""
    return min(x, axis, keepdims)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest element over axes."""
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements over axes are true (not 0)."""
    return reduced(p.reduce_min_p, value(x, "bool"), axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether an element over axes is true (not 0)."""
    return reduced(p.reduce_max_p, value(x, "bool"), axis, keepdims)


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many elements over axes are not 0; int32."""
    return reduced(p.reduce_sum_p, convert(not_equal(x, 0), "int32"), axis, False)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is along an axis (in the flattened array by default); the first of equals;
    int32."""
    return _position(p.argmax_p, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is along an axis (in the flattened array by default); the first of equals;
    int32."""
    return _position(p.argmin_p, x, axis, keepdims)


def _position(primitive: Any, x: Any, axis: int | None, keepdims: bool) -> Any:
    x = value(x)
    if axis is None:
        where = primitive.bind(reshaped(x, (_product(x.shape),)), axis=0)
        return reshaped(where, (1,) * x.ndim) if keepdims else where
    axis = axis_of(axis, x.ndim, primitive.name)
    where = primitive.bind(x, axis=axis)
    return reshaped(where, kept_shape(x.shape, (axis,))) if keepdims else where


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The running sum along an axis (of the flattened array by default); bools count as int32."""
    return _running(p.cumsum_p, x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The running product along an axis (of the flattened array by default); bools count as int32."""
    return _running(p.cumprod_p, x, axis, dtype)


def _running(primitive: Any, x: Any, axis: int | None, dtype: Any) -> Any:
    x = value(x)
    x = convert(x, ("int32" if x.dtype.kind == "b" else x.dtype) if dtype is None else as_dtype(dtype))
    if axis is None:
        x, axis = reshaped(x, (_product(x.shape),)), 0
    return primitive.bind(x, axis=axis_of(axis, x.ndim, primitive.name), reverse=False)


def _without_nan(x: Any, neutral: Any) -> Any:
    """x with `neutral` in the places of NaN."""
    x = value(x)
    if not is_float(x.dtype):
        return x
    return p.select_p.bind(isnan(x), filled(x.shape, neutral, x.dtype), x)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`sum` of what is not NaN."""
    return sum(_without_nan(x, 0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`prod` of what is not NaN."""
    return prod(_without_nan(x, 1), axis, keepdims)


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`cumsum` with NaN as 0."""
    return cumsum(_without_nan(x, 0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`cumprod` with NaN as 1."""
    return cumprod(_without_nan(x, 1), axis, dtype)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`max` of what is not NaN; NaN where nothing is left."""
    return _nan_extreme(max, -np.inf, x, axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`min` of what is not NaN; NaN where nothing is left."""
    return _nan_extreme(min, np.inf, x, axis, keepdims)


def _nan_extreme(function: Callable[..., Any], neutral: float, x: Any, axis: Any, keepdims: bool) -> Any:
    x = value(x)
    if not is_float(x.dtype):
        return function(x, axis, keepdims)
    result = function(_without_nan(x, neutral), axis, keepdims)
    nothing = all(isnan(x), axis, keepdims)
    return p.select_p.bind(nothing, filled(result.shape, np.nan, result.dtype), result)


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """`argmax` of what is not NaN; −1 where nothing is left."""
    return _nan_position(argmax, -np.inf, x, axis, keepdims)


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """`argmin` of what is not NaN; −1 where nothing is left."""
    return _nan_position(argmin, np.inf, x, axis, keepdims)


def _nan_position(
    function: Callable[..., Any], neutral: float, x: Any, axis: int | None, keepdims: bool
) -> Any:
    x = value(x)
    where = function(_without_nan(x, neutral), axis, keepdims)
    if not is_float(x.dtype):
        return where
    return p.select_p.bind(all(isnan(x), axis, keepdims), filled(where.shape, -1, "int32"), where)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`mean` of what is not NaN; NaN where nothing is left."""
    x = value(x)
    if not is_float(x.dtype):
        return mean(x, axis, keepdims)
    work = convert(x, result_type(x.dtype, "float32"))
    number = sum(convert(p.not_p.bind(isnan(work)), work.dtype), axis, keepdims)
    return convert(divide(nansum(work, axis, keepdims), number), x.dtype)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`var` of what is not NaN; NaN where nothing is left."""
    x = value(x)
    if not is_float(x.dtype):
        return var(x, axis, keepdims)
    work = convert(x, result_type(x.dtype, "float32"))
    missing = isnan(work)
    distance = subtract(work, nanmean(work, axis, keepdims=True))
    distance = p.select_p.bind(missing, filled(work.shape, 0, work.dtype), distance)
    number = sum(convert(p.not_p.bind(missing), work.dtype), axis, keepdims)
    return convert(divide(sum(multiply(distance, distance), axis, keepdims), number), x.dtype)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`std` of what is not NaN; NaN where nothing is left."""
    return sqrt(nanvar(x, axis, keepdims))
