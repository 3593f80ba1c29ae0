"""A model in which one training after the other goes on, each from where it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from schuss.callbacks import CallbackList
from schuss.graph import Variable
from schuss.insight.learning_rate._kept import copies_of, put_back
from schuss.insight.learning_rate._swept import Swept
from schuss.training._checks import DataCheck
from schuss.training._data import ArrayData, Piece
from schuss.training._run import _finished, _paced
from schuss.training._steps import PREDICT, TRAIN
from schuss.utils._progress import Progress


class Shared:
    """The data of all trainings, and their order.

    Args:
        data, validation: of `training_data`. steps, validation_steps: batches of an epoch, or None: all. seed: of the order.
    """

    def __init__(
        self, data: Any, validation: Any, steps: int | None, validation_steps: int | None, seed: int
    ):
        self.data, self.validation, self.validation_steps = data, validation, validation_steps
        self._steps, self._seed = steps, seed

    @property
    def can_be_shared(self) -> bool:
        """Whether several trainings can read them at once: arrays, but nothing that has a place where it is."""
        return isinstance(self.data, ArrayData) and isinstance(self.validation, ArrayData | None)

    def build(self, model: Any) -> None:
        """Build the model, if it is not."""
        model._steps.look_at(model)
        if not model.built:
            model._steps.get(model, PREDICT, next(iter(self.epoch(0))))
            self.data.restart()

    def epoch(self, number: int) -> Iterable[Piece]:
        """The batches of that epoch, the same for each training."""
        if not isinstance(self.data, ArrayData):
            if self._steps is None or number == 0:
                self.data.restart()
            return self.data.pieces(self._steps)
        rows = np.random.default_rng((self._seed, number)).permutation(self.data.size).astype(np.int64)
        return self.data._cut(rows[: self._steps * self.data.batch_size] if self._steps else rows)


class Lane:
    """A model for one training at a time.

    Args:
        model: within `kept`. rate: its variable. shared: the data.

    Attributes:
        stops: set to true, it ends before the next step.
    """

    def __init__(self, model: Any, rate: Variable, shared: Shared):
        self.model, self.rate, self.shared, self.stops = model, rate, shared, False
        model._steps.look_at(model)
        piece = next(iter(shared.epoch(0)))
        self._step = model._steps.get(model, TRAIN, piece)
        metrics = [variable for metric in model.metrics for variable in metric.variables]
        self._start = copies_of(
            [*model.variables, *model.optimizer.variables, *self._step.variables, *metrics]
        )
        self._check = DataCheck(model, shared.validation, "Validation data: ")

    @property
    def runs_on_one_thread(self) -> bool:
        """Whether its steps are so small that one thread is all they use."""
        threads = getattr(self._step.program, "threads", None)
        return threads is not None and threads() == 1

    def begin(self) -> None:
        """Back to the start."""
        put_back(self._start)

    def train(self, row: Swept, until: int) -> None:
        """Go on with a training to that epoch, from where it was."""
        self.begin()
        if row.state is not None:
            for (variable, _), array in zip(self._start, row.state, strict=True):
                np.copyto(variable.array, array)
        while row.epochs < until and not row.diverged and not self.stops:
            self.rate.array[...] = row.rate
            self._epoch(row)
        row.state = None if row.diverged else [variable.array.copy() for variable, _ in self._start]

    def weights_of(self, row: Swept) -> list[np.ndarray] | None:
        """The model's weights at the end of a training, in the order of `get_weights`; None where there are none."""
        if row.state is None:
            return None
        at = {id(variable): array for (variable, _), array in zip(self._start, row.state, strict=True)}
        return [at[id(variable)] for variable in self.model.weights]

    def _epoch(self, row: Swept) -> None:
        model = self.model
        model.reset_metrics()
        for piece in self.shared.epoch(row.epochs):
            step = model._steps.get(model, TRAIN, piece)
            for part in _paced(step, piece):
                outputs = [np.zeros(spec.shape, spec.dtype) for spec in step.outputs]
                run = _finished(step, part, outputs, lambda _: None)
                if run.failed_step is not None or self.stops:
                    row.diverge()
                    return
        logs = {name: float(np.asarray(value)) for name, value in model.get_metrics_result().items()}
        if self.shared.validation is not None:
            logs |= {f"val_{name}": value for name, value in self._validated().items()}
        row.add(logs)

    def _validated(self) -> dict[str, float]:
        found = self.model._evaluate(
            self.shared.validation, self.shared.validation_steps, CallbackList(), Progress(), self._check
        )
        return {name: value for name, value in found.items() if np.size(value) == 1}
