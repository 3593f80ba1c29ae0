"""Normalization by an array's own mean and variance, with the gradient written out: composed rules would go through
the data once more for each path through the mean and the variance."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Tensor
from schuss.graph import primitives as p
from schuss.ops._custom_gradient import custom_gradient

_LARGE = 1 << 16  # elements that it takes longer to fetch than to add up
_SOME = 256  # elements whose mean is near that of all
_LONG = 16  # elements of a row that make its own mean worth while


def standardized(x: Any, gamma: Any, beta: Any, axes: Sequence[int], epsilon: float) -> Any:
    """``y = gamma·x̂ + beta`` with ``x̂ = (x − μ)/√(σ² + epsilon)``, mean and variance taken over `axes`.

    Backwards, with δ = gamma·dy: ``dx = (δ − mean δ − x̂ · mean(δ x̂)) / √(σ² + epsilon)`` (Ioffe and Szegedy, 2015,
    section 3, simplified).

    Args:
        x: floats. gamma, beta: arrays with as many axes as x, of its sizes or 1; None for 1 and 0.
        axes: over which mean and variance are taken. epsilon: is added to the variance.
    """
    axes = tuple(axes)
    count = prod(x.shape[axis] for axis in axes)
    given = [v for v in (gamma, beta) if v is not None]

    def function(x: Any, *given: Any) -> Any:
        weights = iter(given)
        scale = None if gamma is None else next(weights)
        offset = None if beta is None else next(weights)
        mean, variance = mean_and_variance(x, axes)
        centered = ops.subtract(x, mean)
        inverse = ops.rsqrt(ops.add(variance, epsilon))
        y = ops.multiply(centered, inverse if scale is None else ops.multiply(inverse, scale))
        y = y if offset is None else ops.add(y, offset)

        def gradient(dy: Any) -> list[Any]:
            unit = ops.multiply(centered, inverse)
            weighted = ops.multiply(dy, unit)
            if scale is None or all(
                scale.shape[axis] == 1 for axis in axes
            ):  # sums that serve dx and the weights
                total, along = _sums(dy, weighted, axes)
                factor = inverse if scale is None else ops.multiply(inverse, scale)
                error, by_scale = dy, along
            else:
                error, factor, by_scale = ops.multiply(dy, scale), inverse, weighted
                total, along = _sums(error, ops.multiply(error, unit), axes)
            inner = ops.subtract(error, ops.divide(total, count))
            dx = ops.multiply(factor, ops.subtract(inner, ops.multiply(unit, ops.divide(along, count))))
            found = [dx]
            if scale is not None:
                found.append(_summed_to(by_scale, scale.shape))
            if offset is not None:
                summed = error is dy and all(offset.shape[axis] == 1 for axis in axes)
                found.append(_summed_to(total if summed else dy, offset.shape))
            return found

        return y, gradient

    return custom_gradient(function)(x, *given)


def mean_and_variance(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """``μ = mean(x)`` and ``mean((x − μ)²)`` over axes, which are kept.

    Of large data, over all rows, what each row is made of is added up while it is near: with the mean mᵢ and the variance
    vᵢ of row i, ``μ = mean(mᵢ)``, and the variance is ``mean(vᵢ) + mean((mᵢ − μ)²)``. Where rows are short, both are found
    at once: with s the mean of a few rows from the middle, ``μ = s + mean(x − s)``, and the variance is
    ``mean((x − s)²) − mean(x − s)²``. Since s is near μ, nothing cancels.
    """
    if not _at_once(x, axes):
        mean = ops.mean(x, axis=axes, keepdims=True)
        return mean, ops.mean(ops.square(ops.subtract(x, mean)), axis=axes, keepdims=True)
    rows, count = x.shape[0], prod(x.shape[axis] for axis in axes)
    within = tuple(axis for axis in axes if axis)
    if count >= _LONG * rows:
        of_rows = _mean_of_each(x, within)
        spread = _mean_of_each(ops.square(ops.subtract(x, of_rows)), within)
        mean = p.materialize_p.bind(ops.mean(of_rows, axis=0, keepdims=True))  # read for each element
        between = ops.square(ops.subtract(of_rows, mean))
        return mean, ops.mean(ops.add(spread, between), axis=0, keepdims=True)
    few = min(rows, -(-_SOME * rows // count))
    begin = (rows - few) // 2
    near = p.materialize_p.bind(
        p.stop_gradient_p.bind(ops.mean(x[begin : begin + few], axis=axes, keepdims=True))
    )
    moved = ops.subtract(x, near)
    shift, square = (ops.divide(v, count) for v in _sums(moved, ops.square(moved), axes))
    mean = p.materialize_p.bind(ops.add(near, shift))  # read for each element
    return mean, ops.maximum(ops.subtract(square, ops.square(shift)), 0.0)


def _mean_of_each(x: Any, axes: tuple[int, ...]) -> Any:
    """Each row's mean over `axes`, which are kept; over the last of them last, so that many sums go on side by side."""
    for part in (axes[:-1], axes[-1:]):
        x = ops.mean(x, axis=part, keepdims=True) if part else x
    return x


def _at_once(x: Any, axes: tuple[int, ...]) -> bool:
    return 0 in axes and isinstance(x, Tensor) and x.size >= _LARGE


def _sums(x: Any, y: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """The sums of two arrays made of the same data, over axes, which are kept. Of large data, over all rows, they are one
    sum of two rows, so that the data are gone through once."""
    if not _at_once(x, axes):
        return ops.sum(x, axis=axes, keepdims=True), ops.sum(y, axis=axes, keepdims=True)
    row = p.iota_p.bind(shape=(2, *x.shape), dtype=np.dtype("int32"), axis=0)
    both = ops.where(ops.equal(row, 0), ops.expand_dims(x, 0), ops.expand_dims(y, 0))
    sums = ops.sum(both, axis=tuple(axis + 1 for axis in axes), keepdims=True)
    return sums[0], sums[1]


def _summed_to(x: Any, shape: Sequence[int]) -> Any:
    """`x` summed over the axes along which an array of `shape` was repeated."""
    axes = tuple(axis for axis, (n, m) in enumerate(zip(x.shape, shape, strict=True)) if n != m)
    return ops.sum(x, axis=axes, keepdims=True) if axes else x
