"""Checks of the labels: rare classes, labels that have nothing to do with the inputs, labels that look wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._features import features_of, neighbours
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.insight.diagnosis._targets import Targets

_MOST_ROWS = 2000  # that are compared with each other
_LEAST_ROWS = 100
_RARE = 0.2  # of an equal share
_NEAREST = 10
_AGREEING = 0.8  # of the neighbours
_SUSPECT = 0.045  # share of rows with suspicious labels that is worth a word
_DRAWS = 40  # of labels in random order
_RELATED = 4.0  # deviations from what random orders give


def class_imbalance(case: Case) -> Iterator[Finding]:
    """Classes that are much rarer than others, unless weights make up for it."""
    targets = case.targets
    if targets is None or targets.kind != "classes" or targets.places or len(targets.labels) < 20:
        return
    labels = targets.labels
    valid = (labels >= 0) & (labels < targets.classes)
    if not valid.all():
        return
    weights = case.data.weights
    counts = np.bincount(labels, weights, targets.classes)
    shares = counts / max(counts.sum(), 1e-12)
    present = np.flatnonzero(counts)
    if present.size < 2:
        yield _one_class(targets, counts)
        return
    if targets.classes > 100:
        return
    rare = present[shares[present] * present.size < _RARE]
    if not rare.size:
        return
    most, least = int(counts.argmax()), int(rare[shares[rare].argmin()])
    yield Finding(
        "class-imbalance",
        f"Class {least} is {shares[least]:.1%} of the labels, class {most} is {shares[most]:.0%}.",
        f"Who always says {most} is right in {shares[most]:.1%} of the rows. {len(rare)} of {present.size} classes "
        "are rare.",
        "The mean loss hardly sees the rare class: accuracy looks good while the rare class is never found.",
        f"fit(…, class_weight={{{least}: {counts[most] / max(counts[least], 1e-12):.3g}, …}}), more rows of the "
        "rare class, "
        "and a metric for it (metrics.AUC, metrics.F1Score) instead of accuracy.",
        targets.name,
        numbers={"shares": shares.tolist(), "rare": rare.tolist()},
        picture=Picture(
            tuple(counts.tolist()),
            tuple(f"class {c}" for c in range(len(counts))),
            marked=tuple(rare.tolist()),
        ),
    )


def _one_class(targets: Targets, counts: np.ndarray) -> Finding:
    only = int(counts.argmax())
    return Finding(
        "one-class",
        f"All labels are class {only}.",
        f"{int(counts.sum()):,} labels, one class of {targets.classes}.",
        "There is nothing to tell apart: the loss goes to 0 by the last bias alone.",
        "Look at how the labels were made, or at how the rows were divided.",
        targets.name,
        "error",
        {"class": only},
    )


def unrelated_labels(case: Case) -> Iterator[Finding]:
    """Whether anything simple relates labels and inputs: neighbours, correlations; or the curves of the "
    "validation data."""
    targets = case.targets
    if targets is None or targets.places or len(case.good) < _LEAST_ROWS or _generalizes(case, targets):
        return
    rows = case.good[:_MOST_ROWS]
    labels = targets.labels[rows].astype("float64").reshape(len(rows), -1)
    if (labels == labels[0]).all():
        return
    matrix = features_of(case.data, rows, case.random)
    nearest = neighbours(matrix, 5)
    signs = {
        "neighbours": lambda y: _agreement(y, nearest, targets.kind),
        "correlation": lambda y: _correlation(matrix, y, targets),
    }
    found = {name: _deviations(statistic, labels, case.random) for name, statistic in signs.items()}
    case.measured["labels_and_inputs"] = {name: round(z, 1) for name, z in found.items()}
    if max(found.values()) >= _RELATED:
        return
    said = ", ".join(f"{name} {z:+.1f}" for name, z in found.items())
    yield Finding(
        "unrelated-labels",
        "Nothing simple relates the labels to the inputs: they look shuffled.",
        f"Signs of a relation, in deviations from labels in random order (4 is clear): {said}; {len(rows)} rows.",
        "A network can learn such labels only by heart: the training loss falls, the validation loss rises.",
        "Look whether x and y are still in the same order (sorting, shuffling or joining one of them), and at a "
        "few rows with "
        "their labels by eye. If the relation is really hidden, trust the validation loss instead.",
        targets.name,
        "warning",
        found,
        Picture(tuple(abs(z) for z in found.values()), tuple(found)),
    )


def _generalizes(case: Case, targets: Targets) -> bool:
    """Whether the validation loss shows that something was learned."""
    later = [v for v in case.history.get("val_loss", []) if np.isfinite(v)]
    return bool(later and targets.baseline is not None and min(later) < 0.9 * targets.baseline)


def _agreement(labels: np.ndarray, nearest: np.ndarray, kind: str) -> float:
    around = labels[nearest]
    if kind == "classes":
        return float((around == labels[:, None]).mean())
    centered, means = labels - labels.mean(axis=0), around.mean(axis=1)
    return float((centered * (means - means.mean(axis=0))).sum())


def _correlation(matrix: np.ndarray, labels: np.ndarray, targets: Targets) -> float:
    """The largest squared correlation of a feature with a label, and a part of their sum."""
    if targets.kind == "classes":
        labels = (labels == np.arange(targets.classes)).astype("float64")
    scaled = (labels - labels.mean(axis=0)) / np.maximum(labels.std(axis=0), 1e-12)
    squares = (matrix.T @ scaled.astype("float32") / len(matrix)) ** 2
    return float(squares.max() + squares.mean())


def _deviations(
    statistic: Callable[[np.ndarray], float], labels: np.ndarray, random: np.random.Generator
) -> float:
    drawn = [statistic(random.permutation(labels)) for _ in range(_DRAWS)]
    return (statistic(labels) - float(np.mean(drawn))) / max(float(np.std(drawn)), 1e-12)


def suspicious_labels(case: Case) -> Iterator[Finding]:
    """Rows whose label is not that of rows like them, with the model's loss where it has learned something."""
    targets = case.targets
    if targets is None or targets.kind != "classes" or targets.places or len(case.good) < _LEAST_ROWS:
        return
    rows = case.good[:_MOST_ROWS]
    labels = targets.labels[rows]
    if labels.min() < 0:
        return
    nearest = neighbours(features_of(case.data, rows, case.random), _NEAREST)
    around = labels[nearest]
    votes = (
        np.stack([(around == c).sum(axis=1) for c in range(targets.classes)], axis=1)
        if targets.classes < 200
        else None
    )
    if votes is None:
        return
    best, count = votes.argmax(axis=1), votes.max(axis=1)
    if (best == labels).mean() < 0.5 or (best == labels).mean() <= np.bincount(labels).max() / len(labels):
        return  # neighbours say nothing about the class
    suspects = np.flatnonzero((best != labels) & (count >= _AGREEING * _NEAREST))
    if suspects.size < max(5, _SUSPECT * len(rows)):
        return
    losses = case.row_losses(rows[suspects])
    order = np.argsort(-(losses if losses is not None else count[suspects].astype(float)), kind="stable")
    first = [(int(rows[suspects[i]]), int(labels[suspects[i]]), int(best[suspects[i]])) for i in order[:20]]
    row, given, seen = first[0]
    yield Finding(
        "label-noise",
        f"About {len(suspects) / len(rows):.0%} of the labels look wrong.",
        f"{len(suspects)} of {len(rows)} rows have another label than at least 8 of the 10 rows that are most like "
        "them: "
        f"row {row} has {given}, the others {seen}.",
        "The network learns wrong labels last and by heart: then the validation loss rises.",
        "Look at these rows (numbers['suspects']: row, label, label of the others), the ones with the largest loss "
        "first; "
        "stop early, or soften the labels (label_smoothing=0.1).",
        targets.name,
        numbers={"suspects": first, "share": len(suspects) / len(rows)},
        picture=Picture(
            tuple(np.bincount(labels[suspects], minlength=targets.classes).astype(float).tolist())
        ),
    )
