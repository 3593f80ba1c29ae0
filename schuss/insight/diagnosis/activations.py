"""Checks of the units: dead ReLUs, saturated ones, statistics of batches that are too small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.insight.diagnosis._probe import RELU, SIGMOID, SOFTMAX, TANH

_DEAD = 0.4  # share of a layer's units
_SATURATED = 0.5  # share of values
_LEAST_VALUES = 16  # of which a batch's mean and variance are taken
_LEAST_ROWS = 64


def dead_relus(case: Case) -> Iterator[Finding]:
    """ReLUs that were zero for every row."""
    probe = case.probe
    if probe is None or probe.first_bad is not None or len(probe.rows) < _LEAST_ROWS:
        return
    for unit in probe.units:
        if unit.kind != RELU or unit.output or unit.share.size < 4:
            continue
        dead = float((unit.share == 0).mean())
        if dead < _DEAD:
            continue
        yield Finding(
            "dead-relu",
            f"{dead:.0%} of the ReLUs of {unit.path} are dead.",
            f"{int((unit.share == 0).sum())} of {unit.share.size} were 0 for all of {len(probe.rows):,} rows.",
            "Where a ReLU is 0, so is its gradient: a unit that is 0 for all rows never learns again.",
            "A smaller learning rate (often a step was too long), bias_initializer zeros, 'he_normal' weights, "
            "inputs around "
            "0; or leaky_relu, gelu, elu, whose gradient is nowhere 0.",
            unit.path,
            "error" if dead > 0.9 else "warning",
            {"dead": dead, "units": unit.share.size},
            Picture(tuple(np.sort(unit.share)[::-1].tolist())),
        )


def saturated(case: Case) -> Iterator[Finding]:
    """Sigmoids, tanhs and softmaxes within the network whose values are at the ends of their range."""
    probe = case.probe
    if probe is None or probe.first_bad is not None:
        return
    for unit in probe.units:
        if unit.kind not in (TANH, SIGMOID, SOFTMAX):
            continue
        share = float(unit.share.mean())
        limit = 0.95 if unit.kind == SOFTMAX else _SATURATED
        if share < limit or (unit.output and not _wrong(case)):
            continue
        ends = {TANH: "|a| > 0.99", SIGMOID: "a < 0.01 or > 0.99", SOFTMAX: "one probability > 0.999"}[
            unit.kind
        ]
        yield Finding(
            "saturated-output" if unit.output else "saturated-units",
            f"{unit.kind} of {unit.path} is saturated.",
            f"{share:.0%} of its values are at an end ({ends}).",
            "There the derivative is almost 0: no gradient comes through, the layers before it stand still.",
            "Smaller weights before it ('glorot_uniform'), inputs scaled to variance 1, a normalization layer, a "
            "smaller "
            "learning rate.",
            unit.path,
            "error" if share > 0.9 and not unit.output else "warning",
            {"share": share, "kind": unit.kind},
            Picture(tuple(np.sort(unit.share)[::-1].tolist())) if unit.share.size > 1 else None,
        )


def _wrong(case: Case) -> bool:
    """Whether the loss is worse than that of a constant prediction: then to be sure is no success."""
    targets, probe = case.targets, case.probe
    if targets is None or targets.baseline is None or probe is None:
        return False
    return probe.loss > 2 * max(targets.baseline, 1e-3)


def small_batch_norm(case: Case) -> Iterator[Finding]:
    """Batch normalization whose mean and variance are of a few values only."""
    probe = case.probe
    if probe is None:
        return
    norms = [s for s in probe.layers if type(s.layer).__name__ == "BatchNormalization" and s.layer.trainable]
    if not norms:
        return
    counts = {}
    for seen in norms:
        axis = seen.layer.axis
        features = seen.shape[axis if isinstance(axis, int) else -1]
        counts[seen.path] = int(np.prod(seen.shape)) // max(features, 1) // seen.shape[0] * case.batch_size
    worst = min(counts, key=counts.__getitem__)
    if counts[worst] >= _LEAST_VALUES:
        return
    noise = 1 / np.sqrt(max(counts[worst], 1))
    yield Finding(
        "small-batch-norm",
        f"{worst} normalizes by the mean and variance of {counts[worst]} values.",
        f"Batches of {case.batch_size}: the mean is off by {noise:.0%} of a deviation, the variance by more.",
        "Each row is moved by the few others that happen to be in its batch; with 2 rows the output is ±1 whatever "
        "they are. "
        "Outside of training other figures are used, so that the validation loss is quite different.",
        "Batches of 32 or more; or LayerNormalization, GroupNormalization, which look at one row alone.",
        worst,
        numbers={"values": counts, "batch_size": case.batch_size},
        picture=Picture(tuple(float(c) for c in counts.values()), tuple(counts)),
    )
