"""log |Γ(x)| and its derivative, in double precision; single precision passes through it.

Close to their zeros below x = 0, and to that of digamma near 1.46, results are exact to about 1e−15, not to
their last digits.
"""

from __future__ import annotations

import math

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    copysign,
    fma,
    larger,
    polynomial,
    smaller,
    where,
)
from schuss.backends.cpu.vecmath.logarithm import log
from schuss.backends.cpu.vecmath.rounding import round_nearest_even
from schuss.backends.cpu.vecmath.trigonometric import sine_cosine

# log Γ(x)/((x − 1)(x − 2)) in x − 3/2, for 1 ≤ x ≤ 2 (tools/fit_vecmath.py)
_LOG_GAMMA = (
    0.4831289505409809, -0.14595989591430594, 0.06291140107456435, -0.03130848750105423, 0.01679709863127972,
    -0.00942562244476202, 0.0054464578388399455, -0.0032120742227792847, 0.0019229163202589509,
    -0.0011644113394592127, 0.0007115189556374554, -0.00043803554675846183, 0.00027131475827135384,
    -0.0001685694175442987, 0.0001053493757375959, -6.794603918154392e-05, 4.30472635681863e-05,
    -2.1470256703330694e-05, 1.3149101336634263e-05, -1.8542515976475216e-05, 1.2169582706461037e-05,
)  # fmt: skip
# Stirling's series: B₂ₖ/(2k(2k − 1)), and B₂ₖ/2k, in 1/x²
_STIRLING = (1/12, -1/360, 1/1260, -1/1680, 1/1188, -691/360360, 1/156, -3617/122400)  # fmt: skip
_STIRLING_SLOPE = (1/12, -1/120, 1/252, -1/240, 1/132, -691/32760, 1/12)  # fmt: skip
_SHIFTED = 9  # Stirling's series is used from here on


def lgamma(x: Number) -> Number:
    """``log |Γ(x)|``; +∞ at 0, −1, −2, …"""
    v = x.to_double()
    size = absolute(v)
    positive = _lgamma_positive(size)
    sine, _ = _sine_cosine_of_pi(v)  # Γ(−x) Γ(x) = −π/(x sin πx)
    reflected = log(math.pi / (size * absolute(sine))) - positive
    result = where(v < 0.0, reflected, positive)
    result = where(size < 2.0**-60, -log(size), result)
    pole = (v < 0.0) & sine.equals(0.0)
    result = where(pole | size.equals(math.inf), math.inf, result)
    return result.to_single() if x.is_single else result


def _lgamma_positive(x: Number) -> Number:
    large = x > _SHIFTED
    inverse = 1.0 / larger(x, _SHIFTED)
    series = inverse * polynomial(inverse * inverse, _STIRLING)
    near, factor = smaller(x, _SHIFTED), x.like(1.0)
    for _ in range(_SHIFTED - 2):  # Γ(x) = (x − 1) Γ(x − 1)
        high = near > 2.0
        near = where(high, near - 1.0, near)
        factor = where(high, factor * near, factor)
    low = near < 1.0  # Γ(x) = Γ(x + 1)/x; the factors x − 1 and x − 2 then are x and x − 1, exactly
    zeros = where(low, near, near - 1.0) * where(low, near - 1.0, near - 2.0)
    logarithm = log(where(large | low, x, factor))
    value = polynomial(where(low, near - 0.5, near - 1.5), _LOG_GAMMA)
    between = fma(zeros, value, where(low, -logarithm, logarithm))
    stirling = fma(x - 0.5, logarithm - 1.0, series + (0.5 * math.log(2 * math.pi) - 0.5))
    return where(large, stirling, between)


def digamma(x: Number) -> Number:
    """``d/dx log Γ(x)``; ∓∞ at ±0, NaN at −1, −2, …"""
    v = x.to_double()
    below = v < 0.0
    positive = _digamma_positive(where(below, 1.0 - v, v))
    sine, cosine = _sine_cosine_of_pi(v)
    result = where(below, positive - math.pi * cosine / sine, positive)  # ψ(1 − x) − ψ(x) = π/tan πx
    result = where(below & sine.equals(0.0), math.nan, result)
    result = where(v.equals(0.0), -copysign(v.like(math.inf), v), result)
    return result.to_single() if x.is_single else result


def _digamma_positive(x: Number) -> Number:
    total = x.like(0.0)
    for _ in range(_SHIFTED + 1):  # ψ(x) = ψ(x + 1) − 1/x
        low = x < _SHIFTED + 1.0
        total = where(low, total - 1.0 / x, total)
        x = where(low, x + 1.0, x)
    inverse = 1.0 / x
    square = inverse * inverse
    return log(x) - fma(inverse, 0.5, square * polynomial(square, _STIRLING_SLOPE)) + total


def _sine_cosine_of_pi(x: Number) -> tuple[Number, Number]:
    """sin πx, with sign and size, and cos πx, both but for a common sign."""
    fraction = x - round_nearest_even(x)
    size = absolute(fraction)
    swap = size > 0.25
    sine, cosine = sine_cosine(where(swap, 0.5 - size, size) * math.pi)
    return copysign(where(swap, cosine, sine), fraction), where(swap, sine, cosine)
