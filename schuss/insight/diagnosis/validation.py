"""Checks of the validation data: rows that are in the training data, too; another distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._features import features_of, flat, is_numeric, keys_of
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.insight.diagnosis._rows import Rows
from schuss.insight.diagnosis.data import few_possible

_MOST_KEYS = 200_000
_LEAKED = 0.01  # share of the validation rows
_MOST_ROWS = 1500  # of each side that are told apart
_TOLD_APART = 0.6  # share of rows whose side a classifier guesses, from which on the sides differ
_SURE = 1e-5  # probability of such a difference by chance


def leaked_rows(case: Case) -> Iterator[Finding]:
    """Validation rows that are among the training rows, more of them than repeat within these."""
    later = case.validation
    if later is None or few_possible(case):
        return
    trained = keys_of(case.data, np.arange(min(case.data.size, _MOST_KEYS)))
    known = set(trained)
    asked = keys_of(later, np.arange(min(later.size, _MOST_KEYS)))
    leaked = np.flatnonzero([key in known for key in asked])
    usual = 1 - len(known) / len(trained)
    share = len(leaked) / len(asked)
    if (
        len(leaked) < 3
        or share < _LEAKED + 2 * usual * (usual < _LEAKED)
        or (usual > 0.3 and share < 1.5 * usual)
    ):
        return
    yield Finding(
        "leaked-rows",
        f"{len(leaked):,} of {len(asked):,} validation rows ({share:.0%}) are in the training data, too.",
        f"The first: validation row {leaked[0]} is training row {trained.index(asked[leaked[0]])}. Within the "
        "training data "
        f"{usual:.1%} of the rows repeat.",
        "The validation loss then shows in part what was learned by heart, and is better than new data will see.",
        "Drop duplicates before dividing; divide by groups (person, day, document) where rows belong together.",
        "validation_data",
        "warning",
        {"leaked": len(leaked), "share": share, "rows": leaked[:100].tolist()},
        Picture((1 - share, share), ("new rows", "known rows"), marked=(1,)),
    )


def validation_shift(case: Case) -> Iterator[Finding]:
    """Whether a simple classifier can tell validation rows from training rows (a two-sample test), and by which columns.

    Source: Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests (2017).
    """
    later = case.validation
    if later is None:
        return
    ours, theirs = _sample(case, case.data), _sample(case, later)
    count = min(len(ours), len(theirs), _MOST_ROWS)
    if count < 50:
        return
    joined = _both(case.data.taken(ours[:count]), later.taken(theirs[:count]))
    if joined is None:
        return
    matrix = features_of(joined, np.arange(2 * count), case.random)
    side = np.repeat([-1.0, 1.0], count)
    told, tested = _told_apart(matrix, side, case.random)
    columns = _apart(joined, count)
    worst = max(columns, key=lambda c: c[1], default=("", 0.0))
    chance = _tail(told, tested)
    case.measured["validation_told_apart"] = told
    by_column = [c for c in columns if c[1] > 0.2 and _kolmogorov(c[1], count) * len(columns) < _SURE]
    if not (told >= _TOLD_APART and chance < _SURE) and not by_column:
        return
    shown = sorted(columns, key=lambda c: -c[1])[:8]
    yield Finding(
        "validation-shift",
        "The validation data come from another distribution than the training data.",
        f"A linear classifier tells {told:.0%} of held-out rows apart (50% if they were alike; chance {chance:.1g})."
        + (
            f" Most different: {worst[0]}, distance of the distributions {worst[1]:.2f} of 1."
            if worst[0]
            else ""
        ),
        "The validation loss then measures something else than what is trained: it may rise while learning goes "
        "well, or "
        "the other way round.",
        "Shuffle before dividing (validation_split takes the last rows). If the difference is real (later days, other "
        "people), keep it, and bring training data nearer to it.",
        "validation_data",
        "warning",
        {"told_apart": told, "chance": chance, "columns": dict(shown)},
        Picture(tuple(c[1] for c in shown), tuple(c[0] for c in shown)) if shown else None,
    )


def validation_labels(case: Case) -> Iterator[Finding]:
    """Whether the classes' shares differ between training and validation (χ² test)."""
    targets = case.targets
    if targets is None or targets.kind != "classes" or targets.validation is None or targets.places:
        return
    ours, theirs = targets.labels, targets.validation
    count = max(targets.classes, int(theirs.max(initial=0)) + 1)
    if min(len(ours), len(theirs)) < 30 or count > 100 or min(ours.min(), theirs.min()) < 0:
        return
    table = np.stack([np.bincount(ours, minlength=count), np.bincount(theirs, minlength=count)]).astype(float)
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    used = table.sum(axis=0) > 0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    square = float((((table - expected) ** 2)[:, used] / expected[:, used]).sum())
    free = int(used.sum()) - 1
    if free < 1 or distance < 0.1 or _square_tail(square, free) > _SURE:
        return
    worst = int(np.abs(shares[0] - shares[1]).argmax())
    yield Finding(
        "validation-label-shift",
        "The validation labels have other shares of the classes than the training labels.",
        f"Class {worst} is {shares[0, worst]:.1%} of the training and {shares[1, worst]:.1%} of the validation labels.",
        "Accuracy and loss of the two cannot be compared, and the better one says little.",
        "Divide the rows in random order, or with the classes' shares kept (scikit-learn's stratify=y).",
        "validation_data",
        "warning",
        {"distance": distance, "training": shares[0].tolist(), "validation": shares[1].tolist()},
        Picture(tuple((shares[1] - shares[0]).tolist()), tuple(f"class {c}" for c in range(count))),
    )


def _sample(case: Case, rows: Rows) -> np.ndarray:
    return case.random.permutation(rows.finite_rows())


def _both(ours: Rows, theirs: Rows) -> Rows | None:
    """Training and validation inputs, one after the other."""
    pairs = list(zip(ours.inputs.values(), theirs.inputs.values()))
    if len(ours.inputs) != len(theirs.inputs) or any(a.shape[1:] != b.shape[1:] for a, b in pairs):
        return None
    joined = [np.concatenate([a, b]) for a, b in pairs]
    return Rows((joined, None, None), len(joined[0]), [f"x[{n}]" for n in range(len(joined))], _columns(ours))


def _columns(rows: Rows) -> dict[str, list[str] | None]:
    return {f"x[{n}]": rows.columns.get(name) for n, name in enumerate(rows.inputs)}


def _told_apart(matrix: np.ndarray, side: np.ndarray, random: np.random.Generator) -> tuple[float, int]:
    """The share of held-out rows that a ridge classifier (on the features and their squares) puts on their side; "
    "rows."""
    order = random.permutation(len(side))
    most = min(matrix.shape[1], 256)
    if matrix.shape[1] > most:
        matrix = matrix @ (
            random.standard_normal((matrix.shape[1], most), dtype="float32") / np.sqrt(matrix.shape[1])
        )
    wide = np.concatenate([matrix, matrix**2, np.ones((len(side), 1), "float32")], axis=1).astype("float64")
    half = len(side) // 2
    train, test = order[:half], order[half:]
    penalty = 0.1 * half * np.eye(wide.shape[1]) * max(1.0, wide.shape[1] / half)
    weights = np.linalg.solve(wide[train].T @ wide[train] + penalty, wide[train].T @ side[train])
    return float((np.sign(wide[test] @ weights) == side[test]).mean()), len(test)


def _apart(joined: Rows, count: int) -> list[tuple[str, float]]:
    """For each column of tables: the largest distance of the two distribution functions (Kolmogorov and Smirnov)."""
    found = []
    for name, array in joined.inputs.items():
        if not is_numeric(array) or array.ndim > 2 or flat(array).shape[1] > 500:
            continue
        for c, column in enumerate(flat(array).T):
            a, b, places = np.sort(column[:count]), np.sort(column[count:]), np.sort(column)
            below = np.searchsorted(a, places, "right") - np.searchsorted(b, places, "right")
            label = joined.column(name, c) if joined.columns.get(name) else f"column {c}"
            found.append((label, float(np.abs(below).max() / count)))
    return found


def _kolmogorov(distance: float, count: int) -> float:
    """The probability of such a distance between two samples of `count` by chance (asymptotic bound)."""
    return min(1.0, 2 * math.exp(-distance * distance * count))


def _tail(share: float, count: int) -> float:
    """The probability that at least such a share of fair coins fall on one side (normal approximation)."""
    return 0.5 * math.erfc((share - 0.5) * 2 * math.sqrt(count) / math.sqrt(2))


def _square_tail(square: float, free: int) -> float:
    """The probability of at least such a χ² (Wilson and Hilferty's approximation)."""
    spread = 2 / (9 * free)
    return 0.5 * math.erfc(((square / free) ** (1 / 3) - (1 - spread)) / math.sqrt(2 * spread))
