"""Sections of a report about the training itself: the model, the curves, the rate, the layers' health, the cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.insight._html import (
    Section,
    Series,
    code,
    details,
    heat_map,
    line_plot,
    number,
    paragraph,
    row_of,
    table,
)
from schuss.insight.recording._facts import ModelFacts, command, environment, peak_memory
from schuss.insight.recording._look import Look
from schuss.insight.recording._recorder import Recorder
from schuss.insight.recording._statistics import Histogram
from schuss.models._summary import readable_size
from schuss.optimizers.schedules import LearningRateSchedule

_MOST_CURVES = 16
"""Of weights or layers in one plot."""
_ROWS_OF_HISTOGRAM = 32


def model_section(facts: ModelFacts) -> Section:
    """What was trained."""
    settings = {
        k: v for k, v in facts.optimizer.items() if v not in (None, False) and k not in ("class", "name")
    }
    if "use_ema" not in settings:
        settings.pop("ema_momentum", None)
    rows = [
        ("optimizer", f"{facts.optimizer.get('class', 'none')}"),
        ("its settings", ", ".join(f"{k} {_setting(v)}" for k, v in settings.items()) or "–"),
        ("loss", facts.loss),
        ("metrics", ", ".join(facts.metrics) or "none"),
        ("weights", f"{number(facts.trainable)} trained, {number(facts.fixed)} not"),
        (
            "memory",
            f"{readable_size(facts.bytes)} of weights, {readable_size(facts.optimizer_bytes)} of the optimizer",
        ),
    ]
    most = max([layer.parameters for layer in facts.layers] or [1]) or 1
    layers = [
        (
            "\N{NO-BREAK SPACE}" * 4 * layer.depth + layer.name,
            layer.kind,
            layer.output.replace("None", "·"),
            number(layer.parameters),
            "█" * round(14 * layer.parameters / most) or ("" if not layer.parameters else "▏"),
            "" if layer.trainable or not layer.parameters else "frozen",
        )
        for layer in facts.layers
    ]
    head = ("layer", "kind", "output", "parameters", "", "")
    return Section("Model", table(rows) + table(layers, head, right=[3]), "model")


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("class_name", value))
    return number(value) if isinstance(value, float) else str(value)


def curves_section(history: dict[str, list[float]], recorder: Recorder | None) -> Section:
    """Loss and metrics: of each step, of each epoch, and of validation."""
    names = [n for n in history if not n.startswith("val_") and n != "learning_rate"]
    others = [n for n in history if n.startswith("val_") and n.removeprefix("val_") not in names]
    ends = [e.steps for e in recorder.epochs] if recorder else None
    label = "step" if ends else "epoch"
    plots = []
    for name in sorted([*names, *others], key=lambda n: n != "loss"):
        series = []
        if name == "loss" and recorder is not None and len(recorder.losses):
            series += _loss_of_steps(recorder)
        for key, said in ((name, "each epoch"), (f"val_{name}", "validation")):
            if key in history:
                x = ends if ends and len(ends) == len(history[key]) else _epochs(len(history[key]), ends)
                series.append(Series(said, x, history[key], color=1 if said == "validation" else 3))
        plots.append(
            line_plot(
                series,
                name,
                label,
                y_log=name == "loss" and _spans(series),
                height=300 if name == "loss" else 240,
            )
        )
    first, rest = plots[:1], plots[1:]
    body = "".join(first) + (row_of(*rest) if len(rest) > 1 else "".join(rest))
    notes = "".join(paragraph(text) for text in _words_on_curves(history))
    hint = paragraph(
        "Drag over a plot to zoom in, click twice to see all again; names in the legend hide and show.",
        "note",
    )
    return Section("Curves", (notes + body + hint) if plots else paragraph("Nothing was recorded."), "curves")


def _epochs(count: int, ends: list[int] | None) -> list[float]:
    """Where the epochs end, if every one has a value or only every so many."""
    if not ends:
        return [float(i + 1) for i in range(count)]
    every = max(1, len(ends) // max(count, 1))
    return [float(s) for s in ends[every - 1 :: every][:count]]


def _loss_of_steps(recorder: Recorder) -> list[Series]:
    curve = recorder.losses
    steps, mean = curve.steps + 1, curve.mean
    joined = curve.width > 1
    low, high = (curve.low, curve.high) if joined else (None, None)
    smooth = _smoothed(mean)
    name = f"mean of {curve.width} steps" if joined else "each step"
    return [
        Series(name, steps, mean, low, high, color=0, faint=True),
        Series("smoothed", steps, smooth, color=0),
    ]


def _smoothed(values: np.ndarray, share: float = 0.02) -> np.ndarray:
    """A running mean over 2 % of the curve."""
    half = max(1, int(len(values) * share / 2))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low, high = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return (sums[high] - sums[low]) / (high - low)


def _spans(series: Sequence[Series]) -> bool:
    """Whether the values span so much that a logarithmic axis shows them better."""
    values = np.concatenate([np.asarray(s.y, "float64") for s in series]) if series else np.zeros(0)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() / values.min() > 30)


def _words_on_curves(history: dict[str, list[float]]) -> list[str]:
    """What the curves say, in plain words."""
    said = []
    losses, val = history.get("loss", []), history.get("val_loss", [])
    if losses:
        best = int(np.nanargmin(losses)) if np.isfinite(losses).any() else 0
        said.append(
            f"The loss went from {number(losses[0])} in the first epoch to {number(losses[-1])} in the last"
            + (
                f"; it was lowest, {number(losses[best])}, in epoch {best + 1}."
                if best < len(losses) - 1
                else "."
            )
        )
    if len(val) > 2 and np.isfinite(val).all():
        best = int(np.argmin(val))
        if best < len(val) - 2 and val[-1] > 1.05 * val[best]:
            said.append(
                f"The loss of validation was lowest, {number(val[best])}, in epoch {best + 1}, and rose to "
                f"{number(val[-1])} since: from there on the model learnt the training data by heart. Stopping early "
                "(callbacks.EarlyStopping), more data, or dropout help."
            )
        elif best >= len(val) - 2 and len(val) > 2 and val[-1] < 0.98 * val[-3]:
            said.append("The loss of validation was still falling at the end: more epochs would help.")
    return said


def rate_section(recorder: Recorder, model: Any) -> Section | None:
    """The learning rate over the steps."""
    if not recorder.rates:
        return None
    steps, rates = _rates(recorder, model)
    low, high = min(rates), max(rates)
    if low == high:
        return Section(
            "Rate",
            paragraph(f"The learning rate was {number(high)} from the first step to the last."),
            "rate",
        )
    plot = line_plot(
        [Series("rate", steps, rates)], "learning rate", "step", y_log=low > 0 and high / low > 30
    )
    return Section("Rate", plot, "rate")


def _rates(recorder: Recorder, model: Any) -> tuple[list[float], list[float]]:
    """Steps and rates: of a schedule at 300 places, else as they were seen between runs."""
    source = getattr(model.optimizer, "_learning_rate", None)
    if isinstance(source, LearningRateSchedule):
        offset = int(np.asarray(model.optimizer.iterations)) - recorder.steps
        places = np.unique(np.linspace(0, recorder.steps, 300).astype(int))
        return [float(p) for p in places], [float(np.asarray(source(int(p + offset)))) for p in places]
    return [float(s) for s, _ in recorder.rates], [r for _, r in recorder.rates]


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


def cost_section(recorder: Recorder | None, facts: ModelFacts) -> Section | None:
    """What the training took."""
    if recorder is None or not recorder.epochs:
        return None
    seconds = [e.seconds for e in recorder.epochs]
    steps = recorder.steps / len(seconds)
    own = sum(seconds)
    rows_in_step = recorder.batch_size
    rows = [
        ("epochs", f"{len(seconds)}, of {number(round(steps))} steps"),
        ("time in all", _seconds(own)),
        ("of an epoch", f"{_seconds(float(np.median(seconds)))} (median, with validation)"),
        ("of a step", f"{own / max(recorder.steps, 1) * 1e3:.3g} ms"),
        ("rows in a second", number(round(recorder.steps * rows_in_step / max(own, 1e-9)))),
        (
            "looking at layers",
            f"{_seconds(recorder.look_seconds)}, {recorder.look_seconds / max(own, 1e-9):.1%} of the time",
        ),
        ("weights", f"{number(facts.trainable + facts.fixed)}, {readable_size(facts.bytes)}"),
        ("optimizer's memory", readable_size(facts.optimizer_bytes)),
    ]
    peak = peak_memory()
    if peak is not None:
        rows.append(("the process's memory at most", readable_size(peak)))
    plot = line_plot(
        [Series("", [e.number + 1 for e in recorder.epochs], seconds)],
        "seconds of each epoch",
        "epoch",
        "s",
        height=200,
    )
    return Section("Cost", table(rows) + (plot if len(seconds) > 2 else ""), "cost")


def _seconds(seconds: float) -> str:
    if seconds >= 120:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def again_section(facts: ModelFacts, recorder: Recorder | None, seed: int | None) -> Section:
    """How to do it again."""
    rows = list(environment().items())
    rows.append(("seed", "not set: pass one to schuss.utils.set_random_seed" if seed is None else str(seed)))
    if recorder is not None and recorder.batch_size:
        rows += [("batch", f"{recorder.batch_size} rows"), ("epochs", str(len(recorder.epochs)))]
    body = table(rows) + code(command())
    if facts.config is not None:
        body += details(
            "The model's config as JSON (models.model_from_json makes the model of it)", code(facts.config)
        )
    else:
        body += paragraph(
            "The model is a class of its own, without a config; its program makes it again.", "note"
        )
    import json

    body += details("The optimizer's config as JSON", code(json.dumps(facts.optimizer, indent=1)))
    return Section("Again", body, "again")
