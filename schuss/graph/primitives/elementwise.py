"""Elementwise primitives: every operand has the shape of the result, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph._dtypes import as_dtype
from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import ANY, BITS, FLOAT, INTEGER, NUMBER, check_kind, check_same, fail

DIRECTIONS = ("EQ", "NE", "LT", "LE", "GT", "GE")
_BOOL = np.dtype("bool")


def _elementwise(name: str, kinds: str) -> Primitive:
    """A primitive over operands of one spec, which is also the result's."""
    primitive = Primitive(name)

    def rule(*operands: Spec) -> Spec:
        check_kind(primitive, kinds, *operands)
        check_same(primitive, *operands)
        return operands[0]

    shape_rules[primitive] = rule
    return primitive


negative_p = _elementwise("negative", NUMBER)
abs_p = _elementwise("abs", NUMBER)
sign_p = _elementwise("sign", NUMBER)
floor_p = _elementwise("floor", NUMBER)
ceil_p = _elementwise("ceil", NUMBER)
round_nearest_even_p = _elementwise("round_nearest_even", NUMBER)

exponential_p = _elementwise("exponential", FLOAT)
exponential_minus_one_p = _elementwise("exponential_minus_one", FLOAT)
log_p = _elementwise("log", FLOAT)
log_plus_one_p = _elementwise("log_plus_one", FLOAT)
logistic_p = _elementwise("logistic", FLOAT)
sqrt_p = _elementwise("sqrt", FLOAT)
rsqrt_p = _elementwise("rsqrt", FLOAT)
sine_p = _elementwise("sine", FLOAT)
cosine_p = _elementwise("cosine", FLOAT)
tan_p = _elementwise("tan", FLOAT)
asin_p = _elementwise("asin", FLOAT)
acos_p = _elementwise("acos", FLOAT)
atan_p = _elementwise("atan", FLOAT)
sinh_p = _elementwise("sinh", FLOAT)
cosh_p = _elementwise("cosh", FLOAT)
tanh_p = _elementwise("tanh", FLOAT)
asinh_p = _elementwise("asinh", FLOAT)
acosh_p = _elementwise("acosh", FLOAT)
atanh_p = _elementwise("atanh", FLOAT)
erf_p = _elementwise("erf", FLOAT)
erf_inv_p = _elementwise("erf_inv", FLOAT)
lgamma_p = _elementwise("lgamma", FLOAT)
digamma_p = _elementwise("digamma", FLOAT)

add_p = _elementwise("add", NUMBER)
subtract_p = _elementwise("subtract", NUMBER)
multiply_p = _elementwise("multiply", NUMBER)
divide_p = _elementwise("divide", NUMBER)
maximum_p = _elementwise("maximum", NUMBER)
minimum_p = _elementwise("minimum", NUMBER)
power_p = _elementwise("power", NUMBER)
remainder_p = _elementwise("remainder", NUMBER)
atan2_p = _elementwise("atan2", FLOAT)

not_p = _elementwise("not", BITS)
and_p = _elementwise("and", BITS)
or_p = _elementwise("or", BITS)
xor_p = _elementwise("xor", BITS)
shift_left_p = _elementwise("shift_left", INTEGER)
shift_right_logical_p = _elementwise("shift_right_logical", INTEGER)

is_finite_p = Primitive("is_finite")
compare_p = Primitive("compare")
select_p = Primitive("select")
convert_p = Primitive("convert")


def _is_finite(x: Spec) -> Spec:
    check_kind(is_finite_p, FLOAT, x)
    return Spec(x.shape, _BOOL)


def _compare(x: Spec, y: Spec, direction: str) -> Spec:
    check_same(compare_p, x, y)
    if direction not in DIRECTIONS:
        raise fail(compare_p, f"`direction` must be one of {', '.join(DIRECTIONS)}, got {direction!r}")
    return Spec(x.shape, _BOOL)


def _select(pred: Spec, x: Spec, y: Spec) -> Spec:
    if pred.dtype != _BOOL or pred.shape != x.shape:
        raise fail(select_p, "the predicate must be bool and have the shape of the operands", pred, x, y)
    check_same(select_p, x, y)
    return x


def _convert(x: Spec, dtype: Any) -> Spec:
    check_kind(convert_p, ANY, x)
    return Spec(x.shape, as_dtype(dtype))


shape_rules[is_finite_p] = _is_finite
shape_rules[compare_p] = _compare
shape_rules[select_p] = _select
shape_rules[convert_p] = _convert
