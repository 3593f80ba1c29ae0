"""Checks of the weights: constant and symmetric ones, and those that learning does not reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding

_SAME = 1e-5  # of the largest element: rounding of sums


def symmetric_weights(case: Case) -> Iterator[Finding]:
    """Units with the same weights and the same gradient: they will stay copies of each other."""
    probe = case.probe
    if probe is None or probe.first_bad is not None:
        return
    names = _layers(case)
    for number, (weight, gradient) in enumerate(zip(probe.weights, probe.gradient, strict=True)):
        if weight.array.ndim < 2 or weight.shape[-1] < 2 or not weight.size:
            continue
        values, slopes = (a.reshape(-1, a.shape[-1]) for a in (weight.array.astype("float64"), gradient))
        copies = _copies(values) & _copies(slopes)
        count = int(copies.sum())
        if count < max(1, 0.25 * (weight.shape[-1] - 1)) or not _learns(case, number, values, slopes):
            continue
        constant = bool((values == values.flat[0]).all())
        value = (
            f"all {weight.size:,} are {values.flat[0]:.4g}"
            if constant
            else f"{count + 1} of {weight.shape[-1]} agree"
        )
        yield Finding(
            "constant-weights" if constant else "symmetric-weights",
            f"{'All weights' if constant else 'The units'} of {weight.path} "
            f"{'are the same' if constant else 'are copies'}.",
            f"{value}, and so are their gradients.",
            "Units that begin alike and get the same gradient stay alike for ever: the layer is as good as one unit.",
            "Begin with random weights (kernel_initializer='glorot_uniform' or 'he_normal'); zeros are for biases.",
            names.get(number, weight.path),
            "error" if count == weight.shape[-1] - 1 else "warning",
            {"units": weight.shape[-1], "copies": count},
        )


def _copies(columns: np.ndarray) -> np.ndarray:
    """Which columns, after the first, are equal to one before, up to rounding."""
    size = np.abs(columns).max()
    if size == 0:
        return np.ones(columns.shape[1] - 1, bool)
    coarse = np.round(columns / size, 4)
    _, first = np.unique(coarse, axis=1, return_index=True)
    fresh = np.zeros(columns.shape[1], bool)
    fresh[first] = True
    candidates = np.flatnonzero(~fresh)
    close = [np.abs(columns - columns[:, [c]]).max(axis=0) <= _SAME * size for c in candidates]
    found = np.zeros(columns.shape[1], bool)
    found[candidates] = [same.sum() > 1 for same in close]
    return found[1:]


def _learns(case: Case, number: int, values: np.ndarray, slopes: np.ndarray) -> bool:
    """Whether the symmetry is one of the weights. Weights that are different, or whose gradient is nothing since others
    are zero, are for other checks."""
    return bool(slopes.any()) or bool((values == values.flat[0]).all() and not _is_table(case, number))


def _is_table(case: Case, number: int) -> bool:
    names = [s.layer for s in (case.probe.layers if case.probe else []) if number in s.weights]
    return any(type(layer).__name__ == "Embedding" for layer in names)


def no_gradient(case: Case) -> Iterator[Finding]:
    """Trainable weights that get no gradient at all."""
    probe = case.probe
    if probe is None or probe.first_bad is not None or not any(g.any() for g in probe.gradient):
        if probe is not None and probe.first_bad is None and probe.weights:
            yield _nothing(case)
        return
    names = _layers(case)
    dead = [u.path for u in probe.units if u.kind == "relu" and (u.share == 0).mean() > 0.4]
    still = [n for n, g in enumerate(probe.gradient) if not g.any() and not _before(case, n, dead)]
    if not still:
        return
    paths = [probe.weights[n].path for n in still]
    more = f" and {len(paths) - 4} more" if len(paths) > 4 else ""
    yield Finding(
        "no-gradient",
        f"{len(still)} of {len(probe.gradient)} trainable weights get no gradient.",
        f"∂J/∂w is exactly 0 in all of {len(probe.losses)} batches for {', '.join(paths[:4])}{more}.",
        "They stay as they are: the loss does not depend on them, or something on the way has the derivative 0 "
        "(rounding, "
        "argmax, comparisons, stop_gradient, weights that are all zero).",
        "Look whether the layer's output is used; replace what has no derivative; begin with random weights.",
        names.get(still[0], paths[0]) if len(still) == 1 else "",
        numbers={"weights": paths},
    )


def _nothing(case: Case) -> Finding:
    return Finding(
        "no-gradient",
        "No weight gets a gradient.",
        f"∇J is exactly 0 in all of {len(case.probe.losses) if case.probe else 0} batches.",
        "Nothing will be learned.",
        "Look at the last layers: dead ReLUs, a softmax over one unit, an operation without derivative, weights "
        "that are all "
        "zero, a loss that does not depend on the output.",
        severity="error",
    )


def _before(case: Case, number: int, dead: list[str]) -> bool:
    """Whether a layer of dead units is at or after the weight: that is another finding."""
    layers = case.probe.layers if case.probe else []
    places = [n for n, layer in enumerate(layers) if number in layer.weights]
    later = {layer.path for layer in layers[min(places, default=0) :]}
    return bool(dead) and any(path in later or not places or "/" not in path for path in dead)


def _layers(case: Case) -> dict[int, str]:
    """The layer of each weight."""
    return {n: layer.path for layer in (case.probe.layers if case.probe else []) for n in layer.weights}
