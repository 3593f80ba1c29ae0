"""Rounding, signs, extremes, roots: what is an instruction or a few."""

from __future__ import annotations

import math
from collections.abc import Callable

import llvmlite.ir as ir

from schuss.backends.cpu.vecmath._build import (
    Number,
    absolute,
    copysign,
    exact_fma,
    has_fma,
    intrinsic,
    power_of_two,
    square_root,
    where,
)
from schuss.backends.cpu.vecmath._rare import replace_where


def floor(x: Number) -> Number:
    return intrinsic("llvm.floor", x)


def ceil(x: Number) -> Number:
    return intrinsic("llvm.ceil", x)


def truncate(x: Number) -> Number:
    return intrinsic("llvm.trunc", x)


def round_nearest_even(x: Number) -> Number:
    return intrinsic("llvm.roundeven", x)


def sign(x: Number) -> Number:
    """−1, 0 or 1; NaN for NaN."""
    return where(x > 0.0, x.like(1.0), where(x < 0.0, x.like(-1.0), where(x.is_nan(), x, 0.0)))


def is_finite(x: Number) -> Number:
    return absolute(x) < math.inf


def maximum(x: Number, y: Number) -> Number:
    """The larger; NaN if one is."""
    return _extreme(x, y, lambda a, b: a > b)


def minimum(x: Number, y: Number) -> Number:
    """The smaller; NaN if one is."""
    return _extreme(x, y, lambda a, b: a < b)


def _extreme(x: Number, y: Number, better: Callable[[Number, Number], Number]) -> Number:
    # `where(a > b, a, b)` is one instruction of x86 and gives b if either is NaN. With a constant in a's
    # place (ReLU's zero) nothing is left to do.
    if _is_constant(y):
        x, y = y, x
    best = where(better(x, y), x, y)
    return best if _is_constant(x) else where(x.is_nan(), x, best)


def _is_constant(x: Number) -> bool:
    """Whether x is known now and no NaN."""
    if not isinstance(x.value, ir.Constant):
        return False
    held = x.value.constant
    numbers = [getattr(n, "constant", None) for n in held] if isinstance(held, (list, tuple)) else [held]
    return all(isinstance(n, (int, float)) and not math.isnan(n) for n in numbers)


def remainder(x: Number, y: Number) -> Number:
    """What remains of x after whole multiples of y, with y's sign, as NumPy's ``mod``; exact but for adding y
    to it."""
    size, divisor = absolute(x), absolute(y)
    n = truncate(size / divisor)
    rest = exact_fma(-n, divisor, size)
    rest = where(rest < 0.0, rest + divisor, rest)  # the quotient was rounded up
    huge = n > x.of(2.0**22, 2.0**51)
    if not has_fma():
        huge = huge | (size > x.of(math.inf, 2.0**990)) & (divisor <= size)  # beyond Veltkamp's splitting
    (rest,) = replace_where(huge, "remainder", _long_division, [size, divisor], [rest])
    rest = where(size < divisor, size, rest)
    other_side = rest.equals(rest) & ~rest.equals(0.0) & ((x.bits() ^ y.bits()) < 0)
    rest = copysign(rest, x)
    result = where(other_side, rest + y, rest)
    result = where(result.equals(0.0), copysign(result, y), result)
    return where(size.equals(math.inf) | y.equals(0.0), x.like(math.nan), result)


def _long_division(b: ir.IRBuilder, args: list[ir.Value]) -> list[ir.Value]:
    """The remainder of doubles x ≥ y > 0, of the integers m in ``m 2^e``, eleven bits of the quotient at a
    time."""
    x, y = (Number(b, a) for a in args)
    (mx, ex), (my, ey) = _integer_and_exponent(x), _integer_and_exponent(y)
    my = where(my.equals(0), 1, my)
    before = b.block
    loop, done = b.append_basic_block("divide"), b.append_basic_block("divided")
    first = Number(b, b.urem(mx.value, my.value))
    left = ex - ey
    b.cbranch((left > 0).value, loop, done)
    b.position_at_end(loop)
    rest, places = b.phi(ir.IntType(64)), b.phi(ir.IntType(64))
    step = where(Number(b, places) < 11, Number(b, places), 11)
    next_rest = b.urem((Number(b, rest) << step).value, my.value)
    next_places = Number(b, places) - step
    rest.add_incoming(first.value, before)
    rest.add_incoming(next_rest, loop)
    places.add_incoming(left.value, before)
    places.add_incoming(next_places.value, loop)
    b.cbranch((next_places > 0).value, loop, done)
    b.position_at_end(done)
    last = b.phi(ir.IntType(64))
    last.add_incoming(first.value, before)
    last.add_incoming(next_rest, loop)
    half = ey >> 1  # the power of two in two factors, for it may be no normal number
    return [(Number(b, last).to_float() * power_of_two(half) * power_of_two(ey - half)).value]


def _integer_and_exponent(x: Number) -> tuple[Number, Number]:
    """Integers m and e with ``x = m 2ᵉ``, for x ≥ 0."""
    bits = x.bits()
    field = bits >> 52
    normal = field > 0
    m = (bits & ((1 << 52) - 1)) | where(normal, field.like(1 << 52), 0)
    return m, where(normal, field, 1) - 1075


def reciprocal_root(x: Number) -> Number:
    """``1/√x``."""
    return 1.0 / square_root(x)
