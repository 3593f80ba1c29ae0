"""Arithmetic and elementary functions, element by element.

Operands broadcast by NumPy's rule and are promoted as `schuss.graph.result_type` says; Python numbers take
the type of the array they meet. Functions of real analysis turn integers into floatx.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import Primitive, Spec, as_dtype, is_float, result_type
from schuss.graph import primitives as p
from schuss.ops._operands import (
    aligned,
    as_float,
    broadcast,
    convert,
    filled,
    is_weak,
    kind_of,
    on_host,
    value,
)

__all__ = [
    "abs",
    "absolute",
    "add",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "clip",
    "conj",
    "conjugate",
    "cos",
    "cosh",
    "deg2rad",
    "digamma",
    "divide",
    "divide_no_nan",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "heaviside",
    "hypot",
    "imag",
    "lcm",
    "ldexp",
    "left_shift",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "nextafter",
    "positive",
    "power",
    "rad2deg",
    "real",
    "reciprocal",
    "right_shift",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]  # fmt: skip


def _real(name: str, primitive: Primitive, formula: str) -> Callable[[Any], Any]:
    """A function of one real variable: integers become floatx."""

    def function(x: Any) -> Any:
        return primitive.bind(as_float(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"``{formula}``, element by element.\n\n"
        "    Args:\n        x: array of any shape; integers and bools become floatx.\n\n"
        "    Returns:\n        Array of floats of x's shape.\n    "
    )
    return function


exp = _real("exp", p.exponential_p, "eˣ")
expm1 = _real("expm1", p.exponential_minus_one_p, "eˣ − 1, exact also near 0")
log = _real("log", p.log_p, "the natural logarithm")
log1p = _real("log1p", p.log_plus_one_p, "log(1 + x), exact also near 0")
sqrt = _real("sqrt", p.sqrt_p, "√x")
rsqrt = _real("rsqrt", p.rsqrt_p, "1/√x")
sin = _real("sin", p.sine_p, "sin x")
cos = _real("cos", p.cosine_p, "cos x")
tan = _real("tan", p.tan_p, "tan x")
arcsin = _real("arcsin", p.asin_p, "arcsin x, in [−π/2, π/2]")
arccos = _real("arccos", p.acos_p, "arccos x, in [0, π]")
arctan = _real("arctan", p.atan_p, "arctan x, in [−π/2, π/2]")
sinh = _real("sinh", p.sinh_p, "sinh x")
cosh = _real("cosh", p.cosh_p, "cosh x")
tanh = _real("tanh", p.tanh_p, "tanh x")
arcsinh = _real("arcsinh", p.asinh_p, "the inverse of sinh")
arccosh = _real("arccosh", p.acosh_p, "the inverse of cosh, for x ≥ 1")
arctanh = _real("arctanh", p.atanh_p, "the inverse of tanh, for |x| ≤ 1")
erf = _real("erf", p.erf_p, "2/√π ∫₀ˣ exp(−t²) dt")
erfinv = _real("erfinv", p.erf_inv_p, "the inverse of erf, for |x| ≤ 1")
lgamma = _real("lgamma", p.lgamma_p, "log |Γ(x)|")
digamma = _real("digamma", p.digamma_p, "the derivative of lgamma")
ceil = _real("ceil", p.ceil_p, "the least integer ≥ x, as a float")
floor = _real("floor", p.floor_p, "the greatest integer ≤ x, as a float")


def erfc(x: Any) -> Any:
    """``1 − erf(x)`` in floats, taken in float64."""
    x = as_float(x)
    wide = convert(x, "float64")
    return convert(p.subtract_p.bind(filled(wide.shape, 1, wide.dtype), p.erf_p.bind(wide)), x.dtype)


def add(x1: Any, x2: Any) -> Any:
    """``x1 + x2``; *or* of bools.

    Example:
        >>> from schuss import ops
        >>> ops.add(ops.array([1, 2]), 0.5).tolist()
        [1.5, 2.5]
    """
    x1, x2 = aligned(x1, x2, name="add")
    return (p.or_p if x1.dtype.kind == "b" else p.add_p).bind(x1, x2)


def subtract(x1: Any, x2: Any) -> Any:
    """``x1 − x2``; bools count as int32."""
    return p.subtract_p.bind(*aligned(x1, x2, dtype=_number_type(x1, x2), name="subtract"))


def multiply(x1: Any, x2: Any) -> Any:
    """``x1 · x2``; *and* of bools."""
    x1, x2 = aligned(x1, x2, name="multiply")
    return (p.and_p if x1.dtype.kind == "b" else p.multiply_p).bind(x1, x2)


def _number_type(*operands: Any) -> np.dtype:
    """The type of the operands together, int32 where all are bools."""
    dtype = result_type(*map(kind_of, operands))
    return np.dtype("int32") if dtype.kind == "b" else dtype


def divide(x1: Any, x2: Any) -> Any:
    """``x1 / x2`` in floats: integers become floatx.

    Example:
        >>> from schuss import ops
        >>> ops.divide(ops.array([1, 3]), 2).tolist()
        [0.5, 1.5]
    """
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    return p.divide_p.bind(*aligned(x1, x2, dtype=dtype, name="divide"))


def true_divide(x1: Any, x2: Any) -> Any:
    """The same as `divide`."""
    return divide(x1, x2)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """``x1 / x2``, and 0 where x2 is 0."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    x1, x2 = aligned(x1, x2, dtype=dtype, name="divide_no_nan")
    zero = filled(x2.shape, 0, dtype)
    by_zero = p.compare_p.bind(x2, zero, direction="EQ")
    # the divisor is replaced too, or the gradient would be 0·∞
    quotient = p.divide_p.bind(x1, p.select_p.bind(by_zero, filled(x2.shape, 1, dtype), x2))
    return p.select_p.bind(by_zero, zero, quotient)


def floor_divide(x1: Any, x2: Any) -> Any:
    """``⌊x1 / x2⌋``, as Python's ``//``: ``x1 == x2 * floor_divide(x1, x2) + mod(x1, x2)``."""
    x1, x2 = aligned(x1, x2, dtype=_number_type(x1, x2), name="floor_divide")
    quotient = p.divide_p.bind(p.subtract_p.bind(x1, p.remainder_p.bind(x1, x2)), x2)
    if not is_float(x1.dtype):
        return quotient
    zero = filled(x2.shape, 0, x2.dtype)
    by_zero = p.compare_p.bind(x2, zero, direction="EQ")
    return p.select_p.bind(by_zero, p.divide_p.bind(x1, x2), p.round_nearest_even_p.bind(quotient))


def mod(x1: Any, x2: Any) -> Any:
    """The remainder of `floor_divide`; it has the sign of x2, as Python's ``%``."""
    return p.remainder_p.bind(*aligned(x1, x2, dtype=_number_type(x1, x2), name="mod"))


def fmod(x1: Any, x2: Any) -> Any:
    """The remainder of the division cut towards zero; it has the sign of x1, as C's ``fmod``."""
    x1, x2 = aligned(x1, x2, dtype=_number_type(x1, x2), name="fmod")
    if x1.dtype.kind == "u":
        return p.remainder_p.bind(x1, x2)
    size = p.remainder_p.bind(p.abs_p.bind(x1), p.abs_p.bind(x2))
    below = p.compare_p.bind(x1, filled(x1.shape, 0, x1.dtype), direction="LT")
    return p.select_p.bind(below, p.negative_p.bind(size), size)


def power(x1: Any, x2: Any) -> Any:
    """``x1`` to the power ``x2``.

    Example:
        >>> from schuss import ops
        >>> ops.power(ops.array([1.0, 2.0, 3.0]), 2).tolist()
        [1.0, 4.0, 9.0]
    """
    dtype = _number_type(x1, x2)
    if is_weak(x2) and x2 in (1, 2):
        x1 = value(x1, dtype)
        return x1 if x2 == 1 else p.multiply_p.bind(x1, x1)
    return p.power_p.bind(*aligned(x1, x2, dtype=dtype, name="power"))


def maximum(x1: Any, x2: Any) -> Any:
    """The larger of two; *or* of bools. NaN if either is."""
    x1, x2 = aligned(x1, x2, name="maximum")
    return (p.or_p if x1.dtype.kind == "b" else p.maximum_p).bind(x1, x2)


def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of two; *and* of bools. NaN if either is."""
    x1, x2 = aligned(x1, x2, name="minimum")
    return (p.and_p if x1.dtype.kind == "b" else p.minimum_p).bind(x1, x2)


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of two; where one is NaN, the other."""
    return _unless_nan(x1, x2, maximum, "fmax")


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two; where one is NaN, the other."""
    return _unless_nan(x1, x2, minimum, "fmin")


def _unless_nan(x1: Any, x2: Any, choose: Callable[[Any, Any], Any], name: str) -> Any:
    x1, x2 = aligned(x1, x2, name=name)
    if not is_float(x1.dtype):
        return choose(x1, x2)
    x2_or_x1 = p.select_p.bind(p.compare_p.bind(x2, x2, direction="EQ"), x2, x1)
    x1_or_x2 = p.select_p.bind(p.compare_p.bind(x1, x1, direction="EQ"), x1, x2)
    return choose(x1_or_x2, x2_or_x1)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """``min(max(x, x_min), x_max)`` in the common type (int32 for bools); a bound of None is none.

    At a bound x keeps its gradient, as in Keras: it stands second, where `maximum` and `minimum` send it at a
    tie.
    """
    x = value(x)
    dtype = result_type(kind_of(x), *(kind_of(bound) for bound in (x_min, x_max) if bound is not None))
    x = convert(x, np.dtype("int32") if dtype.kind == "b" else dtype)
    if x_min is not None:
        x = maximum(x_min if is_weak(x_min) else value(x_min, x.dtype), x)
    if x_max is not None:
        x = minimum(x_max if is_weak(x_max) else value(x_max, x.dtype), x)
    return x


def negative(x: Any) -> Any:
    """``−x``; bools count as int32."""
    return p.negative_p.bind(value(x, _number_type(x)))


def positive(x: Any) -> Any:
    """``x``."""
    return value(x)


def absolute(x: Any) -> Any:
    """``|x|``."""
    x = value(x)
    return x if x.dtype.kind in "bu" else p.abs_p.bind(x)


def abs(x: Any) -> Any:
    """The same as `absolute`."""
    return absolute(x)


def fabs(x: Any) -> Any:
    """``|x|`` as a float."""
    return p.abs_p.bind(as_float(x))


def sign(x: Any) -> Any:
    """−1, 0 or 1; bools count as int32."""
    return p.sign_p.bind(value(x, _number_type(x)))


def square(x: Any) -> Any:
    """``x²``; bools count as int32."""
    x = value(x, _number_type(x))
    return p.multiply_p.bind(x, x)


def reciprocal(x: Any) -> Any:
    """``1/x`` in floats."""
    x = as_float(x)
    return p.divide_p.bind(filled(x.shape, 1, x.dtype), x)


def round(x: Any, decimals: int = 0) -> Any:
    """To the nearest number with so many decimals; halves go to the even digit. Integers stay as they are."""
    x = value(x)
    if not is_float(x.dtype):
        if decimals >= 0 or x.dtype.kind == "b":
            return x
        unit = 10**-decimals
        return convert(multiply(round(divide(convert(x, "float64"), unit)), unit), x.dtype)
    if decimals == 0:
        return p.round_nearest_even_p.bind(x)
    scale = 10.0 ** math.fabs(decimals)
    if decimals > 0:
        return divide(p.round_nearest_even_p.bind(multiply(x, scale)), scale)
    return multiply(p.round_nearest_even_p.bind(divide(x, scale)), scale)


def trunc(x: Any) -> Any:
    """The integer part, towards zero. Integers stay as they are."""
    x = value(x)
    if not is_float(x.dtype):
        return x
    below = p.compare_p.bind(x, filled(x.shape, 0, x.dtype), direction="LT")
    return p.select_p.bind(below, p.ceil_p.bind(x), p.floor_p.bind(x))


def log2(x: Any) -> Any:
    """The logarithm to base 2, in floats."""
    return multiply(log(x), 1 / math.log(2))


def log10(x: Any) -> Any:
    """The logarithm to base 10, in floats."""
    return multiply(log(x), 1 / math.log(10))


def exp2(x: Any) -> Any:
    """``2ˣ`` in floats."""
    x = as_float(x)
    return p.power_p.bind(filled(x.shape, 2, x.dtype), x)


def cbrt(x: Any) -> Any:
    """The real third root, in floats."""
    x = as_float(x)
    return multiply(p.sign_p.bind(x), power(p.abs_p.bind(x), 1 / 3))


def logaddexp(x1: Any, x2: Any) -> Any:
    """``log(exp(x1) + exp(x2))`` without overflow."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    x1, x2 = aligned(x1, x2, dtype=dtype, name="logaddexp")
    top = p.maximum_p.bind(x1, x2)
    distance = p.abs_p.bind(p.subtract_p.bind(x1, x2))
    total = p.add_p.bind(top, p.log_plus_one_p.bind(p.exponential_p.bind(p.negative_p.bind(distance))))
    equal = p.compare_p.bind(x1, x2, direction="EQ")  # infinities have no distance
    return p.select_p.bind(equal, add(x1, math.log(2)), total)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """``log₂(2^x1 + 2^x2)`` without overflow."""
    return multiply(logaddexp(multiply(x1, math.log(2)), multiply(x2, math.log(2))), 1 / math.log(2))


def hypot(x1: Any, x2: Any) -> Any:
    """``√(x1² + x2²)`` without overflow, in floats."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    x1, x2 = (p.abs_p.bind(x) for x in aligned(x1, x2, dtype=dtype, name="hypot"))
    large, small = p.maximum_p.bind(x1, x2), p.minimum_p.bind(x1, x2)
    return multiply(large, sqrt(add(1, square(divide_no_nan(small, large)))))


def arctan2(x1: Any, x2: Any) -> Any:
    """The angle of the point (x2, x1) in (−π, π]."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    return p.atan2_p.bind(*aligned(x1, x2, dtype=dtype, name="arctan2"))


def heaviside(x1: Any, x2: Any) -> Any:
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0; in floats."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    x1, x2 = aligned(x1, x2, dtype=dtype, name="heaviside")
    zero, one = filled(x1.shape, 0, dtype), filled(x1.shape, 1, dtype)
    step = p.select_p.bind(p.compare_p.bind(x1, zero, direction="LT"), zero, one)
    step = p.select_p.bind(p.compare_p.bind(x1, zero, direction="EQ"), x2, step)
    return p.select_p.bind(p.compare_p.bind(x1, x1, direction="EQ"), step, x1)


def ldexp(x1: Any, x2: Any) -> Any:
    """``x1 · 2^x2`` in floats, x2 an integer."""
    x1 = as_float(x1)
    return multiply(x1, exp2(value(x2, x1.dtype)))


def nextafter(x1: Any, x2: Any) -> Any:
    """The next representable float after x1 in the direction of x2; computed on the host. It moves with x1."""
    dtype = result_type(kind_of(x1), kind_of(x2), float)
    x1, x2 = aligned(x1, x2, dtype=dtype, name="nextafter")
    y = on_host(np.nextafter, Spec(x1.shape, as_dtype(dtype)), x1, x2)
    return p.custom_gradient_p.bind(x1, x2, y, n=2, gradient=lambda dy: [dy, None])[0]


def sinc(x: Any) -> Any:
    """``sin(πx)/(πx)``, 1 at 0; in floats."""
    x = multiply(as_float(x), math.pi)
    zero, one = filled(x.shape, 0, x.dtype), filled(x.shape, 1, x.dtype)
    at_zero = p.compare_p.bind(x, zero, direction="EQ")
    safe = p.select_p.bind(at_zero, one, x)
    return p.select_p.bind(at_zero, one, p.divide_p.bind(p.sine_p.bind(safe), safe))


def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return multiply(as_float(x), math.pi / 180)


def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return multiply(as_float(x), 180 / math.pi)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with numbers instead of NaN and infinities; by default 0 and the type's largest and lowest."""
    x = value(x)
    if not is_float(x.dtype):
        return x
    limits = np.finfo(x.dtype)
    for wrong, direction, good in (
        (np.inf, "EQ", limits.max if posinf is None else posinf),
        (-np.inf, "EQ", limits.min if neginf is None else neginf),
    ):
        found = p.compare_p.bind(x, filled(x.shape, wrong, x.dtype), direction=direction)
        x = p.select_p.bind(found, broadcast(value(good, x.dtype), x.shape), x)
    is_nan = p.compare_p.bind(x, x, direction="NE")
    return p.select_p.bind(is_nan, broadcast(value(nan, x.dtype), x.shape), x)


def real(x: Any) -> Any:
    """The real part: x itself, since all types are real."""
    return value(x)


def imag(x: Any) -> Any:
    """The imaginary part: zeros, since all types are real."""
    x = value(x)
    return filled(x.shape, 0, x.dtype)


def conjugate(x: Any) -> Any:
    """The complex conjugate: x itself, since all types are real."""
    return value(x)


def conj(x: Any) -> Any:
    """The same as `conjugate`."""
    return value(x)


def angle(x: Any) -> Any:
    """The argument of x as a complex number: 0, or π where x is negative."""
    x = as_float(x)
    return arctan2(filled(x.shape, 0, x.dtype), x)


def _bitwise(name: str, primitive: Any, symbol: str, shift: bool = False) -> Callable[[Any, Any], Any]:
    def function(x: Any, y: Any) -> Any:
        dtype = result_type(kind_of(x), kind_of(y))
        if dtype.kind == "f" or (shift and dtype.kind == "b"):
            raise TypeError(
                f"{name}: expected integers{'' if shift else ' or bools'}, the operands give {dtype.name}."
            )
        return primitive.bind(*aligned(x, y, dtype=dtype, name=name))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``x {symbol} y``, bit by bit, of integers{'' if shift else ' or bools'}."
    return function


bitwise_and = _bitwise("bitwise_and", p.and_p, "&")
bitwise_or = _bitwise("bitwise_or", p.or_p, "|")
bitwise_xor = _bitwise("bitwise_xor", p.xor_p, "^")
bitwise_left_shift = left_shift = _bitwise("bitwise_left_shift", p.shift_left_p, "<<", shift=True)


def bitwise_right_shift(x: Any, y: Any) -> Any:
    """``x >> y`` of integers; the sign bit of a negative number is kept."""
    dtype = result_type(kind_of(x), kind_of(y))
    if dtype.kind not in "iu":
        raise TypeError(f"bitwise_right_shift: expected integers, the operands give {dtype.name}.")
    x, y = aligned(x, y, dtype=dtype, name="bitwise_right_shift")
    if dtype.kind == "u":
        return p.shift_right_logical_p.bind(x, y)
    below = p.compare_p.bind(x, filled(x.shape, 0, dtype), direction="LT")
    flipped = p.select_p.bind(below, p.not_p.bind(x), x)  # ~(~x >> y) fills with ones
    moved = p.shift_right_logical_p.bind(flipped, y)
    return p.select_p.bind(below, p.not_p.bind(moved), moved)


right_shift = bitwise_right_shift


def bitwise_not(x: Any) -> Any:
    """Every bit of an integer, or the bool, turned over."""
    x = value(x)
    if x.dtype.kind == "f":
        raise TypeError(f"bitwise_not: expected integers or bools, got {x.dtype.name}.")
    return p.not_p.bind(x)


def bitwise_invert(x: Any) -> Any:
    """The same as `bitwise_not`."""
    return bitwise_not(x)


def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisor of integers; computed on the host."""
    return _integers_on_host("gcd", np.gcd, x1, x2)


def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiple of integers; computed on the host."""
    return _integers_on_host("lcm", np.lcm, x1, x2)


def _integers_on_host(name: str, function: Any, x1: Any, x2: Any) -> Any:
    dtype = _number_type(x1, x2)
    if dtype.kind == "f":
        raise TypeError(f"{name}: expected integers, the operands give {dtype.name}.")
    x1, x2 = aligned(x1, x2, dtype=dtype, name=name)
    return on_host(function, Spec(x1.shape, dtype), x1, x2)
