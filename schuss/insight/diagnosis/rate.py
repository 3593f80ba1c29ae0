"""Checks of the step: a learning rate that is too high or too low, batches that are larger than their noise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight._objective import Objective
from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.insight.diagnosis._trial import Trial
from schuss.insight.learning_rate._curvature import eigenvalue, stability
from schuss.optimizers import Optimizer

_WORSE = 1.02  # of the loss before
_BETTER = 0.7  # of the loss that the rate itself leaves
_NO_PROGRESS, _PROGRESS = 0.02, 0.2  # of the loss, in a trial
_STILL = 5e-5  # ‖ΔW‖ / ‖W‖ of a step
_PRODUCTS = 30  # with the Hessian, at most
_CLOSE = 0.01  # of λ: what the residual may be
_SEEN = 10  # gradients, before which a preconditioner says little
_CURVED_ROWS = 512
_WASTED = 20.0  # batch against noise scale
_LARGE_BATCH = 256


def learning_rate(case: Case) -> Iterator[Finding]:
    """Trials of some steps at the rate; where that goes badly at less, where hardly anything moves at more."""
    probe = case.probe
    if probe is None or probe.first_bad is not None or not probe.weights:
        return
    if not case.trials.possible:
        why = (
            "it is 'auto', so that `fit` finds it"
            if case.trials.sought
            else "a step takes so long that the trials would have too few (see `seconds`)"
        )
        case.skipped.append(f"the learning rate: {why}.")
        return
    own = case.trials.at(1.0)
    curvature = largest_curvature(case)
    case.measured["trial_loss"] = {"before": own.before, "after": own.after}
    if case.trials.rate is None:
        if own.diverged:
            yield _too_high(case, own, None, curvature)
        return
    if own.diverged or (own.after > 0.25 * own.before and not _hardly_moves(own)):
        lower = min((case.trials.at(f) for f in (0.1, 0.01)), key=lambda t: np.inf if t.diverged else t.after)
        if _is_too_high(case, own, lower):
            yield _too_high(case, own, lower, curvature)
            return
    if not own.diverged and _hardly_moves(own):
        higher = [case.trials.at(f) for f in (10.0, 100.0, 1e3, 1e4)]
        better = [t for t in higher if not t.diverged and _gain(t) > _PROGRESS]
        if better:
            yield _too_low(case, own, min(better, key=lambda t: t.after))


def _hardly_moves(trial: Trial) -> bool:
    """Whether the weights stay almost as they are, and so does the loss."""
    return trial.typical < _STILL and abs(_gain(trial)) < _NO_PROGRESS


def _gain(trial: Trial) -> float:
    """The part of the loss that a trial took away."""
    return (trial.before - trial.after) / max(abs(trial.before), 1e-12)


def _is_too_high(case: Case, own: Trial, lower: Trial) -> bool:
    if lower.diverged:
        return False
    if own.diverged:
        return True
    targets = case.targets
    floor = 0.05 * targets.baseline if targets is not None and targets.baseline is not None else 0.0
    worse = own.after > _WORSE * own.before and lower.after < 0.95 * own.before
    return own.after > floor and (
        worse or (lower.after < _BETTER * own.after and own.after > 0.5 * own.before)
    )


def _too_high(case: Case, own: Trial, lower: Trial | None, curvature: dict[str, float]) -> Finding:
    rate = case.trials.rate
    said = "" if rate is None else f" of {rate:g}"
    steps = case.trials.steps
    end = "a loss that is no number" if own.diverged else f"{own.after:.4g}"
    evidence = f"{steps} steps took the loss from {own.before:.4g} to {end}"
    if lower is not None and rate is not None:
        evidence += f"; with {rate * lower.factor:g} it comes to {lower.after:.4g}"
    if curvature:
        evidence += (
            f". The largest curvature is {curvature['largest']:.3g}, so that descent is stable below "
            f"{curvature['stable']:.3g}"
        )
    factor = 0.1 if lower is None else lower.factor
    return Finding(
        "learning-rate-too-high",
        f"The learning rate{said} is too high.",
        evidence + ".",
        "Steps go over the valley and up its other side; then units die or the loss becomes NaN.",
        f"Try {rate * factor:g}."
        if rate is not None
        else "Let the schedule begin lower, or warm up for longer.",
        "optimizer",
        "error" if own.diverged else "warning",
        {"rate": rate, "before": own.before, "after": own.after, **curvature},
        Picture(tuple(own.losses)),
    )


def _too_low(case: Case, own: Trial, better: Trial) -> Finding:
    rate = case.trials.rate or 0.0
    return Finding(
        "learning-rate-too-low",
        f"The learning rate of {rate:g} is too low.",
        f"{case.trials.steps} steps took the loss from {own.before:.4g} to {own.after:.4g}; with "
        f"{rate * better.factor:g} it "
        f"comes to {better.after:.4g}.",
        "Training takes many times as long as it needs to, and looks as if it had come to its end.",
        f"Try {rate * better.factor:g}.",
        "optimizer",
        "warning",
        {"rate": rate, "before": own.before, "after": own.after, "better": rate * better.factor},
        Picture(tuple(own.losses)),
    )


def largest_curvature(case: Case) -> dict[str, float]:
    """λ_max of the Hessian (preconditioned, where the optimizer does so), and up to which rate descent is stable on it.

    Empty where that is not known of the optimizer, where its preconditioner has seen no gradient yet, or where something on
    the way has no second derivative.
    """
    optimizer = case.model.optimizer
    known = stability(optimizer, case.model.trainable_variables) if isinstance(optimizer, Optimizer) else None
    if known is None or (known.scales is not None and int(np.asarray(optimizer.iterations)) < _SEEN):
        return {}
    try:
        value = eigenvalue(_few_rows(case), known.scales() if known.scales else None, _PRODUCTS, _CLOSE).value
    except (ValueError, TypeError, NotImplementedError) as error:
        case.skipped.append(f"curvature: {error}")
        return {}
    if not np.isfinite(value) or value <= 0:
        return {}
    found = {"largest": value, "stable": known.factor / value}
    case.measured["curvature"] = found
    return found


def _few_rows(case: Case) -> Objective:
    count = max(1, min(_CURVED_ROWS, len(case.good)) // case.batch) * case.batch
    rows = np.sort(case.good[:count])
    return Objective(case.model, *case.data.taken(rows).structure, batch_size=case.batch)


def noise_scale(case: Case) -> Iterator[Finding]:
    """B = tr Σ / |G|², the batch at which the noise of the gradient is as large as the gradient.

    From ‖g‖² of single batches and of their mean. Source: McCandlish et al., An Empirical Model of Large-Batch Training
    (2018), appendix A.
    """
    probe = case.probe
    if probe is None or probe.first_bad is not None or len(probe.squares) < 4:
        return
    small, count = probe.batch, len(probe.squares)
    large = small * count
    of_small, of_large = float(np.mean(probe.squares)), float(sum((g * g).sum() for g in probe.gradient))
    signal = (large * of_large - small * of_small) / (large - small)
    noise = (of_small - of_large) / (1 / small - 1 / large)
    if signal <= 0 or noise <= 0:
        return
    scale = noise / signal
    case.measured["noise_scale"] = scale
    if (
        case.batch_size < _LARGE_BATCH
        or case.batch_size < _WASTED * scale
        or case.data.size < 4 * case.batch_size
    ):
        return
    yield Finding(
        "batch-too-large",
        f"Batches of {case.batch_size:,} are much larger than their gradient's noise asks for.",
        f"The noise scale is {scale:.3g} rows: with batches of about that size each row teaches almost as much as "
        "it can.",
        "Beyond it, twice the rows in a batch give hardly a better step: an epoch takes as long and has fewer of them.",
        f"Batches of {_power_of_two(4 * scale)} for now; larger ones later, when the noise has grown.",
        severity="note",
        numbers={"noise_scale": scale, "batch_size": case.batch_size},
    )


def _power_of_two(value: float) -> int:
    return 2 ** max(4, round(np.log2(max(value, 1))))
