"""A model that is tried out and left as it was: weights, optimizer, averages, random numbers, metrics, bit for bit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.optimizers import LossScaleOptimizer, MultiOptimizer, Optimizer
from schuss.random import global_seed_generator
from schuss.training._steps import Steps

Copies = list[tuple[Variable, np.ndarray]]


def innermost(optimizer: Any) -> Optimizer:
    """The optimizer whose rate counts, behind a `LossScaleOptimizer`.

    Raises:
        ValueError: there is none, or several.
    """
    if isinstance(optimizer, LossScaleOptimizer):
        return innermost(optimizer.inner_optimizer)
    if isinstance(optimizer, MultiOptimizer):
        raise ValueError(
            f"{optimizer.name}: a MultiOptimizer has several learning rates, and the search finds one. Search with each "
            "of its optimizers alone (compile the model with it), then set `optimizer.optimizers[i].learning_rate`."
        )
    if not isinstance(optimizer, Optimizer):
        raise ValueError(
            f"The search for a learning rate needs an optimizer of schuss.optimizers, got {optimizer!r}: compile the "
            "model with one."
        )
    return optimizer


def copies_of(variables: list[Variable]) -> Copies:
    """The variables with copies of their values, each once."""
    return [(v, v.array.copy()) for v in {id(v): v for v in variables}.values()]


def put_back(copies: Copies) -> None:
    """Give variables their former values, in the memory that they have."""
    for variable, array in copies:
        np.copyto(variable.array, array)


@contextmanager
def kept(model: Any) -> Iterator[Variable]:
    """Within, the model may be trained, at the rate in the variable that is given; after, all is as it was.

    A schedule, or a function, is laid aside meanwhile. Steps that were compiled for an optimizer without memory, which it
    gets within, or for another rate, are not kept: those of before are back afterwards.

    Args:
        model: built and compiled.
    """
    optimizers = [model.optimizer]
    inner = innermost(model.optimizer)
    if inner is not model.optimizer:
        optimizers.append(inner)
    steps, random_state = model._steps, random.getstate()
    built, held = model.optimizer.built, inner._learning_rate
    attributes = [{name: _copied(value) for name, value in vars(o).items()} for o in optimizers]
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    generator = global_seed_generator().state
    copies = copies_of([*model.variables, *model.optimizer.variables, *metrics, generator])
    try:
        if not built or not isinstance(held, Variable):
            model._steps = Steps()
        if not isinstance(held, Variable):
            inner._take_learning_rate(0.0)
        elif inner.seeks_rate:
            inner.take_rate(0.0)
        yield inner._learning_rate
    finally:
        put_back(copies)
        for optimizer, before in zip(optimizers, attributes, strict=True):
            vars(optimizer).clear()
            vars(optimizer).update(before)
        model._steps = steps
        random.setstate(random_state)


def _copied(value: Any) -> Any:
    """Lists and dicts of an optimizer grow when it is built."""
    return value.copy() if type(value) in (list, dict, set) else value
