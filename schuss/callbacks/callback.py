"""Callback: a user's hooks into training, evaluation and prediction."""

from __future__ import annotations

from typing import Any

Logs = dict[str, Any]


class Callback:
    """Base class of callbacks: override the hooks that matter, and pass an instance to
    ``fit(callbacks=[…])``.

    `logs` is a dict of floats: at the end of a batch the loss and the metrics so far in this epoch; at the
    end of an epoch those of the epoch, and of validation under ``val_…``. Setting ``self.model.stop_training
    = True`` ends training after the batch or epoch under way.

    A callback that overrides a batch hook makes training call Python once for every batch. Without one, whole
    epochs run in compiled code.

    Attributes:
        model: the model that is trained, evaluated or asked.
        params: dict with ``verbose``, ``epochs``, ``steps``.

    Example:
        >>> import schuss
        >>> class StopWhenGood(schuss.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         if logs["loss"] < 0.1:
        ...             self.model.stop_training = True
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self._model = model

    def wants(self, hook: str) -> bool:
        """Whether this callback has something to do in `hook`, for example ``"on_train_batch_end"``."""
        own = getattr(self, hook, None)
        return own is not None and getattr(own, "__func__", own) is not getattr(Callback, hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called at the beginning of training."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called at the end of training, with the last epoch's logs."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called at the beginning of an epoch (counted from 0) of training."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called at the end of an epoch of training, after validation."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch (counted from 0 in each epoch) of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of training."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called at the beginning of evaluation, also of validation within `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called at the end of evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called at the beginning of prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called at the end of prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of prediction; ``logs["outputs"]`` are the predictions."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
"""The names of all hooks."""
