"""ProgbarLogger: the line that shows how far training is, for loops of one's own."""

from __future__ import annotations

from typing import Any

from schuss.callbacks.callback import Callback, Logs
from schuss.utils._progress import Progress, progress_for


class ProgbarLogger(Callback):
    """Shows progress, the loss and the metrics on the screen.

    `fit`, `evaluate` and `predict` do so anyway, as their ``verbose`` says; there this callback adds nothing.
    It is for loops that call the hooks of a ``CallbackList(…, add_progbar=True)`` themselves.

    Attributes:
        seen: batches of the pass under way. target: how many there will be, None if that is not known.
        epochs, verbose: from `params`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.epochs = 0, 1
        self.target: int | None = None
        self.verbose: Any = 1
        self.is_shown = True
        self._in_training = False
        self._progress: Progress = Progress()

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        self.verbose = params.get("verbose", 1)
        self.epochs, self.target = params.get("epochs", 1), params.get("steps")

    def wants(self, hook: str) -> bool:
        return self.is_shown and super().wants(hook)

    def _begin(self, epoch: int = 0, epochs: int | None = None) -> None:
        self.seen = 0
        self._progress = progress_for(self.verbose, epochs) if self.is_shown else Progress()
        self._progress.begin(self.target, epoch)

    def _update(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        self._progress.update(self.seen, lambda: logs or {})

    def _end(self, logs: Logs | None) -> None:
        self._progress.end(self.seen or self.target or 0, logs or {})
        self._progress.close()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_training = False
        self._progress.close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begin(epoch, self.epochs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._end(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_training:  # validation says nothing
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_training:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_training:
            self._end(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._update(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._end(None)
