"""report: one page about a training, to be read by people."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from schuss.callbacks import History
from schuss.graph import _tree
from schuss.insight._html import Section, escape, figures, number, page, paragraph
from schuss.insight.landscape._landscape import landscape
from schuss.insight.landscape._result import script
from schuss.insight.recording._drawn import Drawer, drawers
from schuss.insight.recording._facts import model_facts
from schuss.insight.recording._judged import Classes, Judged, Labels, Numbers, judged
from schuss.insight.recording._layer_section import health_section
from schuss.insight.recording._prediction_sections import Predictions, class_names_of, data_section
from schuss.insight.recording._recorder import Recorder
from schuss.insight.recording._rows import Rows, gathered
from schuss.insight.recording._training_sections import (
    again_section,
    cost_section,
    curves_section,
    model_section,
    rate_section,
)
from schuss.models import Model
from schuss.random import global_seed_generator
from schuss.training._checks import positive_integer
from schuss.utils._names import suggestion

_LANDSCAPE_ROWS = 500
_ENDINGS = (".html", ".htm")


@dataclass
class Report:
    """A page about a training.

    Attributes:
        path: the file; None if none was written. html: the page.
        outputs: for each output of the model what was found: `Classes`, `Labels` or `Numbers`, or why there is
            nothing.

    In a notebook it shows itself.
    """

    path: Path | None
    html: str = field(repr=False)
    outputs: list[Judged | str] = field(default_factory=list, repr=False)

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" style="width:100%;height:48rem;border:0"></iframe>'


def report(
    training: Any = None,
    model: Any = None,
    x: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    path: str | os.PathLike[str] | None = "report.html",
    title: str | None = None,
    class_names: Sequence[str] | Mapping[int, str] | None = None,
    feature_names: Sequence[str] | None = None,
    show: str | Mapping[str, str] | None = None,
    image_shape: tuple[int, ...] | None = None,
    sampling_rate: int = 16000,
    decode: Callable[[np.ndarray], str] | None = None,
    batch_size: int | None = None,
    most_rows: int = 10000,
    worst: int = 24,
    predictions: Any = None,
    note: str | None = None,
) -> Report:
    """Write one page about a training: what was trained, on what, the curves, the rate, the layers' health, the worst
    mistakes with their inputs, the confusion matrix, what it cost, and how to do it again.

    If the recorder has kept the way of the weights (``weight_path=True``), and data are given, the page also has the
    `landscape` of the loss.

    The page is one file that needs nothing else, no network either: plots are drawn by a script within, pictures
    and sounds are part of it. Whatever comes from data is shown as text, never taken as HTML.

    Args:
        training: a `Recorder`, which knows most; or what `fit` returned, a `History` or its dict. None: there is no
            section about training.
        model: default the one that was trained.
        x, y, sample_weight: data to judge the model by, as for `evaluate`; best such that it was not trained on. None:
            there is no section about predictions.
        path: of the file. None: write none.
        title: default the model's name.
        class_names: of the classes, or of several numbers that are predicted: a list, or a dict by their numbers.
            Default those of a `Dataset` from folders.
        feature_names: of the columns of a table. Default those of a data frame.
        show: how inputs are shown: ``"picture"``, ``"sound"``, ``"text"``, ``"series"``, ``"table"``, or a dict of
            these by the inputs' names. Default by shapes and values: (height, width) or (height, width, 1 to 4)
            are pictures; lines of 2000 and more numbers sounds; strings are texts.
        image_shape: of pictures that come as a line of numbers: (height, width) or (height, width, channels).
        sampling_rate: of sounds: samples in a second. Default 16000.
        decode: from a row's integers to its text.
        batch_size: for predictions. Default 32.
        most_rows: at most so many rows are judged; of more, evenly spaced ones. Default 10000.
        worst: how many of the worst rows are shown. Default 24.
        predictions: what the model said of the rows of x, where that is known already (arrays only). Default: it is asked.
        note: a sentence below the title.

    Returns:
        A `Report`, with the page (`html`), its file (`path`), and what was found (`outputs`).

    Raises:
        ValueError: no model is known; data and model do not fit; not enough names of classes; a path with another
            ending than .html.
        TypeError: `training` is nothing of these.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.random.default_rng(0).normal(size=(90, 4)).astype("float32")
        >>> y = x.argmax(axis=1)
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(4, "softmax")])
        >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        >>> recorder = schuss.insight.Recorder()
        >>> _ = model.fit(x, y, epochs=3, verbose=0, callbacks=[recorder])
        >>> made = schuss.report(recorder, x=x, y=y, path="largest.html", class_names=["a", "b", "c", "d"])
        >>> made.path.name, made.outputs[0].matrix().sum()
        ('largest.html', np.int64(90))
    """
    recorder, history, model = _training(training, model)
    target = _target(path)
    most_rows = positive_integer("most_rows", most_rows)
    worst = positive_integer("worst", worst, least=0)
    sampling_rate = positive_integer("sampling_rate", sampling_rate)
    rows, found, drawn = None, [], []
    if x is not None:
        rows = gathered(model, x, y, sample_weight, batch_size, most_rows)
        drawn = drawers(
            rows.arrays, rows.names, show, feature_names or rows.columns, sampling_rate, image_shape, decode
        )
        if rows.y is not None:
            found = _judged(model, rows, _said(model, rows, predictions, batch_size))
    names = class_names_of(class_names, found, x)
    sections = _sections(model, recorder, history, rows, found, drawn, names, worst)
    title = title if title is not None else f"{model.name}: a training"
    now = datetime.datetime.now().astimezone()
    html = page(
        title,
        sections,
        subtitle=f"{now:%Y-%m-%d %H:%M}" + (f" · {note}" if note else ""),
        head=figures(_headline(model, recorder, history, found)),
        footer="Made by Schuss. This page asks the network for nothing.",
        scripts=script() if any(section.id == "landscape" for section in sections) else "",
    )
    if target is not None:
        target.write_text(html, encoding="utf-8")
    return Report(target, html, found)


def _training(training: Any, model: Any) -> tuple[Recorder | None, dict[str, list[float]], Model]:
    recorder = training if isinstance(training, Recorder) else None
    if training is None:
        history: Any = {}
    elif isinstance(training, (Recorder, History)):
        history = training.history
    elif isinstance(training, Mapping):
        history = training
    else:
        raise TypeError(
            "report: `training` must be a Recorder, what `fit` returned, or its dict of lists; got "
            f"{type(training).__name__}."
        )
    model = model if model is not None else getattr(training, "model", None)
    if model is None:
        raise ValueError("report: pass the model: `training` does not know which it was.")
    if not isinstance(model, Model):
        raise TypeError(f"report: `model` must be a schuss model, got {type(model).__name__}.")
    numbers = {str(name): [float(v) for v in values if np.size(v) == 1] for name, values in history.items()}
    return recorder, {name: values for name, values in numbers.items() if values}, model


def _target(path: Any) -> Path | None:
    if path is None:
        return None
    target = Path(path)
    if target.suffix.lower() not in _ENDINGS:
        raise ValueError(
            f"report: the page is HTML; expected a path that ends with .html, got {str(path)!r}."
        )
    if not target.parent.is_dir():
        others = [p.name for p in target.parent.parent.iterdir()] if target.parent.parent.is_dir() else []
        raise ValueError(
            f"report: the folder {str(target.parent)!r} is not there. {suggestion(target.parent.name, others)}".strip()
        )
    return target


def _said(model: Model, rows: Rows, predictions: Any, batch_size: int | None) -> Any:
    """What the model says of the rows."""
    if predictions is None:
        return model.predict(rows.x, batch_size=batch_size, verbose=0)
    lengths = {len(array) for array in _tree.leaves(predictions)}
    if lengths != {rows.total}:
        raise ValueError(
            f"report: `predictions` must have a row for each of the {rows.total} rows of x, got {sorted(lengths)} rows."
        )
    return _tree.map_structure(lambda array: np.asarray(array)[:: rows.step], predictions)


def _judged(model: Model, rows: Rows, predicted: Any) -> list[Judged | str]:
    """What is found of each output that has labels."""
    compiled = model._compiled
    if compiled is None:
        raise ValueError("report: the model is not compiled, so that it is not known how to judge it.")
    outputs = compiled.outputs(rows.y, predicted, None)
    if compiled.losses is not None and compiled.losses.losses is None:
        compiled.losses.build(outputs)  # of a model that has not been trained or evaluated yet
    losses = compiled.losses.losses if compiled.losses is not None else None
    found: list[Judged | str] = []
    for index, output in enumerate(outputs):
        name = output.name or (f"output {index}" if len(outputs) > 1 else "output")
        if output.y_true is None:
            continue
        found.append(judged(name, output.y_true, output.y_pred, losses[index] if losses else None))
    return found


def _sections(
    model: Model,
    recorder: Recorder | None,
    history: dict[str, list[float]],
    rows: Rows | None,
    found: list[Judged | str],
    drawn: list[Drawer],
    names: list[str] | None,
    worst: int,
) -> list[Section]:
    facts = model_facts(model)
    made: list[Section | None] = []
    if history:
        made.append(curves_section(history, recorder))
    if rows is not None and rows.y is None:
        made.append(
            Section(
                "Predictions", paragraph("There are no labels: pass y to judge the model by."), "predictions"
            )
        )
    if rows is not None and found:
        made.append(Predictions(rows, drawn, names, worst).section(found))
    if recorder is not None:
        made += [health_section(recorder), rate_section(recorder, model)]
        if recorder.path is not None and len(recorder.path) > 1 and rows is not None and rows.y is not None:
            made.append(_landscape_section(model, recorder, rows))
    made.append(model_section(facts))
    made.append(data_section(rows, recorder, found, names))
    made.append(cost_section(recorder, facts))
    made.append(again_section(facts, recorder, getattr(global_seed_generator(), "_seed", None)))
    return [section for section in made if section is not None]


def _landscape_section(model: Any, recorder: Recorder, rows: Rows) -> Section:
    """The loss around the way of the weights, which the recorder has kept."""
    seen = landscape(model, rows.x, rows.y, rows.sample_weight, recorder, points=31, rows=_LANDSCAPE_ROWS)
    return Section("Landscape", seen.figures_html(), "landscape")


def _headline(
    model: Model, recorder: Recorder | None, history: dict[str, list[float]], found: list[Judged | str]
) -> list[tuple[str, str]]:
    """The figures that stand first."""
    cards = []
    for output in found:
        if isinstance(output, (Classes, Labels)):
            cards.append(
                (f"{output.accuracy:.2%}", "accuracy" if len(found) == 1 else f"accuracy, {output.name}")
            )
        elif isinstance(output, Numbers):
            said = "mean absolute error" if len(found) == 1 else f"mean absolute error, {output.name}"
            cards.append((number(output.measures["mean absolute error"]), said))
    for name in ("val_loss", "loss"):
        if history.get(name):
            said = "loss of validation" if name == "val_loss" else "loss of training"
            cards.append((number(history[name][-1]), f"{said}, last epoch"))
    cards.append((number(sum(v.size for v in model.weights)), "parameters"))
    if recorder is not None and recorder.epochs:
        cards.append(
            (f"{sum(e.seconds for e in recorder.epochs):.3g} s", f"for {len(recorder.epochs)} epochs")
        )
    return cards
