"""Expressions of kernels as formulas that people read, in Python's notation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from schuss.compiler import Kernel
from schuss.compiler._expr import Apply, Const, Expr, Load, Position, Reduced, walk
from schuss.compiler._index import Dim, Dynamic, Index, Split, joined, strides_of
from schuss.insight.compilation._names import BufferNames, loop_names

_LONGEST = 72  # characters of a formula of which no part gets a line of its own
_TERNARY, _OR, _AND, _NOT, _COMPARE, _BITS, _SHIFT, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(12)
_INFIX = {
    "add": ("+", _SUM), "subtract": ("-", _SUM), "multiply": ("*", _PRODUCT), "divide": ("/", _PRODUCT),
    "remainder": ("%", _PRODUCT), "power": ("**", _POWER), "and": ("&", _BITS), "or": ("|", _BITS),
    "xor": ("^", _BITS), "shift_left": ("<<", _SHIFT), "shift_right_logical": (">>", _SHIFT),
}  # fmt: skip
_UNLIKE = (
    _COMPARE,
    _BITS,
    _POWER,
)  # a != b != c, a | b & c and a ** b ** c are not what is on their left first
_LOGIC = {"and": ("and", _AND), "or": ("or", _OR), "xor": ("!=", _COMPARE)}  # of bools
_COMPARISONS = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_PREFIX = {"negative": "-", "not": "~"}
FUNCTIONS = {
    "exponential": "exp", "exponential_minus_one": "expm1", "log_plus_one": "log1p", "logistic": "sigmoid",
    "maximum": "max", "minimum": "min", "sine": "sin", "cosine": "cos", "round_nearest_even": "round",
    "is_finite": "isfinite",
}  # fmt: skip


class Formulas:
    """The formulas of one kernel.

    Args:
        kernel: the kernel. names: of the buffers.

    Attributes:
        loops: the letter of each loop.
    """

    def __init__(self, kernel: Kernel, names: BufferNames):
        self.kernel, self.names = kernel, names
        self.loops = loop_names(kernel, names.words)
        self._values: dict[int, str] = {}
        self._count = 0

    def text(self, expr: Expr) -> str:
        """The whole formula on one line."""
        return self._render(expr)[0]

    def element(self, buffer: Any, index: tuple[Index, ...], clipped: bool = True) -> str:
        """``t1[i, j]``; of a batch the row that the order of rows says; ``t1.flat[i]`` where one loop runs over all axes.
        `clipped`: whether indices that come from memory
        are brought into the array."""
        name = self.names[buffer]
        if not index:
            return name
        parts = [self._index(component, clipped) for component in index]
        if buffer.kind == "batch":
            parts[0] = f"rows[{parts[0]}]"
        for first in (0, 1):
            flat = joined(index[first:], buffer.shape[first:])
            if flat is not None:
                row = f"[{parts[0]}]" if first else ""
                return f"{name}{row}.flat[{self._index(flat)}]"
        return f"{name}[{', '.join(parts)}]"

    def values(self, roots: Iterable[Expr]) -> list[str]:
        """Lines ``v1 = …`` for what the formulas share, and for parts of long ones. From here on such a value
        is called by its name."""
        roots = list(roots)
        uses: dict[int, int] = {}
        order: dict[int, Expr] = {}
        for root in roots:
            uses[id(root)] = uses.get(id(root), 0) + 1
            for expr in walk(root):
                if id(expr) in order:
                    continue
                order[id(expr)] = expr
                for child in expr.operands:
                    uses[id(child)] = uses.get(id(child), 0) + 1
        ends = {id(root) for root in roots}
        lines = []
        for key, expr in order.items():
            if not isinstance(expr, Apply) or key in self._values or _is_number(expr):
                continue
            if uses[key] > 1 or (key not in ends and len(self.text(expr)) > _LONGEST):
                lines.append(self.name(expr))
        return lines

    def name(self, expr: Expr) -> str:
        """The line that gives the expression a name."""
        text = self.text(expr)
        self._count += 1
        name = self._values[id(expr)] = f"v{self._count}"
        return f"{name} = {text}"

    def forget(self) -> None:
        """Values named so far are not known any more: their loop is over."""
        self._values = {}

    def has_name(self, expr: Expr) -> bool:
        return id(expr) in self._values

    # Rendering ---

    def _render(self, expr: Expr) -> tuple[str, int]:
        """The formula, and how tightly its outermost operation binds."""
        if id(expr) in self._values:
            return self._values[id(expr)], _ATOM
        if isinstance(expr, Reduced):
            return "total", _ATOM
        if isinstance(expr, Const):
            text = number(expr.value, expr.dtype)
            return text, _UNARY if text.startswith("-") else _ATOM
        if isinstance(expr, Load):
            return self.element(expr.buffer, expr.index), _ATOM
        if isinstance(expr, Position):
            plain = expr.index.dim is not None
            return self._index(expr.index), _ATOM if plain else _SUM
        assert isinstance(expr, Apply)
        return self._apply(expr)

    def _apply(self, expr: Apply) -> tuple[str, int]:
        name, args = expr.name, expr.args
        if name == "divide" and expr.dtype.kind != "f":
            return f"trunc({self._in(args[0], _PRODUCT)} / {self._in(args[1], _PRODUCT + 1)})", _ATOM
        if name == "not" and expr.dtype.kind == "b":
            return f"not {self._in(args[0], _NOT)}", _NOT
        if name in _INFIX:
            sign, level = (_LOGIC if expr.dtype.kind == "b" else _INFIX).get(name, _INFIX[name])
            left = level + (level in _UNLIKE)
            return f"{self._in(args[0], left)} {sign} {self._in(args[1], level + 1)}", level
        if name == "compare":
            sign = _COMPARISONS[expr.params[0]]
            return f"{self._in(args[0], _COMPARE + 1)} {sign} {self._in(args[1], _COMPARE + 1)}", _COMPARE
        if name in _PREFIX:
            return f"{_PREFIX[name]}{self._in(args[0], _UNARY)}", _UNARY
        if name == "select":
            condition, then, other = args
            return (
                f"{self._in(then, _TERNARY + 1)} if {self._in(condition, _TERNARY + 1)} else {self._in(other, _TERNARY)}",
                _TERNARY,
            )
        if name == "convert":
            return f"{expr.dtype.name}({self.text(args[0])})", _ATOM
        return f"{FUNCTIONS.get(name, name)}({', '.join(self.text(arg) for arg in args)})", _ATOM

    def _in(self, expr: Expr, level: int) -> str:
        text, own = self._render(expr)
        return text if own >= level else f"({text})"

    def _index(self, index: Index, clipped: bool = True) -> str:
        parts, offset = [], index.offset
        terms = sorted(index.terms, key=lambda term: term[1] < 0)
        if terms and terms[0][1] < 0 < offset:  # 1 - i rather than -i + 1
            parts, offset = [str(offset)], 0
        for atom, coefficient in terms:
            if isinstance(atom, Dynamic) and not clipped:
                text = self._in(atom.expr, _PRODUCT if len(index.terms) > 1 else _TERNARY)
            else:
                text = self._atom(atom, abs(coefficient) != 1)
            text = text if abs(coefficient) == 1 else f"{abs(coefficient)}*{text}"
            sign = "-" if coefficient < 0 else "+"
            parts.append(f" {sign} {text}" if parts else f"-{text}" if coefficient < 0 else text)
        if offset or not parts:
            sign = "-" if offset < 0 else "+"
            parts.append(f" {sign} {abs(offset)}" if parts else str(offset))
        return "".join(parts)

    def _atom(self, atom: Any, inside: bool) -> str:
        if isinstance(atom, Dim):
            name = self.loops.get(atom, atom.name)
            return f"({name})" if inside and " " in name else name
        if isinstance(atom, Dynamic):
            return f"clip({self.text(atom.expr)}, 0, {atom.size - 1})"
        assert isinstance(atom, Split)
        stride = strides_of(atom.shape)[atom.axis]
        text = self._index(atom.flat)
        if stride != 1:
            text = (
                f"({text}) // {stride}"
                if len(atom.flat.terms) > 1 or atom.flat.offset
                else f"{text} // {stride}"
            )
        elif atom.axis and (len(atom.flat.terms) > 1 or atom.flat.offset):
            text = f"({text})"
        if atom.axis:
            text = f"{text} % {atom.shape[atom.axis]}"
        return f"({text})" if inside else text


def number(value: Any, dtype: np.dtype) -> str:
    """A constant as short as its dtype allows: ``0.9``, not ``0.8999999761581421``."""
    if dtype.kind != "f":
        return str(value)
    text = str(dtype.type(value))
    return text.removesuffix(".0")


def _is_number(expr: Expr) -> bool:
    """Whether the expression is a constant, but for its sign."""
    return isinstance(expr, Const) or (
        isinstance(expr, Apply) and expr.name == "negative" and _is_number(expr.args[0])
    )
