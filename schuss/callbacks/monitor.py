"""What callbacks share that watch one quantity: is it there, and is more or less of it better?"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from schuss.callbacks.callback import Callback, Logs

_MORE = re.compile(
    "(^|_)(acc|accuracy|auc|precision|recall|f1|fbeta|iou|r2|similarity|specificity|sensitivity)(_|$)"
)
_LESS = re.compile(
    "loss$|(^|_)(loss|error|mse|mae|mape|msle|rmse|crossentropy|divergence|hinge|logcosh|poisson)(_|$)"
)


class MonitorCallback(Callback):
    """A callback that watches one quantity of the logs.

    Args:
        monitor: its name: ``"val_loss"``.
        mode: ``"min"``, ``"max"``, or ``"auto"``: as the model's metric of that name says, else by the name.
        min_delta: float ≥ 0: changes that are not larger are no improvement.

    Attributes:
        best: the best value so far, None before the first.
    """

    def __init__(self, monitor: str, mode: str = "auto", best: float | None = None, min_delta: float = 0.0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: `mode` must be 'auto', 'min' or 'max', got {mode!r}. Going on with "
                "'auto'.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor, self.mode, self.best = monitor, mode, best
        self.min_delta = abs(min_delta)
        self._direction: str | None = None

    def get_monitor_value(self, logs: Logs | None) -> Any:
        """The quantity's value; None, with a warning that names the present ones, if it is missing."""
        logs = logs or {}
        if self.monitor in logs:
            return logs[self.monitor]
        hint = " Pass validation data to fit." if self.monitor.startswith("val_") else ""
        warnings.warn(
            f"{type(self).__name__}: {self.monitor!r} is not available, so nothing is done. "
            f"Available: {', '.join(sorted(logs)) or 'nothing'}.{hint}",
            stacklevel=3,
        )
        return None

    def is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`; of nothing (None), any value
        is."""
        if reference is None:
            return True
        if self.direction() == "max":
            return bool(value - self.min_delta > reference)
        return bool(value + self.min_delta < reference)

    def direction(self) -> str:
        """``"max"`` if more of the quantity is better, ``"min"`` if less is."""
        if self.mode != "auto":
            return self.mode
        if self._direction is None:
            name = self.monitor.removeprefix("val_")
            self._direction = self._of_metric(name) or _of_name(name)
        if self._direction is None:
            raise ValueError(
                f"{type(self).__name__}: cannot tell from the name whether {self.monitor!r} is better when "
                "it is larger "
                "or smaller. Pass mode='max' or mode='min'."
            )
        return self._direction

    def _of_metric(self, name: str) -> str | None:
        for metric in _metrics(self.model):
            if getattr(metric, "name", None) == name:
                return {"up": "max", "down": "min"}.get(getattr(metric, "_direction", None) or "")
        return None


def _metrics(owner: Any) -> Iterator[Any]:
    """The metrics of a model, and those inside of containers of metrics."""
    for metric in getattr(owner, "metrics", None) or ():
        yield metric
        yield from _metrics(metric)


def _of_name(name: str) -> str | None:
    if _LESS.search(name.lower()):
        return "min"
    return "max" if _MORE.search(name.lower()) else None
