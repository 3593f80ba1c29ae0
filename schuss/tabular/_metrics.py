"""How good predictions are, and how good it would be to know nothing."""

from __future__ import annotations

import numpy as np

from schuss.tabular._target import Target


def judged(target: Target, truth: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """Figures of predictions.

    Args:
        target: what is predicted. truth: ``[n]``, classes' numbers or quantities. answers: ``[n, classes]`` probabilities
            (``[n, 1]`` for two: of the second), or ``[n, 1]`` quantities.

    Returns:
        Of classes: accuracy, balanced_accuracy (the mean over classes of the share found), log_loss
        (−mean log p of the right class), and for two classes auc. Of quantities: rmse, mae, r2.
    """
    if target.task == "regression":
        return _of_quantities(truth, answers[:, 0])
    return _of_classes(truth.astype(int), probabilities(target, answers))


def probabilities(target: Target, answers: np.ndarray) -> np.ndarray:
    """``[n, classes]``."""
    answers = np.asarray(answers, "float64")
    return np.concatenate([1 - answers, answers], axis=1) if len(target.classes) == 2 else answers


def baseline(target: Target, truth: np.ndarray, learned_from: np.ndarray) -> dict[str, float]:
    """The figures of knowing nothing but the target: each class's share, or the mean, for every row."""
    if target.task == "regression":
        return judged(target, truth, np.full((len(truth), 1), learned_from.mean()))
    shares = np.bincount(learned_from.astype(int), minlength=len(target.classes)) / len(learned_from)
    answers = np.tile(shares[1:] if len(shares) == 2 else shares, (len(truth), 1))
    return judged(target, truth, answers)


def _of_quantities(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    errors = truth - found
    squares, spread = float(np.mean(errors**2)), float(np.var(truth))
    r2 = 1 - squares / spread if spread > 0 else float("nan")
    return {"rmse": squares**0.5, "mae": float(np.mean(np.abs(errors))), "r2": r2}


def _of_classes(truth: np.ndarray, shares: np.ndarray) -> dict[str, float]:
    found = shares.argmax(axis=1)
    right = found == truth
    of_class = [right[truth == label].mean() for label in np.unique(truth)]
    likely = np.clip(shares[np.arange(len(truth)), truth], 1e-12, 1)
    figures = {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean(of_class)),
        "log_loss": float(-np.log(likely).mean()),
    }
    return figures | ({"auc": auc(truth == 1, shares[:, 1])} if shares.shape[1] == 2 else {})


def auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive row has a higher score than a negative one (ties count half): Mann and Whitney's U."""
    _, place, times = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def confusion(target: Target, truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Rows by class (first axis) and prediction."""
    found = probabilities(target, answers).argmax(axis=1)
    size = len(target.classes)
    return np.bincount(truth.astype(int) * size + found, minlength=size * size).reshape(size, size)
