"""Elementwise primitives as LLVM instructions, on scalars and vectors alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu import vecmath
from schuss.backends.cpu._constants import Splat, number

_I1, _I8, _I32, _I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
POINTER = ir.PointerType()
_HALF, _SINGLE = np.dtype("float16"), np.dtype("float32")
_FLOATS = {2: ir.HalfType(), 4: ir.FloatType(), 8: ir.DoubleType()}


def register_type(dtype: np.dtype) -> ir.Type:
    """The type of a value in a register: bool is one bit."""
    if dtype.kind == "b":
        return _I1
    return _FLOATS[dtype.itemsize] if dtype.kind == "f" else ir.IntType(8 * dtype.itemsize)


def memory_type(dtype: np.dtype) -> ir.Type:
    """The type of an element in memory: bool is one byte."""
    return _I8 if dtype.kind == "b" else register_type(dtype)


def vector_of(type_: ir.Type, lanes: int) -> ir.Type:
    return ir.VectorType(type_, lanes) if lanes > 1 else type_


def is_vector(value: ir.Value) -> bool:
    return isinstance(value.type, ir.VectorType)


def splat(builder: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    """The scalar in every lane; vectors as they are."""
    if lanes == 1 or is_vector(value):
        return value
    type_ = ir.VectorType(value.type, lanes)
    if isinstance(value, ir.Constant):
        return Splat(value, lanes)
    single = builder.insert_element(ir.Constant(type_, ir.Undefined), value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(
        single, ir.Constant(type_, ir.Undefined), ir.Constant(ir.VectorType(_I32, lanes), [0] * lanes)
    )


def _like(type_: ir.Type, element: ir.Type) -> ir.Type:
    return ir.VectorType(element, type_.count) if isinstance(type_, ir.VectorType) else element


def convert(builder: ir.IRBuilder, value: ir.Value, source: np.dtype, target: np.dtype) -> ir.Value:
    """`value` as another dtype: floats truncate towards zero, anything but zero is True, NaN becomes integer
    0."""
    if source == target:
        return value
    if _HALF in (source, target) and _SINGLE not in (source, target) and target.kind != "b":
        if source == np.dtype("float64"):
            return builder.fptrunc(_rounded_to_odd(builder, value), _like(value.type, register_type(target)))
        return convert(builder, convert(builder, value, source, _SINGLE), _SINGLE, target)
    to = _like(value.type, register_type(target))
    if target.kind == "b":
        zero = number(value.type, 0)
        return (
            builder.fcmp_unordered("!=", value, zero)
            if source.kind == "f"
            else builder.icmp_unsigned("!=", value, zero)
        )
    if source.kind == "f" and target.kind == "f":
        return builder.fptrunc(value, to) if target.itemsize < source.itemsize else builder.fpext(value, to)
    if source.kind == "f":
        return _saturated(builder, value, to, target)
    if target.kind == "f":
        return builder.sitofp(value, to) if source.kind == "i" else builder.uitofp(value, to)
    if target.itemsize < source.itemsize and source.kind != "b":
        return builder.trunc(value, to)
    if target.itemsize == source.itemsize and source.kind != "b":
        return value
    return builder.sext(value, to) if source.kind == "i" else builder.zext(value, to)


def _rounded_to_odd(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A double as a float: cut, with the last bit set where something was cut off, so that rounding it once more
    rounds as if from the double (Boldo and Melquiond, 2008)."""
    b, single = builder, _like(value.type, register_type(_SINGLE))
    bits_type = _like(value.type, _I32)
    near = b.fptrunc(value, single)
    back = b.fpext(near, value.type)
    bits = b.bitcast(near, bits_type)
    away = b.fcmp_ordered(">", vecmath.emit("abs", b, back), vecmath.emit("abs", b, value))
    bits = b.sub(bits, b.zext(away, bits_type))
    inexact = b.fcmp_ordered("!=", back, value)
    return b.bitcast(b.or_(bits, b.zext(inexact, bits_type)), single)


def _saturated(builder: ir.IRBuilder, value: ir.Value, to: ir.Type, target: np.dtype) -> ir.Value:
    """Float to integer without undefined results; small types wrap as NumPy's do, through 32 bits."""
    wide = to
    if target.itemsize < 4:
        wide = _like(to, _I32)
    name = "llvm.fptosi.sat" if target.kind == "i" or target.itemsize < 4 else "llvm.fptoui.sat"
    result = intrinsic(builder, name, wide, [value], [wide, value.type])
    return result if wide is to else builder.trunc(result, to)


def intrinsic(
    builder: ir.IRBuilder, name: str, result: ir.Type, args: list[ir.Value], overload: list[ir.Type]
) -> ir.Value:
    """A call of an LLVM intrinsic, its name completed with the types it is overloaded on."""
    full = name + "".join("." + _suffix(t) for t in overload)
    module = builder.module
    function = module.globals.get(full)
    if function is None:
        function = ir.Function(module, ir.FunctionType(result, [a.type for a in args]), full)
    return builder.call(function, args)


def _suffix(type_: ir.Type) -> str:
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{_suffix(type_.element)}"
    if isinstance(type_, ir.PointerType):
        return "p0"
    if isinstance(type_, ir.IntType):
        return f"i{type_.width}"
    return {ir.HalfType: "f16", ir.FloatType: "f32", ir.DoubleType: "f64"}[type(type_)]


def multiply_add(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value, fma: bool) -> ir.Value:
    """a·b + c, rounded once where the processor can."""
    if fma:
        return intrinsic(builder, "llvm.fma", c.type, [a, b, c], [c.type])
    return builder.fadd(builder.fmul(a, b), c)


Emitter = Callable[..., ir.Value]


def _arithmetic(floating: str, integer: str) -> Emitter:
    return lambda b, dtype, x, y: getattr(b, floating if dtype.kind == "f" else integer)(x, y)


def _divide(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtype.kind == "f":
        return b.fdiv(x, y)
    zero, one = number(y.type, 0), number(y.type, 1)
    by_zero = b.icmp_signed("==", y, zero)
    if dtype.kind == "u":
        return b.select(by_zero, zero, b.udiv(x, b.select(by_zero, one, y)))
    minus = b.icmp_signed("==", y, number(y.type, -1))  # -2^31 / -1 would trap
    quotient = b.sdiv(x, b.select(b.or_(by_zero, minus), one, y))
    return b.select(by_zero, zero, b.select(minus, b.sub(zero, x), quotient))


def _remainder(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtype.kind == "f":
        return vecmath.emit("remainder", b, x, y)
    zero, one = number(y.type, 0), number(y.type, 1)
    by_zero = b.icmp_signed("==", y, zero)
    if dtype.kind == "u":
        return b.select(by_zero, zero, b.urem(x, b.select(by_zero, one, y)))
    minus = b.icmp_signed("==", y, number(y.type, -1))
    rest = b.srem(x, b.select(b.or_(by_zero, minus), one, y))
    wrong = b.and_(b.icmp_signed("!=", rest, zero), b.icmp_signed("<", b.xor(rest, y), zero))
    return b.select(b.or_(by_zero, minus), zero, b.select(wrong, b.add(rest, y), rest))


def _extreme(name: str, relation: str) -> Emitter:
    def emit(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value) -> ir.Value:
        if dtype.kind == "f":
            return vecmath.emit(name, b, x, y)
        if dtype.kind == "b":
            return b.or_(x, y) if name == "maximum" else b.and_(x, y)
        compare = b.icmp_signed if dtype.kind == "i" else b.icmp_unsigned
        return b.select(compare(relation, x, y), x, y)

    return emit


def _power(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value) -> ir.Value:
    if dtype.kind == "f":
        return vecmath.emit("power", b, x, y)
    result, one = (
        number(x.type, 1),
        number(x.type, 1),
    )  # by squaring; exponents are below 2^6 before all bits overflow
    bits = x.type.element.width if isinstance(x.type, ir.VectorType) else x.type.width
    negative = b.icmp_signed("<", y, number(y.type, 0)) if dtype.kind == "i" else None
    base, exponent = x, y
    for _ in range(bits):
        odd = b.icmp_signed("!=", b.and_(exponent, one), number(x.type, 0))
        result = b.select(odd, b.mul(result, base), result)
        base, exponent = b.mul(base, base), b.lshr(exponent, one)
    if negative is None:
        return result
    # to a negative power all but 1 and -1 are less than 1
    odd = b.icmp_signed("!=", b.and_(y, one), number(x.type, 0))
    minus = b.icmp_signed("==", x, number(x.type, -1))
    signed = b.select(minus, b.select(odd, x, one), b.select(b.icmp_signed("==", x, one), one, b.sub(x, x)))
    return b.select(negative, signed, result)


_RELATIONS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}


def _compare(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value, direction: str) -> ir.Value:
    relation = _RELATIONS[direction]
    if dtype.kind == "f":
        return b.fcmp_unordered("!=", x, y) if direction == "NE" else b.fcmp_ordered(relation, x, y)
    return (b.icmp_signed if dtype.kind == "i" else b.icmp_unsigned)(relation, x, y)


def _sign(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value) -> ir.Value:
    if dtype.kind == "f":
        return vecmath.emit("sign", b, x)
    zero, one = number(x.type, 0), number(x.type, 1)
    positive = b.select(b.icmp_signed("!=", x, zero), one, zero)
    return (
        b.select(b.icmp_signed("<", x, zero), number(x.type, -1), positive) if dtype.kind == "i" else positive
    )


def _absolute(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value) -> ir.Value:
    if dtype.kind == "f":
        return vecmath.emit("abs", b, x)
    if dtype.kind != "i":
        return x
    zero = number(x.type, 0)
    return b.select(b.icmp_signed("<", x, zero), b.sub(zero, x), x)


def _shift(b: ir.IRBuilder, dtype: np.dtype, x: ir.Value, y: ir.Value, left: bool) -> ir.Value:
    bits = number(x.type, dtype.itemsize * 8)
    inside = b.icmp_unsigned("<", y, bits)
    amount = b.select(inside, y, number(x.type, 0))
    return b.select(inside, b.shl(x, amount) if left else b.lshr(x, amount), number(x.type, 0))


_TABLE: dict[str, Emitter] = {
    "add": _arithmetic("fadd", "add"),
    "subtract": _arithmetic("fsub", "sub"),
    "multiply": _arithmetic("fmul", "mul"),
    "divide": _divide,
    "remainder": _remainder,
    "maximum": _extreme("maximum", ">"),
    "minimum": _extreme("minimum", "<"),
    "power": _power,
    "negative": lambda b, dtype, x: b.fneg(x) if dtype.kind == "f" else b.sub(number(x.type, 0), x),
    "abs": _absolute,
    "sign": _sign,
    "not": lambda b, dtype, x: b.xor(x, number(x.type, -1)),
    "and": lambda b, dtype, x, y: b.and_(x, y),
    "or": lambda b, dtype, x, y: b.or_(x, y),
    "xor": lambda b, dtype, x, y: b.xor(x, y),
    "shift_left": lambda b, dtype, x, y: _shift(b, dtype, x, y, True),
    "shift_right_logical": lambda b, dtype, x, y: _shift(b, dtype, x, y, False),
}


def emit(
    builder: ir.IRBuilder,
    name: str,
    args: list[ir.Value],
    dtypes: list[np.dtype],
    result: np.dtype,
    params: tuple[Any, ...],
) -> ir.Value:
    """The primitive `name` of `args`, all scalars or all vectors of one length."""
    if name == "convert":
        return convert(builder, args[0], dtypes[0], result)
    if name == "select":
        return builder.select(*args)
    if name == "random_bits":
        return _random_bits(builder, *args)
    if _HALF in dtypes:  # computed in single precision
        wide = [
            convert(builder, a, d, _SINGLE) if d == _HALF else a for a, d in zip(args, dtypes, strict=True)
        ]
        kinds = [_SINGLE if d == _HALF else d for d in dtypes]
        value = emit(builder, name, wide, kinds, _SINGLE if result == _HALF else result, params)
        return convert(builder, value, _SINGLE, _HALF) if result == _HALF else value
    if name == "compare":
        return _compare(builder, dtypes[0], args[0], args[1], params[0])
    if name in _TABLE:
        return _TABLE[name](builder, dtypes[0], *args)
    if dtypes[0].kind in "iu" and name in ("floor", "ceil", "round_nearest_even"):
        return args[0]
    return vecmath.emit(name, builder, *args)


def _random_bits(b: ir.IRBuilder, position: ir.Value, k0: ir.Value, k1: ir.Value) -> ir.Value:
    """Threefry-2x32 with 20 rounds (Salmon et al., 2011): the first word of the block that counts
    `position`."""
    type_ = _like(position.type, _I32)
    high = b.trunc(b.lshr(position, number(position.type, 32)), type_)
    low = b.trunc(position, type_)
    keys = [k0, k1, b.xor(b.xor(k0, k1), number(type_, 0x1BD11BDA))]
    x0, x1 = b.add(high, k0), b.add(low, k1)
    for group in range(5):
        for rotation in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x0 = b.add(x0, x1)
            turned = intrinsic(b, "llvm.fshl", type_, [x1, x1, number(type_, rotation)], [type_])
            x1 = b.xor(turned, x0)
        x0 = b.add(x0, keys[(group + 1) % 3])
        x1 = b.add(b.add(x1, keys[(group + 2) % 3]), number(type_, group + 1))
    return x0
