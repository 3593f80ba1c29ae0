"""Checks of the way back: numbers that are none, gradients that vanish or explode, updates out of proportion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.insight.diagnosis._probe import LayerSeen
from schuss.training._nonfinite import first_non_finite

_DEEP = 4  # layers from which on there is a way to vanish on
_VANISHED, _EXPLODED = 1e-3, 1e3  # of what the last layers get
_LARGE_UPDATE = 0.3  # of the weights' norm in a step


def non_finite(case: Case) -> Iterator[Finding]:
    """Where the first NaN or infinity arises, with data that have none."""
    probe = case.probe
    if probe is None or probe.first_bad is None:
        return
    rows = probe.rows[probe.first_bad * probe.batch : (probe.first_bad + 1) * probe.batch]
    step, piece = case.step, case.piece
    origin = first_non_finite(step, [array[rows] for array in piece.arrays], step.details.weights)
    node = origin.tensor.node
    scope = node.scope.removeprefix("backward").strip("/") if node else ""
    layer = scope.partition("/")[2] or scope
    what = "The loss is" if origin.in_loss else "The loss is a number, but its gradient is"
    yield Finding(
        "non-finite",
        f"{what} {origin.found} before anything was learned from it.",
        f"It arises first {origin.place(step, piece)}; batch {probe.first_bad + 1} of {len(probe.losses)} that were "
        "tried.",
        "The first step of training makes all weights NaN.",
        _CURES.get(node.primitive.name if node else "", "Look at that operation, and at what it is given."),
        layer,
        "error",
        {"operation": node.primitive.name if node else "", "scope": node.scope if node else ""},
    )


_CURES = {
    "log": "ops.log(x + 1e-7), or ops.log1p: the logarithm of 0 is −∞, of less NaN.",
    "divide": "Keep the denominator away from 0: x / (y + 1e-7), or ops.divide_no_nan.",
    "sqrt": "ops.sqrt(x + 1e-12): below 0 it is NaN, and at 0 its derivative is infinite.",
    "rsqrt": "ops.rsqrt(x + 1e-12): at 0 it is infinite.",
    "power": "A negative number to a broken power is NaN; at 0 the derivative is infinite.",
    "exponential": "exp of more than 88 is infinite in float32: take the maximum off first, or use ops.softmax, "
    "ops.logsumexp.",
}


def vanishing(case: Case) -> Iterator[Finding]:
    """‖∂J/∂a‖ of the first layers against the last ones, and the other way round."""
    probe = case.probe
    if probe is None or probe.first_bad is not None:
        return
    layers = _chain(probe.layers)
    if len(layers) < _DEEP:
        return
    third = max(1, len(layers) // 3)
    first = max(layer.delta for layer in layers[:third])
    last = max(layer.delta for layer in layers[-third:])
    if last <= 0 or first <= 0:
        return
    ratio = first / last
    case.measured["gradient_first_to_last"] = ratio
    picture = Picture(tuple(layer.delta for layer in layers), tuple(layer.path for layer in layers), True)
    numbers = {"ratio": ratio, "layers": {layer.path: layer.delta for layer in layers}}
    evidence = (
        f"‖∂J/∂a‖ is {first:.2g} in the first layers ({layers[0].path} …) and {last:.2g} in the last ones "
        f"({layers[-1].path}): {ratio:.1g} of it."
    )
    if ratio < _VANISHED:
        yield Finding(
            "vanishing-gradients",
            f"The gradient vanishes on its way back through {len(layers)} layers.",
            evidence,
            "The first layers learn nothing, so the others work with random features.",
            "relu, gelu or silu instead of sigmoid or tanh (sigmoid's derivative is at most 1/4); "
            "kernel_initializer='he_normal'; BatchNormalization or LayerNormalization; residual connections.",
            layers[0].path,
            "error" if ratio < _VANISHED**2 else "warning",
            numbers,
            picture,
        )
    if ratio > _EXPLODED or _huge(layers):
        yield Finding(
            "exploding-gradients",
            f"The gradient grows on its way back through {len(layers)} layers."
            if ratio > 1
            else f"Values grow from layer to layer, up to {max(layer.activation for layer in layers):.2g}.",
            evidence
            + f" Activations: {layers[0].activation:.2g} in the first, {layers[-1].activation:.2g} in the last.",
            "One step is too long for the first layers and makes the loss jump or become NaN.",
            "Smaller initial weights ('glorot_uniform', 'he_normal', 'orthogonal' in recurrent layers), normalization "
            "layers, clipnorm=1.0 in the optimizer.",
            layers[0].path,
            "error",
            {**numbers, "activations": {layer.path: layer.activation for layer in layers}},
            picture,
        )


def _chain(layers: list[LayerSeen]) -> list[LayerSeen]:
    """Layers with matrices, those with weights for scale and shift left out."""
    return [layer for layer in layers if any(len(v.shape) > 1 for v in layer.layer._own_variables())]


def _huge(layers: list[LayerSeen]) -> bool:
    first, last = max(layers[0].activation, 1e-12), layers[-1].activation
    return last > 1e3 and last / first > 1e3


def update_ratio(case: Case) -> Iterator[Finding]:
    """‖ΔW‖ / ‖W‖ of a step: about 1/1000 where training goes well."""
    probe = case.probe
    if probe is None or probe.first_bad is not None or not probe.weights or not case.trials.possible:
        return
    trial = case.trials.at(1.0)
    ratios = {
        w.path: r
        for w, r in zip(probe.weights, trial.ratios)
        if len(w.shape) > 1 and w.size >= 16 and np.isfinite(r)
    }
    if not ratios:
        return
    case.measured["update_to_weight"] = float(np.median(list(ratios.values())))
    large = {path: ratio for path, ratio in ratios.items() if ratio > _LARGE_UPDATE}
    if not large:
        return
    worst = max(large, key=large.__getitem__)
    yield Finding(
        "update-too-large",
        f"A step changes {worst} by {large[worst]:.0%} of its size.",
        f"‖ΔW‖ / ‖W‖, the median of steps {10} to {19} at the rate as it is: {large[worst]:.2g}; usual is 0.001.",
        "Weights are overwritten instead of improved: what earlier batches taught is gone.",
        "A smaller learning rate, clipnorm=1.0, or larger initial weights if they are tiny.",
        worst,
        numbers={"ratios": ratios},
        picture=Picture(tuple(ratios.values()), tuple(ratios), True),
    )
