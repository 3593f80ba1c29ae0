"""Small parts of pages: paragraphs, tables, key figures, numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from schuss.insight._html._escape import escape


def paragraph(text: Any, kind: str = "") -> str:
    """A paragraph of plain text. `kind`: a class of the page's styles, like ``"note"``."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def code(text: Any) -> str:
    """Text as it is, in a typewriter's letters."""
    return f"<pre><code>{escape(text)}</code></pre>"


def details(summary: Any, body: str, open: bool = False) -> str:
    """HTML that is shown when its summary (plain text) is clicked."""
    return f"<details{' open' if open else ''}><summary>{escape(summary)}</summary>{body}</details>"


def row_of(*parts: str) -> str:
    """HTML parts side by side, or below each other where the page is narrow."""
    return f'<div class="pair">{"".join(parts)}</div>'


def figures(values: Iterable[tuple[Any, Any]]) -> str:
    """Key figures as cards: (value, what it is), both plain text."""
    cards = "".join(f"<div><b>{escape(value)}</b><span>{escape(what)}</span></div>" for value, what in values)
    return f'<div class="figures">{cards}</div>'


def table(rows: Iterable[Sequence[Any]], head: Sequence[Any] = (), right: Iterable[int] = ()) -> str:
    """A table of plain text.

    Args:
        rows: sequences of cells. head: of titles; default none. right: numbers of columns that are set to the
            right.
    """
    to_right = set(right)

    def cells(row: Sequence[Any], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=' + chr(34) + 'right' + chr(34) if i in to_right else ''}>{escape(cell)}</{tag}>"
            for i, cell in enumerate(row)
        )

    top = f"<thead><tr>{cells(head, 'th')}</tr></thead>" if head else ""
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'


def number(value: Any, digits: int = 4) -> str:
    """A number as people read it: integers with thin spaces between thousands, others with so many digits.

    Example:
        >>> from schuss.insight._html import number
        >>> number(0.000123456), number(1.0), number(float("nan"))
        ('0.0001235', '1', 'NaN')
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{float(value):.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent)}"
    return text
