"""train: from a table to a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.tabular import _metrics
from schuss.tabular._encode import EncodedTable, Part, encoded_table
from schuss.tabular._encoder import Encoded, used
from schuss.tabular._kinds import Column, column_of
from schuss.tabular._model import table_model
from schuss.tabular._progress import Progress, bars
from schuss.tabular._recipe import ROWS_FOR_FOLDS, Fitted, fitted
from schuss.tabular._scan import Scan
from schuss.tabular._sources import Source, source_of
from schuss.tabular._target import LEAST_ROWS, Target, check_target, target_of
from schuss.tabular._trained import Judged, Trained, check_columns
from schuss.utils._names import suggestion

_APART, _MOST_APART = 0.1, 100_000  # of many rows: those that say when to stop, and as many that judge


@dataclass
class Prepared:
    """A table that was looked at.

    Attributes:
        source: its rows. columns, target: what was found. encoded: the encoder's tensors. notes: what one should know.
    """

    source: Source
    columns: list[Column]
    target: Target
    encoded: Encoded
    notes: list[str] = field(default_factory=list)


def _silent(what: str, share: float, remark: str) -> None:
    pass


def build(
    data: Any,
    target: str,
    task: str | None = None,
    ignore: Sequence[str] = (),
    seed: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
    progress: Progress = _silent,
) -> Prepared:
    """Look at a table, decide what each column is, and make the encoder for it. Arguments as for `train`."""
    source = source_of(data, encoding, delimiter)
    check_target(target, source.names, source.shown)
    for name in ignore:
        if name not in source.names:
            raise ValueError(
                f"{source.shown} has no column {name!r} to ignore. {suggestion(name, source.names)}".rstrip()
            )
    if len(source.names) < 2:
        raise ValueError(
            f"{source.shown} has one column only, {target!r}: there is nothing to predict it from."
        )
    scan = Scan(source, seed, lambda rows: progress("reading", np.nan, f"{rows:,} rows"))
    what = target_of(scan.columns[target], task, source.decimal, source.shown)
    columns = [
        Column(name, "dropped", "ignored, as asked")
        if name in ignore
        else column_of(seen, source.decimal, scan.rows)
        for name, seen in scan.columns.items()
        if name != target
    ]
    if not used(columns):
        reasons = "; ".join(f"{column.name}: {column.what}" for column in columns[:10])
        raise ValueError(f"{source.shown} has no column to predict {target!r} from. {reasons}.")
    notes = [*source.notes, *what.warnings]
    return Prepared(source, columns, what, Encoded(columns), notes)


def train(
    data: Any,
    *,
    target: str,
    task: str | None = None,
    validation: Any = None,
    ignore: Sequence[str] = (),
    epochs: int | None = None,
    seed: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
    verbose: int = 1,
    progress: Progress | None = None,
) -> Trained:
    """Train a network to predict one column of a table from the others.

    What each column holds is found out: numbers, integers of few values, truth values, categories, dates, free text; ids
    and constant columns are dropped. Gaps are filled (median, or a category of their own) and marked. All of this is done
    by layers within the model, so that its file alone predicts from raw rows.

    Up to 20,000 rows: five networks, each trained without a fifth of the rows, which says when to stop; the model is their
    mean, and the figures are of these fifths, each judged by the network that has not seen it. More rows: one network,
    stopped by a tenth of the rows and judged by another tenth. Tables larger than memory are read in pieces and kept
    encoded on disk.

    Args:
        data: path of a CSV, Parquet or Excel file; a data frame; or a dict of columns.
        target: the column to predict.
        task: ``"classification"`` or ``"regression"``. Default: classes for words, truth values, and integers of few values.
        validation: the share of rows that are kept apart to judge by (0 … 0.5), or a table of such rows. Default: as above.
        ignore: columns that are not used.
        epochs: passes over the rows, at most; default: about 3,000 steps.
        seed: of divisions, starts and shuffles.
        encoding, delimiter: of CSV files; default: found out.
        verbose: 1: progress bars and a summary, 0: nothing.
        progress: called instead of showing bars, also by another thread: what is done, how far (0 … 1), a remark.

    Raises:
        ValueError: the table cannot be learned from; says where and why.

    Example:
        >>> import numpy as np, schuss
        >>> random = np.random.default_rng(0)
        >>> size, town = random.random(200) * 100, random.choice(["Bonn", "Ulm"], 200)
        >>> rows = {"size": size, "town": town, "price": 3 * size + 40 * (town == "Ulm")}
        >>> trained = schuss.tabular.train(rows, target="price", epochs=60, verbose=0)
        >>> trained.metrics["r2"] > 0.95
        True
        >>> found = trained.predict({"town": ["Ulm", "Bonn"], "size": [50.0, 50.0]}).values
        >>> bool(found[0] > found[1])
        True
    """
    if progress is None and verbose:
        with bars() as shown:
            trained = _train(data, target, task, validation, ignore, epochs, seed, encoding, delimiter, shown)
        trained.summary()
        return trained
    return _train(
        data, target, task, validation, ignore, epochs, seed, encoding, delimiter, progress or _silent
    )


def _train(
    data: Any,
    target: str,
    task: str | None,
    validation: Any,
    ignore: Sequence[str],
    epochs: int | None,
    seed: int,
    encoding: str | None,
    delimiter: str | None,
    progress: Progress,
) -> Trained:
    start = time.perf_counter()
    prepared = build(data, target, task, ignore, seed, encoding, delimiter, progress)
    what, encoded = prepared.target, prepared.encoded
    shares = _shares(validation, what.rows)
    other = None
    if validation is not None and not isinstance(validation, (int, float)):
        other = source_of(validation, encoding, delimiter)
        check_columns(other, prepared.columns)
        check_target(target, other.names, other.shown)
    table = _encoded(prepared, shares, seed, progress)
    learn, stop, judge = _parts(table, shares)

    def remark(member: int, members: int, epoch: float, epochs: int, loss: float) -> None:
        held_out = f", loss of held-out rows {loss:.4f}" if np.isfinite(loss) else ""
        network = f"network {member + 1} of {members}, " if members > 1 else ""
        shown = f"{network}epoch {int(epoch) + 1} of at most {epochs}{held_out}"
        progress("training", (member + epoch / epochs) / members, shown)

    progress("training", np.nan, "looking for the learning rate")
    found = fitted(encoded, what, learn, stop, seed, epochs, remark)
    if found.broken_off:
        prepared.notes.append("Training was broken off: the model is the best that there was until then")
    progress("training", 1.0, "broken off" if found.broken_off else "done")
    model = table_model(encoded, found.members, prepared.columns, what)
    trained = Trained(
        model, prepared.columns, what, members=found.members, data=table, history=found.histories[0]
    )
    if other is None:
        _judge(trained, found, table, learn, judge)
    else:
        _judge_by_table(trained, learn, other)
    trained.details = {
        "rows": what.rows,
        "networks": len(found.members),
        "hidden_units": list(found.size.units),
        "dropout": found.size.dropout,
        "weight_decay": found.size.decay,
        "batch_size": found.size.batch,
        "learning_rate": found.rate,
        "epochs": [len(history["loss"]) for history in found.histories],
        "chosen_epochs": found.chosen,
        "judged_by": trained.details["judged_by"],
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 2),
        "notes": prepared.notes,
    }
    model.table = {
        **model.table,
        "metrics": trained.metrics,
        "baseline": trained.baseline,
        "training": trained.details,
    }
    return trained


def _shares(validation: Any, rows: int) -> list[float]:
    """The parts of the rows: to learn, to stop, to judge (0 where folds do that)."""
    judge = 0.0
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        if not 0 < validation <= 0.5:
            raise ValueError(f"The share of rows to judge by must lie between 0 and 0.5, got {validation}.")
        judge = float(validation)
        if rows * (1 - judge) < LEAST_ROWS:
            raise ValueError(
                f"Of {rows} rows, {1 - judge:.0%} are too few to learn from: at least {LEAST_ROWS} are needed."
            )
    if rows <= ROWS_FOR_FOLDS:
        return [1 - judge, 0.0, judge]
    apart = min(_APART, _MOST_APART / rows)
    judge = judge or (apart if validation is None else 0.0)
    return [1 - judge - apart, apart, judge]


def _encoded(prepared: Prepared, shares: list[float], seed: int, progress: Progress) -> EncodedTable:
    rows = prepared.target.rows + prepared.target.missing

    def told(done: int) -> None:
        progress("encoding", done / rows, f"{done:,} of {rows:,} rows")

    return encoded_table(
        prepared.source, prepared.encoded.model(), prepared.columns, prepared.target, shares, seed, told
    )


def _parts(table: EncodedTable, shares: list[float]) -> tuple[Part, Part | None, Part | None]:
    learn, stop, judge = table.parts
    return learn, stop if shares[1] else None, judge if shares[2] else None


def _judge(trained: Trained, found: Fitted, table: EncodedTable, learn: Part, judge: Part | None) -> None:
    """Set the figures: of the rows that were kept apart, or of each fold by the member that has not seen it."""
    target = trained.target
    known = _quantities(target, learn.y)
    if judge is not None and len(judge):
        answers = np.mean([m.predict(judge.x, batch_size=4096, verbose=0) for m in found.members], axis=0)
        truth, words = _quantities(target, judge.y), f"{len(judge):,} rows that were kept apart"
        rows = table.which == 2
    elif found.answers is not None and found.fold is not None:
        fresh = found.fold < len(found.members)
        answers, truth = found.answers[fresh], known[fresh]
        words = f"{len(truth):,} rows, each by the network that had not seen it"
        words = words if len(truth) < len(learn) else f"all {words}"
        rows = table.which == 0
        rows[rows] = fresh
    else:
        return
    answers = answers if target.task == "classification" else answers * target.deviation + target.mean
    trained.judged = Judged(rows, answers)
    trained.metrics = _metrics.judged(target, truth, answers)
    trained.baseline = _metrics.baseline(target, truth, known)
    trained.details["judged_by"] = words


def _judge_by_table(trained: Trained, learn: Part, source: Source) -> None:
    """Set the figures: of the rows of another table."""
    truth, answers = trained.answers(source)
    trained.judged = Judged(None, answers, source)
    trained.metrics = _metrics.judged(trained.target, truth, answers)
    trained.baseline = _metrics.baseline(trained.target, truth, _quantities(trained.target, learn.y))
    trained.details["judged_by"] = f"the {len(truth):,} rows of {source.shown}"


def _quantities(target: Target, y: np.ndarray) -> np.ndarray:
    """Targets in their own units."""
    y = np.asarray(y, "float64").ravel()
    return y * target.deviation + target.mean if target.task == "regression" else y
