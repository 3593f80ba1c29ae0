"""Elementwise primitives in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.backends.reference import special
from schuss.graph import primitives as p
from schuss.graph import reference_rules


def _as(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with the result in the operands' dtype, whatever type it computes in."""

    def rule(x: np.ndarray, *others: np.ndarray) -> np.ndarray:
        return np.asarray(function(x, *others)).astype(x.dtype, copy=False)

    return rule


def _logistic(x: np.ndarray) -> np.ndarray:
    """``1/(1 + exp(−x))`` from exp of what is not positive, so that nothing overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: function(x) if x.dtype.kind == "f" else x


def _divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Integers: towards zero; by zero 0, as NumPy's ``//``."""
    if x.dtype.kind == "f":
        return np.divide(x, y)
    divisor = np.where(y == 0, np.ones_like(y), y)
    quotient = np.floor_divide(x, divisor)
    inexact = quotient * divisor != x
    towards_zero = quotient + (inexact & ((x < 0) != (y < 0))).astype(x.dtype)
    return np.where(y == 0, np.zeros_like(x), towards_zero)


def _remainder(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "f":
        return np.remainder(x, y)
    return np.remainder(x, np.where(y == 0, np.ones_like(y), y))  # by zero 0, as NumPy


def _power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Integers to a negative power: the real result cut to an integer, so 0 but for bases of 1 and −1."""
    if x.dtype.kind != "i" or not (y < 0).any():
        return np.power(x, y)
    ones = np.where(x == -1, np.where(y % 2 == 0, 1, -1), np.where(x == 1, 1, 0)).astype(x.dtype)
    return np.where(y < 0, ones, np.power(x, np.maximum(y, 0)))


def _shift(function: Callable[..., Any]) -> Callable[..., Any]:
    """Shifts as unsigned numbers; by the width or more gives 0."""

    def rule(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        width = 8 * x.dtype.itemsize
        unsigned = np.dtype(f"u{x.dtype.itemsize}")
        a, b = x.view(unsigned), y.view(unsigned)
        shifted = function(a, np.minimum(b, unsigned.type(width - 1)))
        return np.where(b < width, shifted, unsigned.type(0)).astype(unsigned).view(x.dtype)

    return rule


def _convert(x: np.ndarray, dtype: Any) -> np.ndarray:
    return np.not_equal(x, 0) if np.dtype(dtype).kind == "b" else x.astype(dtype)


_COMPARISONS = {
    "EQ": np.equal, "NE": np.not_equal, "LT": np.less, "LE": np.less_equal, "GT": np.greater, "GE": np.greater_equal,
}  # fmt: skip

reference_rules |= {
    p.negative_p: np.negative,
    p.abs_p: np.abs,
    p.sign_p: np.sign,
    p.floor_p: _rounded(np.floor),
    p.ceil_p: _rounded(np.ceil),
    p.round_nearest_even_p: _rounded(np.rint),
    p.exponential_p: np.exp,
    p.exponential_minus_one_p: np.expm1,
    p.log_p: np.log,
    p.log_plus_one_p: np.log1p,
    p.logistic_p: _as(_logistic),
    p.sqrt_p: np.sqrt,
    p.rsqrt_p: lambda x: np.reciprocal(np.sqrt(x)),
    p.sine_p: np.sin,
    p.cosine_p: np.cos,
    p.tan_p: np.tan,
    p.asin_p: np.arcsin,
    p.acos_p: np.arccos,
    p.atan_p: np.arctan,
    p.sinh_p: np.sinh,
    p.cosh_p: np.cosh,
    p.tanh_p: np.tanh,
    p.asinh_p: np.arcsinh,
    p.acosh_p: np.arccosh,
    p.atanh_p: np.arctanh,
    p.erf_p: _as(special.erf),
    p.erf_inv_p: _as(special.erf_inv),
    p.lgamma_p: _as(special.lgamma),
    p.digamma_p: _as(special.digamma),
    p.is_finite_p: np.isfinite,
    p.add_p: np.add,
    p.subtract_p: np.subtract,
    p.multiply_p: np.multiply,
    p.divide_p: _as(_divide),
    p.maximum_p: np.maximum,
    p.minimum_p: np.minimum,
    p.power_p: _as(_power),
    p.remainder_p: _as(_remainder),
    p.atan2_p: np.arctan2,
    p.not_p: np.invert,
    p.and_p: np.bitwise_and,
    p.or_p: np.bitwise_or,
    p.xor_p: np.bitwise_xor,
    p.shift_left_p: _shift(np.left_shift),
    p.shift_right_logical_p: _shift(np.right_shift),
    p.compare_p: lambda x, y, direction: _COMPARISONS[direction](x, y),
    p.select_p: np.where,
    p.convert_p: _convert,
}
