"""Short trainings about a rate, and the choice that they, and what was known before, lead to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from schuss.insight.learning_rate._beginning import Beginning, number
from schuss.insight.learning_rate._runs import Probe, Runs

_APART = 10 ** (1 / 3)  # between neighbouring rates: three to a decade
_TRIALS = 3
_FEWEST = 10  # steps of a trial that says something
_NOISE = 0.01  # of the fall of the loss: differences below it say nothing
_MOST = 20.0  # standard errors that are told apart; what diverged counts as so many
_BEYOND = 3.0  # how much it costs to leave the range that was tried, in ln α


@dataclass
class Choice:
    """What trials led to.

    Attributes:
        rate: α for a training of the planned length. tried: the trials. steps: of each. words: why, for people.
    """

    rate: float
    tried: list[Probe]
    steps: int
    words: list[str]


def choice(runs: Runs, begin: Beginning, planned: int, budget: int) -> Choice:
    """Trainings at three rates about the beginning (and beyond, where the best one is at the end), and what follows.

    Args:
        runs: at the start. begin: where to begin. planned: steps of the training that the rate is for.
        budget: steps that may be made.
    """
    steps = max(1, min(planned, budget // _TRIALS))
    shorter = (planned / steps) ** begin.exponent
    centre = begin.rate * shorter
    start = _loss_at_start(runs)
    tried = [runs.probe(centre * _APART**k, [steps]) for k in range(-(_TRIALS // 2), _TRIALS // 2 + 1)]
    while budget - sum(p.steps[-1] for p in tried) >= min(steps, _FEWEST):
        beyond = _beyond(tried)
        if beyond is None:
            break
        left = budget - sum(p.steps[-1] for p in tried)
        if left < steps and not all(p.diverged for p in tried):
            break  # it could not be compared with the others
        tried.append(runs.probe(beyond, [min(steps, left)]))
    tried.sort(key=lambda p: p.rate)
    words = [_said(tried, steps, runs)]
    if all(p.diverged for p in tried):
        rate = tried[0].rate / 10 / shorter
        words.append(f"All of them diverged, so the suggestion is a tenth of the smallest, {number(rate)}.")
        return Choice(rate, tried, steps, words)
    log_rate = _best(tried, math.log(centre), begin.spread, start)
    highest = max(p.rate for p in tried if not p.diverged)
    rate = min(math.exp(log_rate), highest)
    words.append(
        f"Between how these differ (beyond the noise of the rows) and where they began, {number(rate)} is the best guess "
        f"for {steps} steps."
    )
    if shorter != 1:
        words.append(
            f"Steps of this optimizer do not shrink by themselves, so that for {planned} of them the rate is "
            f"{number(rate)} · √({steps}/{planned}) = {number(rate / shorter)}."
        )
    return Choice(rate / shorter, tried, steps, words)


def _loss_at_start(runs: Runs) -> float:
    runs.begin()
    blocks = runs.losses_apart()
    return math.nan if blocks is None else float(blocks.mean())


def _beyond(tried: list[Probe]) -> float | None:
    """The next rate, where the best one so far has no neighbour on one side; None where it has."""
    ordered = sorted(tried, key=lambda p: p.rate)
    if all(p.diverged for p in ordered):
        return ordered[0].rate / 10
    at = int(np.argmin([p.losses[-1] for p in ordered]))
    if at == 0:
        return ordered[0].rate / _APART
    if at == len(ordered) - 1:
        return ordered[-1].rate * _APART
    return None


def _best(tried: list[Probe], centre: float, spread: float, start: float) -> float:
    """ln α with the least sum of: how much worse the loss is than the best one, in standard errors (of the differences
    of the same blocks of rows), halved; and how far from the centre, in spreads, squared and halved."""
    worse, at = _worse(tried, start), np.log([p.rate for p in tried])
    x = np.linspace(min(centre, at[0]) - spread, max(centre, at[-1]) + spread, 2001)
    outside = np.maximum(0.0, np.maximum(at[0] - x, x - at[-1]))
    total = np.interp(x, at, worse) / 2 + ((x - centre) / spread) ** 2 / 2 + (_BEYOND * outside) ** 2
    return float(x[int(np.argmin(total))])


def _worse(tried: list[Probe], start: float) -> np.ndarray:
    """How many standard errors the loss of each trial is above the least one."""
    best = min(tried, key=lambda p: p.losses[-1])
    reference = best.blocks[-1]
    fall = start - best.losses[-1]
    if not math.isfinite(fall) or fall <= 0:
        fall = abs(best.losses[-1])
    found = []
    for probe in tried:
        blocks = probe.blocks[-1]
        if probe.diverged or blocks.shape != reference.shape:
            found.append(_MOST)
            continue
        differences = blocks - reference
        error = float(differences.std(ddof=1)) / math.sqrt(differences.size) if differences.size > 1 else 0.0
        found.append(min(_MOST, float(differences.mean()) / max(error + _NOISE * fall, 1e-30)))
    return np.array(found)


def _said(tried: list[Probe], steps: int, runs: Runs) -> str:
    rows = "rows kept apart" if runs.batches.apart else "the last batches"
    ends = ", ".join(
        f"{number(p.rate)} → {'diverged' if p.diverged else f'{p.losses[-1]:.4g}'}" for p in tried
    )
    return f"Loss on {rows} after {steps} steps from the present weights: {ends}."
