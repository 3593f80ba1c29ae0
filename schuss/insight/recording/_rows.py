"""Rows to judge a model by: gathered from arrays or batches, predicted, and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.training._arguments import evaluation_data
from schuss.training._arrays import names_of


@dataclass
class Rows:
    """Some rows of data.

    Attributes:
        x, y: nested structures of arrays, [rows, …]; texts are arrays of str objects. y is None where there are no
            labels.
        sample_weight: likewise, or None.
        names: of the arrays of x. columns: names of the columns of x, if it was a data frame.
        count: rows here. total: rows that there were; None where batches were not read to their end. step: from one of
            these to the next.
    """

    x: Any
    y: Any
    sample_weight: Any
    names: list[str]
    columns: list[str] | None
    count: int
    total: int | None
    step: int = 1

    @property
    def arrays(self) -> list[np.ndarray]:
        """The arrays of x."""
        return _tree.leaves(self.x)


def gathered(model: Any, x: Any, y: Any, sample_weight: Any, batch_size: int | None, most_rows: int) -> Rows:
    """At most `most_rows` rows: of arrays evenly spaced ones, of batches the first."""
    data = evaluation_data(model, x, y, batch_size, sample_weight, None)
    if hasattr(data, "size"):
        step = -(-data.size // most_rows)
        structure = _tree.map_structure(lambda array: array[::step], data.structure)
        total: int | None = data.size
        columns = data.columns["x"]
    else:
        structure, total = _of_batches(data, most_rows)
        step, columns = 1, None
    inputs, labels, weights = structure
    if not _tree.leaves(labels):
        labels = None
    names = [name.removeprefix("x").strip("[]'\"") or "x" for name in names_of((inputs, None, None))]
    count = len(_tree.leaves(inputs)[0])
    weights = weights if _tree.leaves(weights) else None
    return Rows(inputs, labels, weights, names, columns, count, total, step)


def _of_batches(data: Any, most_rows: int) -> tuple[Any, int | None]:
    parts: list[Any] = []
    count, definition, ended = 0, None, True
    for piece in data.pieces():
        leaves, definition = _tree.flatten(piece.structure)
        parts.append([np.asarray(leaf)[piece.rows] for leaf in leaves])
        count += len(piece.rows)
        if count >= most_rows:
            ended = False
            break
    data.restart()
    joined = [np.concatenate(columns)[:most_rows] for columns in zip(*parts, strict=True)]
    return _tree.unflatten(definition, joined), count if ended else None
