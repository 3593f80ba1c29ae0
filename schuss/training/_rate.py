"""The learning rate "auto": found at the start of `fit`."""

from __future__ import annotations

from typing import Any


def seek_rate(model: Any, data: Any, epochs: int, steps_per_epoch: int | None, verbose: Any) -> None:
    """Find the optimizer's rate on the data that are going to be trained on, set it, and say so in a line.

    Args:
        model: compiled; its optimizer's `seeks_rate` is true. data: of `training_data`. epochs, steps_per_epoch: of `fit`.
        verbose: of `fit`; nothing is said where it is 0.
    """
    # The search trains, so it stands above training (`[tool.importlinter]` names this exception): it is imported where it
    # is used, by those who ask for it.
    from schuss.insight.learning_rate import rate_for_fit

    found = rate_for_fit(model, data, epochs, steps_per_epoch)
    model.optimizer.take_rate(found.suggestion)
    model._steps.look_at(model)
    if verbose != 0:
        print(found.line, flush=True)
