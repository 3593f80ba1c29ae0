"""Progbar: the progress of a loop of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from schuss.utils._progress import Progress, progress_for


class Progbar:
    """Shows how far a loop is, with figures beside it. It looks like that of `fit`.

    Args:
        target: the number of steps; None: not known.
        width: taken for Keras's sake; the bar takes the room that the line leaves it.
        verbose: 0: nothing is shown; 1 (default): a live line where there is a terminal or notebook, else as 2; 2: one
            line at the end.
        interval: taken for Keras's sake; the line is drawn ten times a second.
        stateful_metrics: names of figures to show as they are; of others the mean over all steps is shown.
        stateless_metrics: instead of `stateful_metrics`: names of those whose mean is shown.
        unit_name: taken for Keras's sake.

    Example:
        >>> import schuss
        >>> bar = schuss.utils.Progbar(3, verbose=0)
        >>> for step, loss in enumerate([3.0, 2.0, 1.0], start=1):
        ...     bar.update(step, [("loss", loss)])
        >>> bar.figures
        {'loss': 2.0}
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: Any = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar: only one of `stateful_metrics` and `stateless_metrics` can be given: it names the figures "
                "that are no means, or those that are."
            )
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._sums: dict[str, tuple[float, int]] = {}
        self._seen = 0
        self._progress: Progress | None = None

    @property
    def figures(self) -> dict[str, float]:
        """What is shown beside the bar."""
        return {name: total / count for name, (total, count) in self._sums.items()}

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """`current` steps have been made.

        Args:
            current: int. values: pairs (name, figure of the last step).
            finalize: whether the loop is over. Default: if `current` has reached the target.
        """
        if self._progress is None:
            self._progress = progress_for(self.verbose)
            self._progress.begin(self.target)
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            value = float(np.mean(value))
            total, count = self._sums.get(name, (0.0, 0)) if self._is_mean(name) else (0.0, 0)
            counted = steps if self._is_mean(name) else 1
            self._sums[name] = (total + value * counted, count + counted)
        self._seen = current
        over = finalize if finalize is not None else self.target is not None and current >= self.target
        if over:
            self._progress.end(current, self.figures)
            self._progress.close()
            self._progress = None
        else:
            self._progress.update(current, lambda: self.figures)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """`n` more steps have been made."""
        self.update(self._seen + n, values)

    def _is_mean(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())
