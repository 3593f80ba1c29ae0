"""TerminateOnNaN: an end when the loss is no number."""

from __future__ import annotations

import math

from schuss.callbacks.callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stops training when the loss becomes NaN or infinite.

    Args:
        raise_error: bool, False. True: raise a RuntimeError, so that no other callback's `on_train_end` is
            called.
    """

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"NaN or infinite loss at batch {batch}: {loss}. Training ends.")
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
