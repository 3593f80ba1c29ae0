"""A trained table: what the model says of rows, how good it is, what was done with each column."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.tabular import _metrics
from schuss.tabular._chunk import Chunk
from schuss.tabular._encoder import raw_inputs, used
from schuss.tabular._kinds import Column
from schuss.tabular._model import TableModel
from schuss.tabular._sources import Source, source_of
from schuss.tabular._target import Target
from schuss.utils._names import suggestion


@dataclass
class Predictions:
    """What a model says of rows.

    Attributes:
        values: classes by name, or quantities, ``[n]``. classes: their names, none for quantities.
        probabilities: ``[n, classes]``; None for quantities.
    """

    values: np.ndarray
    classes: list[str] = field(default_factory=list)
    probabilities: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass
class Judged:
    """The rows by which a model is judged.

    Attributes:
        rows: of those with a target, whether they are among these; None: all of `source`.
        answers: what was said of each, ``[n, outputs]``: by the model, or by that network of it which had not seen the row.
        source: a table of its own; None: that of the training.
    """

    rows: np.ndarray | None
    answers: np.ndarray
    source: Source | None = None


@dataclass
class Trained:
    """A model for the rows of a table. `train` and `load` make it.

    Attributes:
        model: from raw rows to predictions; ``model.save("model.keras")`` keeps all of it.
        columns: what each column is taken for, and what is done with it. target: what is predicted.
        metrics: figures of rows that were not learned from. baseline: the same figures of knowing nothing but the target.
        details: plain values: how it was trained.
        members: the networks within, from encoded rows to predictions.
        data, history, judged: after `train` only: the encoded rows, the first network's curves, and the rows that judge.
    """

    model: TableModel
    columns: list[Column]
    target: Target
    metrics: dict[str, float] = field(default_factory=dict)
    baseline: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    members: list[Any] = field(default_factory=list, repr=False)
    data: Any = field(default=None, repr=False)
    history: dict[str, list[float]] = field(default_factory=dict, repr=False)
    judged: Judged | None = field(default=None, repr=False)

    def predict(self, data: Any, encoding: str | None = None, delimiter: str | None = None) -> Predictions:
        """What the model says of the rows of a table.

        Args:
            data: a path, data frame or dict of columns. Columns are found by name; others are ignored.
            encoding, delimiter: of CSV files; default: found out.

        Raises:
            ValueError: a column is missing; says which.
        """
        found = [answers for _, answers in self.predictions(source_of(data, encoding, delimiter))]
        return self.named(np.concatenate(found) if found else np.zeros((0, self.target.outputs)))

    def predictions(self, source: Source) -> Iterator[tuple[Chunk, np.ndarray]]:
        """Rows in pieces, and the model's answers for each."""
        check_columns(source, self.columns)
        for chunk in source.chunks():
            raw = raw_inputs(chunk, self.columns, source.decimal)
            yield chunk, np.asarray(self.model.predict(raw, batch_size=4096, verbose=0))

    def named(self, answers: np.ndarray) -> Predictions:
        """The model's answers as predictions."""
        if self.target.task == "regression":
            return Predictions(answers[:, 0].astype("float64"))
        shares = _metrics.probabilities(self.target, answers)
        return Predictions(
            np.array(self.target.classes, object)[shares.argmax(axis=1)], self.target.classes, shares
        )

    def evaluate(
        self, data: Any, encoding: str | None = None, delimiter: str | None = None
    ) -> dict[str, float]:
        """Figures of the model for rows with a target.

        Args:
            data: as for `predict`, with the target's column; rows without a target do not count.

        Returns:
            accuracy, balanced_accuracy, log_loss (and auc), or rmse, mae, r2.
        """
        return _metrics.judged(self.target, *self.answers(source_of(data, encoding, delimiter)))

    def answers(self, source: Source) -> tuple[np.ndarray, np.ndarray]:
        """What is true of the rows that have a target, and what the model says of them.

        Raises:
            ValueError: there is no column with the target, or no row with one that the model knows.
        """
        if self.target.name not in source.names:
            hint = suggestion(self.target.name, source.names)
            raise ValueError(
                f"{source.shown} has no column {self.target.name!r}, the target, to judge by. {hint}".rstrip()
            )
        truth, answers = [], []
        for chunk, found in self.predictions(source):
            y = self.target.values(chunk, source.decimal)
            truth.append(y[~np.isnan(y)])
            answers.append(found[~np.isnan(y)])
        if not sum(map(len, truth)):
            raise ValueError(
                f"{source.shown} has no row with a value of {self.target.name!r} that the model knows."
            )
        return np.concatenate(truth), np.concatenate(answers)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a ``.keras`` file, from which `load` (and `schuss predict`) can predict."""
        self.model.save(path)

    def summary(self) -> None:
        """Print what was done with each column, and how good the model is."""
        from rich.console import Console

        Console(highlight=False).print(self)

    def __rich__(self) -> Any:
        from schuss.tabular._summary import summary

        return summary(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it but the model, as plain values."""
        table = self.model.table
        return {
            "task": self.target.task,
            "target": table["target"],
            "columns": table["columns"],
            "metrics": self.metrics,
            "baseline": self.baseline,
            "training": self.details,
        }


def check_columns(source: Source, columns: list[Column]) -> None:
    """Raises:
    ValueError: a table has not the columns that a model reads.
    """
    missing = [column.name for column in used(columns) if column.name not in source.names]
    if not missing:
        return
    hints = [
        hint for hint in (suggestion(name, source.names) for name in missing[:3]) if hint.startswith("Did")
    ]
    names = ", ".join(source.names[:20]) + (", …" if len(source.names) > 20 else "")
    listed = ", ".join(map(repr, missing[:10])) + (", …" if len(missing) > 10 else "")
    raise ValueError(
        f"{source.shown} lacks {len(missing)} of the {len(used(columns))} columns that the model reads: {listed}. "
        + " ".join([*hints, f"Its columns: {names}."])
    )


def load(path: str | os.PathLike[str]) -> Trained:
    """A model that `train` made, from its file.

    Args:
        path: the ``.keras`` file.

    Raises:
        ValueError: the model in the file was not made by `train`, so that it is not known what its columns are.
    """
    import schuss

    model = schuss.models.load_model(path)
    if not isinstance(model, TableModel):
        raise ValueError(
            f"{os.fspath(path)} holds a model, but not one made by `schuss train`: what its columns are is not known. Use "
            "schuss.models.load_model and give it arrays."
        )
    kept = model.table
    members = [layer for layer in model.layers if layer.name.startswith("member_")]
    return Trained(
        model,
        model.columns,
        model.target,
        kept.get("metrics", {}),
        kept.get("baseline", {}),
        kept.get("training", {}),
        members,
    )
