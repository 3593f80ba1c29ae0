"""How a table's networks are trained: rate, epochs, when to stop; several networks for few rows, each judged by the rows
that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import schuss
from schuss.insight import find_learning_rate
from schuss.tabular._encode import Division, Part
from schuss.tabular._encoder import Encoded
from schuss.tabular._network import Size, loss_of, network, size_for
from schuss.tabular._progress import now_and_then
from schuss.tabular._target import Target

FOLDS = 5
ROWS_FOR_FOLDS = 20_000
"""Up to so many rows, as many networks as folds are trained; above, one."""

_STEPS, _MOST_STEPS = 3_000, 20_000
_ROWS_FOR_RATE = 50_000


@dataclass
class Fitted:
    """Trained networks.

    Attributes:
        members: the networks. rate: of learning, at its highest. size: of each. histories: of each.
        chosen: after which epoch (from 1) each one's weights were taken.
        answers: of several members: what for each row the one that had not seen it says, ``[n, outputs]``.
        fold: which one that is, ``[n]``; of a training that was broken off, some may not be there.
        broken_off: by Ctrl-C.
    """

    members: list[Any]
    rate: float
    size: Size
    histories: list[dict[str, list[float]]]
    chosen: list[int]
    answers: np.ndarray | None = None
    fold: np.ndarray | None = None
    broken_off: bool = False


def compiled(model: Any, target: Target, size: Size, rate: Any) -> Any:
    optimizer = schuss.optimizers.AdamW(rate, weight_decay=size.decay)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, loss_of(target))
    return model


def learning_rate(model: Any, part: Part, size: Size, epochs: int) -> float:
    """The rate that `schuss.insight.find_learning_rate` suggests for a compiled network."""
    rows = min(len(part), _ROWS_FOR_RATE)
    some = part.rows(np.linspace(0, len(part) - 1, rows).astype(int)) if rows < len(part) else part
    batch = min(size.batch, max(1, rows // 8))
    return float(find_learning_rate(model, some.x, some.y, batch_size=batch, epochs=epochs).suggestion)


def epochs_for(rows: int, size: Size) -> int:
    """About 3,000 steps, but at least 12 passes over the rows and at most 150; of very many rows as few passes (at least
    one) as are 20,000 steps."""
    steps = max(1, rows / size.batch)
    return int(np.clip(min(max(12, _STEPS / steps), _MOST_STEPS / steps), 1, 150))


def fitted(
    encoded: Encoded,
    target: Target,
    learn: Part,
    stop: Part | None,
    seed: int,
    epochs: int | None,
    progress: Callable[[int, int, float, int, float], None] | None = None,
) -> Fitted:
    """Networks for a table.

    Args:
        encoded, target: what comes in and is predicted. learn: the rows. stop: rows that say when to stop; None: folds of
            `learn` do, for as many networks. seed: of starts, divisions and shuffles. epochs: default by the number of rows.
        progress: called before each epoch, and every second: member, members, epochs done (with a part of the present one),
            epochs, and the loss of held-out rows after the last one, NaN if there is none.

    Ctrl-C breaks off: of one network the best weights so far are taken, of several the networks that are done.
    """
    size = size_for(len(learn), target)
    workshop = Workshop(encoded, target, size, learn, epochs or epochs_for(len(learn), size), seed)
    tell = progress or (lambda *told: None)
    if stop is not None:
        course = workshop.course(learn, stop, seed, partial(tell, 0, 1))
        return workshop.finished([course], [best_epoch([course])])
    division = Division(_as_counted(target, learn), [1.0 / FOLDS] * FOLDS, seed)
    fold = division.parts_of(learn.y.ravel())
    courses = []
    for n in range(FOLDS):
        rest, own = learn.rows(np.flatnonzero(fold != n)), learn.rows(np.flatnonzero(fold == n))
        course = workshop.course(rest, own, seed + n, partial(tell, n, FOLDS))
        if course.broken_off and courses:
            break
        courses.append(course)
        if course.broken_off:
            break
    chosen = [
        best_epoch([other for other in courses if other is not course] or [course]) for course in courses
    ]
    found = workshop.finished(courses, chosen)
    found.fold, found.broken_off = fold, len(found.members) < FOLDS
    found.answers = np.zeros((len(learn), target.outputs), "float32")
    for n, member in enumerate(found.members):
        own = np.flatnonzero(fold == n)
        found.answers[own] = workshop.answers(member, learn.rows(own))
    return found


class Workshop:
    """Trains networks of one kind one after the other: one network with other weights, so that its programs are made once.

    Args:
        encoded, target, size: of the networks. rows: by which the rate is chosen. epochs: of each training. seed: of that.
    """

    def __init__(self, encoded: Encoded, target: Target, size: Size, rows: Part, epochs: int, seed: int):
        self._encoded, self._target, self._size, self._epochs = encoded, target, size, epochs
        self._network = network(encoded, target, size, seed)
        self._rate = learning_rate(compiled(self._network, target, size, 1e-3), rows, size, epochs)
        self._steps = 0

    def course(
        self, learn: Part, held_out: Part, seed: int, progress: Callable[[float, int, float], Any]
    ) -> Course:
        """Train from a new start. Ctrl-C ends it, with a last look at the held-out rows.

        Args:
            progress: called before each epoch, and every second: epochs done, how many there are, the loss of held-out rows.
        """
        batch = min(self._size.batch, len(learn))
        steps = -(-len(learn) // batch)
        self._begin(steps * self._epochs, seed)
        course = Course(max(10, self._epochs // 3))

        def tell(epochs: float) -> None:
            progress(epochs, self._epochs, (course.losses or [np.nan])[-1])

        def look() -> None:
            done = int(self._network.optimizer.iterations.array) / steps
            tell(min(done, len(course.losses) + 0.999))  # held-out rows belong to their epoch

        told = schuss.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: tell(epoch))
        try:
            with now_and_then(look):
                self._network.fit(
                    learn.x, learn.y, batch_size=batch, epochs=self._epochs,
                    validation_data=(held_out.x, held_out.y), validation_batch_size=4096,
                    callbacks=[course, told], verbose=0,
                )  # fmt: skip
        except KeyboardInterrupt:
            if not int(self._network.optimizer.iterations.array):
                raise
            course.broken_off = True
            loss = self._network.get_metrics_result()["loss"]
            val_loss = self._network.evaluate(held_out.x, held_out.y, batch_size=4096, verbose=0)
            course.on_epoch_end(len(course.losses), {"loss": loss, "val_loss": val_loss})
        return course

    def _begin(self, steps: int, seed: int) -> None:
        """New weights; and an optimizer that knows nothing, with a schedule for so many steps (about the same each time)."""
        start = network(self._encoded, self._target, self._size, seed)
        for own, new in zip(self._network.variables, start.variables, strict=True):
            own.assign(new.array)
        if not self._steps:
            schedule = schuss.optimizers.schedules.CosineDecay(
                self._rate / 10, steps, alpha=0.02, warmup_target=self._rate, warmup_steps=steps // 10
            )
            compiled(self._network, self._target, self._size, schedule)
            self._steps = steps
        for variable in self._network.optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        schuss.utils.set_random_seed(seed)

    def finished(self, courses: list[Course], chosen: list[int]) -> Fitted:
        """The networks as they were after these epochs."""
        members = []
        for number, (course, epoch) in enumerate(zip(courses, chosen), start=1):
            member = network(self._encoded, self._target, self._size, 0, name=f"member_{number}")
            course.restore(member, epoch)
            members.append(member)
        histories = [course.history for course in courses]
        chosen_epochs = [course.chosen for course in courses]
        broken_off = any(course.broken_off for course in courses)
        return Fitted(members, self._rate, self._size, histories, chosen_epochs, broken_off=broken_off)

    def answers(self, member: Any, rows: Part) -> np.ndarray:
        """What a network says of rows."""
        self._network.set_weights(member.get_weights())
        return self._network.predict(rows.x, batch_size=4096, verbose=0)


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
        self.history: dict[str, list[float]] = {}
        self.chosen, self.broken_off = 0, False
        self._kept: list[list[np.ndarray]] = []
        self._patience = patience

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        self.losses.append(float((logs or {})["val_loss"]))
        self._kept.append([np.array(weights) for weights in self.model.get_weights()])
        if len(self.losses) - 1 - int(np.argmin(self.losses)) >= self._patience:
            self.model.stop_training = True

    def restore(self, model: Any, epoch: int) -> None:
        """Give the model the weights that it had after that epoch, and forget those of all others."""
        epoch = min(epoch, len(self._kept) - 1)
        model.set_weights(self._kept[epoch])
        self.chosen, self._kept = epoch + 1, []


def _as_counted(target: Target, learn: Part) -> Target:
    """The target with the counts of these rows."""
    counts = (
        np.bincount(learn.y.ravel().astype(int), minlength=len(target.classes)).tolist()
        if target.classes
        else []
    )
    return Target(target.name, target.task, target.classes, counts, rows=len(learn))
