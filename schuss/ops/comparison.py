"""Comparisons and logic: arrays in, bools out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import is_float, result_type
from schuss.graph import primitives as p
from schuss.ops._operands import aligned, convert, filled, kind_of, value

__all__ = [
    "allclose", "array_equal", "equal", "greater", "greater_equal", "isclose", "isfinite", "isin", "isinf", "isnan",
    "isneginf", "isposinf", "isreal", "less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor",
    "not_equal", "signbit",
]  # fmt: skip


def _comparison(name: str, direction: str, symbol: str) -> Callable[[Any, Any], Any]:
    def function(x1: Any, x2: Any) -> Any:
        return p.compare_p.bind(*aligned(x1, x2, name=name), direction=direction)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``x1 {symbol} x2``, element by element, broadcast; bool."
    return function


equal = _comparison("equal", "EQ", "==")
not_equal = _comparison("not_equal", "NE", "!=")
less = _comparison("less", "LT", "<")
less_equal = _comparison("less_equal", "LE", "<=")
greater = _comparison("greater", "GT", ">")
greater_equal = _comparison("greater_equal", "GE", ">=")


def _logical(name: str, primitive: Any, word: str) -> Callable[[Any, Any], Any]:
    def function(x1: Any, x2: Any) -> Any:
        return primitive.bind(*aligned(x1, x2, dtype="bool", name=name))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"x1 {word} x2, where what is not 0 is true; bool."
    return function


logical_and = _logical("logical_and", p.and_p, "and")
logical_or = _logical("logical_or", p.or_p, "or")
logical_xor = _logical("logical_xor", p.xor_p, "or else")


def logical_not(x: Any) -> Any:
    """True where x is 0."""
    return p.not_p.bind(value(x, "bool"))


def isfinite(x: Any) -> Any:
    """True where x is neither infinite nor NaN."""
    x = value(x)
    return p.is_finite_p.bind(x) if is_float(x.dtype) else filled(x.shape, True, "bool")


def isnan(x: Any) -> Any:
    """True where x is NaN."""
    x = value(x)
    return p.compare_p.bind(x, x, direction="NE") if is_float(x.dtype) else filled(x.shape, False, "bool")


def isinf(x: Any) -> Any:
    """True where x is ±∞."""
    x = value(x)
    return _is(p.abs_p.bind(x), np.inf) if is_float(x.dtype) else filled(x.shape, False, "bool")


def isposinf(x: Any) -> Any:
    """True where x is +∞."""
    return _is(value(x), np.inf)


def isneginf(x: Any) -> Any:
    """True where x is −∞."""
    return _is(value(x), -np.inf)


def _is(x: Any, number: float) -> Any:
    if not is_float(x.dtype):
        return filled(x.shape, False, "bool")
    return p.compare_p.bind(x, filled(x.shape, number, x.dtype), direction="EQ")


def isreal(x: Any) -> Any:
    """True everywhere, since all types are real."""
    return filled(value(x).shape, True, "bool")


def signbit(x: Any) -> Any:
    """True where x is negative or −0."""
    x = value(x)
    if x.dtype.kind in "bu":
        return filled(x.shape, False, "bool")
    zero = filled(x.shape, 0, x.dtype)
    negative = p.compare_p.bind(x, zero, direction="LT")
    if not is_float(x.dtype):
        return negative
    # the angle of (x, −1) is −π for −0 and π for 0
    minus_one = filled(x.shape, -1, x.dtype)
    return p.compare_p.bind(p.atan2_p.bind(x, minus_one), zero, direction="LT")


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """``|x1 − x2| ≤ atol + rtol·|x2|``; equal infinities are close, NaNs if `equal_nan`."""
    x1, x2 = aligned(x1, x2, dtype=result_type(kind_of(x1), kind_of(x2), float), name="isclose")
    distance = p.abs_p.bind(p.subtract_p.bind(x1, x2))
    scale = p.multiply_p.bind(filled(x2.shape, rtol, x2.dtype), p.abs_p.bind(x2))
    bound = p.add_p.bind(filled(x2.shape, atol, x2.dtype), scale)
    near = logical_and(p.compare_p.bind(distance, bound, direction="LE"), isfinite(x2))
    close = logical_or(near, equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all elements are close, as `isclose` says; a scalar bool."""
    close = isclose(x1, x2, rtol, atol, equal_nan)
    return p.reduce_min_p.bind(close, axes=tuple(range(close.ndim)))


def array_equal(x1: Any, x2: Any) -> Any:
    """Whether shapes and all elements are equal; a scalar bool."""
    x1, x2 = value(x1), value(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        return np.asarray(False)
    return p.reduce_min_p.bind(equal(x1, x2), axes=tuple(range(x1.ndim)))


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of x1 occurs in x2.

    Args:
        x1: array. x2: array of any shape. assume_unique: taken for Keras's sake. invert: whether it does
            *not* occur.
    """
    from schuss.ops.shaping import expand_dims, ravel

    x1, x2 = value(x1), ravel(x2)
    found = p.reduce_max_p.bind(equal(expand_dims(x1, -1), x2), axes=(x1.ndim,))
    found = convert(found, "bool")
    return p.not_p.bind(found) if invert else found
