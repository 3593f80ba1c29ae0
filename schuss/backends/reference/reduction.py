"""Reductions and running totals in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import reference_rules


def _reduction(function: np.ufunc) -> Any:
    def rule(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        return function.reduce(x, axis=axes, dtype=x.dtype)

    return rule


def _extreme(function: np.ufunc, of_bools: np.ufunc) -> Any:
    def rule(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        return (of_bools if x.dtype.kind == "b" else function).reduce(x, axis=axes)

    return rule


def _position(function: Any) -> Any:
    return lambda x, axis: function(x, axis).astype("int32")


def _running(function: np.ufunc) -> Any:
    def rule(x: np.ndarray, axis: int, reverse: bool = False) -> np.ndarray:
        x = np.flip(x, axis) if reverse else x
        total = function.accumulate(x, axis=axis, dtype=x.dtype)
        return np.flip(total, axis) if reverse else total

    return rule


reference_rules |= {
    p.reduce_sum_p: _reduction(np.add),
    p.reduce_prod_p: _reduction(np.multiply),
    p.reduce_max_p: _extreme(np.maximum, np.logical_or),
    p.reduce_min_p: _extreme(np.minimum, np.logical_and),
    p.argmax_p: _position(np.argmax),
    p.argmin_p: _position(np.argmin),
    p.cumsum_p: _running(np.add),
    p.cumprod_p: _running(np.multiply),
    p.cummax_p: _running(np.maximum),
}
