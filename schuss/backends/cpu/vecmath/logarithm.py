"""log x and log(1 + x).

``x = 2ᵉ m`` with m near one, so ``log x = e ln 2 + log(1 + f)``, ``f = m − 1``. In single precision log(1 +
f) is a polynomial (tools/fit_vecmath.py) on 2/3 ≤ m < 4/3; in double precision fdlibm's series in
``s = f/(2 + f)`` on √½ ≤ m < √2 (e_log.c: "Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this
software is freely granted, provided that this notice is preserved.").
"""

from __future__ import annotations

import math

from schuss.backends.cpu.vecmath._build import Number, copysign, fma, polynomial, where

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# (log(1 + f) − f)/f²
_LOG32 = (
    -0.4999993606, 0.3333319815, -0.2500781957, 0.2001116741, -0.164159521, 0.1399582743, -0.1538857174, 0.1402626493,
)  # fmt: skip
# (2 atanh(s) − 2s)/s in s²; from s² on
_LOG64 = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
_LEAST_32, _LEAST_64 = 0x3F2AAAAB, 0x3FE6A09E667F3BCD  # the bits of the least m: 2/3 and √½


def exponent_field(x: Number) -> Number:
    """``2ᵉ`` of ``x = 2ᵉ m`` as a difference of bits: those of x less those of m."""
    return (x.bits() - x.of(_LEAST_32, _LEAST_64)) & (-1 << x.format.mantissa)


def log_from_parts(f: Number, e: Number) -> Number:
    """``log(1 + f) + e ln 2`` for 1 + f in m's range."""
    if f.is_single:
        return fma(e, math.log(2), fma(f * f, polynomial(f, _LOG32), f))
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    series = z * polynomial(z, _LOG64)
    small = fma(s, half_square + series, e * LN2_LOW)
    return fma(e, LN2_HIGH, -((half_square - small) - f))


def log_of_normal(x: Number, e: Number | None = None) -> Number:
    """``log x + e ln 2`` for positive normal x."""
    field = exponent_field(x)
    own = (field >> x.format.mantissa).to_float()
    m = (x.bits() - field).from_bits()
    return log_from_parts(m - 1.0, own if e is None else own + e)


def log(x: Number) -> Number:
    """``log x``: −∞ at 0, NaN below."""
    form = x.format
    small = x < form.smallest_normal
    steps = form.mantissa + 2
    normal = where(small, x * 2.0**steps, x)
    result = log_of_normal(normal, where(small, x.like(-float(steps)), 0.0))
    return _with_limits(x, x, result)


def _with_limits(x: Number, argument: Number, result: Number) -> Number:
    """The logarithm where `argument` is positive and finite, else what becomes of x."""
    outside = where(argument.equals(0.0), x.like(-math.inf), math.nan)
    return where(argument > 0.0, where(argument < math.inf, result, x), outside)


def log_plus_one(x: Number) -> Number:
    """``log(1 + x)``, exact also where 1 + x is not: ``1 + x = 2ᵉ(1 + f)`` with ``f = 2⁻ᵉ x + (2⁻ᵉ − 1)``."""
    form = x.format
    u = x + 1.0
    field = exponent_field(u)
    e = (field >> form.mantissa).to_float()
    quarter = x.like(4.0).bits() - field  # 4·2⁻ᵉ, for 2⁻ᵉ alone may be no normal number
    scaled = where(field.equals(0), x, (x.bits() - field).from_bits())
    result = log_from_parts(scaled + fma(quarter.from_bits(), 0.25, -1.0), e)
    return _with_limits(x, u, copysign(result, x))
