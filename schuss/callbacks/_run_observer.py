"""RunObserver: a callback that looks on between runs of many steps, and is told the loss of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.callbacks.callback import Callback


class RunObserver(Callback):
    """Base of callbacks that want to know of every step, and yet not be called for it.

    A run is as many steps as are made in compiled code at once. With such a callback the compiled step also
    keeps its loss, so that a run tells the losses of all its steps.
    """

    @property
    def run_length(self) -> int | None:
        """The most steps of the next run. None: as many as there are."""
        return None

    def on_run_begin(self, done: int, structure: Any, rows: np.ndarray) -> None:
        """Called before a run of training.

        Args:
            done: steps made before, in this epoch.
            structure: ``(x, y, sample_weight)``, nested structures of arrays, as the step takes them.
            rows: numbers of the rows that the run's first batch consists of.
        """

    def on_run_end(self, done: int, losses: np.ndarray, failed: bool) -> None:
        """Called after a run of training.

        Args:
            done: steps made, in this epoch. losses: of each step of the run, in order; empty if the model's own
                `train_step` returns no loss. failed: whether the run ended with a loss that is no number.
        """
