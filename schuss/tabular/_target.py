"""The column that is to be predicted: which task it makes, its classes or its scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from schuss.tabular._cells import numbers, tidy_label
from schuss.tabular._chunk import Chunk
from schuss.tabular._scan import Scanned
from schuss.utils._names import suggestion

TASKS = ("classification", "regression")
LEAST_ROWS = 20
MOST_CLASSES = 1000
_FEW_VALUES = 20


@dataclass
class Target:
    """What is predicted. Plain values only: a model keeps them.

    Attributes:
        name: the column. task: ``"classification"`` or ``"regression"``. classes: their names, in order of their numbers.
        counts: rows of each. mean, deviation: of a quantity. missing: rows without a target, which are left out.
        decimal: what stands before fractions.
    """

    name: str
    task: str
    classes: list[str] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    mean: float = 0.0
    deviation: float = 1.0
    rows: int = 0
    missing: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> int:
        """Numbers that a network gives: one for a quantity or two classes."""
        return len(self.classes) if len(self.classes) > 2 else 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def values(self, chunk: Chunk, decimal: str) -> np.ndarray:
        """Classes' numbers, or quantities, as float64; NaN where the target is missing (or a class that is not known)."""
        if self.task == "regression":
            return chunk.numbers(self.name, decimal)[0]
        place = {name: number for number, name in enumerate(self.classes)}
        texts = chunk.texts(self.name)
        number = {text: place.get(tidy_label(text), np.nan) for text in set(texts)}
        return np.array([number[text] for text in texts], "float64")


def check_target(name: str, names: list[str], shown: str) -> None:
    """Raises:
    ValueError: there is no such column; says which are like it.
    """
    if name in names:
        return
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    hint = suggestion(name, names)
    hint = f" {hint}" if hint.startswith("Did you mean") else ""
    numbers = [name for name in names if tidy_label(name) != name or name.lstrip("-").isdigit()]
    question = ""
    if numbers:
        question = " Are these a row, and the names missing? They must stand in the first line."
    elif len(names) == 1:
        question = " Does something stand above the names?"
    raise ValueError(f"{shown} has no column {name!r}.{hint} Its columns: {listed}.{question}")


def target_of(seen: Scanned, task: str | None, decimal: str, shown: str) -> Target:
    """What a column asks for.

    Args:
        seen: what was seen of it. task: None: classification for words, truth values, and whole numbers of at most 20 values
            that are few against the rows; else regression.
        decimal: what stands before fractions. shown: the table's name.

    Raises:
        ValueError: nothing can be learned: no values, too few rows, one class, words where numbers should be, as many
            classes as rows.
    """
    if task is not None and task not in TASKS:
        raise ValueError(f"The task must be one of {', '.join(TASKS)}, got {task!r}.")
    if seen.filled < LEAST_ROWS:
        empty = f" ({seen.missing} more have no {seen.name!r})" if seen.missing else ""
        raise ValueError(
            f"{shown} has {seen.filled} rows{empty}. That is too few to learn from and to judge by: at least {LEAST_ROWS} "
            "are needed."
        )
    numeric = bool(seen.numeric) and seen.bad_count <= 0.05 * seen.filled
    task = task or ("regression" if numeric and not _looks_like_classes(seen) else "classification")
    target = _quantity(seen, shown, numeric, decimal) if task == "regression" else _classes(seen, shown)
    target.rows, target.missing = seen.filled, seen.missing
    if seen.missing:
        rows = "1 row has" if seen.missing == 1 else f"{seen.missing:,} rows have"
        left = "was" if seen.missing == 1 else "were"
        target.warnings.append(f"{rows} no {seen.name!r} and {left} left out")
    return target


def _looks_like_classes(seen: Scanned) -> bool:
    return (
        not seen.bad_count
        and seen.whole
        and not seen.too_many
        and seen.distinct <= min(_FEW_VALUES, max(2, seen.filled // 10))
    )


def _quantity(seen: Scanned, shown: str, numeric: bool, decimal: str) -> Target:
    if not numeric or seen.bad_count:
        place, cell = seen.bad[0] if seen.bad else ("", next(iter(seen.counts)))
        where = f"{shown}, {place}: " if place else f"{shown}: "
        raise ValueError(
            f"{where}the target {seen.name!r} is {cell!r}, which is no number. Correct it"
            + (f" (and {seen.bad_count - 1} more)" if seen.bad_count > 1 else "")
            + ", leave the cell empty, or take the task classification."
        )
    if seen.least == seen.most:
        raise ValueError(
            f"{shown}: the target {seen.name!r} is {seen.least:g} in every row: there is nothing to learn."
        )
    values, _ = numbers(seen.sample, decimal)
    values = values[np.isfinite(values)]
    return Target(seen.name, "regression", mean=float(values.mean()), deviation=float(values.std()) or 1.0)


def _classes(seen: Scanned, shown: str) -> Target:
    counts: dict[str, int] = {}
    for label, times in seen.counts.items():
        counts[tidy_label(label)] = counts.get(tidy_label(label), 0) + times
    if len(counts) == 1:
        raise ValueError(
            f"{shown}: the target {seen.name!r} has one class only, {next(iter(counts))!r}: there is nothing to tell apart."
        )
    known = f"more than {len(counts):,}" if seen.too_many else f"{len(counts):,}"
    if seen.too_many or len(counts) > MOST_CLASSES or len(counts) > max(2, seen.filled // 2):
        advice = (
            "Take the task regression."
            if seen.numeric
            else "Choose a column with fewer, or group its values first."
        )
        raise ValueError(
            f"{shown}: the target {seen.name!r} has {known} different values in {seen.filled:,} rows, such as "
            f"{next(iter(counts))!r}. Those are too many for classes (at most {MOST_CLASSES:,}, and two rows of each on "
            f"average). {advice}"
        )
    classes = sorted(counts, key=_order)
    target = Target(seen.name, "classification", classes, [counts[name] for name in classes])
    rare = [name for name in classes if counts[name] < 5]
    if rare:
        listed = ", ".join(map(repr, rare[:5])) + (", …" if len(rare) > 5 else "")
        target.warnings.append(f"{len(rare)} of {len(classes)} classes have fewer than 5 rows: {listed}")
    return target


def _order(label: str) -> tuple[int, float, str]:
    """Numbers in their order, then words in theirs."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label
