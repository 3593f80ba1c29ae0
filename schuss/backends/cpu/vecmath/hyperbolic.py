"""tanh, sinh, cosh and their inverses."""

from __future__ import annotations

import math

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    copysign,
    fma,
    polynomial,
    smaller,
    square_root,
    where,
)
from schuss.backends.cpu.vecmath.exponential import half_exponential, minus_one_of_moderate
from schuss.backends.cpu.vecmath.logarithm import log_plus_one

# (sinh(x) − x)/x³ in x², for |x| ≤ 1 (tools/fit_vecmath.py; in double precision Taylor's series)
_SINH32 = (0.166666665, 0.008333350056, 0.0001983616006, 2.816949776e-6)
_SINH64 = tuple(1 / math.factorial(k) for k in range(3, 20, 2))


def tanh(x: Number) -> Number:
    """``tanh x = t/(t + 2)`` with ``t = exp 2|x| − 1``, which is as exact near 0 as t is, and 1 where 2 is
    lost in t."""
    bounded = smaller(absolute(x), x.of(9.2, 20.0))
    t = minus_one_of_moderate(bounded + bounded)
    return copysign(t / (t + 2.0), x)


def sinh(x: Number) -> Number:
    """``sinh x``: its series up to 1, from there ``h − 1/(4h)`` with ``h = exp(x)/2``."""
    size = absolute(x)
    square = x * x
    near = fma(square * x, polynomial(square, x.of(_SINH32, _SINH64)), x)
    half = half_exponential(size)
    return where(size < 1.0, near, copysign(half - 0.25 / half, x))


def cosh(x: Number) -> Number:
    """``cosh x = h + 1/(4h)`` with ``h = exp|x|/2``."""
    half = half_exponential(absolute(x))
    return half + 0.25 / half


def asinh(x: Number) -> Number:
    """``log(|x| + √(x² + 1))`` with x's sign, as ``log1p(|x| + x²/(1 + √(1 + x²)))``; ``log 2|x|`` when x²
    would overflow."""
    size = absolute(x)
    large = size > x.of(2.0**40, 2.0**400)
    inside = where(large, x.like(1.0), size)
    square = inside * inside
    argument = inside + square / (square_root(square + 1.0) + 1.0)
    return copysign(_log_plus_one_or_log_twice(argument, size, large), x)


def acosh(x: Number) -> Number:
    """``log(x + √(x² − 1))`` as ``log1p(t + √(2t + t²))`` with ``t = x − 1``; NaN below 1."""
    t = x - 1.0
    large = x > x.of(2.0**40, 2.0**400)
    inside = where(large, x.like(1.0), t)
    argument = inside + square_root(fma(inside, inside, inside * 2.0))
    return where(x < 1.0, x.like(math.nan), _log_plus_one_or_log_twice(argument, x, large))


def _log_plus_one_or_log_twice(argument: Number, x: Number, large: Number) -> Number:
    result = log_plus_one(where(large, x, argument))
    return where(large, result + math.log(2), result)


def atanh(x: Number) -> Number:
    """``log((1 + x)/(1 − x))/2`` as ``log1p(2x/(1 − x))/2``; ±∞ at ±1, NaN outside."""
    size = absolute(x)
    result = log_plus_one(size * 2.0 / (1.0 - size)) * 0.5
    return copysign(result, x)
