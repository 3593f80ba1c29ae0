"""find_learning_rate: range test, curvature and short trainings, one after the other."""

from __future__ import annotations

import copy
import math
import random
import time
from typing import Any

import numpy as np

from schuss.insight.learning_rate._batches import MOST_BYTES, MOST_KEPT, Batches, Read, Rows
from schuss.insight.learning_rate._beginning import Beginning, beginning, bound_now, number
from schuss.insight.learning_rate._kept import innermost, kept
from schuss.insight.learning_rate._range_test import RangeTest, range_test
from schuss.insight.learning_rate._result import LearningRate
from schuss.insight.learning_rate._runs import Blocks, Runs, objective
from schuss.insight.learning_rate._trials import Choice, choice
from schuss.optimizers.schedules import LearningRateSchedule
from schuss.training._arguments import training_data
from schuss.training._checks import positive_integer
from schuss.training._data import ArrayData
from schuss.training._steps import PREDICT

_LOWEST, _HIGHEST = 1e-6, 10.0
_STEPS = 300
_OF_RANGE_TEST = 0.2  # of the steps
_OF_SLOTS = 10  # steps in which the optimizer's averages fill
_ROWS = 4  # batches whose curvature is looked at
_LOOKS = 100  # at a schedule


def find_learning_rate(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    epochs: int = 10,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    steps_per_epoch: int | None = None,
    steps: int = _STEPS,
    lowest: float = _LOWEST,
    highest: float = _HIGHEST,
    seed: int = 0,
) -> LearningRate:
    """Find the learning rate for a model, its optimizer and its data, by experiment.

    Three things are done, in at most `steps` steps of training, and the model (weights, the optimizer's memory and rate,
    averages of batch normalization, random numbers, metrics) is left as it was, to the bit:

    1. a range test: one training whose rate grows geometrically until the loss diverges;
    2. curvature: λ_max of the Hessian by Lanczos's method, in the metric of the optimizer's preconditioner where it has
       one; which gives the rate up to which descent is stable, and a rate to begin trials with;
    3. trials: short trainings about that rate, all from the present weights with the same batches, compared on rows that
       were kept apart. Where the optimizer's steps have one length (Adam's), the rate is scaled by the length of training.

    Args:
        model: compiled. It is built, if need be. Of a schedule the highest rate is found: in trials the rate goes as in a
            whole training, in fewer steps.
        x, y, sample_weight, class_weight, batch_size, steps_per_epoch: as for `fit`. Of a generator some batches are read,
            which it will not give again; of a data set its first ones.
        epochs: how long the training is going to be.
        steps: int ≥ 40, 300: training steps at most.
        lowest, highest: the range of the range test.
        seed: of the order of the rows, and of which are kept apart (half of them, at most 8 batches).

    Returns:
        `LearningRate`, with `suggestion`, `highest_stable`, `reasons`, `plot()`.

    Raises:
        ValueError: the model is not compiled, has several learning rates (a `MultiOptimizer`), or its own `train_step`
            returns no loss; or data and model do not fit.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.insight import find_learning_rate
        >>> x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
        >>> model = schuss.Sequential([schuss.Input((8,)), schuss.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> found = find_learning_rate(model, x, x.sum(axis=1, keepdims=True))
        >>> 0.01 < found.suggestion < found.highest_stable
        True
        >>> print(found.reasons[0])
        The Hessian has λ_max = ... at the start (... products with it): there SGD is stable up to 2/λ = ...

    Sources: Smith, "Cyclical learning rates for training neural networks", 2015; Cohen et al., "Gradient descent on neural
    networks typically occurs at the edge of stability", 2021, and "Adaptive gradient methods at the edge of stability",
    2022.
    """
    model._require_compiled("find_learning_rate", needs_optimizer=True)
    epochs = positive_integer("epochs", epochs)
    steps = positive_integer("steps", steps, least=40)
    if not 0 < lowest < highest:
        raise ValueError(
            f"`lowest` and `highest` must be 0 < lowest < highest, got {lowest!r} and {highest!r}."
        )
    drawn = random.getstate()  # the seed of an order of rows, which is not used
    data, _ = training_data(
        model, x, y, batch_size, 0.0, None, True, class_weight, sample_weight, steps_per_epoch, None, None
    )
    random.setstate(drawn)
    return searched(model, batches_of(data, steps_per_epoch, seed), epochs, steps, lowest, highest)


def batches_of(data: Any, steps_per_epoch: int | None, seed: int = 0) -> Batches:
    """The batches of a search: of arrays their rows, of anything else some batches that are kept."""
    if isinstance(data, ArrayData):
        return Rows(data, seed, limit=steps_per_epoch)
    return Read(data.pieces(), steps_per_epoch or data.steps)


def rate_for_fit(model: Any, data: Any, epochs: int, steps_per_epoch: int | None) -> LearningRate:
    """The search at the start of `fit`, for a rate that is ``"auto"``.

    Args:
        model: compiled. data: of `fit`; the batches of a generator that are read will come again. epochs, steps_per_epoch:
            how long the training is going to be.
    """
    innermost(model.optimizer)
    if model.built and not model.optimizer.built:
        model.optimizer.build(
            model.trainable_variables
        )  # as training would: so it can have the search's program
    if isinstance(data, ArrayData):
        return searched(model, Rows(data, 0, limit=steps_per_epoch), epochs)
    pieces = data.peek(MOST_KEPT, MOST_BYTES)
    return searched(model, Read(iter(pieces), steps_per_epoch or data.steps), epochs)


def searched(
    model: Any,
    batches: Batches,
    epochs: int,
    steps: int = _STEPS,
    lowest: float = _LOWEST,
    highest: float = _HIGHEST,
) -> LearningRate:
    """The search on batches, for a training of so many epochs; the model is left as it was."""
    begun = time.perf_counter()
    model._steps.look_at(model)
    if not model.built:
        model._steps.get(model, PREDICT, batches.first())  # builds it
    planned = epochs * (batches.per_epoch or _STEPS)
    schedule = innermost(model.optimizer)._learning_rate
    schedule = schedule if isinstance(schedule, LearningRateSchedule) else None
    profile = None if schedule is None else _profile(schedule, planned)
    with kept(model) as rate:
        runs = Runs(model, rate, batches, profile)
        try:
            test = range_test(runs, lowest, highest, int(steps * _OF_RANGE_TEST))
            curved = _objective(model, runs)
            begin = beginning(runs, innermost(model.optimizer), test, curved)
            left = steps - int(steps * _OF_RANGE_TEST) - _OF_SLOTS
            chosen = choice(
                runs, begin, planned, left, lambda: bound_now(innermost(model.optimizer), begin, curved)
            )
        finally:
            runs.begin()
    made = _result(_said(innermost(model.optimizer)), planned, test, begin, chosen)
    made.schedule = None if schedule is None else type(schedule).__name__
    made.steps, made.products = runs.done, begin.products + chosen.products
    made.seconds = time.perf_counter() - begun
    return made


def _objective(model: Any, runs: Runs) -> Blocks | None:
    """J on a few batches, for curvature; None if it cannot be evaluated."""
    pieces, rows = [], 0
    for piece in runs.batches.apart or runs.batches.some(_ROWS):
        pieces.append(piece)
        rows += piece.batch
        if rows >= _ROWS * runs.batches.first().batch:
            break
    try:
        made = objective(model, pieces, training=True)
        made.value()
    except (ValueError, TypeError, NotImplementedError):
        return None
    return made


def _said(optimizer: Any) -> str:
    """The optimizer's class, and its momentum."""
    momentum = getattr(optimizer, "momentum", 0.0)
    return type(optimizer).__name__ + (f" with momentum {momentum:g}" if momentum else "")


def _profile(schedule: LearningRateSchedule, planned: int) -> np.ndarray | None:
    """A schedule's rates in a training of so many steps from its beginning, as parts of the highest; None where they are no
    such thing."""
    if schedule.seeks_rate:
        schedule = copy.copy(schedule)
        schedule.take_rate(1.0)
    steps = np.linspace(0, planned, _LOOKS).astype(np.int32)
    rates = np.array([float(np.asarray(schedule(step))) for step in steps])
    return rates / rates.max() if np.isfinite(rates).all() and rates.min() >= 0 < rates.max() else None


def _result(name: str, planned: int, test: RangeTest, begin: Beginning, chosen: Choice) -> LearningRate:
    stable = _highest_stable(begin, chosen)
    reasons = [*begin.words, *chosen.words]
    if begin.bound is not None and chosen.rate > begin.bound:
        reasons.append(
            f"That is above {number(begin.bound)}, which bounds steps with all rows at once from the start only: the trials "
            "went on learning above it."
            if stable is not None
            else f"That is above {number(begin.bound)}, up to which steps are stable at the start."
        )
    if test.minimum is not None:
        end = f"and diverged at {test.rates[-1]:.2g}" if test.diverged else "and did not diverge"
        where = f"was least at {test.minimum:.2g}" if test.fell else "stayed above that of its first steps"
        reasons.append(f"In the range test the smoothed loss {where} {end}.")
    return LearningRate(
        suggestion=_rounded(chosen.rate),
        optimizer=name,
        planned=planned,
        highest_stable=stable,
        rates=test.rates,
        losses=test.losses,
        smoothed=test.smoothed,
        steepest=test.steepest,
        minimum=test.minimum,
        sharpness=begin.sharpness,
        bound=begin.bound,
        formula=begin.formula,
        trials=chosen.tried,
        reasons=reasons,
    )


def _highest_stable(begin: Beginning, chosen: Choice) -> float | None:
    """The highest rate that curvature or a trial says is stable, below every one that failed above the suggestion; None if
    that would be below the suggestion."""
    known = [begin.bound, chosen.bound, *(p.rate for p in chosen.tried if p not in chosen.failed)]
    failed = min((p.rate for p in chosen.failed if p.rate > chosen.rate), default=math.inf)
    highest = max((rate for rate in known if rate is not None and rate < failed), default=0.0)
    return highest if highest >= _rounded(chosen.rate) else None


def _rounded(rate: float) -> float:
    """As it is suggested: with three digits, never above the rate itself, which may be a bound."""
    rounded = float(f"{rate:.3g}")
    return rounded if rounded <= rate else float(f"{rate * 0.995:.3g}")
