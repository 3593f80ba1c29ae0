"""The page about a training on a table: `schuss.insight.report` for the first network, with raw rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import schuss
from schuss import layers
from schuss.insight import report
from schuss.tabular._encoder import raw_inputs
from schuss.tabular._network import loss_of
from schuss.tabular._sources import source_of
from schuss.tabular._trained import Trained

_MOST_ROWS = 5_000


def write_report(
    trained: Trained,
    data: Any,
    path: str | os.PathLike[str],
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Path:
    """Write a page about the first network: its curves, and how it does on rows that it has not seen.

    Args:
        trained: what `train` returned. data: the table that it was trained on. path: of the page.

    Raises:
        ValueError: `trained` comes from a file: it is not known any more which rows were held out.
    """
    if trained.held_out is None:
        raise ValueError(
            "A report needs what `train` returned; of a model from a file it is not known which rows it has not seen."
        )
    x, y = _held_out(trained, source_of(data, encoding, delimiter))
    target = trained.target
    title = f"{target.name} from {len(trained.model.input)} inputs"
    names = target.classes or None
    report(trained.history, _first(trained), x, y, path=path, title=title, class_names=names, batch_size=1024)
    return Path(path)


def _first(trained: Trained) -> Any:
    """The first network alone, from raw rows to predictions in units of the target."""
    member, target = trained.members[0], trained.target
    made = next(node for node in trained.model._function.nodes if node.operation is member)
    y = made.output_tensors[0]
    if target.task == "regression":
        y = layers.Rescaling(target.deviation, target.mean)(y)
    model = schuss.Model(trained.model.input, y, name="table")
    model.compile(schuss.optimizers.AdamW(trained.details["learning_rate"]), loss_of(target))
    return model


def _held_out(trained: Trained, source: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The first rows that the network has not seen, raw, and their targets."""
    flags = np.asarray(trained.held_out)
    pieces, truths, start, count = [], [], 0, 0
    for chunk in source.chunks():
        y = trained.target.values(chunk, source.decimal)
        known = np.flatnonzero(~np.isnan(y))
        rows = known[flags[start : start + len(known)]][: _MOST_ROWS - count]
        start, count = start + len(known), count + len(rows)
        if len(rows):
            raw = raw_inputs(chunk, trained.columns, source.decimal)
            pieces.append({name: values[rows] for name, values in raw.items()})
            truths.append(y[rows])
        if count >= _MOST_ROWS:
            break
    x = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    y = np.concatenate(truths)
    return x, y.astype("int32") if trained.target.outputs > 1 else y.astype("float32")[:, None]
