"""x to the power y, as ``2^(y log₂|x|)`` (exp(y log|x|) in double precision), with the limits of C99, annex
F.

Single precision is computed in doubles, and so nearly always rounded right. In double precision the logarithm
is a sum of two doubles, for its error counts y log|x| times.
"""

from __future__ import annotations

import math

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    clamp,
    exact_fma,
    fma,
    nearest_integer,
    polynomial,
    power_of_two,
    quick_two_sum,
    two_product,
    two_sum,
    where,
)
from schuss.backends.cpu.vecmath.exponential import scaled_exponential
from schuss.backends.cpu.vecmath.logarithm import exponent_field
from schuss.backends.cpu.vecmath.rounding import truncate

# (log₂((1 + s)/(1 − s)) − 2s/ln 2)/s³ in s², and (2ʳ − 1)/r, to single precision (tools/fit_vecmath.py)
_LOG2 = (0.96179667923495206, 0.57708284377542795, 0.41170681022249166, 0.3402103659366351)
_EXP2 = (
    0.6931471805816236, 0.2402265092030724, 0.05550410727445178, 0.00961805698001704, 0.0013333669472727907,
    0.0001546135286235147, 1.5252743161685095e-05,
)  # fmt: skip
# (2 atanh(s) − 2s − 2/3 s³)/s⁵ in s² (tools/fit_vecmath.py)
_LOG = (
    0.3999999999999998, 0.2857142857144507, 0.2222222221754698, 0.181818188691129, 0.15384556947742337,
    0.13336314642990194, 0.11674871702053548, 0.11988593449962426,
)  # fmt: skip
_TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
_LN2 = (0.6931471805599453, 2.3190468138462996e-17)

Pair = tuple[Number, Number]


def power(x: Number, y: Number) -> Number:
    """``xʸ``; NaN for a negative x and a y that is no integer; 1 for ``x = 1`` or ``y = 0`` whatever the
    other is."""
    size = absolute(x)
    magnitude = _power_single(size, y) if x.is_single else _power_double(size, y)
    whole = truncate(y).equals(y)
    half = y * 0.5
    odd = whole & ~truncate(half).equals(half)
    negative = x.bits() < 0
    flip = where(negative & odd, magnitude.integer(x.format.sign), 0)
    result = (magnitude.bits() ^ flip).from_bits()
    result = where((x < 0.0) & (x > -math.inf) & ~whole, x.like(math.nan), result)
    return where(x.equals(1.0) | y.equals(0.0), x.like(1.0), where(x.is_nan() | y.is_nan(), x + y, result))


def _limits(size: Number, log: Number) -> Number:
    """The logarithm, also of 0 and ∞."""
    log = where(size.equals(0.0), log.like(-math.inf), log)
    return where(size.equals(math.inf), log.like(math.inf), log)


def _power_single(size: Number, y: Number) -> Number:
    x = size.to_double()
    field = exponent_field(x)
    m = (x.bits() - field).from_bits()
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    log = fma(square * s, polynomial(square, _LOG2), s * (2 / math.log(2)))
    log = _limits(size, log + (field >> 52).to_float())
    z = clamp(where(size.equals(1.0), x.like(0.0), log * y.to_double()), -1000.0, 1000.0)
    n, bits = nearest_integer(z)
    r = z - n
    return (fma(r, polynomial(r, _EXP2), 1.0) * power_of_two(bits)).to_single()


def _power_double(size: Number, y: Number) -> Number:
    high, low = _log_pair(size)
    high = _limits(size, high)
    # a y beyond 2⁷⁰ gives 0, 1 or ∞ already there, and products without overflow
    bounded = clamp(y, -(2.0**70), 2.0**70)
    product, rest = two_product(high, bounded)
    rest = fma(low, bounded, rest)
    rest = where(absolute(product) < 750.0, rest, 0.0)
    value = scaled_exponential(clamp(product, -750.0, 750.0), rest=rest, least=-746.0)
    return where(size.equals(1.0), 1.0, value)


def _log_pair(x: Number) -> Pair:
    """``log x`` of x ≥ 0 to some 2⁻⁶⁸ of its size, as a sum of two doubles."""
    small = x < x.format.smallest_normal
    normal = where(small, x * 2.0**54, x)
    field = exponent_field(normal)
    e = (field >> 52).to_float() + where(small, x.like(-54.0), 0.0)
    m = (normal.bits() - field).from_bits()
    top = m - 1.0
    bottom, bottom_low = quick_two_sum(m.like(1.0), m)
    s = top / bottom
    s_low = (exact_fma(-s, bottom, top) - s * bottom_low) / bottom
    square, square_low = two_product(s, s)
    square_low = fma(s * 2.0, s_low, square_low)
    # 2s + s·s²·(2/3 + s² (…))
    tail = square * polynomial(square, _LOG)
    factor, factor_low = quick_two_sum(square.like(_TWO_THIRDS[0]), tail)
    factor_low = factor_low + _TWO_THIRDS[1]
    cubic, cubic_low = _multiply((s, s_low), (square, square_low))
    series, series_low = _multiply((cubic, cubic_low), (factor, factor_low))
    near, near_low = quick_two_sum(s * 2.0, series)
    near_low = near_low + (s_low * 2.0 + series_low)
    whole, whole_low = two_product(e, e.like(_LN2[0]))
    total, total_low = two_sum(whole, near)
    total_low = total_low + (fma(e, _LN2[1], whole_low) + near_low)
    return quick_two_sum(total, total_low)


def _multiply(a: Pair, b: Pair) -> Pair:
    product, rest = two_product(a[0], b[0])
    return product, fma(a[0], b[1], fma(a[1], b[0], rest))
