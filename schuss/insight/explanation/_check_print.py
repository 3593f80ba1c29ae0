"""A gradient check as a table, for a terminal and for a notebook."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from schuss.insight._html import escape
from schuss.insight.explanation._check import CheckedWeight, GradientCheck
from schuss.insight.explanation._written import number

_COLUMNS = ("weight", "shape", "looked at", "backpropagation", "difference", "error", "verdict")
_STYLES = {"agrees": "green", "differs": "bold red", "kinks": "yellow"}


def rendered(check: GradientCheck) -> RenderableType:
    """The check for rich."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for n, column in enumerate(_COLUMNS):
        table.add_column(column, justify="left" if n in (0, 6) else "right")
    for weight in check.weights:
        *cells, verdict = _row(weight)
        table.add_row(*cells, Text(verdict, _STYLES[weight.verdict]))
    return Group(Text(_title(check), "bold"), table)


def _title(check: GradientCheck) -> str:
    differing = sum(w.verdict == "differs" for w in check.weights)
    what = (
        f"{differing} of {len(check.weights)} weights differ"
        if differing
        else "backpropagation agrees with finite differences"
    )
    return (
        f"{check.model}: {what} (largest relative error {check.error:.1e}, tolerance {check.tolerance:.0e})"
    )


def _row(weight: CheckedWeight) -> list[str]:
    smooth = [e for e in weight.elements if not e.kink]
    worst = max(smooth, key=lambda e: abs(e.backpropagation - e.difference), default=None)
    pair = ["", ""] if worst is None else [number(worst.backpropagation), number(worst.difference)]
    size = 1
    for n in weight.shape:
        size *= n
    shape = " × ".join(map(str, weight.shape)) or "a number"
    verdict = weight.verdict + (f": {weight.note}" if weight.note else "")
    return [weight.name, shape, f"{len(weight.elements)} of {size}", *pair, f"{weight.error:.1e}", verdict]


def as_plain_text(check: GradientCheck) -> str:
    """The table as lines of text."""
    console = Console(width=160, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(rendered(check))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def as_html(check: GradientCheck) -> str:
    """The table for a notebook."""
    head = "".join(f"<th>{escape(c)}</th>" for c in _COLUMNS)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in _row(w))}</tr>" for w in check.weights)
    return f"<p><b>{escape(_title(check))}</b></p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
