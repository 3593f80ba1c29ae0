"""What expressions are called: relu, bias, a derivative, a gather of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeGuard

from schuss.compiler._expr import Apply, Const, Expr, Load, Position, walk
from schuss.compiler._index import Dynamic
from schuss.insight.compilation._formulas import FUNCTIONS

_MOST = 4  # words for what is fused; of more there follow dots


def words_of(expr: Expr) -> list[str]:
    """The operations below an expression, innermost first, each once; well-known combinations by their names."""
    found: dict[str, None] = {}
    done: set[int] = set()
    stack: list[tuple[Expr, str | None]] = [(expr, None)]
    while stack:
        node, word = stack.pop()
        if word is not None:
            if word:
                found.setdefault(word)
            continue
        if id(node) in done or not isinstance(node, Apply):
            continue
        done.add(id(node))
        name, operands = _named(node)
        stack.append((node, name))
        stack.extend((operand, None) for operand in reversed(operands))
    return list(found)


def short_list(words: Iterable[str]) -> str:
    """``"bias + relu"``; of many the first ones."""
    words = list(words)
    return " + ".join([*words[:_MOST], "…"] if len(words) > _MOST + 1 else words)


def _named(expr: Apply) -> tuple[str, list[Expr]]:
    """What the expression is, and the operands of that."""
    for idiom in _IDIOMS.get(expr.name, ()):
        found = idiom(expr)
        if found is not None:
            return found
    if expr.name == "negative" and isinstance(expr.args[0], Const):
        return "", []
    return FUNCTIONS.get(expr.name, expr.name.replace("_", " ")), list(expr.args)


_Found = tuple[str, list[Expr]] | None


def _bias(expr: Apply) -> _Found:
    x, b = expr.args
    if isinstance(b, Load) and b.buffer.kind == "variable" and b.buffer.name.rsplit("/", 1)[-1] == "bias":
        return "bias", [x]
    return None


def _softplus(expr: Apply) -> _Found:
    first, second = expr.args
    if is_apply(first, "maximum") and _is(first.args[1], 0) and is_apply(second, "log_plus_one"):
        return "softplus", [first.args[0]]
    return None


def _relu(expr: Apply) -> _Found:
    x, zero = expr.args
    return ("relu", [x]) if _is(zero, 0) else None


def _silu(expr: Apply) -> _Found:
    x, gate = expr.args
    return ("silu", [x]) if is_apply(gate, "logistic") and gate.args[0] is x else None


def _derivative(expr: Apply) -> _Found:
    """dy·(1 − y²) and dy·y·(1 − y)."""
    dy, slope = expr.args
    if is_apply(slope, "subtract") and _is(slope.args[0], 1):
        square = slope.args[1]
        if is_apply(square, "multiply") and square.args[0] is square.args[1]:
            return "tanh's derivative", [dy, square.args[0]]
    if is_apply(slope, "multiply") and is_apply(slope.args[1], "subtract"):
        y, rest = slope.args[0], slope.args[1].args
        if _is(rest[0], 1) and rest[1] is y:
            return "sigmoid's derivative", [dy, y]
    return None


def _branches(expr: Apply) -> _Found:
    condition, then, other = expr.args
    if not is_apply(condition, "compare"):
        return None
    left, right = condition.args
    if is_apply(left, "random_bits"):
        return "dropout", [then]
    if isinstance(left, Position) or isinstance(right, Position):
        return "one-hot mask", [left, right, then, other]
    if condition.params != ("GT",) or not _is(right, 0):
        return None
    if is_apply(other, "exponential_minus_one"):
        return ("elu", [left]) if then is left else None
    if then is left and is_apply(other, "multiply") and other.args[0] is left:
        return "leaky relu", [left]
    return ("relu's derivative", [left, then]) if _is(other, 0) and then is not left else None


def _index_from_end(expr: Apply) -> _Found:
    """``x + n if x < 0 else x``: how indices count from the end."""
    condition, then, other = expr.args
    if not is_apply(condition, "compare") or condition.params != ("LT",) or not _is(condition.args[1], 0):
        return None
    counts = condition.args[0] is other and is_apply(then, "add") and then.args[0] is other
    return ("", [other]) if counts else None


def _conversion(expr: Apply) -> _Found:
    source = expr.args[0].dtype
    return (
        (f"{source.name} to {expr.dtype.name}", [expr.args[0]])
        if source != expr.dtype
        else ("", [expr.args[0]])
    )


_IDIOMS: dict[str, tuple[Callable[[Apply], _Found], ...]] = {
    "add": (_bias, _softplus),
    "maximum": (_relu,),
    "multiply": (_silu, _derivative),
    "select": (_index_from_end, _branches),
    "convert": (_conversion,),
}


def is_apply(expr: Expr, name: str) -> TypeGuard[Apply]:
    """Whether the expression is that primitive's application."""
    return isinstance(expr, Apply) and expr.name == name


def _is(expr: Expr, value: float) -> bool:
    return isinstance(expr, Const) and expr.value == value


def gathers(expr: Expr) -> list[Load]:
    """Loads whose place in the buffer is the value of another expression."""
    return [
        e
        for e in walk(expr)
        if isinstance(e, Load) and any(isinstance(atom, Dynamic) for i in e.index for atom, _ in i.terms)
    ]
