"""sin, cos, tan and their inverses.

``x = q π/2 + r`` with an integer q and ``|r| ≤ π/4``: by Cody and Waite with fused multiply-add, in which the
first difference is exact, and for huge x by Payne and Hanek ("Radian reduction for trigonometric functions",
1983) with as many bits of 2/π as the exponent needs. The polynomials come from tools/fit_vecmath.py.
"""

from __future__ import annotations

import math

import llvmlite.ir as ir

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    copysign,
    exact_fma,
    fma,
    intrinsic,
    polynomial,
    square_root,
    where,
)
from schuss.backends.cpu.vecmath._rare import replace_where

# π/2 in three parts, each the rest rounded
_HALF_PI_32 = (1.57079637050628662109375, -4.37113900018624283e-08, -1.71512449e-15)
_HALF_PI_64 = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
# (sin(r) − r)/r³ and (cos(r) − 1 + r²/2)/r⁴ in r², for |r| ≤ 0.8
_SIN32 = (-0.1666665319, 0.008332070932, -0.0001950307545)
_COS32 = (0.04166664319, -0.001388719434, 2.441920661e-5)
_SIN64 = (
    -0.1666666666666662, 0.00833333333331984, -0.00019841269827729216, 2.755731296537299e-06,
    -2.5050643659215255e-08, 1.5890128763792987e-10,
)  # fmt: skip
_COS64 = (
    0.041666666666666574, -0.0013888888888869803, 2.480158728680223e-05, -2.7557313582926205e-07,
    2.0875619312499806e-09, -1.1354296456065746e-11,
)  # fmt: skip
# (asin(x) − x)/x³ in x², for |x| ≤ 1/2, and (atan(t) − t)/t³ in t², for |t| ≤ tan(π/8)
_ASIN32 = (0.1666675248, 0.07495297917, 0.04547034162, 0.02417968389, 0.0421660186)
_ATAN32 = (-0.3333331519, 0.1999847147, -0.1424353174, 0.1059379844, -0.06078176087)
_ASIN64 = (
    0.16666666666665408, 0.07500000000337041, 0.04464285682830804, 0.030381959137705278, 0.022371758034917175,
    0.01735970496737053, 0.013885233718172551, 0.012169221560461256, 0.006527938129579985, 0.019528353663486125,
    -0.01622437440647334, 0.03191234330540023,
)  # fmt: skip
_ATAN64 = (
    -0.333333333333332, 0.19999999999953239, -0.1428571428016548, 0.11111110782094202, -0.09090897723367797,
    0.0769205968204219, -0.06663098783674637, 0.058478561028704454, -0.05039175678519572, 0.03806175445501928,
    -0.01790460650132384,
)  # fmt: skip


def sine_cosine(r: Number) -> tuple[Number, Number]:
    """sin r and cos r for ``|r| ≤ 0.8``."""
    square = r * r
    sine = fma(square * r, polynomial(square, r.of(_SIN32, _SIN64)), r)
    cosine = fma(square, fma(square, polynomial(square, r.of(_COS32, _COS64)), -0.5), 1.0)
    return sine, cosine


def _reduced(x: Number) -> tuple[Number, Number]:
    """r and an integer whose low bits are those of q."""
    shifted = fma(x, 2 / math.pi, x.format.magic)
    n = shifted - x.format.magic
    r = x
    for part in x.of(_HALF_PI_32, _HALF_PI_64):
        r = exact_fma(n, -part, r)
    huge = absolute(x) > x.of(2.0**17, 2.0**30)
    r, q = replace_where(huge, "reduced_angle", _reduced_huge, [x], [r, shifted.bits()])
    return r, q


def _reduced_huge(b: ir.IRBuilder, args: list[ir.Value]) -> list[ir.Value]:
    """r and q of a double that is at least 2¹⁷: 2/π is multiplied from the bit on that still counts modulo
    4."""
    x = Number(b, args[0])
    wide = ir.IntType(128)
    bits = absolute(x).bits()
    exponent = bits.shifted_right(52)
    m = (bits & ((1 << 52) - 1)) | (1 << 52)
    first = exponent - (1075 - 62)  # x = m 2^(exponent − 1075); 64 zeros come before the bits of 2/π
    first = where(first < 0, 0, first)  # the other lanes may hold anything
    word, shift = first.shifted_right(6), first & 63
    window = [_two_over_pi(b, word + i) for i in range(4)]
    high, middle, low = (intrinsic("llvm.fshl", window[i], window[i + 1], shift) for i in range(3))

    def widened(number: Number) -> Number:
        return Number(b, b.zext(number.value, wide))

    def narrowed(number: Number) -> Number:
        return Number(b, b.trunc(number.value, ir.IntType(64)))

    product = widened(m) * widened(middle) + (widened(m) * widened(low)).shifted_right(64)
    top = m * high + narrowed(
        product.shifted_right(64)
    )  # x 2/π modulo 4 in units of 2^−62, `product` holds the rest
    q = (top + (1 << 61)).shifted_right(62)
    fraction = ((widened(top) << 64) | widened(narrowed(product))) << 2  # its sign bit: more than a half
    negative = fraction < 0
    size = where(negative, -fraction, fraction)
    zeros = _leading_zeros(b, size)
    leading = narrowed((size << Number(b, b.zext(zeros.value, wide))).shifted_right(64))
    head = leading.shifted_right(11).to_float() * 2.0**-53
    tail = (leading & 2047).to_float() * 2.0**-64
    r = exact_fma(head, _HALF_PI_64[0], head * _HALF_PI_64[1] + tail * _HALF_PI_64[0])
    r = r * ((1023 - zeros) << 52).from_bits()
    r = where(exponent.equals(2047), math.nan, where(negative, -r, r))
    below = x < 0.0
    return [where(below, -r, r).value, where(below, -q, q).value]


def _leading_zeros(b: ir.IRBuilder, number: Number) -> Number:
    name = "llvm.ctlz.i128"
    type_ = number.value.type
    function = b.module.globals.get(name) or ir.Function(
        b.module, ir.FunctionType(type_, [type_, ir.IntType(1)]), name
    )
    count = b.call(function, [number.value, ir.Constant(ir.IntType(1), 0)])
    return Number(b, b.trunc(count, ir.IntType(64)))


def _two_over_pi(b: ir.IRBuilder, word: Number) -> Number:
    """Word `word` of 64 zeros and then the first 1280 bits of 2/π."""
    name, i64 = "vecmath.two_over_pi", ir.IntType(64)
    table = b.module.globals.get(name)
    if table is None:
        type_ = ir.ArrayType(i64, len(_TWO_OVER_PI))
        table = ir.GlobalVariable(b.module, type_, name)
        table.initializer = ir.Constant(type_, list(_TWO_OVER_PI))
        table.linkage, table.global_constant = "internal", True
    return Number(b, b.load(b.gep(table, [word.value], source_etype=i64), typ=i64))


_TWO_OVER_PI = (
    0, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041, 0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0,
    0x06492EEA09D1921C, 0xFE1DEB1CB129A73E, 0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4,
    0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB, 0xF0CFBC209AF4361D,
)  # fmt: skip


def _with_sign_bits(x: Number, bits: Number) -> Number:
    return (x.bits() ^ bits).from_bits()


def _sign_bit(x: Number) -> Number:
    return x.bits() & x.format.sign


def _of_quadrant(r: Number, q: Number) -> Number:
    """``sin(r + q π/2)``."""
    sine, cosine = sine_cosine(r)
    value = where((q & 1).equals(0), sine, cosine)
    return _with_sign_bits(value, (q & 2) << (r.format.bits - 2))


def sine(x: Number) -> Number:
    """``sin x``, of |x| and with x's sign, so that −0 stays −0."""
    return _with_sign_bits(_of_quadrant(*_reduced(absolute(x))), _sign_bit(x))


def cosine(x: Number) -> Number:
    """``cos x = sin(x + π/2)``."""
    r, q = _reduced(x)
    return _of_quadrant(r, q + 1)


def tan(x: Number) -> Number:
    """``tan x``: sin r / cos r, or −cos r / sin r in odd quadrants."""
    r, q = _reduced(absolute(x))
    sine, cosine = sine_cosine(r)
    odd = q & 1
    even = odd.equals(0)
    value = where(even, sine, cosine) / where(even, cosine, sine)
    return _with_sign_bits(value, (odd << (x.format.bits - 1)) ^ _sign_bit(x))


def _asin_parts(x: Number) -> tuple[Number, Number]:
    """Whether |x| > 1/2, and asin of |x|, or else of ``√((1 − |x|)/2)``, for
    ``asin x = π/2 − 2 asin √((1 − x)/2)``."""
    size = absolute(x)
    large = size > 0.5
    square = where(large, fma(size, -0.5, 0.5), size * size)
    root = where(large, square_root(square), size)
    return large, fma(root * square, polynomial(square, x.of(_ASIN32, _ASIN64)), root)


def asin(x: Number) -> Number:
    """``asin x``; NaN outside of [−1, 1]."""
    large, part = _asin_parts(x)
    low = x.of(_HALF_PI_32, _HALF_PI_64)[1]
    return copysign(where(large, math.pi / 2 - (part * 2.0 - low), part), x)


def acos(x: Number) -> Number:
    """``acos x``: 2 asin √((1 − x)/2), π less that below −1/2, π/2 − asin x between; NaN outside of [−1,
    1]."""
    large, part = _asin_parts(x)
    low = x.of(_HALF_PI_32, _HALF_PI_64)[1]
    signed = copysign(part, x)
    middle = math.pi / 2 - (signed - low)
    outer = part * 2.0
    below = math.pi - (outer - 2 * low)
    return where(large, where(x < 0.0, below, outer), middle)


def atan(x: Number) -> Number:
    """``atan x``."""
    return atan2(x, x.like(1.0))


def atan2(y: Number, x: Number) -> Number:
    """The angle of (x, y) in (−π, π].

    With a ≤ b the sizes of x and y: atan(a/b), which is π/4 + atan((a − b)/(a + b)) where a/b > tan(π/8).
    """
    across, along = absolute(y), absolute(x)
    steep = across > along
    a, b = where(steep, along, across), where(steep, across, along)
    both_infinite = a.equals(math.inf)
    a, b = where(both_infinite, x.like(1.0), a), where(both_infinite, x.like(1.0), b)
    scale = where(b > x.format.largest / 4, x.like(0.25), 1.0)  # so that a + b is finite
    a, b = a * scale, where(b.equals(0.0), x.like(1.0), b * scale)
    wide = a > b * math.tan(math.pi / 8)
    t = where(wide, a - b, a) / where(wide, a + b, b)
    square = t * t
    angle = fma(square * t, polynomial(square, x.of(_ATAN32, _ATAN64)), t)
    angle = where(wide, angle + math.pi / 4, angle)
    low = x.of(_HALF_PI_32, _HALF_PI_64)[1]
    angle = where(steep, math.pi / 2 - (angle - low), angle)
    angle = where(x.bits() < 0, math.pi - (angle - 2 * low), angle)
    return where((x + y).is_nan() & (x.is_nan() | y.is_nan()), x + y, copysign(angle, y))
