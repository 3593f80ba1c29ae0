"""SwapEMAWeights: measuring, or saving, with the averages of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schuss.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in the weights' place while the model is evaluated or predicts.

    For optimizers with ``use_ema=True``. Afterwards the weights are what they were, and training goes on with
    them.

    Args:
        swap_on_epoch: bool, False. True: the averages are in the model from the end of each epoch to the
            beginning of the next, too: for a `ModelCheckpoint` after this callback in the list.

    Raises:
        ValueError: the optimizer keeps no averages.

    Example:
        >>> import schuss
        >>> optimizer = schuss.optimizers.SGD(0.1, use_ema=True)
        >>> callback = schuss.callbacks.SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._weights: list[tuple[Any, Any]] | None = None  # what the averages have taken the place of

    def _put_averages_in(self) -> None:
        if self._weights is not None:
            return
        pairs = list(self._pairs())
        self._weights = [(variable, variable.numpy()) for variable, _ in pairs]
        for variable, average in pairs:
            variable.assign(average.numpy())

    def _put_weights_back(self) -> None:
        for variable, weights in self._weights or ():
            variable.assign(weights)
        self._weights = None

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        """Each averaged variable with its average."""
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        averaging = [o for o in getattr(optimizer, "optimizers", [optimizer]) if getattr(o, "use_ema", False)]
        if not averaging:
            raise ValueError(
                "SwapEMAWeights: the model's optimizer keeps no averages. Make it with use_ema=True."
            )
        for one in averaging:
            yield from one.averages()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._weights = None

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._weights = None  # `fit` ends with the averages in the model

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._put_weights_back()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put_averages_in()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put_averages_in()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put_weights_back()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put_averages_in()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put_weights_back()
