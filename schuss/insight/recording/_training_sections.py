"""Sections of a report about the training itself: the model, the curves, the rate, the cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.insight._html import (
    Section,
    Series,
    code,
    details,
    line_plot,
    number,
    paragraph,
    row_of,
    table,
)
from schuss.insight.recording._facts import ModelFacts, command, environment, peak_memory
from schuss.insight.recording._recorder import Recorder
from schuss.models._summary import readable_size
from schuss.optimizers.schedules import LearningRateSchedule


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
    body += details("The optimizer's config as JSON", code(json.dumps(facts.optimizer, indent=1)))
    return Section("Again", body, "again")
