"""LearningRateScheduler: the learning rate as a function of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.callbacks.callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch, and adds it to the epoch's logs.

    Args:
        schedule: function of the epoch (int, from 0) and the present learning rate (float), or of the epoch
            alone, that returns the learning rate, a float.
        verbose: 0 or 1: say what is set.

    Example:
        >>> import schuss
        >>> halve = schuss.callbacks.LearningRateScheduler(lambda epoch, lr: lr if epoch < 10 else lr * 0.5)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for name, optimizer in optimizers_of(self.model).items():
            rate = self._rate(epoch, optimizer)
            optimizer.learning_rate = rate
            if self.verbose:
                print(
                    f"\nEpoch {epoch + 1}: LearningRateScheduler setting {name and name + ' '}learning rate to "
                    f"{rate}."
                )

    def _rate(self, epoch: int, optimizer: Any) -> float:
        present = float(np.asarray(optimizer.learning_rate))
        rate = self.schedule(epoch, present) if _takes_two(self.schedule) else self.schedule(epoch)
        array = np.asarray(rate)
        if array.dtype.kind != "f" or array.size != 1:
            raise ValueError(
                f"LearningRateScheduler: `schedule` must return a float, got {rate!r} for epoch {epoch}."
            )
        return array.item()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs.update(learning_rates_of(self.model))


def optimizers_of(model: Any) -> dict[str, Any]:
    """What has the model's learning rate: its optimizer, under the name ``""``; or the optimizers within a
    `MultiOptimizer`, by their names."""
    optimizer: Any = getattr(model, "optimizer", None)
    if hasattr(optimizer, "optimizers"):
        return {one.name: one for one in optimizer.optimizers}
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            f"The model's optimizer ({optimizer!r}) has no learning rate. Was the model compiled?"
        )
    return {"": optimizer}


def learning_rates_of(model: Any) -> dict[str, float]:
    """The learning rates, now, as logs: ``"learning_rate"``; of several optimizers ``"learning_rate_adam"``, …"""
    return {
        f"learning_rate_{name}" if name else "learning_rate": float(np.asarray(optimizer.learning_rate))
        for name, optimizer in optimizers_of(model).items()
    }


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a built-in function without a signature
        return True
    return True
