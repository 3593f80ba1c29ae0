"""Checks of the curves: underfitting, overfitting, losses that jump or end as NaN."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture

_LEAST_EPOCHS = 5
_RISEN = 1.1  # of its least value
_NOTHING = 0.98  # of the loss of a constant prediction
_FLAT = 0.01  # of it, in the last third of the epochs
_JUMPED = 2.0


def overfitting(case: Case) -> Iterator[Finding]:
    """The validation loss rises while the training loss falls."""
    loss, later = _curve(case, "loss"), _curve(case, "val_loss")
    if len(later) < _LEAST_EPOCHS or len(loss) != len(later):
        return
    smooth = _smoothed(later)
    best = int(smooth.argmin())
    last = smooth[-1]
    epochs = len(later) - 1 - best
    scale = max(abs(smooth[best]), 1e-12)
    if (
        epochs < 3
        or last < smooth[best] + (_RISEN - 1) * scale
        or loss[-1] >= loss[best] - 1e-3 * abs(loss[best])
    ):
        return
    yield Finding(
        "overfitting",
        f"The validation loss has risen since epoch {best + 1}, while the training loss fell.",
        f"Validation {later[best]:.4g} → {later[-1]:.4g}, training {loss[best]:.4g} → {loss[-1]:.4g} in {epochs} "
        "epochs.",
        "What is learned since then holds for the training rows only.",
        "EarlyStopping(restore_best_weights=True); more or augmented data; Dropout, weight decay; a smaller network.",
        severity="warning",
        numbers={"best_epoch": best + 1, "best": float(later[best]), "last": float(later[-1])},
        picture=Picture(tuple(later.tolist())),
    )


def underfitting(case: Case) -> Iterator[Finding]:
    """After some epochs the loss is hardly better than that of a constant prediction."""
    loss, targets = _curve(case, "loss"), case.targets
    if len(loss) < _LEAST_EPOCHS or targets is None or targets.baseline is None or targets.baseline < 1e-6:
        return
    best = float(loss.min())
    fallen = loss[-1 - len(loss) // 3] - loss[-1]
    if best < _NOTHING * targets.baseline or fallen > _FLAT * targets.baseline:
        return
    yield Finding(
        "underfitting",
        f"After {len(loss)} epochs the network is no better than a constant prediction.",
        f"The least training loss is {best:.4g}; who always predicts the labels' mean has {targets.baseline:.4g}.",
        "Nothing of the inputs is used yet.",
        "See the other findings first (rate, scaling, gradients, labels). If there are none: a larger network, a "
        "rate 3 to 10 "
        "times as large, less regularization, more epochs.",
        numbers={"loss": best, "constant": targets.baseline},
        picture=Picture(tuple(loss.tolist())),
    )


def unstable(case: Case) -> Iterator[Finding]:
    """The training loss ended as NaN, or far above where it had been."""
    given = np.asarray(case.history.get("loss", []), float)
    if len(given) and not np.isfinite(given).all():
        epoch = int((~np.isfinite(given)).argmax()) + 1
        yield Finding(
            "diverged",
            f"The loss was no number in epoch {epoch}.",
            f"Losses: {', '.join(f'{v:.3g}' for v in given[:8])}.",
            "From there on all weights are NaN.",
            "A smaller learning rate, scaled inputs, clipnorm=1.0.",
            severity="error",
            numbers={"epoch": epoch},
        )
        return
    loss = _curve(case, "loss")
    if len(loss) < _LEAST_EPOCHS:
        return
    best = int(loss.argmin())
    floor = 0.02 * max(abs(loss[0]), 1e-12)
    if loss[-1] <= _JUMPED * loss[best] + floor:
        return
    yield Finding(
        "loss-rises",
        f"The training loss is {loss[-1] / max(loss[best], 1e-12):.3g} times what it was in epoch {best + 1}.",
        f"{loss[best]:.4g} in epoch {best + 1}, {loss[-1]:.4g} in the last one.",
        "Descent on the same data should not go up for long: steps are longer than the valley is wide.",
        "A smaller learning rate, or one that falls (schedules.CosineDecay, ReduceLROnPlateau); larger batches.",
        severity="warning",
        numbers={"best": float(loss[best]), "last": float(loss[-1])},
        picture=Picture(tuple(loss.tolist())),
    )


def _curve(case: Case, name: str) -> np.ndarray:
    values = np.asarray(case.history.get(name, []), float)
    return values if np.isfinite(values).all() else values[:0]


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Means of each value and its neighbours."""
    wide = np.concatenate([values[:1], values, values[-1:]])
    return (wide[:-2] + wide[1:-1] + wide[2:]) / 3
