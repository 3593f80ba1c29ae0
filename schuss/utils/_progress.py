"""Progress of training on the screen: a line that lives in a terminal or notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.config import is_interactive_logging_enabled

_REFRESH = 0.1  # seconds between two pictures of the line
_BAR, _SHORTEST_BAR = 24, 6  # characters


class Progress:
    """What `fit`, `evaluate` and `predict` tell about their progress. This one is silent.

    Args:
        epochs: how many there will be; None for a single pass.
        rate: function that gives the learning rate, or None.
    """

    def __init__(self, epochs: int | None = None, rate: Callable[[], float | None] | None = None):
        self.epochs, self.rate = epochs, rate
        self.epoch, self.total = 0, None
        self._start = 0.0

    def begin(self, total: int | None, epoch: int = 0) -> None:
        """A pass of `total` steps (None if that is not known) begins."""
        self.epoch, self.total, self._start = epoch, total, time.perf_counter()

    def update(self, done: int, logs: Callable[[], dict[str, Any]]) -> None:
        """`done` steps have been made; `logs` is called only if there is something to show."""

    def end(self, done: int, logs: dict[str, Any]) -> None:
        """The pass is over."""

    def close(self) -> None:
        """Leave the screen in order, also after an error."""

    # The parts of a line

    def _title(self) -> str:
        width = len(str(self.epochs))
        return "" if self.epochs is None else f"Epoch {self.epoch + 1:>{width}}/{self.epochs}"

    def _pace(self, done: int) -> str:
        return f"{duration((time.perf_counter() - self._start) / done)}/step" if done else ""

    def _values(self, logs: dict[str, Any]) -> dict[str, Any]:
        """The loss first, then the metrics, then the learning rate."""
        order = sorted(logs, key=lambda name: (name.startswith("val_"), name not in ("loss", "val_loss")))
        values = {name: logs[name] for name in order}
        rate = values.pop("learning_rate", None)
        if rate is None and self.rate is not None:
            rate = self.rate()
        return values if rate is None else {**values, "learning_rate": rate}


class PlainProgress(Progress):
    """One line for each epoch, when it is over: for files, and for ``verbose=2``."""

    def end(self, done: int, logs: dict[str, Any]) -> None:
        seconds = time.perf_counter() - self._start
        values = [f"{name}: {number(value)}" for name, value in self._values(logs).items()]
        parts = [self._title(), f"{done}/{self.total or done}", f"{seconds:.1f}s", self._pace(done), *values]
        self._say(" - ".join(part for part in parts if part))

    def _say(self, line: str) -> None:
        print(line, flush=True)


class LoggedProgress(PlainProgress):
    """The same lines, told to the logger named "schuss"."""

    def _say(self, line: str) -> None:
        import logging

        logging.getLogger("schuss").info(line)


class LiveProgress(Progress):
    """A line that is drawn again and again. Subclasses say how it is shown."""

    def __init__(self, epochs: int | None = None, rate: Callable[[], float | None] | None = None):
        super().__init__(epochs, rate)
        self._drawn = 0.0

    def update(self, done: int, logs: Callable[[], dict[str, Any]]) -> None:
        now = time.perf_counter()
        if now - self._drawn >= _REFRESH:
            self._drawn = now
            self._show(self._line(done, logs() if done else {}, over=False))

    def end(self, done: int, logs: dict[str, Any]) -> None:
        self._keep(self._line(done, logs, over=True))

    def _line(self, done: int, logs: dict[str, Any], over: bool) -> str:
        seconds = time.perf_counter() - self._start
        clock = f"{clock_time(seconds)}"
        if not over and self.total and done:
            clock = f"{clock_time(seconds / done * (self.total - done))} left"
        pace = self._pace(done)
        values = [f"{_short(name)} {number(value)}" for name, value in self._values(logs).items()]
        counted = f"{done}/{self.total}" if self.total else f"{done}"
        parts = [part for part in (self._title(), counted, clock, pace, *values) if part]
        bar = _BAR
        if not over:  # where the line is too long, the bar gives way, then the pace, then the learning rate
            rates = [value for value in values if value.startswith("lr ")]
            for given_up in ([], [pace], [pace, *rates]):
                shown = [part for part in parts if part not in given_up]
                bar = self._room() - sum(len(part) + 2 for part in shown)
                if bar >= _SHORTEST_BAR:
                    break
            parts, bar = shown, max(_SHORTEST_BAR, min(_BAR, bar))
        place = 1 if self._title() else 0
        parts[place:place] = [part for part in [self._bar(done, over, bar)] if part]
        return "  ".join(parts)

    def _bar(self, done: int, over: bool, width: int) -> str:
        if not self.total and not over:
            return ""
        full = width if over else round(width * min(1.0, done / (self.total or 1)))
        return "━" * full + "╺" * (full < width) + "─" * (width - full - 1)

    def _room(self) -> int:
        """How many characters a line may have."""
        return sys.maxsize

    def _show(self, line: str) -> None:
        raise NotImplementedError

    def _keep(self, line: str) -> None:
        raise NotImplementedError


class TerminalProgress(LiveProgress):
    """In a terminal, with rich: what callbacks print meanwhile appears above the line."""

    def __init__(self, epochs: int | None = None, rate: Callable[[], float | None] | None = None):
        from rich.console import Console

        super().__init__(epochs, rate)
        self._console = Console(highlight=False, soft_wrap=False)
        self._live: Any = None

    def _room(self) -> int:
        return self._console.width

    def _show(self, line: str) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(self._colored(line, no_wrap=True), refresh=True)

    def _keep(self, line: str) -> None:
        self.close()
        self._console.print(self._colored(line, no_wrap=False))

    def _colored(self, line: str, no_wrap: bool) -> Any:
        from rich.text import Text

        text = Text(line, no_wrap=no_wrap, overflow="ellipsis" if no_wrap else "fold")
        text.highlight_regex("━+", "green")
        text.highlight_regex("[╺─]+", "bright_black")
        return text

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class NotebookProgress(LiveProgress):
    """In a notebook: one output for each epoch, replaced while it goes on."""

    _handle: Any = None

    def begin(self, total: int | None, epoch: int = 0) -> None:
        super().begin(total, epoch)
        self._handle = None

    def _show(self, line: str) -> None:
        from IPython.display import display

        data = {"text/plain": line}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    _keep = _show


def progress_for(
    verbose: Any, epochs: int | None = None, rate: Callable[[], float | None] | None = None
) -> Progress:
    """The progress that `verbose` asks for.

    Args:
        verbose: 0: none; 1 or ``"auto"``: a live line where there is a terminal or notebook, else as 2; 2: a
            line for each epoch. After `disable_interactive_logging` these lines go to the logger.

    Raises:
        ValueError: something else.
    """
    if verbose not in (0, 1, 2, "auto", True, False):
        raise ValueError(f"`verbose` must be 0, 1, 2 or 'auto', got {verbose!r}.")
    if verbose == 0:
        return Progress(epochs, rate)
    if not is_interactive_logging_enabled():
        return LoggedProgress(epochs, rate)
    if verbose != 2:
        if _in_notebook():
            return NotebookProgress(epochs, rate)
        if getattr(sys.stdout, "isatty", lambda: False)():
            return TerminalProgress(epochs, rate)
    return PlainProgress(epochs, rate)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def duration(seconds: float) -> str:
    """``0.000098`` → ``"98us"``; ``0.0123`` → ``"12.3ms"``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            value = seconds / size
            return f"{value:.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"
    return f"{seconds * 1e6:.0f}us"


def clock_time(seconds: float) -> str:
    """``75`` → ``"1:15"``; below ten seconds with a decimal: ``"2.4s"``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def number(value: Any) -> str:
    """A figure with four decimals, small ones in powers of ten, as Keras shows them."""
    array = np.asarray(value)
    if array.size != 1:
        return str(array)
    scalar = float(array.reshape(()))
    return f"{scalar:.4f}" if abs(scalar) >= 1e-3 or scalar == 0 else f"{scalar:.4e}"


def _short(name: str) -> str:
    return "lr" if name == "learning_rate" else name
