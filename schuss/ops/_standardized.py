"""Normalization by an array's own mean and variance, with the gradient written out: composed rules would go through
the data once more for each path through the mean and the variance."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from schuss import ops
from schuss.ops._custom_gradient import custom_gradient


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
        centered = ops.subtract(x, ops.mean(x, axis=axes, keepdims=True))
        variance = ops.mean(ops.square(centered), axis=axes, keepdims=True)
        inverse = ops.rsqrt(ops.add(variance, epsilon))
        y = ops.multiply(centered, inverse if scale is None else ops.multiply(inverse, scale))
        y = y if offset is None else ops.add(y, offset)

        def gradient(dy: Any) -> list[Any]:
            unit = ops.multiply(centered, inverse)
            weighted = ops.multiply(dy, unit)
            if scale is None or all(
                scale.shape[axis] == 1 for axis in axes
            ):  # sums that serve dx and the weights
                total, along = (ops.sum(v, axis=axes, keepdims=True) for v in (dy, weighted))
                factor = inverse if scale is None else ops.multiply(inverse, scale)
                error, by_scale = dy, along
            else:
                error, factor, by_scale = ops.multiply(dy, scale), inverse, weighted
                total, along = (
                    ops.sum(v, axis=axes, keepdims=True) for v in (error, ops.multiply(error, unit))
                )
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


def _summed_to(x: Any, shape: Sequence[int]) -> Any:
    """`x` summed over the axes along which an array of `shape` was repeated."""
    axes = tuple(axis for axis, (n, m) in enumerate(zip(x.shape, shape, strict=True)) if n != m)
    return ops.sum(x, axis=axes, keepdims=True) if axes else x
