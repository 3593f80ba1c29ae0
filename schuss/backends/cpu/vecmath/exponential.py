"""exp, exp − 1 and the logistic function.

``x = n ln 2 + r`` with an integer n and ``|r| ≤ ln 2 / 2`` (Cody and Waite), so ``exp x = 2ⁿ exp r``, and exp
r is a polynomial. The coefficients come from tools/fit_vecmath.py; ln 2 is cut in two as in fdlibm and
Cephes, so that ``n ln2_high`` is exact.
"""

from __future__ import annotations

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    clamp,
    fma,
    larger,
    polynomial,
    smaller,
    where,
)

LOG2_E = 1.4426950408889634
_LN2_32 = (0.693359375, -2.1219444e-4)
_LN2_64 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
# (exp(r) − 1 − r)/r²
_EXP32 = (0.5, 0.1666657728, 0.04166685335, 0.008363145259, 0.001390128907)
_EXP64 = (
    0.5, 0.16666666666666644, 0.041666666666624316, 0.00833333333335619, 0.001388888891713447,
    0.0001984126978468772, 2.4801521402150586e-05, 2.755735549173043e-06, 2.762004388673415e-07,
    2.5068171906190828e-08,
)  # fmt: skip


def reduce(x: Number, offset: int, rest: Number | None = None) -> tuple[Number, Number]:
    """exp(r) − 1 and an integer whose low bits are those of ``n + offset``, for ``x = n ln 2 + r``.

    `rest` is a small number to be added to x.
    """
    magic = x.format.magic + offset
    shifted = fma(x, LOG2_E, magic)
    n = shifted - magic
    high, low = x.of(_LN2_32, _LN2_64)
    r = fma(n, -low, fma(n, -high, x))
    if rest is not None:
        r = r + rest
    return fma(r * r, polynomial(r, x.of(_EXP32, _EXP64)), r), shifted.bits()


def scaled_exponential(
    x: Number, offset: int = 0, rest: Number | None = None, least: float | None = None
) -> Number:
    """``2^offset exp(x + rest)`` for x where reducing is exact; 2ⁿ is applied in two halves, for it may be no
    normal number.

    `least`: the result is 0 from there on down. The last factor is then 0, for processors take a hundred cycles to round
    a product that is too small: masked scores of attention are such x.
    """
    form = x.format
    minus_one, bits = reduce(x, 2 * form.bias + offset, rest)
    half = (bits << (form.mantissa - 1)) & (-1 << form.mantissa)  # the exponent field of 2^(n // 2)
    rest = (bits << form.mantissa) - half
    last = rest.from_bits()
    if least is not None:
        last = where(x <= least, 0.0, last)
    return (minus_one + 1.0) * half.from_bits() * last


def exponential(x: Number) -> Number:
    """``exp x``."""
    least = _least(x)
    return scaled_exponential(clamp(x, least, x.of(89.0, 710.0)), least=least)


def _least(x: Number) -> float:
    """The exponential of this, and of what is less, rounds to 0."""
    return x.of(-104.0, -746.0)


def exponential_minus_one(x: Number) -> Number:
    """``exp x − 1 = 2ⁿ (exp r − 1) + (2ⁿ − 1)``, computed as twice its half, which cannot overflow too
    early."""
    form = x.format
    inside = clamp(x, x.of(-20.0, -40.0), x.of(89.0, 710.0))
    minus_one, bits = reduce(inside, form.bias - 1)
    half = (bits << form.mantissa).from_bits()  # 2^(n − 1)
    result = fma(half, minus_one, half - 0.5) * 2.0
    return where(absolute(x) < x.of(2.0**-25, 2.0**-54), x, result)


def minus_one_of_moderate(x: Number) -> Number:
    """``exp x − 1`` for x between 0 and some 60."""
    form = x.format
    minus_one, bits = reduce(x, form.bias)
    scale = (bits << form.mantissa).from_bits()
    return fma(scale, minus_one, scale - 1.0)


def logistic(x: Number) -> Number:
    """``1/(1 + exp(−x))``, from exp of what is not positive: ``exp x/(1 + exp x)`` below zero."""
    e = scaled_exponential(larger(-absolute(x), _least(x)), least=_least(x))
    return where(x < 0.0, e, 1.0) / (e + 1.0)


def half_exponential(x: Number) -> Number:
    """``exp(x)/2`` of ``x ≥ 0``, finite wherever sinh and cosh are."""
    return scaled_exponential(smaller(x, x.of(90.0, 712.0)), offset=-1)
