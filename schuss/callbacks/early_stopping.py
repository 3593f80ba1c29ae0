"""EarlyStopping: an end when nothing gets better."""

from __future__ import annotations

from typing import Any

from schuss.callbacks.callback import Logs
from schuss.callbacks.monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stops training when a quantity has not improved for `patience` epochs.

    Args:
        monitor: str, "val_loss".
        min_delta: float, 0: a change that is not larger is no improvement.
        patience: int, 0.
        verbose: 0 or 1: say so when it stops.
        mode: "auto", "min" or "max".
        baseline: float or None. Only improvements to better than it reset the patience.
        restore_best_weights: bool, False. At the end of training the model gets the weights of its best
            epoch.
        start_from_epoch: int, 0: epochs before it do not count.

    Attributes:
        stopped_epoch: the epoch at whose end it stopped training, 0 if it did not.
        best, best_epoch, best_weights: the best value, its epoch, and (with `restore_best_weights`) the
            weights then.

    Example:
        >>> import schuss
        >>> callback = schuss.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: Any = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()  # so that one instance serves several fits

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.direction()  # a quantity that cannot be judged is an error, even if it is missing
        value = self.get_monitor_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(
                epoch
            )  # if nothing ever improves, the first epoch's weights are the best there are
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
