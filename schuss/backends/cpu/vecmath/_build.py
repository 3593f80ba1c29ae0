"""Numbers under construction: LLVM values, scalars or vectors alike, with Python's operators.

Every operation is written once and does the same to a scalar and to each lane of a vector, so a result does
not depend on the lane it was computed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ir

from schuss.backends.cpu._constants import number
from schuss.backends.cpu._target import host
from schuss.utils._cached import cached_property

use_fma: ContextVar[bool | None] = ContextVar("use_fma", default=None)
"""Whether the target has fused multiply-add; None: ask the host."""

_FLOAT, _DOUBLE = ir.FloatType(), ir.DoubleType()


def has_fma() -> bool:
    """Whether multiply-add may be emitted as one instruction."""
    chosen = use_fma.get()
    return host().fma if chosen is None else chosen


@dataclass(frozen=True)
class Format:
    """An IEEE 754 binary format. `magic`: adding it rounds to an integer, which its low bits then hold."""

    bits: int
    mantissa: int
    bias: int
    smallest_normal: float
    largest: float

    @property
    def magic(self) -> float:
        return 1.5 * 2.0**self.mantissa

    @property
    def integer(self) -> ir.IntType:
        return ir.IntType(self.bits)

    @property
    def one(self) -> int:
        """The bits of 1.0."""
        return self.bias << self.mantissa

    @property
    def sign(self) -> int:
        return 1 << (self.bits - 1)


SINGLE = Format(32, 23, 127, 2.0**-126, (2 - 2.0**-23) * 2.0**127)
DOUBLE = Format(64, 52, 1023, 2.0**-1022, (2 - 2.0**-52) * 2.0**1023)


class Number:
    """An LLVM value of floats, integers or truth values; Python numbers beside it become constants of its
    type.

    Comparisons are ordered (false for NaN) and, for integers, signed; ``>>`` copies the sign.
    """

    def __init__(self, builder: ir.IRBuilder, value: ir.Value):
        self.builder, self.value = builder, value

    # -- types ---

    @cached_property
    def element(self) -> ir.Type:
        type_ = self.value.type
        return type_.element if isinstance(type_, ir.VectorType) else type_

    @property
    def lanes(self) -> int | None:
        """Length of the vector; None for a scalar."""
        type_ = self.value.type
        return type_.count if isinstance(type_, ir.VectorType) else None

    @property
    def is_float(self) -> bool:
        return not isinstance(self.element, ir.IntType)

    @property
    def is_single(self) -> bool:
        return self.element == _FLOAT

    @property
    def format(self) -> Format:
        """The format of floats, or that of integers as wide."""
        wide = self.element == _DOUBLE or getattr(self.element, "width", 32) == 64
        return DOUBLE if wide else SINGLE

    def _type_of(self, element: ir.Type) -> ir.Type:
        return element if self.lanes is None else ir.VectorType(element, self.lanes)

    def like(self, value: Any) -> Number:
        """`value`, a Python number or a Number, as a Number of this type."""
        return value if isinstance(value, Number) else self.constant(self.element, value)

    def constant(self, element: ir.Type, value: Any) -> Number:
        """A Python number of type `element`, in as many lanes."""
        return Number(self.builder, number(self._type_of(element), value))

    def integer(self, value: int) -> Number:
        """An integer as wide as these floats."""
        return self.constant(self.format.integer, value)

    def of(self, single: Any, double: Any) -> Any:
        """What belongs to this width."""
        return single if self.is_single else double

    # -- operators ---

    def _new(self, value: ir.Value) -> Number:
        return Number(self.builder, value)

    def _two(self, floating: str, integer: str, other: Any) -> Number:
        method = getattr(self.builder, floating if self.is_float else integer)
        return self._new(method(self.value, self.like(other).value))

    def __add__(self, other: Any) -> Number:
        return self._two("fadd", "add", other)

    def __radd__(self, other: Any) -> Number:
        return self.like(other) + self

    def __sub__(self, other: Any) -> Number:
        return self._two("fsub", "sub", other)

    def __rsub__(self, other: Any) -> Number:
        return self.like(other) - self

    def __mul__(self, other: Any) -> Number:
        return self._two("fmul", "mul", other)

    def __rmul__(self, other: Any) -> Number:
        return self.like(other) * self

    def __truediv__(self, other: Any) -> Number:
        return self._two("fdiv", "sdiv", other)

    def __rtruediv__(self, other: Any) -> Number:
        return self.like(other) / self

    def __neg__(self) -> Number:
        return self._new(self.builder.fneg(self.value) if self.is_float else self.builder.neg(self.value))

    def __and__(self, other: Any) -> Number:
        return self._new(self.builder.and_(self.value, self.like(other).value))

    def __or__(self, other: Any) -> Number:
        return self._new(self.builder.or_(self.value, self.like(other).value))

    def __xor__(self, other: Any) -> Number:
        return self._new(self.builder.xor(self.value, self.like(other).value))

    def __invert__(self) -> Number:
        return self._new(self.builder.not_(self.value))

    def __lshift__(self, other: Any) -> Number:
        return self._new(self.builder.shl(self.value, self.like(other).value))

    def __rshift__(self, other: Any) -> Number:
        return self._new(self.builder.ashr(self.value, self.like(other).value))

    def shifted_right(self, other: Any) -> Number:
        """``>>`` with zeros coming in."""
        return self._new(self.builder.lshr(self.value, self.like(other).value))

    def _compare(self, relation: str, other: Any) -> Number:
        method = self.builder.fcmp_ordered if self.is_float else self.builder.icmp_signed
        return self._new(method(relation, self.value, self.like(other).value))

    def __lt__(self, other: Any) -> Number:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Number:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Number:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Number:
        return self._compare(">=", other)

    def equals(self, other: Any) -> Number:
        return self._compare("==", other)

    def is_nan(self) -> Number:
        return self._new(self.builder.fcmp_unordered("uno", self.value, self.value))

    # -- conversions ---

    def bits(self) -> Number:
        """The integer of the same bits."""
        return self._new(self.builder.bitcast(self.value, self._type_of(self.format.integer)))

    def _floats(self) -> ir.Type:
        """The type of floats as wide."""
        return self._type_of(_DOUBLE if self.format is DOUBLE else _FLOAT)

    def from_bits(self) -> Number:
        """The float of the same bits."""
        return self._new(self.builder.bitcast(self.value, self._floats()))

    def to_float(self) -> Number:
        """Integers as floats as wide."""
        return self._new(self.builder.sitofp(self.value, self._floats()))

    def to_double(self) -> Number:
        return self._new(self.builder.fpext(self.value, self._type_of(_DOUBLE))) if self.is_single else self

    def to_single(self) -> Number:
        return self if self.is_single else self._new(self.builder.fptrunc(self.value, self._type_of(_FLOAT)))


def intrinsic(name: str, *args: Number) -> Number:
    """The LLVM intrinsic `name` of numbers of one type, which is the result's."""
    builder, type_ = args[0].builder, args[0].value.type
    full = f"{name}.{_suffix(type_)}"
    function = builder.module.globals.get(full)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(type_, [a.value.type for a in args]), full)
    return Number(builder, builder.call(function, [a.value for a in args]))


def _suffix(type_: ir.Type) -> str:
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{_suffix(type_.element)}"
    return f"i{type_.width}" if isinstance(type_, ir.IntType) else {_FLOAT: "f32", _DOUBLE: "f64"}[type_]


def where(condition: Number, yes: Any, no: Any) -> Number:
    """`yes` where the condition holds, else `no`; one of them may be a Python number."""
    if not isinstance(yes, Number):
        yes = no.like(yes)
    return Number(condition.builder, condition.builder.select(condition.value, yes.value, yes.like(no).value))


def fma(a: Number, b: Any, c: Any) -> Number:
    """``a b + c``, rounded once if the target can."""
    return intrinsic("llvm.fma", a, a.like(b), a.like(c)) if has_fma() else a * b + c


def exact_fma(a: Number, b: Any, c: Any) -> Number:
    """``a b + c`` as if rounded once, on every target: where the algorithm's correctness rests on the
    rounding.

    Without the instruction, floats pass through doubles; doubles through the product's two halves, where a
    last bit of the sum may be lost, but nothing that cancels.
    """
    b, c = a.like(b), a.like(c)
    if has_fma():
        return intrinsic("llvm.fma", a, b, c)
    if a.is_single:
        return (a.to_double() * b.to_double() + c.to_double()).to_single()
    high, low = two_product(a, b)
    total, rest = two_sum(high, c)
    return total + (rest + low)


def two_sum(a: Number, b: Any) -> tuple[Number, Number]:
    """``a + b`` as its rounded value and the rest (Knuth)."""
    total = a + b
    seen = total - a
    return total, (a - (total - seen)) + (b - seen)


def quick_two_sum(a: Number, b: Any) -> tuple[Number, Number]:
    """``a + b`` as its rounded value and the rest, for an a whose exponent is at least that of b (Dekker)."""
    total = a + b
    return total, b - (total - a)


def two_product(a: Number, b: Number) -> tuple[Number, Number]:
    """``a b`` as its rounded value and the rest; without FMA by Veltkamp's splitting, for factors below 2⁹⁹⁶
    (2¹¹⁵)."""
    product = a * b
    if has_fma():
        return product, intrinsic("llvm.fma", a, b, -product)
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def _split(a: Number) -> tuple[Number, Number]:
    scaled = a * a.of(2.0**12 + 1, 2.0**27 + 1)
    high = scaled - (scaled - a)
    return high, a - high


def polynomial(x: Number, coefficients: Sequence[float]) -> Number:
    """``c₀ + c₁x + c₂x² + …`` by Horner's rule."""
    result = x.like(coefficients[-1])
    for c in coefficients[-2::-1]:
        result = fma(result, x, c)
    return result


def absolute(x: Number) -> Number:
    return intrinsic("llvm.fabs", x)


def copysign(size: Number, sign: Number) -> Number:
    return intrinsic("llvm.copysign", size, sign)


def square_root(x: Number) -> Number:
    return intrinsic("llvm.sqrt", x)


def smaller(x: Number, bound: Any) -> Number:
    """``min(x, bound)``, NaN where x is NaN; the bound is a number."""
    bound = x.like(bound)
    return where(bound < x, bound, x)


def larger(x: Number, bound: Any) -> Number:
    """``max(x, bound)``, NaN where x is NaN; the bound is a number."""
    bound = x.like(bound)
    return where(bound > x, bound, x)


def clamp(x: Number, low: float, high: float) -> Number:
    return larger(smaller(x, high), low)


def nearest_integer(x: Number) -> tuple[Number, Number]:
    """x rounded to an integer n, and an integer whose low bits are those of n, for ``|x| < 2²²`` (2⁵¹)."""
    shifted = x + x.format.magic
    return shifted - x.format.magic, shifted.bits()


def power_of_two(n: Number) -> Number:
    """``2ⁿ`` of integers for which it is a normal number; of n's bits only those of an exponent matter."""
    return ((n << n.format.mantissa) + n.format.one).from_bits()


Emitter = Callable[..., Number]
