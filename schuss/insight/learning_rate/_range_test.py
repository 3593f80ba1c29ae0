"""The range test: a step at each rate, from very small to far too large, and what is read off the curve of the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from schuss.insight.learning_rate._runs import Runs

_SMOOTHING = 0.9
_AT_LEAST = 20  # steps before it may stop
_DIVERGED = 4.0  # times the least smoothed loss so far, as fastai has it
_SKIPPED = 10  # steps at the beginning, whose loss is the noise of the batches
_LAST = 5  # steps at the end, where it is diverging


@dataclass
class RangeTest:
    """The curve of the loss against the rate (Smith, 2015, "Cyclical learning rates", https://arxiv.org/abs/1506.01186).

    Attributes:
        rates: α of each step. losses: before each. smoothed: their exponential moving average, bias removed.
        diverged: whether the loss rose to several times its least.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    diverged: bool

    @property
    def minimum(self) -> float | None:
        """The rate of the least smoothed loss; fastai's rule "minimum" takes a tenth of it."""
        if not len(self.smoothed):
            return None
        return float(self.rates[int(np.argmin(self.smoothed))])

    @property
    def fell(self) -> bool:
        """Whether the smoothed loss fell below that of the first steps, which is the noise of the batches."""
        return len(self.smoothed) > 0 and int(np.argmin(self.smoothed)) >= _SKIPPED

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest, as fastai's rule "steep" has it; None if it never falls."""
        end = len(self.smoothed) - (_LAST if self.diverged else 0)
        part = self.smoothed[_SKIPPED:end]
        if len(part) < 2:
            return None
        slopes = np.gradient(part)
        at = int(np.argmin(slopes))
        return float(self.rates[_SKIPPED + at]) if slopes[at] < 0 else None


def range_test(runs: Runs, lowest: float, highest: float, steps: int) -> RangeTest:
    """Steps from the start with a rate that grows geometrically, until the loss diverges."""
    rates = np.geomspace(lowest, highest, steps)

    def seen(losses: list[float]) -> bool:
        return len(losses) > _AT_LEAST and has_diverged(smoothed(losses))

    found = runs.ramp(rates.tolist(), seen)
    curve = smoothed(found)
    diverged = len(found) < steps or not math.isfinite(found[-1])
    losses = np.array(found)
    finite = np.isfinite(losses)
    return RangeTest(rates[: len(losses)][finite], losses[finite], curve[finite], diverged)


def has_diverged(curve: np.ndarray) -> bool:
    """Whether the last smoothed loss is far above the least one, measured from below zero for losses that are negative."""
    least = float(curve.min())
    scale = max(abs(least), 1e-3 * float(np.abs(curve).max()))
    return bool(curve[-1] - least > (_DIVERGED - 1) * scale)


def smoothed(losses: list[float]) -> np.ndarray:
    """The exponential moving average, divided by the weight that it has so far."""
    curve, mean = np.empty(len(losses)), 0.0
    for i, loss in enumerate(losses):
        mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
        curve[i] = mean / (1 - _SMOOTHING ** (i + 1))
    return curve
