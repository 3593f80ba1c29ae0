"""History: the logs of all epochs."""

from __future__ import annotations

from typing import Any

from schuss.callbacks.callback import Callback, Logs


class History(Callback):
    """What `fit` returns: the logs of every epoch.

    Attributes:
        epoch: list of the epochs' numbers.
        history: dict from name to the list of its values: ``history.history["val_loss"]``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self
