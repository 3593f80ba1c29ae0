"""Plots as HTML: the numbers as JSON, which the page's script draws, with what is told under the mouse, zoom and legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.insight._html._escape import escape, script_json

Numbers = Sequence[Any] | np.ndarray


@dataclass
class Series:
    """A curve, or a cloud of points.

    Attributes:
        name: for the legend. x, y: numbers; what is not finite is a gap.
        low, high: a band about it. labels: what is said of each point.
        points: a cloud, no line. dashed: a dashed line. faint: behind others. color: number of a colour of the page, from 0
            on; default its place.
    """

    name: str
    x: Numbers
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    labels: Sequence[str] | None = None
    points: bool = False
    dashed: bool = False
    faint: bool = False
    color: int | None = None

    def spec(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None and value is not False}


def plot(kind: str, title: str = "", note: str = "", id: str = "", **spec: Any) -> str:
    """A figure of the given kind: ``"xy"``, ``"heat"``, ``"bars"``, or one that the page's own script adds."""
    given = {name: value for name, value in spec.items() if value is not None}
    content = script_json({"kind": kind, "title": title, "note": note, **given})
    place = f' id="{escape(id)}"' if id else ""
    return f'<figure class="plot"{place}><script type="application/json">{content}</script></figure>\n'


def line_plot(
    series: Sequence[Series],
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    x_log: bool = False,
    y_log: bool = False,
    marks: Sequence[dict[str, Any]] = (),
    note: str = "",
    height: int = 260,
    y_range: tuple[float, float] | None = None,
) -> str:
    """Curves over x. Dragging zooms, a double click shows all again, the legend hides and shows.

    Args:
        series: the curves. title, x_label, y_label, note: plain text.
        x_log, y_log: logarithmic at first.
        marks: lines across, ``{"y": 1e-3, "label": "usual"}`` or ``{"x": …}``.
        height: in pixels. y_range: at first; default what the curves fill.
    """
    return plot(
        "xy",
        title,
        note,
        series=[s.spec() for s in series],
        xLabel=x_label,
        yLabel=y_label,
        xLog=x_log,
        yLog=y_log,
        marks=list(marks),
        height=height,
        yRange=y_range,
    )


def scatter_plot(
    series: Sequence[Series],
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    diagonal: bool = False,
    note: str = "",
    height: int = 340,
) -> str:
    """Points. `diagonal`: draw x = y, where predictions would be right."""
    clouds = [{**s.spec(), "points": True} for s in series]
    return plot(
        "xy",
        title,
        note,
        series=clouds,
        xLabel=x_label,
        yLabel=y_label,
        diagonal=diagonal,
        height=height,
        canLog=False,
    )


def bar_plot(
    names: Sequence[Any],
    values: Numbers,
    title: str = "",
    note: str = "",
    labels: Sequence[str] | None = None,
    color: int = 0,
) -> str:
    """A bar for each name. `labels`: what stands at the bars; default their numbers."""
    return plot("bars", title, note, names=[str(n) for n in names], values=values, labels=labels, color=color)


def heat_map(
    values: Numbers,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
    title: str = "",
    row_label: str = "",
    column_label: str = "",
    value_label: str = "",
    diverging: bool = False,
    text: bool = False,
    square: bool = False,
    labels: Sequence[Sequence[str]] | None = None,
    tips: Sequence[Sequence[str]] | None = None,
    target: str = "",
    note: str = "",
    height: int = 280,
    limits: tuple[float, float] | None = None,
) -> str:
    """A matrix in which colours are numbers.

    Args:
        values: [n, m]. rows, columns: their names.
        diverging: two colours, one for each sign. text: numbers stand in the cells, or `labels` if given.
        tips: what is said of a cell under the mouse; default its number.
        target: a click on the cell i, j shows the element with the id ``f"{target}-{i}-{j}"`` and hides its
            siblings.
        limits: of the colours; default the least and the greatest number.
    """
    return plot(
        "heat",
        title,
        note,
        values=np.asarray(values),
        rows=None if rows is None else [str(r) for r in rows],
        columns=None if columns is None else [str(c) for c in columns],
        rowLabel=row_label,
        columnLabel=column_label,
        valueLabel=value_label,
        diverging=diverging,
        text=text,
        square=square,
        labels=labels,
        tips=tips,
        target=target or None,
        height=height,
        range=limits,
    )
