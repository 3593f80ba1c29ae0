"""sweep: one training for each of several rates, and the hopeless ones ended early."""

from __future__ import annotations

import copy
import math
import queue
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from schuss.backends.cpu._threads import num_threads
from schuss.insight.learning_rate._kept import innermost, kept
from schuss.insight.learning_rate._lane import Lane, Shared
from schuss.insight.learning_rate._swept import Sweep, Swept
from schuss.training._arguments import training_data
from schuss.training._batches import is_batches
from schuss.training._checks import optional_positive_integer, positive_integer

_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
_SPLIT = 0.2
_RUNGS = (0.25, 0.5)  # parts of the epochs after which the better half goes on


def sweep(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    learning_rates: Iterable[float] = _RATES,
    epochs: int = 10,
    validation_data: Any = None,
    validation_split: float | None = None,
    batch_size: int | None = None,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    halving: bool = True,
    workers: int | None = None,
    seed: int = 0,
) -> Sweep:
    """Train a copy of the model with each of several learning rates, and compare them.

    All begin with the same weights, optimizer and random numbers and see the same batches in the same order. By successive
    halving (Jamieson & Talwalkar, 2016, https://arxiv.org/abs/1502.07943), after a quarter of the epochs and after half of
    them the better half goes on, by validation loss. The model itself is left as it was, to the bit.

    Args:
        model: compiled. Its optimizer's rate, or schedule, is laid aside meanwhile.
        x, y, batch_size, sample_weight, class_weight, steps_per_epoch, validation_steps: as for `fit`. Not a generator,
            which can be read only once.
        learning_rates: floats > 0; nine from 1e-4 to 1.
        epochs: int, 10: of those that are not ended early.
        validation_data: as for `fit`. validation_split: of arrays; default 0.2 where there is no `validation_data`.
            Without either (`validation_split=0`), the training loss decides.
        halving: whether hopeless rates are ended early. Default True.
        workers: trainings at once. Default: as many as there are cores, if a step of the model is so small that it runs on
            one; else 1, whose steps use all cores.
        seed: of the order of the rows.

    Returns:
        `Sweep`: ``print`` shows a table; `best`, `rows`, `best_weights`, `plot()`.

    Raises:
        ValueError: a rate that is not positive, no rates, data that can be read only once; what `fit` refuses.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.insight import sweep
        >>> x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> found = sweep(model, x, x.sum(axis=1, keepdims=True), learning_rates=[1e-4, 1e-2, 0.1, 1e9], epochs=4)
        >>> found.best
        0.1
        >>> found.rows[-1].status
        'diverged in epoch 1'
    """
    model._require_compiled("sweep", needs_optimizer=True)
    rates = _checked(learning_rates)
    epochs = positive_integer("epochs", epochs)
    workers = optional_positive_integer("workers", workers)
    if hasattr(x, "__next__"):
        raise ValueError(
            "sweep: x is a generator, which can be read only once, and each rate needs the data from the beginning. Pass "
            "arrays, a data set or a PyDataset."
        )
    split = validation_split
    if split is None:
        split = 0.0 if validation_data is not None or is_batches(x) else _SPLIT
    drawn = random.getstate()  # the seed of an order of rows, which is not used
    data, validation = training_data(
        model, x, y, batch_size, split, validation_data, True, class_weight, sample_weight, steps_per_epoch,
        validation_steps, None,
    )  # fmt: skip
    random.setstate(drawn)
    shared = Shared(data, validation, steps_per_epoch, validation_steps, seed)
    shared.build(model)
    rows = [Swept(rate) for rate in rates]
    with ExitStack() as stack:
        first = Lane(model, stack.enter_context(kept(model)), shared)
        stack.callback(first.begin)  # what a step changes, and nothing else knows of
        lanes = [first]
        for _ in range(1, _number_of_lanes(workers, first, rows)):
            twin = copy.deepcopy(model)
            lanes.append(Lane(twin, stack.enter_context(kept(twin)), shared))
        _race(lanes, rows, epochs, halving)
        best = min(rows, key=lambda row: row.score)
        weights = first.weights_of(best)
    return Sweep(rows, type(innermost(model.optimizer)).__name__, validation is not None, weights)


def _checked(rates: Iterable[float]) -> list[float]:
    found = sorted({float(rate) for rate in rates})
    if not found:
        raise ValueError(
            "sweep: `learning_rates` is empty; give some positive numbers, such as [1e-3, 1e-2, 1e-1]."
        )
    for rate in found:
        if not (rate > 0 and math.isfinite(rate)):
            raise ValueError(f"sweep: learning rates must be positive numbers, got {rate!r}.")
    return found


def _number_of_lanes(workers: int | None, lane: Lane, rows: Sequence[Swept]) -> int:
    """How many trainings go on at once."""
    if not lane.shared.can_be_shared:
        return 1
    if workers is None:
        workers = num_threads() if lane.runs_on_one_thread else 1
    return min(workers, len(rows))


def _race(lanes: Sequence[Lane], rows: Sequence[Swept], epochs: int, halving: bool) -> None:
    """Train up to each rung, and leave the worse half behind."""
    rungs = sorted({math.ceil(epochs * part) for part in _RUNGS} - {epochs}) if halving else []
    running = list(rows)
    for until in [*rungs, epochs]:
        _advance(lanes, running, until)
        running = sorted((row for row in running if not row.diverged), key=lambda row: row.score)
        if until == epochs:
            break
        for row in running[math.ceil(len(running) / 2) :]:
            row.status = f"stopped after {row.epochs} epoch{'s'[: row.epochs > 1]}"
            row.state = None
        running = running[: math.ceil(len(running) / 2)]
    for row in running:
        row.status = "finished"


def _advance(lanes: Sequence[Lane], rows: Sequence[Swept], until: int) -> None:
    """Train each to that epoch, as many at once as there are lanes."""
    if len(lanes) == 1:
        for row in rows:
            lanes[0].train(row, until)
        return
    free: queue.SimpleQueue[Lane] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def train(row: Swept) -> None:
        lane = free.get()
        try:
            lane.train(row, until)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes), thread_name_prefix="sweep") as pool:
        try:
            list(pool.map(train, rows))
        except BaseException:
            for lane in lanes:
                lane.stops = True
            pool.shutdown(cancel_futures=True)
            raise
