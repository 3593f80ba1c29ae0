"""Where the trials begin: what curvature and slope at the start say about the rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.insight.learning_rate._curvature import eigenvalue, stability
from schuss.insight.learning_rate._range_test import RangeTest
from schuss.insight.learning_rate._runs import Blocks, Runs
from schuss.optimizers import SGD, Adadelta, Adagrad, Ftrl

# These numbers were chosen on the problems of docs/learning-rate.md, which says how.
_OF_BOUND = 0.2  # of the bound for one step, for descent by gradients
_OF_DISTANCE = 0.12  # of the step that would reach loss 0, for preconditioned optimizers
_OF_MINIMUM = 0.1  # of the range test's minimum, where nothing else is known
_EXPONENT = 0.5
_MOST_PRODUCTS = 20
_SLOTS = 10  # steps of rate 0 that fill the optimizer's averages of gradients

# Their steps get shorter as gradients do (or as their sums grow); those of all others have one length.
_SHRINKING = (SGD, Adagrad, Adadelta, Ftrl)


@dataclass
class Beginning:
    """What is known before the trials.

    Attributes:
        rate: α to begin with, for a training of the planned length.
        exponent: the best rate is proportional to (steps)^-exponent.
        sharpness: λ_max, of the (preconditioned) Hessian; bound: α up to which the optimizer is stable there; None where
            that is not known. formula: of the bound. words: all of this for people. products: with the Hessian.
    """

    rate: float
    exponent: float
    sharpness: float | None = None
    bound: float | None = None
    formula: str = ""
    words: list[str] = field(default_factory=list)
    products: int = 0


def exponent_of(optimizer: Any) -> float:
    """How the best rate falls with the number of steps. Where steps have one length, as Adam's, they have to be the shorter
    the more of them there are: by 1/√T (Zinkevich, 2003; so does Adam's theory). Gradients shrink by themselves."""
    return 0.0 if isinstance(optimizer, _SHRINKING) else _EXPONENT


def beginning(runs: Runs, optimizer: Any, test: RangeTest, objective: Blocks | None) -> Beginning:
    """The beginning for an optimizer.

    Args:
        runs: at the start. optimizer: the innermost one, built. test: the range test. objective: J on some rows; None where
            the model's loss cannot be evaluated apart from its step.
    """
    if objective is None:
        return _by_range_test(
            optimizer, test, "the loss cannot be evaluated apart from the model's own train_step"
        )
    known = stability(optimizer, objective.weights)
    if known is None:
        why = f"no bound of stability is known for {type(optimizer).__name__}"
        return _by_range_test(optimizer, test, why)
    runs.begin()
    try:
        if known.scales is not None:
            runs.ramp([0.0] * _SLOTS, lambda losses: False)
        return _by_curvature(optimizer, known, objective, test)
    except (NotImplementedError, TypeError, ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
        return _by_range_test(optimizer, test, f"the curvature cannot be had ({error})")
    finally:
        runs.begin()


def bound_now(optimizer: Any, begin: Beginning, objective: Blocks | None) -> tuple[float | None, int]:
    """The bound of stability at the present weights, where it was known at the start, and the products it took."""
    known = (
        stability(optimizer, objective.weights) if objective is not None and begin.bound is not None else None
    )
    if objective is None or known is None:
        return None, 0
    found = eigenvalue(objective, known.scales() if known.scales else None, _MOST_PRODUCTS, tolerance=0.1)
    return (known.factor / found.value if found.value > 0 else None), found.products


def _by_range_test(optimizer: Any, test: RangeTest, why: str) -> Beginning:
    least = test.minimum
    rate = float(optimizer._learning_rate.array) if least is None else least * _OF_MINIMUM
    words = [f"Trials begin at a tenth of the range test's minimum, {number(rate)}: {why}."]
    return Beginning(rate, exponent_of(optimizer), words=words)


def _by_curvature(optimizer: Any, known: Any, objective: Blocks, test: RangeTest) -> Beginning:
    """The bound of stability, and from it, or from the slope, where trials begin."""
    scales = known.scales() if known.scales else None
    found = eigenvalue(objective, scales, _MOST_PRODUCTS, tolerance=0.1)
    name, exponent = type(optimizer).__name__, exponent_of(optimizer)
    if not found.value > 0:
        made = _by_range_test(
            optimizer, test, f"the loss does not curve upwards (λ_max = {number(found.value)})"
        )
        made.sharpness, made.products = found.value, found.products
        return made
    bound = known.factor / (found.value + float(optimizer.weight_decay or 0))
    which = "Hessian" if scales is None else f"Hessian, as {name} scales the weights,"
    words = [
        f"The {which} has λ_max = {number(found.value)} at the start ({found.products} products with it): there {name} is "
        f"stable up to {known.formula} = {number(bound)}."
    ]
    momentum = float(getattr(optimizer, "momentum", 0.0))
    if scales is None:
        rate = _OF_BOUND * 2 * (1 - momentum) / found.value
        what = "2(1−μ)/λ" if momentum else "2/λ"
        words.append(
            f"Batches are noisy, and curvature grows in training: trials begin at {_OF_BOUND:g} · {what} = {number(rate)}."
        )
        return Beginning(rate, exponent, found.value, bound, known.formula, words, found.products)
    reach = _reach(objective, scales)
    if reach is None:
        made = _by_range_test(optimizer, test, "the slope at the start says nothing")
        words += made.words
        return Beginning(made.rate, exponent, found.value, bound, known.formula, words, found.products)
    rate = _OF_DISTANCE * reach * (1 - momentum)
    words.append(
        f"Along {name}'s first direction the loss would be 0, if it went on falling, at a rate of {number(reach)}: trials "
        f"begin at {_OF_DISTANCE:g} of that, {number(rate)}."
    )
    return Beginning(rate, exponent, found.value, bound, known.formula, words, found.products)


def _reach(objective: Blocks, scales: list[np.ndarray]) -> float | None:
    """J / (gᵀ P⁻¹ g): Polyak's step in the preconditioner's metric; None where it is no positive number."""
    loss, gradient = objective.gradient()
    slope = sum(float(np.sum(np.square(g, dtype=np.float64) / p)) for g, p in zip(gradient, scales))
    reach = loss / slope if slope > 0 else math.nan
    return reach if math.isfinite(reach) and reach > 0 else None


def number(value: float) -> str:
    """With two digits, as people say it."""
    return f"{value:.2g}"
