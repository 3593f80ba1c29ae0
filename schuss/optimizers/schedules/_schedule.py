"""LearningRateSchedule: the learning rate as a function of the step."""

from __future__ import annotations

from typing import Any


class LearningRateSchedule:
    """Base class: a learning rate that depends on the step.

    A subclass defines ``__call__(step)``, where `step` is an integer scalar (0 in the first step), with
    `schuss.ops` or operators, so that it can be compiled; and `get_config`, if it is to be saved. One whose rate may be
    found at the start of `fit` also defines `seeks_rate` and `take_rate`.

    Example:
        >>> import schuss
        >>> class Harmonic(schuss.optimizers.schedules.LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...     def __call__(self, step):
        ...         return self.start / (schuss.ops.cast(step, "float32") + 1.0)
        ...     def get_config(self):
        ...         return {"start": self.start}
        >>> optimizer = schuss.optimizers.SGD(Harmonic(0.5))
        >>> float(optimizer.learning_rate)
        0.5
    """

    @property
    def seeks_rate(self) -> bool:
        """Whether its highest rate is ``"auto"``, and has not been found yet."""
        return False

    def take_rate(self, rate: float) -> None:
        """The highest rate, found."""
        raise NotImplementedError(f"{type(self).__name__} does not define `take_rate(rate)`.")

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define `__call__(step)`.")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define `get_config`, so it cannot be saved."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule that `get_config` describes."""
        return cls(**config)
