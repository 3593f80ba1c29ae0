"""The section of a report about the layers: how gradients, weights and what layers give fared over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.insight._html import (
    Section,
    Series,
    details,
    heat_map,
    line_plot,
    number,
    paragraph,
    row_of,
    table,
)
from schuss.insight.recording._look import Look
from schuss.insight.recording._recorder import Recorder
from schuss.insight.recording._statistics import Histogram

_MOST_CURVES = 16
"""Of weights or layers in one plot."""
_ROWS_OF_HISTOGRAM = 32


def health_section(recorder: Recorder) -> Section | None:
    """How the layers fared over time."""
    looks = recorder.looks
    if not looks:
        return None
    epochs = [look.epoch for look in looks]
    weights = list(looks[-1].weights)
    kernels = [w for w in weights if not w.endswith(("bias", "beta", "gamma"))] or weights
    layers = list(looks[-1].layers)
    some_saturate = [n for n in layers if looks[-1].layers[n].saturated is not None]

    def of_weights(names: list[str], read: Callable[[Any], float | None]) -> list[Series]:
        return _series(
            names,
            epochs,
            looks,
            lambda look, name: read(look.weights[name]) if name in look.weights else None,
        )

    def of_layers(names: list[str], read: Callable[[Any], float | None]) -> list[Series]:
        return _series(
            names, epochs, looks, lambda look, name: read(look.layers[name]) if name in look.layers else None
        )

    plots = [
        line_plot(
            of_weights(weights, lambda w: w.gradient_norm),
            "size of the gradients",
            "epoch",
            "‖∂J/∂W‖",
            y_log=True,
            note="If they shrink by orders of magnitude from the last layer to the first, the first ones hardly learn.",
        ),
        line_plot(
            of_weights(kernels, lambda w: w.update_ratio),
            "update against weight",
            "epoch",
            "‖ΔW‖ / ‖W‖",
            y_log=True,
            marks=[{"y": 1e-3, "label": "0.001 a step is usual"}],
            note="Far above it the rate is high; far below it the weights hardly move.",
        ),
        line_plot(
            of_weights(weights, lambda w: w.norm),
            "size of the weights",
            "epoch",
            "‖W‖",
            note="Steady growth asks for weight decay.",
        ),
        line_plot(
            of_layers(layers, lambda a: a.std),
            "spread of what layers give",
            "epoch",
            "std",
            note="It should be neither near 0 nor grow from layer to layer.",
        ),
        line_plot(
            of_layers(layers, lambda a: a.zeros),
            "share of zeros",
            "epoch",
            "zeros",
            y_range=(0, 1),
            note="Of a ReLU about half is usual.",
        ),
    ]  # fmt: skip
    if some_saturate:
        plots.append(
            line_plot(
                of_layers(some_saturate, lambda a: a.saturated),
                "share of saturated numbers",
                "epoch",
                "saturated",
                y_range=(0, 1),
                note="There the activation's derivative is below 5 % of its greatest value: hardly any gradient passes.",
            )
        )
    text = paragraph(
        f"One and the same batch of {number(_rows_of(recorder))} rows was looked at {len(looks)} times during training.",
        "note",
    )
    noted = "".join(paragraph(line, "warn") for line in _words_on_layers(looks[-1]))
    return Section(
        "Layers", text + noted + row_of(*plots) + _table_of_layers(looks) + _histograms(looks), "layers"
    )


def _rows_of(recorder: Recorder) -> int:
    return min(recorder.rows, recorder.batch_size)


def _series(
    names: list[str], epochs: list[float], looks: list[Look], read: Callable[[Look, str], float | None]
) -> list[Series]:
    if len(names) > _MOST_CURVES:  # evenly spaced ones, first and last among them
        names = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, _MOST_CURVES).astype(int))]
    made = []
    for name in names:
        values = [read(look, name) for look in looks]
        made.append(Series(_short(name), epochs, [float("nan") if v is None else v for v in values]))
    return made


def _short(path: str) -> str:
    """The path without the model's name."""
    parts = path.split("/")
    return "/".join(parts[-2:]) if len(parts) > 2 else path


def _words_on_layers(look: Look) -> list[str]:
    said = []
    for name, layer in look.layers.items():
        if layer.dead > 0.2 and layer.zeros > 0.5:
            said.append(
                f"{name}: {layer.dead:.0%} of its units gave 0 for every row at the end of training (dead units)."
            )
        if layer.saturated is not None and layer.saturated > 0.5:
            said.append(
                f"{name}: {layer.saturated:.0%} of what it gives is saturated at the end of training."
            )
    return said


def _table_of_layers(looks: list[Look]) -> str:
    first, last = looks[0], looks[-1]
    rows = []
    for name, seen in last.layers.items():
        before = first.layers.get(name, seen)
        saturated = "–" if seen.saturated is None else f"{seen.saturated:.0%}"
        rows.append(
            (
                name,
                f"{number(before.mean, 3)} → {number(seen.mean, 3)}",
                f"{number(before.std, 3)} → {number(seen.std, 3)}",
                f"{seen.zeros:.0%}",
                f"{seen.dead:.0%}",
                saturated,
            )
        )
    head = ("layer", "mean, first → last", "deviation", "zeros", "dead units", "saturated")
    return table(rows, head, right=[3, 4, 5]) if rows else ""


def _histograms(looks: list[Look]) -> str:
    """Distributions over time: columns are moments, rows are values."""
    if len(looks) < 2:
        return ""
    last = looks[-1]
    parts = []
    for name in last.layers:
        found = [look.layers[name].histogram for look in looks if name in look.layers]
        parts.append(_histogram(found, looks, f"{name}: what it gives"))
    for name in last.weights:
        found = [look.weights[name] for look in looks if name in look.weights]
        parts.append(_histogram([w.histogram for w in found], looks, f"{_short(name)}: weights"))
        parts.append(_histogram([w.gradient_histogram for w in found], looks, f"{_short(name)}: gradients"))
    return details(
        "Distributions over time, of what layers give, of weights and of gradients", row_of(*parts[:60])
    )


def _histogram(histograms: list[Histogram], looks: list[Look], title: str) -> str:
    low, high = min(h.low for h in histograms), max(h.high for h in histograms)
    edges = np.linspace(low, high if high > low else low + 1, _ROWS_OF_HISTOGRAM + 1)
    columns = [_spread(h, edges) for h in histograms]
    step = max(1, -(-len(columns) // 48))
    values = np.sqrt(np.array(columns[::step]).T[::-1])
    rows = [number(v, 3) for v in (edges[:-1] + edges[1:])[::-1] / 2]
    epochs = [number(look.epoch, 3) for look in looks[::step]][: values.shape[1]]
    shares = [[f"{v**2:.1%}" for v in row] for row in values]
    return heat_map(
        values,
        rows,
        epochs,
        title,
        row_label="value",
        column_label="epoch",
        value_label="share",
        tips=shares,
        height=260,
    )


def _spread(histogram: Histogram, edges: np.ndarray) -> np.ndarray:
    """The histogram's shares, given to wider bins by the parts of each of its bins that lie there."""
    counts = histogram.counts / max(histogram.counts.sum(), 1)
    if histogram.low == histogram.high:
        place = np.clip(np.searchsorted(edges, histogram.low, "right") - 1, 0, len(edges) - 2)
        return np.bincount([place], minlength=len(edges) - 1) * counts.sum()
    own = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    below = np.interp(edges, own, np.concatenate([[0.0], np.cumsum(counts)]))
    return np.diff(below)
