"""Short trainings from one and the same start, at rates of one's choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from schuss.graph import Variable, _tree, is_float
from schuss.insight._objective import Objective
from schuss.insight.learning_rate._batches import Batches
from schuss.insight.learning_rate._kept import Copies, copies_of, put_back
from schuss.training._data import Piece
from schuss.training._run import _finished
from schuss.training._steps import TRAIN, Step

_FALLEN = 0.2  # of the highest rate


@dataclass
class Probe:
    """A training at one rate, looked at now and then.

    Attributes:
        rate: α, at its highest. steps: after so many steps it was looked at. losses: then; infinite where it diverged.
        blocks: the same for each block of the rows apart.
        told: how well the model tells rows apart at the end: `Blocks.told`; None where that is not known.
        ended: whether it was ended early because the loss was too high.
    """

    rate: float
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    blocks: list[np.ndarray] = field(default_factory=list)
    told: float | None = None
    ended: bool = False

    @property
    def diverged(self) -> bool:
        """Whether the loss became no number."""
        return not math.isfinite(self.losses[-1])


class Runs:
    """A model that can be trained from its present state again and again.

    Args:
        model: within `kept`. rate: the variable that holds α. batches: the data.
        profile: how the rate goes in a training, from its beginning to its end, as parts of the highest; None: it stays.

    Attributes:
        done: training steps made so far. looks: batches of rows apart that were evaluated.
    """

    def __init__(self, model: Any, rate: Variable, batches: Batches, profile: np.ndarray | None = None):
        self.model, self.rate, self.batches, self.profile = model, rate, batches, profile
        self.done = self.looks = 0
        model._steps.look_at(model)
        self._step = model._steps.get(model, TRAIN, batches.first())
        if not self._step.details.checked:
            raise ValueError(
                f"{type(model).__name__}.train_step returns no 'loss' (a float scalar), which the search looks at."
            )
        self._resets = model._has_own(
            "train_step"
        )  # a loss that it returns may be a mean since the last reset
        self._start = copies_of(self._step.variables)
        self._apart = self._objective_apart()

    def begin(self) -> None:
        """Back to the start."""
        put_back(self._start)

    def state(self) -> Copies:
        """What a step changes, as it is now."""
        return copies_of(self._step.variables)

    def losses_apart(self) -> np.ndarray | None:
        """The loss now on each block of rows apart; None where there are none, or the loss cannot be evaluated so."""
        if self._apart is None:
            return None
        self.looks += 1
        return self._apart.values()

    @property
    def part(self) -> float:
        """The root mean square of the rate over a training, as a part of its highest."""
        return 1.0 if self.profile is None else float(np.sqrt(np.mean(np.square(self.profile))))

    @property
    def falls(self) -> bool:
        """Whether the rate is far below its highest in the end."""
        return self.profile is not None and bool(self.profile[-1] <= _FALLEN)

    def ramp(self, rates: Sequence[float], seen: Callable[[list[float]], bool]) -> list[float]:
        """A step for each rate, from the start. The losses before the steps.

        Args:
            rates: α of each step. seen: is given the losses so far, and says whether to stop.
        """
        self.begin()
        losses: list[float] = []
        for rate, (step, piece) in zip(rates, self._steps(len(rates))):
            losses.append(self._made(rate, step, piece))
            if not math.isfinite(losses[-1]) or seen(losses):
                break
        return losses

    def probe(
        self, rate: float, looks: Sequence[int], worst: float = math.nan, least: float = -math.inf
    ) -> Probe:
        """A training from the start, at one rate or as the profile says.

        Args:
            rate: α, at its highest. looks: after which steps it is looked at, the last one at its end.
            worst: where the loss is not below that when it is looked at, it is ended.
            least: the same where `told` is below that.
        """
        self.begin()
        made = Probe(rate)
        steps, rates = self._steps(looks[-1]), self._rates(rate, looks[-1])
        at, recent = 0, []
        for look in looks:
            while at < look and (not recent or math.isfinite(recent[-1])):
                recent.append(self._made(rates[at], *next(steps)))
                at += 1
            blocks = self.losses_apart() if math.isfinite(recent[-1]) else np.array([math.inf])
            if blocks is None:
                blocks = np.array(recent[-max(3, look // 4) :])
            loss = float(blocks.mean())
            made.steps.append(look)
            made.blocks.append(blocks)
            made.losses.append(loss if math.isfinite(loss) else math.inf)
            made.ended = look < looks[-1] and loss >= worst
            if made.diverged or made.ended:
                break
            made.told = None if self._apart is None else self._apart.told()
            if made.told is not None and made.told < least:
                break
        return made

    def _rates(self, highest: float, count: int) -> np.ndarray:
        """α of each of so many steps, that are a whole training."""
        if self.profile is None:
            return np.full(count, highest)
        done = np.linspace(0, 1, count, endpoint=False)
        return highest * np.interp(done, np.linspace(0, 1, len(self.profile)), self.profile)

    def _steps(self, count: int) -> Iterator[tuple[Step, Piece]]:
        """So many steps from the beginning of the order. Texts become numbers."""
        for piece in self.batches.parts(count):
            step = self.model._steps.get(self.model, TRAIN, piece)
            for one in piece.split(1):
                yield step, one

    def _made(self, rate: float, step: Step, piece: Piece) -> float:
        """One step: its loss; not a number where the step could not be made."""
        if self._resets:
            self.model.reset_metrics()
        self.rate.array[...] = rate
        outputs = [np.zeros(spec.shape, spec.dtype) for spec in step.outputs]
        run = _finished(step, piece, outputs, lambda _: None)
        self.done += 1
        return math.nan if run.failed_step is not None else float(outputs[0])

    def _objective_apart(self) -> Blocks | None:
        """The loss on rows apart, with layers as in training where they keep averages: these lag behind in short runs."""
        if not self.batches.apart:
            return None
        weights = {id(v) for v in self.model.non_trainable_variables if is_float(v.dtype)}
        averages = any(id(v) in weights for v in self._step.variables)
        try:
            made = objective(self.model, self.batches.apart, training=averages)
            made.value()
        except (ValueError, TypeError, NotImplementedError):
            return None  # its step is its own, without a `compute_loss` that goes with it
        return made


class Blocks(Objective):
    """J, the loss on each of the pieces that it is the mean of, and with their rows' targets exchanged."""

    def values(self) -> np.ndarray:
        """The loss of each piece, float64."""
        pieces, rows = self._pieces, self.rows
        found = []
        try:
            for piece in pieces:
                self._pieces, self.rows = [piece], piece.batch * piece.steps
                found.append(self.value())
        finally:
            self._pieces, self.rows = pieces, rows
        return np.array(found)

    def told(self) -> float | None:
        """1 − J / J', where J' is the loss if each row had the targets of the one before it: about 0 as long as the model
        does not tell rows apart. None without targets."""
        pieces = self._pieces
        if any(piece.structure[1] is None for piece in pieces):
            return None
        loss = self.value()
        try:
            self._pieces = [_exchanged(piece) for piece in pieces]
            exchanged = self.value()
        finally:
            self._pieces = pieces
        return (exchanged - loss) / abs(exchanged) if exchanged else 0.0


def _exchanged(piece: Piece) -> Piece:
    """A whole batch with each row's targets those of the row before it."""
    x, y, weight = piece.structure
    order = np.roll(piece.rows, 1)
    targets = _tree.map_structure(lambda array: array[order], y)
    return replace(piece, structure=(x, targets, weight))


def objective(model: Any, pieces: Sequence[Piece], training: bool) -> Blocks:
    """J(θ) on the rows of some pieces of a step each."""
    batches = []
    for piece in pieces:
        x, y, weight = piece.structure
        batches.append((x, y) if weight is None else (x, y, weight))
    return Blocks(model, iter(batches), training=training)
