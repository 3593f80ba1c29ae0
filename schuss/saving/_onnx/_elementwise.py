"""ONNX for elementwise primitives. Integers and halves that its operators are not defined on, or runtimes do not have,
are computed in a wider dtype."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.saving._onnx._emitter import Emitter, Name, aligned_shape, is_broadcast, rules
from schuss.saving._onnx._graphs import Step

_WIDER = {
    "bool": "int32", "int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32",
    "uint32": "int64", "uint64": "int64", "float16": "float32",
}  # fmt: skip

Formula = Callable[..., str]


def widened(dtype: np.dtype) -> np.dtype:
    """The dtype in which values of `dtype` are computed."""
    return np.dtype(_WIDER.get(dtype.name, dtype.name))


def broadcasting(e: Emitter, operands: Sequence[Name]) -> list[str]:
    """The operands' names; those that are broadcast as they were before, if the operator then finds the same shape."""
    shape = operands[0].value.shape
    before = [aligned_shape(operand.value) for operand in operands]
    joint = tuple(max((s[a] for s in before), key=lambda n: n != 1) for a in range(len(shape)))
    whole = not all(is_broadcast(operand.value) for operand in operands)
    names = [e.trailing(operand.value) if whole else e.aligned(operand.value) for operand in operands]
    if joint != tuple(shape):
        first = next(i for i, operand in enumerate(operands) if is_broadcast(operand.value))
        names[first] = e.name(operands[first].value)
    return names


def _elementwise(
    formula: str | Formula, wide: bool = True, bools: str | None = None, ints: str | None = None
) -> Any:
    """A rule.

    Args:
        formula: an operator, or a function of the emitter and names that writes several.
        wide: compute in `widened` dtypes, and convert back. bools, ints: operators for operands of these kinds.
    """

    def rule(e: Emitter, step: Step, *operands: Name, **params: Any) -> str:
        names, dtype, result = broadcasting(e, operands), operands[0].value.dtype, step.outputs[0].dtype
        special = bools if dtype.kind == "b" else ints if dtype.kind in "iu" else None
        if special is not None:
            return names[0] if special == "Identity" else e.op(special, *names)
        compute = widened(dtype) if wide else dtype
        names = [e.converted(name, dtype, compute) for name in names]
        y = e.op(formula, *names) if isinstance(formula, str) else formula(e, compute, *names, **params)
        return e.converted(y, np.dtype(bool) if result.kind == "b" and dtype.kind != "b" else compute, result)

    return rule


def _rsqrt(e: Emitter, dtype: np.dtype, x: str) -> str:
    return e.op("Reciprocal", e.op("Sqrt", x))


def _exponential_minus_one(e: Emitter, dtype: np.dtype, x: str) -> str:
    """Near 0 ``2 t / (1 − t)`` with ``t = tanh(x / 2)``, which loses no digits there."""
    t = e.op("Tanh", e.op("Mul", x, e.scalar(0.5, dtype)))
    near = e.op("Div", e.op("Add", t, t), e.op("Sub", e.scalar(1, dtype), t))
    return _near_zero(e, dtype, x, near, e.op("Sub", e.op("Exp", x), e.scalar(1, dtype)))


def _log_plus_one(e: Emitter, dtype: np.dtype, x: str) -> str:
    """Near 0 ``2 artanh(x / (2 + x))``, which loses no digits there."""
    t = e.op("Atanh", e.op("Div", x, e.op("Add", x, e.scalar(2, dtype))))
    return _near_zero(e, dtype, x, e.op("Add", t, t), e.op("Log", e.op("Add", x, e.scalar(1, dtype))))


def _near_zero(e: Emitter, dtype: np.dtype, x: str, near: str, far: str) -> str:
    return e.op("Where", e.op("Less", e.op("Abs", x), e.scalar(0.5, dtype)), near, far)


def _atan2(e: Emitter, dtype: np.dtype, y: str, x: str) -> str:
    zero, pi = e.scalar(0, dtype), e.scalar(np.pi, dtype)
    half = e.op("Mul", e.op("Sign", y), e.scalar(np.pi / 2, dtype))
    angle = e.op("Atan", e.op("Div", y, x))
    turned = e.op("Where", e.op("Less", y, zero), e.op("Sub", angle, pi), e.op("Add", angle, pi))
    left = e.op("Where", e.op("Less", x, zero), turned, angle)
    return e.op("Where", e.op("Equal", x, zero), half, left)


def _divide(e: Emitter, dtype: np.dtype, x: str, y: str) -> str:
    if dtype.kind == "f":
        return e.op("Div", x, y)
    none, safe = _without_zeros(e, dtype, y)
    return e.op("Where", none, e.scalar(0, dtype), e.op("Div", x, safe))


def _remainder(e: Emitter, dtype: np.dtype, x: str, y: str) -> str:
    if dtype.kind == "f":
        return e.op("Sub", x, e.op("Mul", e.op("Floor", e.op("Div", x, y)), y))
    none, safe = _without_zeros(e, dtype, y)
    return e.op("Where", none, e.scalar(0, dtype), e.op("Mod", x, safe))


def _without_zeros(e: Emitter, dtype: np.dtype, y: str) -> tuple[str, str]:
    none = e.op("Equal", y, e.scalar(0, dtype))
    return none, e.op("Where", none, e.scalar(1, dtype), y)


_COMPARISONS = {"EQ": "Equal", "LT": "Less", "LE": "LessOrEqual", "GT": "Greater", "GE": "GreaterOrEqual"}


def _compare(e: Emitter, dtype: np.dtype, x: str, y: str, direction: str) -> str:
    return e.op("Not", e.op("Equal", x, y)) if direction == "NE" else e.op(_COMPARISONS[direction], x, y)


def _is_finite(e: Emitter, dtype: np.dtype, x: str) -> str:
    return e.op("Not", e.op("Or", e.op("IsNaN", x), e.op("IsInf", x)))


def _select(e: Emitter, step: Step, pred: Name, x: Name, y: Name) -> str:
    given, dtype = step.outputs[0].dtype, widened(step.outputs[0].dtype)
    condition, first, second = broadcasting(e, (pred, x, y))
    chosen = e.op("Where", condition, e.converted(first, given, dtype), e.converted(second, given, dtype))
    return e.converted(chosen, dtype, given)


def _shift(direction: str) -> Any:
    def rule(e: Emitter, step: Step, x: Name, y: Name) -> str:
        dtype = step.outputs[0].dtype
        bits = np.dtype(f"uint{8 * dtype.itemsize}")
        names = [e.converted(name, dtype, bits) for name in broadcasting(e, (x, y))]
        return e.converted(e.op("BitShift", *names, direction=direction), bits, dtype)

    return rule


def _convert(e: Emitter, step: Step, x: Name, dtype: Any) -> str:
    return e.converted(str(x), x.value.dtype, np.dtype(dtype))


_SAME_NAME = {
    p.negative_p: "Neg", p.abs_p: "Abs", p.sign_p: "Sign", p.exponential_p: "Exp", p.log_p: "Log",
    p.logistic_p: "Sigmoid", p.sqrt_p: "Sqrt", p.sine_p: "Sin", p.cosine_p: "Cos", p.tan_p: "Tan",
    p.asin_p: "Asin", p.acos_p: "Acos", p.atan_p: "Atan", p.sinh_p: "Sinh", p.cosh_p: "Cosh",
    p.tanh_p: "Tanh", p.asinh_p: "Asinh", p.acosh_p: "Acosh", p.atanh_p: "Atanh", p.erf_p: "Erf",
    p.add_p: "Add", p.subtract_p: "Sub", p.multiply_p: "Mul", p.maximum_p: "Max", p.minimum_p: "Min",
    p.power_p: "Pow",
}  # fmt: skip

rules |= {primitive: _elementwise(kind) for primitive, kind in _SAME_NAME.items()}
rules |= {
    p.floor_p: _elementwise("Floor", ints="Identity"),
    p.ceil_p: _elementwise("Ceil", ints="Identity"),
    p.round_nearest_even_p: _elementwise("Round", ints="Identity"),
    p.exponential_minus_one_p: _elementwise(_exponential_minus_one),
    p.log_plus_one_p: _elementwise(_log_plus_one),
    p.rsqrt_p: _elementwise(_rsqrt),
    p.atan2_p: _elementwise(_atan2),
    p.divide_p: _elementwise(_divide),
    p.remainder_p: _elementwise(_remainder),
    p.not_p: _elementwise("BitwiseNot", wide=False, bools="Not"),
    p.and_p: _elementwise("BitwiseAnd", wide=False, bools="And"),
    p.or_p: _elementwise("BitwiseOr", wide=False, bools="Or"),
    p.xor_p: _elementwise("BitwiseXor", wide=False, bools="Xor"),
    p.shift_left_p: _shift("LEFT"),
    p.shift_right_logical_p: _shift("RIGHT"),
    p.is_finite_p: _elementwise(_is_finite),
    p.compare_p: _elementwise(_compare),
    p.select_p: _select,
    p.convert_p: _convert,
}
