"""Case: what checks look at: the model, its data, and what is found out about both when a check first asks for it."""

from __future__ import annotations

import random as python_random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.insight.diagnosis._probe import Probe, probed
from schuss.insight.diagnosis._rows import Rows
from schuss.insight.diagnosis._targets import Targets, targets_of
from schuss.insight.diagnosis._trial import Trials
from schuss.insight.learning_rate._kept import Copies, _copied, copies_of, put_back
from schuss.random import global_seed_generator
from schuss.training._data import Piece
from schuss.training._steps import TRAIN, Step, Steps
from schuss.utils._cached import cached_property

_PROBED = 1024  # rows
_MOST_BATCHES = 32


@dataclass
class Case:
    """A model and its data, under examination.

    Attributes:
        model: compiled. data, validation: rows; `validation` is None where there is none.
        history: the curves, by name; empty where there are none. batch_size: of training.
        seconds: how long each trial may take, about. skipped: what could not be looked at, and why; checks add to it.
    """

    model: Any
    data: Rows
    validation: Rows | None
    history: dict[str, list[float]]
    batch_size: int
    seconds: float
    random: np.random.Generator
    skipped: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def good(self) -> np.ndarray:
        """Numbers of the rows without missing or infinite numbers, in random order."""
        return self.random.permutation(self.data.finite_rows())

    @cached_property
    def batch(self) -> int:
        """Rows in a probed batch: as in training, or as many as there are."""
        return min(self.batch_size, len(self.good))

    @cached_property
    def piece(self) -> Piece:
        """The data as steps take them; once the step is known, texts are read into numbers. Its rows are the good "
        "ones, in whole batches."""
        count = len(self.good) // self.batch
        rows = np.ascontiguousarray(self.good[: count * self.batch], np.int64)
        return Piece(self.data.structure, rows, self.batch, count)

    @cached_property
    def step(self) -> Step:
        """The training step, the very program that `fit` runs."""
        piece = self.piece
        self.model._steps.look_at(self.model)
        return self.model._steps.get(self.model, TRAIN, piece)

    def build(self) -> None:
        """Build model and optimizer, if they are not, and there are rows to do it with."""
        if len(self.good):
            self.step  # noqa: B018

    @cached_property
    def predictions(self) -> list[np.ndarray] | None:
        """What the model predicts for the probed rows, an array for each output."""
        return None if self.probe is None else self._predicted(self.probe.rows)

    def row_losses(self, rows: np.ndarray) -> np.ndarray | None:
        """−log p of the label of each row, with one output of probabilities or logits of classes; else None."""
        targets, found = self.targets, self._predicted(rows)
        if targets is None or len(found) != 1 or found[0].ndim != 2:
            return None
        values, labels = found[0].astype("float64"), targets.labels[rows]
        if values.shape[1] == 1:
            p = 1 / (1 + np.exp(-values[:, 0])) if targets.from_logits else values[:, 0]
            values = np.stack([1 - p, p], axis=1)
        elif targets.from_logits:
            values = np.exp(values - values.max(axis=1, keepdims=True))
            values /= values.sum(axis=1, keepdims=True)
        if labels.min() < 0 or labels.max() >= values.shape[1]:
            return None
        return -np.log(np.clip(values[np.arange(len(rows)), labels], 1e-12, None))

    def _predicted(self, rows: np.ndarray) -> list[np.ndarray]:
        x = self.data.taken(np.sort(rows)).structure[0]
        found = _tree.leaves(self.model.predict(x, batch_size=min(self.batch_size, len(rows)), verbose=0))
        back = np.argsort(np.argsort(rows, kind="stable"), kind="stable")
        return [array[back] for array in found]

    @cached_property
    def probe(self) -> Probe | None:
        """Forward and backward on some batches; None where the loss cannot be traced apart from the model's own "
        "step."""
        if len(self.good) == 0:
            self.skipped.append("the model: every row has a missing or infinite number.")
            return None
        self.build()
        piece = self.piece
        count = min(max(_PROBED // self.batch, 4), _MOST_BATCHES, piece.steps)
        try:
            return probed(self.model, piece.structure, piece.rows[: count * self.batch], self.batch)
        except (ValueError, TypeError, NotImplementedError) as error:
            self.skipped.append(f"gradients and activations: {_first_line(error)}")
            return None

    @cached_property
    def trials(self) -> Trials:
        """Steps of training at several rates, undone afterwards."""
        return Trials(self.model, self.step, self.piece, self.data, self.seconds)

    @cached_property
    def targets(self) -> Targets | None:
        """The labels, if the model has one output with a loss that says what they are."""
        return targets_of(self)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _with_inner(optimizer: Any) -> list[Any]:
    """An optimizer, and those that it passes gradients on to."""
    if optimizer is None:
        return []
    inner = [getattr(optimizer, "inner_optimizer", None), *getattr(optimizer, "optimizers", ())]
    return [optimizer, *(found for o in inner if o is not None for found in _with_inner(o))]


@contextmanager
def kept(model: Any, build: Callable[[], None]) -> Iterator[None]:
    """Within, the model may be trained and evaluated; after, all is as it was: the variables of the model, its optimizer,
    its metrics and of the random generators, the optimizer itself if it was not built, and the curves.

    Args:
        model: compiled. build: builds model and optimizer; what the model thereby gets, it keeps.
    """
    optimizer, steps, history = model.optimizer, model._steps, getattr(model, "history", None)
    optimizers = _with_inner(optimizer)
    attributes = [{name: _copied(value) for name, value in vars(o).items()} for o in optimizers]
    fresh = optimizer is not None and not optimizer.built
    state = python_random.getstate()
    copies: Copies = []
    try:
        if fresh:
            model._steps = Steps()
        build()
        metrics = [variable for metric in model.metrics for variable in metric.variables]
        slots = list(getattr(optimizer, "variables", ()))
        copies = copies_of([*model.variables, *slots, *metrics, global_seed_generator().state])
        yield
    finally:
        put_back(copies)
        if fresh:
            for one, before in zip(optimizers, attributes, strict=True):
                vars(one).clear()
                vars(one).update(before)
            model._steps = steps
        if getattr(model, "history", None) is not history:
            model.history = history
        python_random.setstate(state)
