"""ReduceLROnPlateau: smaller steps when nothing gets better."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.callbacks.callback import Logs
from schuss.callbacks.learning_rate_scheduler import learning_rates_of, optimizers_of
from schuss.callbacks.monitor import MonitorCallback


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a quantity has not improved for `patience` epochs.

    The learning rate is added to the epoch's logs as ``"learning_rate"``.

    Args:
        monitor: str, "val_loss".
        factor: float < 1, 0.1.
        patience: int, 10.
        verbose: 0 or 1: say so when it happens.
        mode: "auto", "min" or "max".
        min_delta: float, 0.0001: a change that is not larger is no improvement.
        cooldown: int, 0: epochs to wait after a reduction before counting again.
        min_lr: float, 0.0: the learning rate does not fall below.

    Raises:
        ValueError: factor ≥ 1.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: `factor` must be less than 1, got {factor}.")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self._reset()

    def _reset(self) -> None:
        self.best: Any = None
        self.cooldown_counter = self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        self.direction()  # a quantity that cannot be judged is an error, even if it is missing
        value = self.get_monitor_value(logs)
        logs.update(learning_rates_of(self.model))
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        for name, optimizer in optimizers_of(self.model).items():
            rate = float(np.asarray(optimizer.learning_rate))
            if rate <= np.float32(self.min_lr):
                continue
            rate = max(rate * self.factor, self.min_lr)
            optimizer.learning_rate = rate
            self.cooldown_counter, self.wait = self.cooldown, 0
            if self.verbose:
                print(
                    f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing {name and name + ' '}learning rate to "
                    f"{rate}."
                )

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0
