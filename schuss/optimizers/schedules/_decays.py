"""Learning rates that fall. α₀ is `initial_learning_rate`, s the step; results are floatx scalars (arrays for
arrays). Where a highest rate is ``"auto"``, `fit` finds it at its start; it is NaN until then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from schuss import ops
from schuss.graph import floatx
from schuss.optimizers import _checks
from schuss.optimizers.schedules._schedule import LearningRateSchedule


class _Decay(LearningRateSchedule):
    """What the decays share: arguments are kept under their names, and those in `_arguments` make the config. The one that
    `_highest` names is the rate from which the others follow, and may be ``"auto"``."""

    _arguments: tuple[str, ...] = ()
    _highest = "initial_learning_rate"

    @property
    def seeks_rate(self) -> bool:
        return _is_sought(getattr(self, self._highest, None))

    def take_rate(self, rate: float) -> None:
        setattr(self, self._highest, rate)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in self._arguments}

    def _check(self, name: str, **limits: Any) -> None:
        _checks.number(self, name, getattr(self, name), **limits)

    def _check_highest(self) -> None:
        """The rate that may be sought."""
        if not self.seeks_rate:
            self._check(self._highest)

    @property
    def _peak(self) -> float:
        """That rate as a number."""
        return math.nan if self.seeks_rate else getattr(self, self._highest)


class ExponentialDecay(_Decay):
    """``α₀ · decay_rate ^ (s / decay_steps)``

    Args:
        initial_learning_rate: float, α₀, or ``"auto"``.
        decay_steps: number > 0.
        decay_rate: float ≥ 0.
        staircase: bool, False. If True, s / decay_steps is rounded down.
        name: str, "ExponentialDecay".

    Example:
        >>> from schuss.optimizers.schedules import ExponentialDecay
        >>> [round(float(ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(s)), 3) for s in (0, 10, 20)]
        [0.1, 0.05, 0.025]
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float | str,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name
        self._check_highest()
        self._check("decay_steps", without_low=True)
        self._check("decay_rate")

    def __call__(self, step: Any) -> Any:
        periods = _periods(step, self.decay_steps, self.staircase)
        return ops.multiply(self._peak, ops.power(ops.cast(self.decay_rate, floatx()), periods))


class InverseTimeDecay(_Decay):
    """``α₀ / (1 + decay_rate · s / decay_steps)``

    Args:
        initial_learning_rate: float, α₀, or ``"auto"``.
        decay_steps: number > 0.
        decay_rate: float ≥ 0.
        staircase: bool, False. If True, s / decay_steps is rounded down.
        name: str, "InverseTimeDecay".
    """

    _arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float | str,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name
        self._check_highest()
        self._check("decay_steps", without_low=True)
        self._check("decay_rate")

    def __call__(self, step: Any) -> Any:
        periods = _periods(step, self.decay_steps, self.staircase)
        return ops.true_divide(self._peak, ops.add(1.0, ops.multiply(self.decay_rate, periods)))


class PiecewiseConstantDecay(_Decay):
    """``values[i]`` for ``boundaries[i-1] < s ≤ boundaries[i]``, and ``values[-1]`` after the last boundary.

    Args:
        boundaries: n increasing steps.
        values: n + 1 learning rates.
        name: str, "PiecewiseConstant".

    Raises:
        ValueError: another number of values; boundaries that do not increase.

    Example:
        >>> from schuss.optimizers.schedules import PiecewiseConstantDecay
        >>> [round(float(PiecewiseConstantDecay([2, 4], [1.0, 0.5, 0.1])(s)), 1) for s in (0, 2, 3, 4, 5)]
        [1.0, 1.0, 0.5, 0.5, 0.1]
    """

    _arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        self.boundaries, self.values, self.name = list(boundaries), list(values), name
        if len(self.boundaries) != len(self.values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: `values` must have one element more than `boundaries`, got "
                f"{len(self.boundaries)} boundaries and {len(self.values)} values."
            )
        if any(b <= a for a, b in zip(self.boundaries, self.boundaries[1:])):
            raise ValueError(f"PiecewiseConstantDecay: `boundaries` must increase, got {self.boundaries}.")
        for value in self.values:
            _checks.number(self, "values", value)

    def __call__(self, step: Any) -> Any:
        step = ops.convert_to_tensor(step)
        rate = ops.cast(self.values[-1], floatx())
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1])):
            rate = ops.where(ops.less_equal(step, boundary), ops.cast(value, floatx()), rate)
        return rate


class PolynomialDecay(_Decay):
    """``(α₀ − end) · (1 − s / decay_steps) ^ power + end``, s at most decay_steps.

    Args:
        initial_learning_rate: float, α₀, or ``"auto"``.
        decay_steps: number > 0.
        end_learning_rate: float, 0.0001.
        power: float, 1.0 (a straight line).
        cycle: bool, False. If True, decay_steps is multiplied by the first whole number that makes it at
            least s, so that the rate rises again after each decay_steps.
        name: str, "PolynomialDecay".
    """

    _arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float | str,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name
        self._check_highest()
        self._check("decay_steps", without_low=True)
        self._check("end_learning_rate")
        self._check("power", low=-math.inf)

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, floatx())
        if self.cycle:
            periods = ops.maximum(ops.ceil(ops.true_divide(step, self.decay_steps)), 1.0)
            done = ops.true_divide(step, ops.multiply(periods, self.decay_steps))
        else:
            done = ops.true_divide(ops.minimum(step, float(self.decay_steps)), self.decay_steps)
        left = ops.power(ops.subtract(1.0, done), float(self.power))
        return ops.add(ops.multiply(self._peak - self.end_learning_rate, left), self.end_learning_rate)


class CosineDecay(_Decay):
    """Half a cosine from α₀ down to alpha · α₀; before it, if wished, a straight line up to `warmup_target`.

    With ``f = min(s', decay_steps) / decay_steps``: ``peak · ((1 − alpha) · (1 + cos πf) / 2 + alpha)``.
    Without warm-up peak = α₀ and s' = s. With warm-up peak = warmup_target, s' = s − warmup_steps, and for s
    < warmup_steps the rate is ``α₀ + (warmup_target − α₀) · s / warmup_steps``. Loshchilov & Hutter,
    https://arxiv.org/abs/1608.03983

    Args:
        initial_learning_rate: float, α₀; without warm-up also ``"auto"``.
        decay_steps: number > 0.
        alpha: float, 0.0: the end, as a fraction of the peak.
        name: str, "CosineDecay".
        warmup_target: float, ``"auto"`` or None (no warm-up).
        warmup_steps: number ≥ 0, 0.
    """

    _arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float | str,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | str | None = None,
        warmup_steps: float = 0,
    ):
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps
        if warmup_target is not None:
            self._highest = "warmup_target"
            self._check("initial_learning_rate")
        self._check_highest()
        self._check("decay_steps", without_low=True)
        self._check("alpha")
        self._check("warmup_steps")

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, floatx())
        if self.warmup_target is None:
            return ops.multiply(self._peak, self._fall(step))
        fall = ops.multiply(self._peak, self._fall(ops.subtract(step, float(self.warmup_steps))))
        if not self.warmup_steps:
            return fall
        slope = (self._peak - float(self.initial_learning_rate)) / self.warmup_steps
        rise = ops.add(ops.multiply(step, slope), self.initial_learning_rate)
        return ops.where(ops.less(step, float(self.warmup_steps)), rise, fall)

    def _fall(self, step: Any) -> Any:
        done = ops.true_divide(ops.minimum(step, float(self.decay_steps)), self.decay_steps)
        return _half_cosine(done, self.alpha)


class CosineDecayRestarts(_Decay):
    """Half cosines one after the other: period i lasts ``first_decay_steps · t_mul^i`` steps and starts at
    ``α₀ · m_mul^i``.

    With f the fraction of the period that has passed: ``α₀ · ((1 − alpha) · m_mul^i · (1 + cos πf) / 2 +
        alpha)``.
    Loshchilov & Hutter, https://arxiv.org/abs/1608.03983

    Args:
        initial_learning_rate: float, α₀, or ``"auto"``.
        first_decay_steps: number > 0.
        t_mul: float > 0, 2.0.
        m_mul: float ≥ 0, 1.0.
        alpha: float, 0.0: the end of each period, as a fraction of α₀.
        name: str, "SGDRDecay".
    """

    _arguments = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float | str,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name
        self._check_highest()
        self._check("first_decay_steps", without_low=True)
        self._check("t_mul", without_low=True)
        self._check("m_mul")
        self._check("alpha")

    def __call__(self, step: Any) -> Any:
        done = ops.true_divide(
            ops.cast(step, floatx()), self.first_decay_steps
        )  # in lengths of the first period
        if self.t_mul == 1.0:
            period = ops.floor(done)
            done = ops.subtract(done, period)
        else:
            # Period i begins at 1 + t + … + t^(i-1) = (1 − tⁱ) / (1 − t); solved for i and rounded down.
            t = self.t_mul
            period = ops.floor(
                ops.true_divide(ops.log(ops.subtract(1.0, ops.multiply(done, 1.0 - t))), math.log(t))
            )
            length = ops.power(ops.cast(t, floatx()), period)
            begin = ops.true_divide(ops.subtract(1.0, length), 1.0 - t)
            done = ops.true_divide(ops.subtract(done, begin), length)
        height = ops.power(ops.cast(self.m_mul, floatx()), period)
        return ops.multiply(self._peak, _half_cosine(done, self.alpha, height))


def _is_sought(rate: Any) -> bool:
    return isinstance(rate, str) and rate == "auto"


def _periods(step: Any, length: float, whole: bool) -> Any:
    periods = ops.true_divide(ops.cast(step, floatx()), length)
    return ops.floor(periods) if whole else periods


def _half_cosine(done: Any, alpha: float, height: Any = 1.0) -> Any:
    """``(1 − alpha) · height · (1 + cos π·done) / 2 + alpha``"""
    cosine = ops.add(1.0, ops.cos(ops.multiply(done, math.pi)))
    return ops.add(ops.multiply(ops.multiply(cosine, height), 0.5 * (1.0 - alpha)), alpha)
