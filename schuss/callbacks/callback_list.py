"""CallbackList: many callbacks called as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schuss.callbacks.callback import Callback, Logs
from schuss.callbacks.history import History
from schuss.callbacks.progbar_logger import ProgbarLogger


def _of_batch(name: str) -> Callable[..., None]:
    """The hook `name` of every callback, for a batch."""

    def hook(self: CallbackList, batch: int, logs: Logs | None = None) -> None:
        logs = as_floats(logs)
        for callback in self.callbacks:
            getattr(callback, name)(batch, logs=logs)

    return hook


def _of_epoch(name: str) -> Callable[..., None]:
    """The hook `name` of every callback, for an epoch."""

    def hook(self: CallbackList, epoch: int, logs: Logs | None = None) -> None:
        logs = as_floats(logs)
        for callback in self.callbacks:
            getattr(callback, name)(epoch, logs)

    return hook


def _of_run(name: str) -> Callable[..., None]:
    """The hook `name` of every callback, for a whole run."""

    def hook(self: CallbackList, logs: Logs | None = None) -> None:
        logs = as_floats(logs)
        for callback in self.callbacks:
            getattr(callback, name)(logs)

    return hook


class CallbackList:
    """The callbacks of one run; it has their hooks, and calls all of them in order.

    All callbacks of one call get the same dict of logs, so what one adds (``"learning_rate"``), the next ones
    see.

    Args:
        callbacks: callbacks, also in lists within the list; or one callback, or None.
        add_history: bool, False. Add a `History` at the end, if there is none.
        add_progbar: bool, False. Add a `ProgbarLogger` at the end, if there is none.
        model: the model, given to all of them.
        **params: given to all of them as `params`.

    Attributes:
        callbacks: the list.
        history: its `History`, or None.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback] | Callback | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        self.callbacks: list[Any] = []
        self.params: dict[str, Any] = {}
        self.model: Any = None
        for callback in _flat(callbacks):
            self.append(callback)
        self.history: History | None = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end; it gets the model and the parameters of the others."""
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"A callback must be an instance of schuss.callbacks.Callback, got {callback!r}."
                + (f" Pass an object: {callback.__name__}(…)." if isinstance(callback, type) else "")
            )
        if self.model is not None:
            callback.set_model(self.model)
            callback.set_params(self.params)
        self.callbacks.append(callback)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)

    def __len__(self) -> int:
        return len(self.callbacks)

    @property
    def wants_train_batches(self) -> bool:
        """Whether some callback must be called for every training batch."""
        return self._wants("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")

    @property
    def wants_test_batches(self) -> bool:
        """Whether some callback must be called for every batch of evaluation."""
        return self._wants("on_test_batch_begin", "on_test_batch_end")

    @property
    def wants_predict_batches(self) -> bool:
        """Whether some callback must be called for every batch of prediction."""
        return self._wants("on_predict_batch_begin", "on_predict_batch_end")

    def _wants(self, *hooks: str) -> bool:
        return any(_wants(callback, hook) for callback in self.callbacks for hook in hooks)

    on_train_begin = _of_run("on_train_begin")
    on_train_end = _of_run("on_train_end")
    on_test_begin = _of_run("on_test_begin")
    on_test_end = _of_run("on_test_end")
    on_predict_begin = _of_run("on_predict_begin")
    on_predict_end = _of_run("on_predict_end")
    on_epoch_begin = _of_epoch("on_epoch_begin")
    on_epoch_end = _of_epoch("on_epoch_end")
    on_batch_begin = _of_batch("on_batch_begin")
    on_batch_end = _of_batch("on_batch_end")
    on_train_batch_begin = _of_batch("on_train_batch_begin")
    on_train_batch_end = _of_batch("on_train_batch_end")
    on_test_batch_begin = _of_batch("on_test_batch_begin")
    on_test_batch_end = _of_batch("on_test_batch_end")
    on_predict_batch_begin = _of_batch("on_predict_batch_begin")
    on_predict_batch_end = _of_batch("on_predict_batch_end")


def _flat(callbacks: Any) -> list[Any]:
    """The callbacks of a list, of lists within it, or the only one."""
    if callbacks is None:
        return []
    if isinstance(callbacks, (list, tuple)):
        return [callback for part in callbacks for callback in _flat(part)]
    if (
        isinstance(callbacks, Iterable)
        and not isinstance(callbacks, str)
        and not hasattr(callbacks, "on_epoch_end")
    ):
        return _flat(list(callbacks))
    return [callbacks]


def _wants(callback: Any, hook: str) -> bool:
    asked = getattr(callback, "wants", None)
    return asked(hook) if asked is not None else hasattr(callback, hook)


def as_floats(logs: Logs | None) -> Logs:
    """A new dict of logs, in which numbers and arrays of one element are Python floats; other values stay as
    they are."""
    return {key: _as_float(value) for key, value in (logs or {}).items()}


def _as_float(value: Any) -> Any:
    if isinstance(value, float):
        return value
    if isinstance(value, (bool, str)) or getattr(value, "ndim", 0) != 0:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
