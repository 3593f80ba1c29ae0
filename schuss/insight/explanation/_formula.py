"""Formulas in a small notation, as text for a terminal and as MathML for a page.

The notation is what one would write by hand: ``z = x W + b``, ``∂J/∂W = x^T δ``, ``a = {1}/{1 + e^{−z}}``,
``Σ_k w_k``. Single letters are variables, longer words functions; ``_`` and ``^`` take the next atom, or a group in braces
or parentheses; ``{…}/{…}`` and ``∂…/∂…`` are fractions; ``√{…}`` a root; "…" plain text; a letter with a combining hat
wears it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

_TOKEN = re.compile(
    r'"([^"]*)"|(\d+(?:\.\d+)?(?:e[+\-−]?\d+)?)|([^\W\d_][\u0300-\u036f]*)+′*|(\s+)|(.)', re.DOTALL
)
_BIG = "ΣΠ∏"
_ABOVE, _BELOW = "0123456789()+−T", "0123456789"
_RAISED = str.maketrans(_ABOVE, "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻ᵀ")
_LOWERED = str.maketrans(_BELOW, "₀₁₂₃₄₅₆₇₈₉")
_OPENING, _CLOSING = "([{", ")]}"


@dataclass
class Part:
    """A piece of a formula: its kind, its own text, and the pieces within it."""

    kind: str
    text: str = ""
    parts: list[Part] = field(default_factory=list)


def parsed(notation: str) -> Part:
    """The formula as a tree."""
    tokens = [m.group(0) for m in _TOKEN.finditer(notation)]
    row, rest = _row(tokens, 0, "")
    assert rest == len(tokens)
    return row


def _row(tokens: list[str], at: int, end: str) -> tuple[Part, int]:
    row = Part("row")
    while at < len(tokens) and (not end or tokens[at] != end):
        if tokens[at] == "/" and row.parts and row.parts[-1].kind in ("group", "∂"):
            below, at = _scripted(tokens, _skipped(tokens, at + 1))
            row.parts.append(Part("fraction", parts=[row.parts.pop(), below]))
            continue
        if tokens[at].isspace():
            row.parts.append(Part("space"))
            at += 1
            continue
        part, at = _scripted(tokens, at)
        row.parts.append(part)
    return row, at


def _skipped(tokens: list[str], at: int) -> int:
    while at < len(tokens) and tokens[at].isspace():
        at += 1
    return at


def _scripted(tokens: list[str], at: int) -> tuple[Part, int]:
    """An atom with what stands below and above it."""
    if at >= len(tokens):
        return Part("row"), at
    if tokens[at] in ("∂", "∇"):
        part, after = _scripted(tokens, at + 1)
        return Part(tokens[at], parts=[part]), after
    part, at = _atom(tokens, at)
    scripts: dict[str, Part] = {}
    while at < len(tokens) and tokens[at] in ("_", "^"):
        mark = tokens[at]
        made, at = _atom(tokens, at + 1, script=True)
        if mark in scripts:  # one more index
            made = Part("group", parts=[scripts[mark], Part("operator", ","), made])
        scripts[mark] = made
    if not scripts:
        return part, at
    return Part("scripts", "".join(scripts), [part, *scripts.values()]), at


def _atom(tokens: list[str], at: int, script: bool = False) -> tuple[Part, int]:
    if at >= len(tokens):
        return Part("row"), at
    token = tokens[at]
    if token == "{":
        row, at = _row(tokens, at + 1, "}")
        return Part("group", parts=row.parts), at + 1
    if token == "(" and script:
        row, at = _row(tokens, at + 1, ")")
        return Part("group", parts=[Part("operator", "("), *row.parts, Part("operator", ")")]), at + 1
    if token == "√":
        part, at = _atom(tokens, at + 1)
        return Part("root", parts=[part]), at
    if token[0] == '"':
        return Part("text", token.strip('"')), at + 1
    if token[0].isdigit():
        return Part("number", token), at + 1
    if token[0] in _BIG:
        return Part("big", token), at + 1
    if token[0].isalpha():
        return Part("name", token), at + 1
    return Part("operator", token), at + 1


def as_text(notation: str) -> str:
    """The formula in one line of Unicode text.

    Example:
        >>> from schuss.insight.explanation._formula import as_text
        >>> as_text("∂J/∂W^(1) = x^T δ^(1)")
        '∂J/∂W⁽¹⁾ = xᵀ δ⁽¹⁾'
        >>> as_text("a = {1}/{1 + e^{−z}}")
        'a = 1/(1 + e^(−z))'
    """
    return _text(parsed(notation)).strip()


def _text(part: Part) -> str:
    inner = [_text(p) for p in part.parts]
    if part.kind in ("row", "group"):
        return "".join(inner)
    if part.kind == "space":
        return " "
    if part.kind == "fraction":
        return "/".join(t if p.kind == "∂" else _enclosed(t) for p, t in zip(part.parts, inner))
    if part.kind in ("∂", "∇"):
        return part.kind + inner[0]
    if part.kind == "root":
        return f"√{_enclosed(inner[0])}"
    if part.kind == "scripts":
        return inner[0] + "".join(_script(mark, text) for mark, text in zip(part.text, inner[1:]))
    return part.text


def _script(mark: str, text: str) -> str:
    table, known = (_RAISED, _ABOVE) if mark == "^" else (_LOWERED, _BELOW)
    if all(c in known for c in text):
        return text.translate(table)
    return mark + (text if len(text) == 1 or text.isalnum() else f"({text})" if text[0] != "(" else text)


def _enclosed(text: str) -> str:
    if re.fullmatch(r"√(\([^()]*\)|\w+[\u0300-\u036f]*)", text):
        return text
    bare = all(c.isalnum() or c in "∂∇⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ᵀ₀₁₂₃₄₅₆₇₈₉_^′ŷ\u0302" for c in text)
    return text if bare else f"({text})"


def as_mathml(notation: str) -> str:
    """The formula as a ``<math>`` element. All text in it is escaped.

    Example:
        >>> from schuss.insight.explanation._formula import as_mathml
        >>> as_mathml("x^2")
        '<math displaystyle="true"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
    """
    return f'<math displaystyle="true">{_mathml(parsed(notation))}</math>'


def _mathml(part: Part) -> str:
    inner = [_mathml(p) for p in part.parts]
    if part.kind in ("row", "group"):
        return f"<mrow>{''.join(inner)}</mrow>"
    if part.kind == "fraction":
        return f"<mfrac>{inner[0]}{inner[1]}</mfrac>"
    if part.kind in ("∂", "∇"):
        return f"<mrow><mo>{part.kind}</mo>{inner[0]}</mrow>"
    if part.kind == "root":
        return f"<msqrt>{inner[0]}</msqrt>"
    if part.kind == "scripts":
        big = part.parts[0].kind == "big"
        tag = {"_": "munder" if big else "msub", "^": "mover" if big else "msup"}.get(part.text)
        if tag is None:
            tag = "munderover" if big else "msubsup"
            inner = inner if part.text == "_^" else [inner[0], inner[2], inner[1]]
        return f"<{tag}>{''.join(inner)}</{tag}>"
    return _leaf(part)


def _leaf(part: Part) -> str:
    text = escape(part.text)
    if part.kind == "space":
        return '<mspace width="0.22em"/>'
    if part.kind == "text":
        kept = text.replace(" ", "\N{NO-BREAK SPACE}")  # which would be dropped at the ends
        return f"<mtext>{kept}</mtext>"
    if part.kind == "number":
        return f"<mn>{text}</mn>"
    if part.kind == "name":
        return _name(part.text)
    stretchy = ' stretchy="false"' if part.text in _OPENING + _CLOSING + "|" else ""
    return f"<mo{stretchy}>{text}</mo>"


def _name(text: str) -> str:
    primes = len(text) - len(text.rstrip("′"))
    bare = text.rstrip("′")
    if bare.endswith("\u0302"):
        made = f'<mover accent="true">{_name(bare[:-1])}<mo>^</mo></mover>'
    else:
        made = f'<mi mathvariant="normal">{escape(bare)}</mi>' if bare == "T" else f"<mi>{escape(bare)}</mi>"
    return f"<msup>{made}<mo>{'′' * primes}</mo></msup>" if primes else made
