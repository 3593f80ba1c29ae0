"""An explanation for a terminal: the steps in order, formulas and numbers; small arrays whole, large ones in outline."""

from __future__ import annotations

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from schuss.insight.explanation._explanation import Explanation, Outcome, Quantity, Step
from schuss.insight.explanation._formula import as_text
from schuss.insight.explanation._symbols import sizes
from schuss.insight.explanation._written import number

_MOST_NUMBERS = 48
_MOST_COLUMNS = 8
_WIDTH = 110


def as_plain_text(explanation: Explanation) -> str:
    """The explanation as lines of text."""
    console = Console(width=_WIDTH, color_system=None, force_terminal=False, record=False, file=None)
    with console.capture() as capture:
        console.print(rendered(explanation))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def rendered(explanation: Explanation) -> RenderableType:
    """The explanation for rich."""
    parts: list[RenderableType] = [
        Text(
            f"One step of learning: {explanation.model}, {explanation.optimizer}, {explanation.rows} samples",
            "bold",
        )
    ]
    for title, steps in (
        ("Inputs", [explanation.inputs]),
        ("Forwards", explanation.layers),
        ("Loss", [explanation.loss]),
        ("Backwards", explanation.backward),
        ("Update", explanation.update),
    ):
        parts.append(_heading(title))
        parts += [_step(step) for step in steps]
    parts += [_heading("What came of it"), _outcome(explanation.outcome)]
    return Group(*parts)


def _heading(title: str) -> RenderableType:
    return Padding(Rule(title, align="left", style="cyan"), (1, 0, 0, 0))


def _step(step: Step) -> RenderableType:
    title = Text.assemble((f"{step.number}  {step.title}", "bold"), (f"  {step.kind}", "dim"))
    lines: list[RenderableType] = [title]
    if step.what:
        lines.append(Text(step.what, "dim"))
    lines += [Text(as_text(formula), "green") for formula in step.formulas]
    lines += [_quantity(quantity) for quantity in step.quantities]
    if step.note:
        lines.append(Text(step.note, "yellow"))
    return Padding(Group(*lines), (1, 0, 0, 2))


def _quantity(quantity: Quantity) -> RenderableType:
    array = quantity.array
    head = Text.assemble((quantity.text, "magenta"), (f"  {quantity.name}, {sizes(array)}", "dim"))
    if array.ndim == 0:
        return Text.assemble(
            (f"{quantity.text} = ", "magenta"), number(array[()]), (f"  {quantity.name}", "dim")
        )
    if array.size == 0:
        return head
    if array.size > _MOST_NUMBERS or array.shape[-1] > _MOST_COLUMNS or array.ndim > 2:
        return Group(head, Text(f"  {outline(array)}"))
    table = Table.grid(padding=(0, 2))
    for row in np.atleast_2d(array):
        table.add_row("", *(Text(number(value), justify="right") for value in row))
    return Group(head, table)


def outline(array: np.ndarray) -> str:
    """An array in a line: its smallest, mean and largest number, and the first few."""
    first = ", ".join(number(v) for v in array.reshape(-1)[:4])
    if array.dtype == bool:
        return f"true in {int(array.sum())} of {array.size}: {first}, …"
    low, mean, high = (number(float(f(array))) for f in (np.min, np.mean, np.max))
    return f"min {low}, mean {mean}, max {high}:  {first}, …"


def _outcome(outcome: Outcome) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, value, change in (
        ("J before", outcome.before, None),
        ("first order: J + ∇J·s", outcome.first_order, outcome.slope),
        ("second order: + ½ sᵀH s", outcome.second_order, outcome.slope + outcome.curvature),
        ("J after", outcome.after, outcome.after - outcome.before),
    ):
        shown = "" if change is None else f"{change:+.6g}".replace("-", "−")
        table.add_row("", name, Text(f"{value:.7g}", justify="right"), Text(shown, justify="right"))
    length = Text(f"‖∇J‖ = {number(outcome.gradient)}, ‖s‖ = {number(outcome.step)}", "dim")
    return Padding(Group(table, Padding(length, (0, 0, 0, 2))), (1, 0, 0, 0))
