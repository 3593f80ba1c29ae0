"""What a search for the learning rate found: numbers, words, a picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schuss.insight.learning_rate._beginning import number
from schuss.insight.learning_rate._printed import Printed
from schuss.insight.learning_rate._runs import Probe


@dataclass
class LearningRate(Printed):
    """The learning rate by experiment. ``print`` shows it, `plot` draws it; ``float(…)`` is the suggestion.

    Attributes:
        suggestion: α to train with, of a schedule the highest. optimizer: for which: its class's name. planned: steps of
            that training. schedule: its class's name; None where the rate stays.
        highest_stable: the highest α that a trial went through, or that curvature allows, at the start or where the best
            trial ended; below all at which trials failed, never below the suggestion; None if nothing says.
        rates, losses, smoothed: the range test: α of each step, the batch's loss before it, and its moving average.
        steepest, minimum: α where the smoothed loss fell fastest, and where it was least (fastai's rules are "steepest" and
            a tenth of "minimum"); None where the curve does not say.
        sharpness: λ_max of the Hessian at the start (as the optimizer scales the weights); bound: up to which α steps with
            all rows at once are stable there, by `formula`; a suggestion may be above it, where curvature falls in
            training; None where that is not known.
        trials: the short trainings: each with `rate`, `steps` and `losses`.
        reasons: sentences. steps: training steps made. products: with the Hessian. seconds: all of it took so long.
    """

    suggestion: float
    optimizer: str
    planned: int
    highest_stable: float | None
    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    steepest: float | None
    minimum: float | None
    sharpness: float | None
    bound: float | None
    formula: str
    trials: list[Probe]
    reasons: list[str] = field(default_factory=list)
    schedule: str | None = None
    steps: int = 0
    products: int = 0
    seconds: float = 0.0

    def __float__(self) -> float:
        return self.suggestion

    @property
    def line(self) -> str:
        """The most important in a line."""
        highest = self.highest_stable
        how = "in trials" if any(trial.rate == highest for trial in self.trials) else "by curvature"
        stable = "" if highest is None else f", stable up to {number(highest)} {how}"
        cost = f"found in {self.steps} steps, {self.seconds:.1f} s"
        of = "" if self.schedule is None else f" of {self.schedule}"
        rate = f"{self.suggestion:g}" if self.schedule is None else f"{self.suggestion:g} at its highest"
        return f"Learning rate of {self.optimizer} for {self.planned} steps{of}: {rate}{stable} ({cost})"

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name, value in (
            ("suggestion", f"{self.suggestion:.3g}"),
            ("highest stable", _optional(self.highest_stable)),
            ("range test", f"steepest {_optional(self.steepest)}, minimum {_optional(self.minimum)}"),
            ("sharpness λ", _optional(self.sharpness)),
            ("cost", f"{self.steps} steps, {self.products} products with the Hessian, {self.seconds:.1f} s"),
        ):
            table.add_row(Text(name, "bold"), value)
        title = Text(f"Learning rate for {self.optimizer}, {self.planned} steps", "bold")
        reasons = [Text(f"{i}. {reason}") for i, reason in enumerate(self.reasons, 1)]
        return Group(title, table, Text(""), *reasons)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        return {
            "suggestion": self.suggestion,
            "optimizer": self.optimizer,
            "planned": self.planned,
            "schedule": self.schedule,
            "highest_stable": self.highest_stable,
            "steepest": self.steepest,
            "minimum": self.minimum,
            "sharpness": self.sharpness,
            "bound": self.bound,
            "formula": self.formula,
            "range_test": {
                "rates": self.rates.tolist(),
                "losses": self.losses.tolist(),
                "smoothed": self.smoothed.tolist(),
            },
            "trials": [{"rate": t.rate, "steps": t.steps[-1], "loss": t.losses[-1]} for t in self.trials],
            "reasons": list(self.reasons),
            "steps": self.steps,
            "products": self.products,
            "seconds": self.seconds,
        }

    def plot(self, ax: Any = None) -> Any:
        """The range test's curve with the suggestion, the bound and the trials in it.

        Args:
            ax: matplotlib's axes; default: of a new figure.

        Returns:
            The axes.

        Raises:
            ImportError: matplotlib is not there (``pip install schuss[plot]``).
        """
        ax = axes(ax, "LearningRate.plot")
        ax.plot(self.rates, self.losses, color="0.8", linewidth=1, label="range test, each batch")
        ax.plot(self.rates, self.smoothed, color="C0", label="range test, smoothed")
        stable = [t for t in self.trials if not t.diverged]
        if stable:
            after = f"after {stable[-1].steps[-1]} steps at that rate"
            ax.plot([t.rate for t in stable], [t.losses[-1] for t in stable], "o", color="C1", label=after)
        ax.axvline(self.suggestion, color="C2", label=f"suggestion {number(self.suggestion)}")
        if self.bound is not None:
            label = f"stable at the start up to {self.formula} = {number(self.bound)}"
            ax.axvline(self.bound, color="C3", linestyle="--", label=label)
        shown = np.concatenate([self.smoothed, [t.losses[-1] for t in stable]])
        if len(shown):
            low, high = float(shown.min()), float(shown[: max(1, len(shown) // 2)].max())
            margin = 0.1 * max(high - low, 1e-6)
            ax.set_ylim(low - margin, high + 3 * margin)
        ax.set_xscale("log")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("loss")
        ax.set_title(f"{self.optimizer}: which learning rate?")
        ax.legend(fontsize="small")
        return ax


def axes(given: Any, what: str) -> Any:
    """matplotlib's axes: the given, or those of a new figure."""
    if given is not None:
        return given
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            f"{what} draws with matplotlib, which is not there: pip install schuss[plot]"
        ) from None
    return pyplot.subplots(figsize=(7, 4.5), layout="constrained")[1]


def _optional(value: float | None) -> str:
    return "–" if value is None else number(value)
