"""How a table's networks are trained: rate, epochs, when to stop; several networks for few rows, each judged by the rows
that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import schuss
from schuss.tabular._encode import Division, Part
from schuss.tabular._encoder import Encoded
from schuss.tabular._network import Size, loss_of, network, size_for
from schuss.tabular._target import Target

FOLDS = 5
ROWS_FOR_FOLDS = 20_000
"""Up to so many rows, as many networks as folds are trained; above, one."""

_STEPS = 3000
_FALLBACK_RATE = 1e-3


@dataclass
class Fitted:
    """Trained networks.

    Attributes:
        members: the networks. rate: of learning. histories: of each.
        answers: of several members: what for each row the one that had not seen it says, ``[n, outputs]``.
    """

    members: list[Any]
    rate: float
    size: Size
    epochs: int
    histories: list[dict[str, list[float]]] = field(default_factory=list)
    answers: np.ndarray | None = None
    chosen: list[int] = field(default_factory=list)


def compiled(model: Any, target: Target, size: Size, rate: Any) -> Any:
    optimizer = schuss.optimizers.AdamW(rate, weight_decay=size.decay)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, loss_of(target))
    return model


def learning_rate(model: Any, part: Part, size: Size) -> float:
    """The rate that `schuss.insight.find_learning_rate` suggests for a compiled network."""
    try:
        from schuss.insight import find_learning_rate
    except ImportError:
        return _FALLBACK_RATE
    return float(find_learning_rate(model, part.x, part.y, batch_size=size.batch).suggestion)


def epochs_for(rows: int, size: Size) -> int:
    """About 3,000 steps, but at least 12 passes over the rows and at most 150."""
    return int(np.clip(_STEPS * size.batch / max(1, rows), 12, 150))


def fitted(
    encoded: Encoded,
    target: Target,
    learn: Part,
    stop: Part | None,
    seed: int,
    epochs: int | None,
    progress: Callable[[int, int, int, dict[str, float]], None] | None = None,
) -> Fitted:
    """Networks for a table.

    Args:
        encoded, target: what comes in and is predicted. learn: the rows. stop: rows that say when to stop; None: folds of
            `learn` do, for as many networks. seed: of starts, divisions and shuffles. epochs: default by the number of rows.
        progress: called after each epoch: member, members, epoch, figures.
    """
    size = size_for(len(learn), target)
    epochs = epochs or epochs_for(len(learn), size)
    rate = learning_rate(compiled(network(encoded, target, size, seed), target, size, 1e-3), learn, size)
    found = Fitted([], rate, size, epochs)
    if stop is not None:
        tell = lambda epoch, figures: progress and progress(0, 1, epoch, figures)  # noqa: E731
        course = _course(found, encoded, target, learn, stop, seed, tell)
        course.restore(found.members[0], best_epoch([course]))
        found.chosen = [course.chosen]
        return found
    division = Division(_as_counted(target, learn), [1.0 / FOLDS] * FOLDS, seed)
    fold = division.parts_of(learn.y.ravel())
    courses = []
    for n in range(FOLDS):
        rest, own = learn.rows(np.flatnonzero(fold != n)), learn.rows(np.flatnonzero(fold == n))
        tell = lambda epoch, figures, n=n: progress and progress(n, FOLDS, epoch, figures)  # noqa: E731
        courses.append(_course(found, encoded, target, rest, own, seed + n, tell))
    found.answers = np.zeros((len(learn), target.outputs), "float32")
    for n, (member, course) in enumerate(zip(found.members, courses)):
        course.restore(member, best_epoch([other for other in courses if other is not course]))
        own = np.flatnonzero(fold == n)
        found.answers[own] = member.predict(learn.rows(own).x, batch_size=4096, verbose=0)
    found.chosen = [course.chosen for course in courses]
    return found


def best_epoch(courses: list[Course]) -> int:
    """The epoch with the lowest loss of held-out rows on average, over these trainings. A loss is taken together with those
    before and after it, so that luck counts less; a training that ended is taken to have stayed where it was."""
    longest = max(len(course.losses) for course in courses)
    padded = [np.pad(course.losses, (0, longest - len(course.losses)), mode="edge") for course in courses]
    mean = np.pad(np.mean(padded, axis=0), 1, mode="edge")
    return int(np.argmin(mean[:-2] + mean[1:-1] + mean[2:]))


class Course(schuss.callbacks.Callback):
    """What the held-out rows' loss was after each epoch, and the weights then. Ends a training that has become hopeless.

    Args:
        patience: epochs without a new lowest loss.
    """

    def __init__(self, patience: int):
        super().__init__()
        self.losses: list[float] = []
        self.chosen = 0
        self._kept: list[list[np.ndarray]] = []
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses.append(float((logs or {})["val_loss"]))
        self._kept.append([np.array(weights) for weights in self.model.get_weights()])
        if len(self.losses) - 1 - int(np.argmin(self.losses)) >= self._patience:
            self.model.stop_training = True

    def restore(self, model: Any, epoch: int) -> None:
        """Give the model the weights that it had after that epoch, and forget those of all others."""
        epoch = min(epoch, len(self._kept) - 1)
        model.set_weights(self._kept[epoch])
        self.chosen, self._kept = epoch + 1, []


def _course(
    found: Fitted,
    encoded: Encoded,
    target: Target,
    learn: Part,
    held_out: Part,
    seed: int,
    progress: Callable[[int, dict[str, float]], Any],
) -> Course:
    """Train one more network, and give its course."""
    size = found.size
    batch = min(size.batch, max(1, len(learn)))
    steps = -(-len(learn) // batch) * found.epochs
    rate = schuss.optimizers.schedules.CosineDecay(
        found.rate / 10, steps, alpha=0.02, warmup_target=found.rate, warmup_steps=steps // 10
    )
    member = network(encoded, target, size, seed, name=f"member_{len(found.members) + 1}")
    compiled(member, target, size, rate)
    schuss.utils.set_random_seed(seed)
    course = Course(max(10, found.epochs // 3))
    told = schuss.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress(epoch, dict(logs or {})))
    history = member.fit(
        learn.x, learn.y, batch_size=batch, epochs=found.epochs, validation_data=(held_out.x, held_out.y),
        validation_batch_size=4096, callbacks=[course, told], verbose=0,
    )  # fmt: skip
    found.members.append(member)
    found.histories.append({key: [float(v) for v in values] for key, values in history.history.items()})
    return course


def _as_counted(target: Target, learn: Part) -> Target:
    """The target with the counts of these rows."""
    counts = (
        np.bincount(learn.y.ravel().astype(int), minlength=len(target.classes)).tolist()
        if target.classes
        else []
    )
    return Target(target.name, target.task, target.classes, counts, rows=len(learn))
