"""Elementwise mathematics as LLVM instructions, for scalars and vectors of float32 and float64 alike.

What comes in: a builder and values; what goes out: the function's value, computed inline by polynomials,
without calls to a C library, the same bits in every lane. No fast-math: NaN, infinities, signed zeros and
denormals mean what C99 and NumPy say.
"""

from __future__ import annotations

import llvmlite.ir as ir

from schuss.backends.cpu.vecmath import (
    error_function,
    exponential,
    gamma,
    hyperbolic,
    logarithm,
    power,
    rounding,
    trigonometric,
)
from schuss.backends.cpu.vecmath._build import Emitter, Number, absolute, square_root, use_fma

__all__ = ["emit", "names", "use_fma"]

_TABLE: dict[str, Emitter] = {
    "abs": absolute,
    "acos": trigonometric.acos,
    "acosh": hyperbolic.acosh,
    "asin": trigonometric.asin,
    "asinh": hyperbolic.asinh,
    "atan": trigonometric.atan,
    "atan2": trigonometric.atan2,
    "atanh": hyperbolic.atanh,
    "ceil": rounding.ceil,
    "cosh": hyperbolic.cosh,
    "cosine": trigonometric.cosine,
    "digamma": gamma.digamma,
    "erf": error_function.erf,
    "erf_inv": error_function.erf_inv,
    "exponential": exponential.exponential,
    "exponential_minus_one": exponential.exponential_minus_one,
    "floor": rounding.floor,
    "is_finite": rounding.is_finite,
    "lgamma": gamma.lgamma,
    "log": logarithm.log,
    "log_plus_one": logarithm.log_plus_one,
    "logistic": exponential.logistic,
    "maximum": rounding.maximum,
    "minimum": rounding.minimum,
    "power": power.power,
    "remainder": rounding.remainder,
    "round_nearest_even": rounding.round_nearest_even,
    "rsqrt": rounding.reciprocal_root,
    "sign": rounding.sign,
    "sine": trigonometric.sine,
    "sinh": hyperbolic.sinh,
    "sqrt": square_root,
    "tan": trigonometric.tan,
    "tanh": hyperbolic.tanh,
}


def names() -> tuple[str, ...]:
    """The functions that `emit` knows."""
    return tuple(_TABLE)


def emit(name: str, builder: ir.IRBuilder, *args: ir.Value) -> ir.Value:
    """The function `name` of values of one type: float, double, or a vector of either.

    The result has that type; that of ``is_finite`` is i1 or a vector of it. Huge arguments of sine, cosine,
    tan and remainder open blocks of their own: the builder stands in a new block afterwards.

    Raises:
        ValueError: if there is no such function.
    """
    try:
        function = _TABLE[name]
    except KeyError:
        raise ValueError(f"vecmath has no function {name!r}; it has {', '.join(_TABLE)}") from None
    return function(*(Number(builder, value) for value in args)).value
