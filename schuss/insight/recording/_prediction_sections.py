"""Sections of a report about predictions: data, confusion matrix, worst mistakes, scatter of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.insight._html import (
    Section,
    Series,
    bar_plot,
    details,
    escape,
    figures,
    heat_map,
    image_uri,
    line_plot,
    number,
    paragraph,
    row_of,
    scatter_plot,
    table,
)
from schuss.insight.recording._drawn import Drawer
from schuss.insight.recording._judged import Classes, Judged, Labels, Numbers
from schuss.insight.recording._recorder import Recorder
from schuss.insight.recording._rows import Rows

_MOST_CLASSES = 30
_IN_CELL = 6
_MOST_CELLS = 150
_MOST_POINTS = 1500
_MOST_NUMBERS = 4


def data_section(
    rows: Rows | None, recorder: Recorder | None, judged: Sequence[Judged | str], names: Sequence[str] | None
) -> Section | None:
    """On what it was trained, and on what it was judged."""
    parts = []
    if recorder is not None and recorder.shapes:
        lines = [
            (what, _shape(shape), dtype)
            for what, arrays in zip(("x", "y", "sample_weight"), recorder.shapes)
            for shape, dtype in arrays
        ]
        parts.append(paragraph(f"It was trained on batches of {number(recorder.batch_size)} rows."))
        parts.append(table(lines, ("trained on", "a row", "numbers")))
    if rows is not None:
        of_all = "" if rows.total in (None, rows.count) else f" of {number(rows.total)}, evenly spaced"
        parts.append(paragraph(f"It was judged on {number(rows.count)} rows{of_all}."))
        lines = [(name, *_described(array)) for name, array in zip(rows.names, rows.arrays, strict=True)]
        parts.append(table(lines, ("judged on", "a row", "numbers", "from … to", "mean")))
    for found in judged:
        if isinstance(found, Classes) and found.count <= 200:
            counts = np.bincount(found.true, minlength=found.count)
            labels = [f"{n}, {n / max(len(found.true), 1):.1%}" for n in counts]
            title = f"how often each class is there{_of(found, judged)}"
            parts.append(bar_plot(_names(found.count, names), counts, title, labels=labels))
    return Section("Data", "".join(parts), "data") if parts else None


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(str(n) for n in shape) or "one number"


def _described(array: np.ndarray) -> tuple[str, str, str, str]:
    shape = _shape(array.shape[1:])
    if array.dtype.kind not in "biuf":
        return (shape if array.ndim > 1 else "one text", "text", "–", "–")
    some = array.reshape(-1)[:: max(1, array.size // 10**6)].astype("float64")
    low, high, mean = (number(float(f(some))) for f in (np.min, np.max, np.mean))
    return shape, str(array.dtype), f"{low} … {high}", mean


def _names(count: int, names: Sequence[str] | None) -> list[str]:
    return [str(names[i]) if names is not None and i < len(names) else str(i) for i in range(count)]


def _of(found: Judged, judged: Sequence[Judged | str]) -> str:
    return f", {found.name}" if len(judged) > 1 else ""


class Predictions:
    """The section about predictions.

    Args:
        rows: on which it was judged. drawers: of the inputs. names: of classes, or of the numbers of a regression.
        most: how many of the worst rows are shown.
    """

    def __init__(self, rows: Rows, drawers: Sequence[Drawer], names: Sequence[str] | None, most: int):
        self.rows, self.drawers, self.names, self.most = rows, drawers, names, most
        self._is_broad = any(d.is_broad for d in drawers) or len(drawers) > 1
        self._drawn: dict[int, str] = {}

    def section(self, judged: Sequence[Judged | str]) -> Section:
        """Of all outputs, one after the other."""
        parts = []
        for index, found in enumerate(judged):
            if len(judged) > 1:
                parts.append(f"<h3>{escape(found if isinstance(found, str) else found.name)}</h3>")
            parts.append(self._part(found, f"cell{index}"))
        return Section("Predictions", "".join(parts), "predictions")

    def _part(self, found: Judged | str, target: str) -> str:
        if isinstance(found, str):
            return paragraph(found, "warn")
        if isinstance(found, Classes):
            return self._classes(found, target)
        return self._labels(found) if isinstance(found, Labels) else self._numbers(found)

    # Classes

    def _classes(self, found: Classes, target: str) -> str:
        if not len(found.true):
            return paragraph("There are no labels to compare with.", "warn")
        wrong = int((found.true != found.predicted).sum())
        parts = [
            figures(
                [
                    (f"{found.accuracy:.2%}", "accuracy"),
                    (number(wrong), f"wrong of {number(len(found.true))}"),
                    (f"{_balanced(found):.2%}", "accuracy, mean over classes"),
                ]
            )
        ]
        names = _names(found.count, self.names)
        parts.append(self._confusion(found, names, target))
        parts.append(row_of(*self._of_classes(found, names), *_calibration(found)))
        parts.append(self._worst_classes(found, names))
        return "".join(parts)

    def _confusion(self, found: Classes, names: list[str], target: str) -> str:
        matrix = found.matrix()
        shown = np.arange(found.count)
        note = "Click a cell to see its examples. Shades are shares of a row."
        if found.count > _MOST_CLASSES:
            errors = matrix.sum(axis=1) + matrix.sum(axis=0) - 2 * np.diag(matrix)
            shown = np.sort(np.argsort(-errors, kind="stable")[:_MOST_CLASSES])
            note += f" Of {found.count} classes the {_MOST_CLASSES} with most mistakes are shown."
        part = matrix[np.ix_(shown, shown)]
        shares = part / np.maximum(matrix[shown].sum(axis=1, keepdims=True), 1)
        labels = [[str(n) if n else "" for n in row] for row in part]
        tips = [[f"{n} ({s:.1%} of the row)" for n, s in zip(*both)] for both in zip(part, shares)]
        chosen = [names[i] for i in shown]
        plot = heat_map(
            np.sqrt(shares),
            chosen,
            chosen,
            "confusion matrix",
            row_label="true",
            column_label="predicted",
            value_label="how often",
            text=True,
            square=True,
            labels=labels,
            tips=tips,
            target=target,
            limits=(0.0, 1.0),
            note=note,
        )
        cells = self._cells(found, part, shown, names, target)
        side_by_side = row_of(plot, cells) if found.count <= 12 else plot + cells
        return side_by_side + _confused(matrix, names)

    def _cells(
        self, found: Classes, part: np.ndarray, shown: np.ndarray, names: list[str], target: str
    ) -> str:
        """The examples of each cell: of those with most mistakes, the first of which is shown, and of the diagonal."""
        order = sorted(
            np.argwhere(part > 0).tolist(), key=lambda c: (c[0] != c[1], part[c[0], c[1]]), reverse=True
        )
        cells = []
        for i, j in order[:_MOST_CELLS]:
            inside = np.flatnonzero((found.true == shown[i]) & (found.predicted == shown[j]))
            worst = inside[np.argsort(-found.score[inside], kind="stable")][: _IN_CELL if i != j else 3]
            title = f"{names[shown[i]]}, predicted as {names[shown[j]]}: {part[i, j]}"
            examples = "".join(self._example(int(found.row[p]), _said(found, int(p), names)) for p in worst)
            cells.append(
                f'<div id="{target}-{i}-{j}"{" hidden" if cells else ""}><h3 style="margin-top:0">{escape(title)}</h3>'
                f'<div class="examples{self._broad}">{examples}</div></div>'
            )
        return f"<div>{''.join(cells)}</div>"

    def _of_classes(self, found: Classes, names: list[str]) -> list[str]:
        matrix = found.matrix()
        right = np.diag(matrix)
        recall = right / np.maximum(matrix.sum(axis=1), 1)
        precision = right / np.maximum(matrix.sum(axis=0), 1)
        order = np.argsort(recall, kind="stable")[:_MOST_CLASSES]
        rows = [
            (names[i], f"{recall[i]:.1%}", f"{precision[i]:.1%}", number(int(matrix[i].sum())))
            for i in order
            if matrix[i].sum()
        ]
        head = ("class, worst first", "found (recall)", "right where predicted (precision)", "rows")
        return [f"<div><h3>Classes</h3>{table(rows, head, right=[1, 2, 3])}</div>"]

    def _worst_classes(self, found: Classes, names: list[str]) -> str:
        worst = found.worst(self.most)
        if not len(worst):
            return paragraph("There is no mistake in these rows.", "good")
        examples = "".join(self._example(int(found.row[p]), _said(found, int(p), names)) for p in worst)
        return f'<h3>Worst mistakes</h3><div class="examples{self._broad}">{examples}</div>'

    # Labels

    def _labels(self, found: Labels) -> str:
        names = _names(found.true.shape[1], self.names)
        both = (found.true & found.predicted).sum(axis=0)
        recall = both / np.maximum(found.true.sum(axis=0), 1)
        precision = both / np.maximum(found.predicted.sum(axis=0), 1)
        rows = [
            (names[i], f"{recall[i]:.1%}", f"{precision[i]:.1%}", number(int(found.true[:, i].sum())))
            for i in np.argsort(recall, kind="stable")[: 2 * _MOST_CLASSES]
        ]
        of_rows = f"{(found.score == 0).mean():.2%}"
        parts = [
            figures([(f"{found.accuracy:.2%}", "of all labels right"), (of_rows, "rows without a mistake")])
        ]
        parts.append(
            table(rows, ("label, worst first", "found (recall)", "precision", "rows"), right=[1, 2, 3])
        )
        if len(found.true) == self.rows.count:
            examples = ""
            for row in found.worst(self.most):
                true = ", ".join(names[i] for i in np.flatnonzero(found.true[row])) or "none"
                said = ", ".join(names[i] for i in np.flatnonzero(found.predicted[row])) or "none"
                examples += self._example(int(row), _lines(("predicted", said), ("true", true)))
            parts.append(f'<h3>Worst mistakes</h3><div class="examples{self._broad}">{examples}</div>')
        return "".join(parts)

    # Numbers

    def _numbers(self, found: Numbers) -> str:
        parts = [figures([(number(value), name) for name, value in found.measures.items()])]
        true = found.true.reshape(len(found.true), -1)
        predicted = found.predicted.reshape(len(true), -1)
        names = self.names if self.names is not None and len(self.names) == true.shape[1] else None
        pairs = [("", true.ravel(), predicted.ravel())]  # all numbers together, if there are many
        if 1 < true.shape[1] <= _MOST_NUMBERS:
            columns = range(true.shape[1])
            pairs = [(names[c] if names else f"number {c}", true[:, c], predicted[:, c]) for c in columns]
        for name, t, p in pairs:
            parts.append(row_of(_scatter(t, p, name), _residuals(t, p, name)))
        parts.append("<h3>Worst errors</h3>" + self._worst_numbers(found, names))
        return "".join(parts)

    def _worst_numbers(self, found: Numbers, names: Sequence[str] | None) -> str:
        examples = []
        for row in found.worst(self.most):
            t, p = found.true[row], found.predicted[row]
            if t.ndim >= 2 and min(t.shape[:2]) > 4:
                drawn = _pictures(t, p)
                said = drawn + _lines(("mean square error", number(float(found.score[row]))))
            else:
                said = _lines(
                    ("predicted", _few(p, names)), ("true", _few(t, names)), ("error", _few(p - t, names))
                )
            examples.append(self._example(int(row), said))
        return f'<div class="examples{self._broad}">{"".join(examples)}</div>'

    # Examples

    @property
    def _broad(self) -> str:
        return " broad" if self._is_broad else ""

    def _example(self, row: int, said: str) -> str:
        """A card: the row's inputs, and what is said of them (HTML)."""
        if row not in self._drawn:
            self._drawn[row] = "".join(drawer.html(row) for drawer in self.drawers)
        return f'<div class="example">{self._drawn[row]}<div class="said">{said}</div></div>'


def _lines(*pairs: tuple[str, str]) -> str:
    return "<br>".join(f"{escape(what)} <b>{escape(value)}</b>" for what, value in pairs)


def _said(found: Classes, place: int, names: list[str]) -> str:
    """Of a prediction: what was predicted and what is true, with probabilities."""
    predicted, true = names[found.predicted[place]], names[found.true[place]]
    sure, of_true = "", ""
    if found.probability is not None and found.true_probability is not None:
        sure = f" ({found.probability[place]:.1%})"
        of_true = f" ({found.true_probability[place]:.1%})"
    right = found.true[place] == found.predicted[place]
    kind = "good" if right else "bad"
    return (
        f'predicted <b class="{kind}">{escape(predicted)}</b>{escape(sure)}<br>'
        f"true <b>{escape(true)}</b>{escape(of_true if not right else '')}"
    )


def _balanced(found: Classes) -> float:
    matrix = found.matrix()
    there = matrix.sum(axis=1) > 0
    return float((np.diag(matrix)[there] / matrix.sum(axis=1)[there]).mean())


def _confused(matrix: np.ndarray, names: list[str]) -> str:
    """The pairs that are confused most."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:10]
    pairs = [np.unravel_index(int(k), wrong.shape) for k in order if wrong.flat[k]]
    rows = [
        (names[i], names[j], number(int(wrong[i, j])), f"{wrong[i, j] / matrix[i].sum():.1%}")
        for i, j in pairs
    ]
    if not rows:
        return ""
    listed = table(rows, ("true", "predicted", "how often", "of the class"), right=[2, 3])
    return details("The pairs that are confused most", listed, open=len(names) > _MOST_CLASSES)


def _calibration(found: Classes) -> list[str]:
    """How sure it is against how often it is right."""
    points = found.calibration()
    if len(points) < 2:
        return []
    sure, right, counts = zip(*points, strict=True)
    series = [
        Series("right", sure, right, labels=[f"{n} predictions" for n in counts]),
        Series("if it knew how sure to be", [0, 1], [0, 1], dashed=True, color=7),
    ]
    note = "Below the dashed line it is surer than it should be."
    return [
        line_plot(
            series, "how sure, how right", "probability given", "share right", note=note, y_range=(0, 1.02)
        )
    ]


def _some(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(np.int64))


def _scatter(true: np.ndarray, predicted: np.ndarray, name: str) -> str:
    some = _some(len(true))
    return scatter_plot(
        [Series("", true[some], predicted[some])],
        f"predicted against true {name}".strip(),
        "true",
        "predicted",
        diagonal=True,
    )


def _residuals(true: np.ndarray, predicted: np.ndarray, name: str) -> str:
    some = _some(len(true))
    residual = (predicted - true)[some]
    note = "Without a pattern it is good: a slope, a curve or a funnel says what the model has not learnt."
    title = f"error against predicted {name}".strip()
    return scatter_plot(
        [Series("", predicted[some], residual, color=1)], title, "predicted", "error", note=note
    )


def _few(values: np.ndarray, names: Sequence[str] | None) -> str:
    flat = np.ravel(values)
    said = [
        f"{names[i]} {number(v)}" if names and len(names) == flat.size else number(v)
        for i, v in enumerate(flat[:6])
    ]
    return ", ".join(said) + (" …" if flat.size > 6 else "")


def _pictures(true: np.ndarray, predicted: np.ndarray) -> str:
    """What was wanted and what was made, as pictures of one scale."""
    low, high = float(true.min()), float(true.max())
    drawn = []
    for what, value in (("predicted", predicted), ("true", true)):
        pixels = np.clip((value - low) / max(high - low, 1e-30), 0, 1)
        while pixels.ndim > 3:
            pixels = pixels[len(pixels) // 2]
        if pixels.ndim == 3 and pixels.shape[-1] not in (1, 3, 4):
            pixels = pixels.mean(axis=-1)
        drawn.append(f'{what}<img alt="{what}" src="{image_uri(pixels)}">')
    return "".join(drawn)


def class_names_of(names: Any, judged: Sequence[Judged | str], given: Any) -> list[str] | None:
    """The names of classes: as given (a list, or a dict by numbers), else those of a data set."""
    names = getattr(given, "class_names", None) if names is None else names
    if names is None:
        return None
    if isinstance(names, dict):
        most = max([int(k) for k in names] or [-1])
        return [str(names.get(i, names.get(str(i), i))) for i in range(most + 1)]
    made = [str(n) for n in _tree.leaves(list(names))]
    needed = max([f.count for f in judged if isinstance(f, Classes)] or [0])
    if 0 < len(made) < needed:
        raise ValueError(
            f"report: `class_names` has {len(made)} names, but the model's output has {needed} classes; a name for each is "
            "needed."
        )
    return made
