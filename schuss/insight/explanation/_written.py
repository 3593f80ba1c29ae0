"""An origin written out: as a formula with indices, and for one element with its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.insight.explanation._formula import as_text
from schuss.insight.explanation._origins import LETTERS, Origin, terms_of

INFIX = {
    "add": " + ", "subtract": " − ", "multiply": " · ", "divide": " / ", "power": "^", "remainder": " mod ", "and": " and ",
    "or": " or ", "xor": " xor ", "=": " = ", "≠": " ≠ ", "<": " < ", "≤": " ≤ ", ">": " > ", "≥": " ≥ ",
}  # fmt: skip
"""How operations of two operands are written between them."""
NAMES = {
    "maximum": "max", "minimum": "min", "exponential": "exp", "exponential_minus_one": "expm1", "log_plus_one": "log1p",
    "logistic": "σ", "sine": "sin", "cosine": "cos", "round_nearest_even": "round", "abs": "abs",
}  # fmt: skip
"""How other operations are called in formulas, where not by the primitive's name."""
_MADE = {
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "dot_general": "product",
    "scan": "loop",
}
_STRENGTH = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2, "power": 3}
_BIG = {"sum": "Σ", "product": "Π"}


def number(value: Any) -> str:
    """A number in a few digits."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value)).replace("-", "−")
    value = float(value)
    if value == 0 or not np.isfinite(value):
        return "0" if value == 0 else str(value).replace("-", "−").replace("inf", "∞").replace("nan", "NaN")
    text = f"{value:.4g}"
    return text.replace("-", "−")


def by_element(symbol: str, rank: int, origin: Origin | None, symbols: dict[int, str]) -> str:
    """``z_{i,j} = Σ_k x_{i,k} · W_{k,j} + b_j`` in the notation of `_formula`; empty if there is no origin."""
    if origin is None:
        return ""
    place = f"_{{{','.join(LETTERS[:rank])}}}" if rank else ""
    return f"{symbol}{place} = {_symbolic(origin, symbols, 0)}"


def _symbolic(origin: Origin, symbols: dict[int, str], strength: int) -> str:
    if origin.kind == "constant" and origin.op:
        return origin.op
    if origin.kind == "constant":
        values = np.unique(np.asarray(origin.values))
        return number(values[0]) if values.size == 1 else '"const"'
    if origin.kind in ("leaf", "made"):
        assert origin.tensor is not None
        base = symbols.get(origin.tensor.id, f'"{_MADE.get(origin.op, origin.op.replace("_", " "))}"')
        wanted = [i.text for i in origin.index]
        return base + (f"_{{{','.join(wanted)}}}" if wanted and any(w != "0" for w in wanted) else "")
    if origin.kind == "apply":
        return _applied(
            origin, [_symbolic(p, symbols, _outer(origin, n)) for n, p in enumerate(origin.parts)], strength
        )
    body = _symbolic(origin.parts[0], symbols, 2)
    letters = ",".join(origin.variables)
    if origin.kind in _BIG:
        made = f"{_BIG[origin.kind]}_{{{letters}}} {body}"
        return f"({made})" if strength > 1 else made
    return f'"{origin.kind}"_{{{letters}}} {body}'


def _outer(origin: Origin, position: int) -> int:
    """As `_inner`, where fractions and roots hold what is in them together."""
    return 0 if origin.op in ("divide", "sqrt") else _inner(origin, position)


def _inner(origin: Origin, position: int) -> int:
    """How strongly an operand has to hold together."""
    if origin.op == "negative":
        return 2
    own = _STRENGTH.get(origin.op, 0)
    return own + 1 if own and position and origin.op in ("subtract", "divide", "power") else own


def _applied(origin: Origin, parts: list[str], strength: int) -> str:
    op = origin.op
    if op == "negative":
        made = f"−{parts[0]}"
        return f"({made})" if strength > 1 else made
    if op == "square":
        return f"{_whole(parts[0])}^2"
    if op == "select":
        return f'({parts[1]}" where "{parts[0]}", else "{parts[2]})'
    if op == "inside":
        return f'({parts[1]}" inside, else 0")'
    if op == "divide":
        return f"{{{parts[0]}}}/{{{parts[1]}}}"
    if op == "sqrt":
        return f"√{{{parts[0]}}}"
    if op in INFIX and len(parts) == 2:
        if op == "power":
            return f"{_whole(parts[0])}^{{{parts[1]}}}"
        made = f"{parts[0]}{INFIX[op]}{parts[1]}"
        if op == "multiply" and not parts[1][:1].isdigit():
            made = f"{parts[0]} {parts[1]}"
        return f"({made})" if _STRENGTH.get(op, 0) < strength else made
    name = NAMES.get(op, op)
    return f'"{name}"({", ".join(parts)})' if len(name) > 1 else f"{name}({', '.join(parts)})"


def _whole(text: str) -> str:
    return text if text.startswith("(") and text.endswith(")") else f"({text})"


def one_element(
    symbol: str, index: tuple[int, ...], value: Any, origin: Origin | None, symbols: dict[int, str]
) -> str:
    """``z⁽¹⁾[0, 1] = 0.5 · 1.2 + … + 0.1 = 0.73`` for the only element of an origin."""
    place = f"[{', '.join(map(str, index))}]" if index else ""
    head = f"{as_text(symbol)}{place}"
    if origin is None:
        return f"{head} = {number(value)}"
    return f"{head} = {_numeric(origin, (0,), symbols, 0)} = {number(value)}"


def value_at(values: Any, at: tuple[int, ...]) -> Any:
    """The number for an element (and a term of a sum) of values that may repeat along the first axes."""
    array = np.asarray(values)
    key = at[len(at) - array.ndim :] if array.ndim <= len(at) else at
    return array[tuple(0 if n == 1 else i for i, n in zip(key, array.shape))]


def _numeric(origin: Origin, at: tuple[int, ...], symbols: dict[int, str], strength: int) -> str:
    if origin.kind in ("leaf", "made", "constant"):
        text = number(value_at(origin.values, at))
        return f"({text})" if text.startswith("−") and strength > 1 else text
    if origin.kind == "apply":
        parts = [_numeric(p, at, symbols, max(1, _inner(origin, n))) for n, p in enumerate(origin.parts)]
        return _with_numbers(origin.op, parts, strength)
    body = origin.parts[0]
    count = terms_of(body, len(at))
    terms = [
        _numeric(body, (*at, t), symbols, 1)
        for t in range(count)
        if origin.op != "where" or bool(value_at(origin.values, (*at, t)))
    ]
    more = origin.count > count and origin.op != "where"
    if origin.kind in ("max", "min"):
        return f"{origin.kind}({', '.join(terms)}{', …' if more else ''})"
    made = (" · " if origin.kind == "product" else " + ").join(terms) or "0"
    made += f" + … ({origin.count} terms)" if more else ""
    return f"({made})" if strength > 1 else made


def _with_numbers(op: str, parts: list[str], strength: int) -> str:
    if op == "negative":
        made = f"−({parts[0]})" if parts[0][0] in "−" else f"−{parts[0]}"
        return f"({made})" if strength > 1 else made
    if op == "square":
        return f"{_whole(parts[0])}²"
    if op == "select":
        return f"({parts[1]} where {parts[0]}, else {parts[2]})"
    if op == "inside":
        return f"({parts[1]} inside, else 0)"
    if op in INFIX and len(parts) == 2:
        made = f"{parts[0]}{INFIX[op]}{parts[1]}"
        return f"({made})" if _STRENGTH.get(op, 0) < strength else made
    return f"{NAMES.get(op, op)}({', '.join(parts)})"
