"""Trials: some steps of training at a rate, and what became of the loss; the model is brought back after each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.insight._objective import Objective
from schuss.insight.diagnosis._rows import Rows
from schuss.training._data import Piece
from schuss.training._steps import Step

_MOST_STEPS = 200
_LEAST_STEPS = 20  # with fewer nothing can be said
_LOOKED_AT = 10  # steps after which updates are compared with weights
_MEASURED_ROWS = 2048


@dataclass
class Trial:
    """Some steps at one rate.

    Attributes:
        factor: the rate was so many times the optimizer's. losses: of each step, as far as it went.
        before, after: J on rows of the data, in training. ratios: for each weight ‖ΔW‖ / ‖W‖, the median of some steps.
        typical: their median over matrices (biases that begin with 0 change by all of their size).
        diverged: whether a loss or a weight was no number in the end.
    """

    factor: float
    losses: list[float] = field(default_factory=list)
    before: float = 0.0
    after: float = 0.0
    ratios: list[float] = field(default_factory=list)
    typical: float = float("nan")
    diverged: bool = False


class Trials:
    """Trials of a model's own training step.

    Args:
        model, step, piece: what is trained, the step's program, the data as it takes them. data: as they were given.
        seconds: of a trial, about.

    Attributes:
        rate: the optimizer's; None where a schedule, or a function, says it. sought: whether it is still to be found.
        steps: of a trial.
    """

    def __init__(self, model: Any, step: Step, piece: Piece, data: Rows, seconds: float):
        self._model, self._step, self._piece, self._seconds = model, step, piece, seconds
        self.sought: bool = getattr(model.optimizer, "seeks_rate", False)
        sources = getattr(model.optimizer, "learning_rate_sources", ())
        self._sources = [s for s in sources if isinstance(s, Variable)]
        self.rate = (
            float(self._sources[0].array) if self._sources and len(self._sources) == len(sources) else None
        )
        self.steps = 0
        self.step_seconds: float | None = None
        self._known: dict[float, Trial] = {}
        count = max(1, min(_MEASURED_ROWS, len(piece.rows)) // piece.batch) * piece.batch
        self._given = data.taken(piece.rows[:count])
        self._objective: Objective | None = None

    @property
    def possible(self) -> bool:
        """Whether there is a rate yet, and a trial has so many steps that something can be said."""
        return not self.sought and self._count() >= _LEAST_STEPS

    def at(self, factor: float) -> Trial:
        """The trial at `factor` times the rate; the model is afterwards as it was.

        Raises:
            ValueError: another factor than 1 where a schedule says the rate.
        """
        if factor != 1 and self.rate is None:
            raise ValueError("The learning rate is a schedule's: there is none to multiply.")
        if factor not in self._known:
            copies = self._step.take_copies()
            rates = [source.array.copy() for source in self._sources]
            try:
                for source in self._sources:
                    source.array[...] = source.array * factor
                self._known[factor] = self._made(factor, copies)
            finally:
                for variable, copy in copies:
                    np.copyto(variable.array, copy)
                for source, rate in zip(self._sources, rates):
                    np.copyto(source.array, rate)
                self._step.give_copies(copies)
        return self._known[factor]

    def _made(self, factor: float, copies: list[tuple[Variable, np.ndarray]]) -> Trial:
        trial = Trial(factor, before=self._loss())
        weights = list(self._model.trainable_variables)
        ratios: list[list[float]] = []
        for number in range(self._count()):
            looked_at = _LOOKED_AT <= number < 2 * _LOOKED_AT
            old = [w.array.copy() for w in weights] if looked_at else []
            trial.losses.append(self._one(number))
            if not np.isfinite(trial.losses[-1]):
                break
            if looked_at:
                ratios.append([_ratio(w.array, o) for w, o in zip(weights, old)])
        trial.ratios = list(np.median(ratios, axis=0)) if ratios else []
        trial.typical = _median([r for w, r in zip(weights, trial.ratios) if len(w.shape) > 1])
        trained = {id(weight) for weight in weights}
        for variable, copy in copies:
            if id(variable) not in trained:  # random generators: dropout of both losses is the same
                np.copyto(variable.array, copy)
        trial.after = self._loss()
        finite = all(np.isfinite(w.array).all() for w in weights)
        trial.diverged = not (finite and np.isfinite([trial.losses[-1], trial.after]).all())
        return trial

    def _one(self, number: int) -> float:
        """One step of training; its loss."""
        piece, step = self._piece, self._step
        start = number % piece.steps * piece.batch
        rows = np.ascontiguousarray(piece.rows[start : start + piece.batch])
        outputs = [np.zeros(spec.shape, spec.dtype) for spec in step.outputs]
        step.program.start(piece.arrays, rows, 1, (), outputs).result()
        return float(np.asarray(outputs[0]).reshape(-1)[0])

    def _timed(self, number: int) -> float:
        begun = time.perf_counter()
        self._one(number)
        return time.perf_counter() - begun

    def _count(self) -> int:
        """Steps of a trial: as many as go into its time, at most two passes over the data and at most so many."""
        if not self.steps:
            copies = self._step.take_copies()
            try:
                self._one(0)  # the first run brings the program up
                self.step_seconds = min(self._timed(number) for number in range(1, 4))
            finally:
                for variable, copy in copies:
                    np.copyto(variable.array, copy)
                self._step.give_copies(copies)
            afforded = int(self._seconds / max(self.step_seconds, 1e-6))
            self.steps = max(2, min(_MOST_STEPS, afforded))
        return self.steps

    def _loss(self) -> float:
        """J on some rows, as training sees it."""
        if self._objective is None:
            self._objective = Objective(self._model, *self._given.structure, batch_size=self._piece.batch)
        with np.errstate(all="ignore"):
            return self._objective.value()

    @property
    def objective(self) -> Objective:
        """J on these rows, as a function of the weights."""
        self._loss()
        assert self._objective is not None
        return self._objective


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def _ratio(new: np.ndarray, old: np.ndarray) -> float:
    """‖ΔW‖ / ‖W‖."""
    size = float(np.linalg.norm(old.astype("float64")))
    return float(np.linalg.norm(new.astype("float64") - old)) / max(size, 1e-12)
