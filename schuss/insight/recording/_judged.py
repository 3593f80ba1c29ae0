"""How well an output of a model does on rows: as a classifier, with a confusion matrix, or as a regression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

_ONE_HOT = ("categorical", "kl_divergence")
_TWO_CLASSES = ("binary", "hinge")


@dataclass
class Classes:
    """Predictions of one of several classes. What is predicted is one thing a row, or one for each of its places
    (as words of a text); they are listed one after the other.

    Attributes:
        name: of the output. true, predicted: int [n], numbers of classes.
        probability: [n], of the predicted class; None where the model's numbers are no probabilities.
        true_probability: [n], of the true class, likewise.
        row: [n]: to which row it belongs. score: [n]: how wrong it is: −log of the true class's probability, or, if
            there are none, 1 for a mistake.
        count: of classes.
    """

    name: str
    true: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray | None
    true_probability: np.ndarray | None
    row: np.ndarray
    score: np.ndarray
    count: int

    @property
    def accuracy(self) -> float:
        return float((self.true == self.predicted).mean())

    def matrix(self) -> np.ndarray:
        """Confusion: [true class, predicted class] → how often."""
        flat = np.bincount(self.true * self.count + self.predicted, minlength=self.count**2)
        return flat.reshape(self.count, self.count)

    def worst(self, most: int) -> np.ndarray:
        """Places in the list of the worst mistakes, at most one of each row."""
        wrong = np.flatnonzero(self.true != self.predicted)
        order = wrong[np.argsort(-self.score[wrong], kind="stable")]
        _, first = np.unique(self.row[order], return_index=True)
        return order[np.sort(first)][:most]

    def calibration(self, bins: int = 10) -> list[tuple[float, float, int]]:
        """For each tenth of probability in which there is a prediction: its mean, the share that is right, and how
        many they are."""
        if self.probability is None:
            return []
        place = np.minimum((self.probability * bins).astype(int), bins - 1)
        right = self.true == self.predicted
        inside = [place == b for b in range(bins)]
        return [
            (float(self.probability[i].mean()), float(right[i].mean()), int(i.sum()))
            for i in inside
            if i.any()
        ]


@dataclass
class Labels:
    """Predictions of which of several labels hold; any number of them may.

    Attributes:
        true, predicted: bool [rows, labels]. score: [rows]: the number of wrong labels of each.
    """

    name: str
    true: np.ndarray
    predicted: np.ndarray
    score: np.ndarray

    @property
    def accuracy(self) -> float:
        return float((self.true == self.predicted).mean())

    def worst(self, most: int) -> np.ndarray:
        order = np.argsort(-self.score, kind="stable")
        return order[self.score[order] > 0][:most]


@dataclass
class Numbers:
    """Predictions of numbers.

    Attributes:
        true, predicted: [rows, …], of one shape. score: [rows]: the mean square error of each.
    """

    name: str
    true: np.ndarray
    predicted: np.ndarray
    score: np.ndarray
    measures: dict[str, float] = field(default_factory=dict)

    def worst(self, most: int) -> np.ndarray:
        return np.argsort(-self.score, kind="stable")[:most]


Judged: TypeAlias = Classes | Labels | Numbers


def judged(name: str, y: Any, p: Any, loss: Any) -> Judged | str:
    """Labels against predictions of one output; a sentence where they cannot be compared.

    Args:
        y, p: [rows, …]. loss: the output's loss, which tells what its numbers mean, or None.
    """
    y, p = np.asarray(y), np.asarray(p, "float64")
    kind = str(getattr(getattr(loss, "fn", None), "__name__", "") or getattr(loss, "name", "") or "")
    from_logits = bool(
        getattr(loss, "_fn_kwargs", {}).get("from_logits", getattr(loss, "from_logits", False))
    )
    if not np.isfinite(p).all():
        return f"{name}: predictions have {int((~np.isfinite(p)).sum())} numbers that are NaN or infinite."
    if y.ndim == p.ndim and y.shape[-1:] == (1,) and p.shape[-1] > 1:
        y = y[..., 0]
    if y.ndim == p.ndim - 1 and p.shape[-1] == 1 and y.shape == p.shape[:-1]:
        y = y[..., None]
    if y.shape == p.shape[:-1] and p.shape[-1] > 1 and _are_classes(y, p.shape[-1]):
        ignored = getattr(loss, "_fn_kwargs", {}).get("ignore_class")
        return _classes(name, y.astype(np.int64), _probabilities(p, from_logits), ignored)
    if y.shape != p.shape:
        return f"{name}: labels of shape {y.shape} and predictions of shape {p.shape} are not compared."
    if p.ndim == 1:
        y, p = y[:, None], p[:, None]
    if any(word in kind for word in _TWO_CLASSES) and len(np.unique(y)) <= 2:
        return _two(name, y, p, from_logits, "hinge" in kind)
    if "binary" in kind:
        return _two(name, y > 0.5, p, from_logits, False) if p.shape[-1] > 1 else _numbers(name, y, p)
    if p.shape[-1] > 1 and _is_one_hot(y) and (any(word in kind for word in _ONE_HOT) or y.ndim == 2):
        return _classes(name, y.argmax(axis=-1), _probabilities(p, from_logits), None)
    return _numbers(name, y, p)


def _are_classes(y: np.ndarray, count: int) -> bool:
    if y.dtype.kind not in "biuf" or not y.size:
        return False
    return bool((y == np.floor(y)).all() and y.min() >= -1 and y.max() < count)


def _is_one_hot(y: np.ndarray) -> bool:
    return bool(y.dtype.kind in "biuf" and ((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())


def _probabilities(p: np.ndarray, from_logits: bool) -> np.ndarray:
    if not from_logits:
        return p
    p = np.exp(p - p.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def _classes(name: str, true: np.ndarray, p: np.ndarray, ignored: int | None) -> Classes:
    count = p.shape[-1]
    places = int(np.prod(true.shape[1:], dtype=np.int64))
    row = np.repeat(np.arange(len(true)), places)
    true, p = true.reshape(-1), p.reshape(-1, count)
    kept = (true >= 0) if ignored is None else (true >= 0) & (true != ignored)
    true, p, row = true[kept], p[kept], row[kept]
    predicted = p.argmax(axis=-1)
    each = np.arange(len(true))
    sums = p.sum(axis=-1)
    if not (p >= 0).all() or not np.allclose(sums, 1, atol=1e-3):
        return Classes(name, true, predicted, None, None, row, (true != predicted) * 1.0, count)
    of_true = p[each, true]
    score = -np.log(np.maximum(of_true, 1e-12))
    return Classes(name, true, predicted, p[each, predicted], of_true, row, score, count)


def _two(name: str, y: np.ndarray, p: np.ndarray, from_logits: bool, is_hinge: bool) -> Classes | Labels:
    p = 1 / (1 + np.exp(-np.clip(p, -500, 500))) if from_logits else p
    true, at = y > (0 if is_hinge else 0.5), 0.0 if is_hinge else 0.5
    if p.shape[-1] > 1:
        true, predicted = true.reshape(-1, p.shape[-1]), (p > at).reshape(-1, p.shape[-1])
        return Labels(name, true, predicted, (true != predicted).sum(axis=-1).astype("float64"))
    both = np.concatenate([1 - p, p] if not is_hinge else [-p, p], axis=-1)
    return _classes(name, true[..., 0].astype(np.int64), both, None)


def _numbers(name: str, y: np.ndarray, p: np.ndarray) -> Numbers:
    y = y.astype("float64")
    error = p - y
    others = tuple(range(1, error.ndim))
    score = (error**2).mean(axis=others) if others else error**2
    spread = float(((y - y.mean(axis=0)) ** 2).mean())
    measures = {
        "mean absolute error": float(abs(error).mean()),
        "root mean square error": float(np.sqrt((error**2).mean())),
    }
    if spread > 0:
        measures["R²"] = 1 - float((error**2).mean()) / spread
    return Numbers(name, y, p, score, measures)
