"""What a sweep over learning rates found: a row for each, a table, a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schuss.insight.learning_rate._printed import Printed
from schuss.insight.learning_rate._result import axes


@dataclass
class Swept:
    """The training with one rate.

    Attributes:
        rate: α. history: name → a value for each epoch: ``"loss"``, ``"val_loss"``, the metrics.
        status: ``"finished"``, ``"stopped after 3 epochs"``, ``"diverged in epoch 1"``.
    """

    rate: float
    history: dict[str, list[float]] = field(default_factory=dict)
    status: str = ""
    diverged: bool = False
    state: list[np.ndarray] | None = field(default=None, repr=False)

    @property
    def epochs(self) -> int:
        """How many it was trained for."""
        return len(next(iter(self.history.values()), []))

    @property
    def score(self) -> tuple[int, float]:
        """Less is better: by the loss that decides; those that were stopped come after all others, then what diverged."""
        losses = self.history.get("val_loss") or self.history.get("loss") or [math.inf]
        place = 2 if self.diverged else int(self.status.startswith("stopped"))
        return place, losses[-1] if math.isfinite(losses[-1]) else math.inf

    def add(self, logs: dict[str, float]) -> None:
        """An epoch is over."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        if not all(math.isfinite(logs[name]) for name in ("loss", "val_loss") if name in logs):
            self.diverged = True
            self.status = f"diverged in epoch {self.epochs}"

    def diverge(self) -> None:
        """The loss of the epoch under way became no number."""
        self.diverged = True
        self.status = f"diverged in epoch {self.epochs + 1}"


@dataclass
class Sweep(Printed):
    """Trainings with several learning rates. ``print`` shows a table, `plot` draws them.

    Attributes:
        rows: a `Swept` for each rate, in the order of the rates. optimizer: its class's name.
        validated: whether validation data decided; else the training loss.
        best_weights: those at the end of the best training, for ``model.set_weights``; None if all diverged.
    """

    rows: list[Swept]
    optimizer: str
    validated: bool
    best_weights: list[np.ndarray] | None = field(default=None, repr=False)

    @property
    def best(self) -> float:
        """The rate with the least (validation) loss at the end.

        Raises:
            ValueError: all of them diverged.
        """
        row = min(self.rows, key=lambda row: row.score)
        if row.diverged:
            raise ValueError(f"All rates diverged, the smallest of them {row.rate:g}: try smaller ones.")
        return row.rate

    def as_rows(self) -> list[dict[str, Any]]:
        """A dict for each rate: rate, epochs, status, and the last value of each loss and metric; for data frames."""
        return [
            {
                "learning_rate": row.rate,
                "epochs": row.epochs,
                "status": row.status,
                **{name: values[-1] for name, values in row.history.items()},
            }
            for row in self.rows
        ]

    def __rich__(self) -> RenderableType:
        names = list(dict.fromkeys(name for row in self.rows for name in row.history))
        table = Table(title=f"Learning rates for {self.optimizer}")
        for name in ("learning rate", "epochs", *names):
            table.add_column(name, justify="right")
        table.add_column("")
        best = min(self.rows, key=lambda row: row.score)
        for row in self.rows:
            is_best = row is best and not row.diverged
            cells = [f"{row.history[name][-1]:.4g}" if row.history.get(name) else "–" for name in names]
            status = f"{row.status}, best" if is_best else row.status
            table.add_row(
                f"{row.rate:.3g}", str(row.epochs), *cells, Text(status), style="bold" if is_best else ""
            )
        return table

    def plot(self, ax: Any = None) -> Any:
        """The loss of each epoch, a line for each rate.

        Args:
            ax: matplotlib's axes; default: of a new figure.

        Returns:
            The axes.

        Raises:
            ImportError: matplotlib is not there (``pip install schuss[plot]``).
        """
        ax = axes(ax, "Sweep.plot")
        name = "val_loss" if self.validated else "loss"
        count, shown = max(1, len(self.rows) - 1), []
        for i, row in enumerate(self.rows):
            values = row.history.get(name, [])
            shown += values
            style = "--" if row.diverged else "-"
            label = f"{row.rate:.3g}" + (", diverged" if row.diverged else "")
            colour = (i / count, 0.2, 1 - i / count)
            ax.plot(range(1, len(values) + 1), values, style, marker=".", color=colour, label=label)
        finite = [value for value in shown if math.isfinite(value)]
        if finite and min(finite) > 0:
            ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.set_ylabel(name)
        ax.set_title(f"{self.optimizer}: learning rates")
        ax.legend(title="learning rate", fontsize="small")
        return ax
