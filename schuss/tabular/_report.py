"""The page about a training on a table: `schuss.insight.report`, with raw rows and what was said of those that judge."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from schuss.insight import report
from schuss.tabular._chunk import Chunk
from schuss.tabular._encoder import raw_inputs
from schuss.tabular._sources import Source, source_of
from schuss.tabular._trained import Judged, Trained

_MOST_ROWS = 10_000


def write_report(
    trained: Trained,
    data: Any,
    path: str | os.PathLike[str],
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Path:
    """Write a page about the model: curves of the first network, and what was said of the rows that judge, each by the model
    or the network of it that had not seen the row. Of more than 10,000 such rows, evenly spaced ones.

    Args:
        trained: what `train` returned. data: the table that it was trained on. path: of the page.

    Raises:
        ValueError: `trained` comes from a file: it is not known any more which rows it has not seen.
    """
    if trained.judged is None:
        raise ValueError(
            "A report needs what `train` returned; of a model from a file it is not known which rows it has not seen."
        )
    source = trained.judged.source or source_of(data, encoding, delimiter)
    x, y, said = _rows(trained, trained.judged, source)
    target, networks = trained.target, trained.details["networks"]
    report(
        trained.history,
        trained.model,
        x,
        y,
        path=path,
        title=f"{target.name} from {len(trained.model.input)} inputs",
        note=(f"The mean of {networks} networks; curves are of the first. " if networks > 1 else "")
        + f"Judged by {trained.details['judged_by']}.",
        class_names=target.classes or [target.name],
        predictions=said,
        most_rows=_MOST_ROWS,
    )
    return Path(path)


def _rows(
    trained: Trained, judged: Judged, source: Source
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Some of the rows that judge, raw, their targets, and what was said of them."""
    target, columns = trained.target, trained.columns
    chosen = np.arange(0, len(judged.answers), -(-len(judged.answers) // _MOST_ROWS))
    is_chosen = np.zeros(len(judged.answers), bool)
    is_chosen[chosen] = True
    pieces, truths, with_target, judging = [], [], 0, 0
    for chunk in source.chunks():
        y = target.values(chunk, source.decimal)
        rows = np.flatnonzero(~np.isnan(y))
        with_target, start = with_target + len(rows), with_target
        rows = rows if judged.rows is None else rows[judged.rows[start:with_target]]
        judging, start = judging + len(rows), judging
        rows = rows[is_chosen[start:judging]]
        if len(rows):
            some = Chunk(0, {name: _at(cells, rows) for name, cells in chunk.columns.items()})
            pieces.append(raw_inputs(some, columns, source.decimal))
            truths.append(y[rows])
    x = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    y = np.concatenate(truths)
    return x, y.astype("int32") if target.outputs > 1 else y[:, None], judged.answers[chosen]


def _at(cells: list[str] | np.ndarray, rows: np.ndarray) -> list[str] | np.ndarray:
    return [cells[row] for row in rows.tolist()] if isinstance(cells, list) else cells[rows]
