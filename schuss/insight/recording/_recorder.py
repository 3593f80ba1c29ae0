"""Recorder: a callback that keeps what a training did, for plots and reports, and costs little."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.callbacks._run_observer import RunObserver
from schuss.graph import _tree
from schuss.insight.recording._curve import MOST_POINTS, Curve
from schuss.insight.recording._look import Look, Looker
from schuss.insight.recording._weight_path import WeightPath
from schuss.training._checks import optional_positive_integer, positive_integer

_RUN_SECONDS = 1.0
"""Of training between two moments at which the recorder may look."""
_FIRST_STEPS = 64
_MOST_LOOKS = 120
_SLOW = 0.05  # seconds of a look by the reference evaluator from which on compiling it is thought of
_COMPILING = 10.0  # seconds that this may take, by a careful estimate


@dataclass
class Epoch:
    """One epoch: its number (from 0), when it ended (steps made in all), its seconds, validation included, and its
    logs."""

    number: int
    steps: int
    seconds: float
    logs: dict[str, float] = field(default_factory=dict)


class Recorder(RunObserver):
    """Records a training: the loss of every step, the rate, and, now and then, a look at all layers.

    A look is one more step on one batch, the first that was trained on, of which nothing is done: the norm of each
    weight and of its gradient, the size of the update that the optimizer would make against that of the weight,
    and of each layer mean and deviation of what it gives, the shares of zeros and of saturated numbers, and
    histograms. There is one before training, one after it, and between them as many as leave the cost of all, but for
    the last, below `overhead` of the time. Training itself goes on in compiled code, and gives the same weights to
    the last bit.

    Args:
        overhead: float in (0, 1), 0.02: after the first look, others are made where all together are within this share
            of the time so far.
        every: int or None: look before each `every`-th step, whatever it costs. Default None: by time.
        rows: int, 32: at most so many rows of the batch are looked at.
        weight_path: bool, False: also keep copies of the trainable weights along the way, at most
            `most_weights`, evenly spaced, for `landscape`.
        most_weights: int, 100.

    Attributes:
        losses: a `Curve` of each step's loss: its arrays `steps`, `mean`, `low`, `high`.
        history: dict: name → the list of its values at the ends of epochs, as in `History`.
        epochs: list of `Epoch`: number, steps, seconds, logs.
        rates: list of pairs (steps made, learning rate).
        looks: list of `Look`. path: a `WeightPath`, or None.
        steps: training steps made. seconds: of training, looks included. look_seconds: of looks.
        shapes: (x, y, sample_weight) as lists of (shape without rows, dtype). batch_size: rows in a batch.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.linspace(-1, 1, 64, dtype="float32").reshape(-1, 1)
        >>> model = schuss.Sequential([schuss.Input((1,)), schuss.layers.Dense(1, name="line")])
        >>> model.compile("sgd", "mse")
        >>> recorder = schuss.insight.Recorder(every=2)
        >>> _ = model.fit(x, 2 * x, epochs=3, verbose=0, callbacks=[recorder])
        >>> recorder.losses.steps.tolist(), [look.step for look in recorder.looks]
        ([0, 1, 2, 3, 4, 5], [0, 2, 4, 6])
        >>> sorted(recorder.looks[0].layers)
        ['line']

    A recorder may go through several calls of `fit` of one model; it goes on counting.
    """

    def __init__(
        self,
        overhead: float = 0.02,
        every: int | None = None,
        rows: int = 32,
        weight_path: bool = False,
        most_weights: int = 100,
    ):
        super().__init__()
        if isinstance(overhead, bool) or not isinstance(overhead, (int, float)) or not 0 < overhead < 1:
            raise ValueError(f"Recorder: `overhead` must be a share between 0 and 1, got {overhead!r}.")
        self.overhead, self.every = float(overhead), optional_positive_integer("every", every)
        self.rows = positive_integer("rows", rows)
        self.losses = Curve()
        self.history: dict[str, list[float]] = {}
        self.epochs: list[Epoch] = []
        self.rates: list[tuple[int, float]] = []
        self.looks: list[Look] = []
        self.path = (
            WeightPath(positive_integer("most_weights", most_weights, least=2)) if weight_path else None
        )
        self.steps = 0
        self.seconds = self.look_seconds = 0.0
        self.shapes: list[list[tuple[tuple[int, ...], str]]] = []
        self.batch_size = 0
        self.failed = False
        self._looker: Looker | None = None
        self._sample: Any = None
        self._before = 0  # steps made before the present epoch
        self._epoch = 0
        self._begun = self._epoch_begun = self._run_begun = 0.0
        self._pace: float | None = None
        self._is_compiled = False
        self._last_look_seconds = 0.0

    # When

    @property
    def run_length(self) -> int | None:
        """So many steps that they take about a second, and end where a look is due."""
        length = _FIRST_STEPS if self._pace is None else max(1, int(_RUN_SECONDS / max(self._pace, 1e-9)))
        if self.path is not None:
            length = min(length, self.path.spacing(self.steps, self._expected_steps()))
        if self.every is not None:
            length = min(length, self.every - self.steps % self.every)
        return length

    def _expected_steps(self) -> int | None:
        steps, epochs = (self.params or {}).get("steps"), (self.params or {}).get("epochs")
        return steps * epochs if steps and epochs else None

    def _is_due(self, last: bool = False) -> bool:
        if self.looks and self.looks[-1].step == self.steps:
            return False
        if last or not self.looks:
            return True
        if self.every is not None:
            return self.steps % self.every == 0
        elapsed = time.perf_counter() - self._begun + self.seconds
        return self.look_seconds + self._last_look_seconds <= self.overhead * elapsed

    # Hooks

    def set_model(self, model: Any) -> None:
        if self._model is not None and model is not self._model:
            raise ValueError(
                "Recorder: this recorder has recorded the training of another model; make a new one for each model."
            )
        super().set_model(model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._begun = time.perf_counter()
        self._before = self.steps
        self._looker, self._is_compiled = None, False  # the model may have been compiled anew

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch_begun, self._before, self._epoch = time.perf_counter(), self.steps, epoch

    def on_run_begin(self, done: int, structure: Any, rows: np.ndarray) -> None:
        if self._sample is None:
            self._note_data(structure, rows)
        if self._looker is None or self.every is not None:
            self._look()
        if self.path is not None and not self.path.steps:
            self.path.add(self.steps, self.model.trainable_variables)
        self._run_begun = time.perf_counter()

    def on_run_end(self, done: int, losses: np.ndarray, failed: bool) -> None:
        seconds, made = time.perf_counter() - self._run_begun, self._before + done - self.steps
        self.steps, self.failed = self._before + done, failed
        if len(losses):
            self.losses.extend(losses)
        self._pace = seconds / max(made, 1)
        self._note_rate()
        if failed:
            return
        if self.path is not None:
            self.path.add(self.steps, self.model.trainable_variables)
        self._look()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        numbers = {name: float(value) for name, value in (logs or {}).items() if np.size(value) == 1}
        seconds = time.perf_counter() - self._epoch_begun
        self._before = self.steps
        self.epochs.append(Epoch(len(self.epochs), self.steps, seconds, numbers))
        for name, value in numbers.items():
            self.history.setdefault(name, []).append(value)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._look(last=True)
        self.seconds += time.perf_counter() - self._begun

    # What

    def _note_data(self, structure: Any, rows: np.ndarray) -> None:
        chosen = np.array(rows[: self.rows])
        self._sample = _tree.map_structure(lambda a: np.ascontiguousarray(a[chosen]), structure)
        self.batch_size = len(rows)
        self.shapes = [[(a.shape[1:], str(a.dtype)) for a in _tree.leaves(part)] for part in structure]

    def _note_rate(self) -> None:
        rate = rate_of(self.model.optimizer)
        if rate is not None:
            self.rates.append((self.steps, rate))
            if len(self.rates) > 2 * MOST_POINTS:
                del self.rates[1:-1:2]

    def _look(self, last: bool = False) -> None:
        if self._sample is None or not self._is_due(last):
            return
        begun = time.perf_counter()
        if self._looker is None:
            self._looker = Looker(self.model, self._sample)
        per_epoch = (self.params or {}).get("steps") or max(self.steps - self._before, 1)
        epoch = len(self.epochs) + (self.steps - self._before) / per_epoch
        self.looks.append(self._looker.look(self.steps, epoch))
        if len(self.looks) > _MOST_LOOKS:
            del self.looks[1:-1:2]
        self._last_look_seconds = time.perf_counter() - begun
        self.look_seconds += self._last_look_seconds
        if not last and not self._is_compiled:
            self._compile_if_it_pays(begun)

    def _compile_if_it_pays(self, now: float) -> None:
        """Looks of large models are compiled, once the training lasts so long that this is within the overhead."""
        elapsed = now - self._begun + self.seconds
        if self._last_look_seconds < _SLOW or self.look_seconds + _COMPILING > self.overhead * elapsed:
            return
        begun = time.perf_counter()
        self._looker, self._is_compiled = Looker(self.model, self._sample, backend="cpu"), True
        self.look_seconds += time.perf_counter() - begun


def rate_of(optimizer: Any) -> float | None:
    """The present learning rate; None if several optimizers have none in common."""
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None:
        return None
    array = np.asarray(rate)
    return float(array.reshape(())) if array.size == 1 else None
