"""Numbers about arrays of weights, gradients and activations: norms, shares, histograms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 40
_MOST_VALUES = 1 << 16
"""Of an array, for a histogram: of larger ones every n-th element is counted."""


@dataclass
class Histogram:
    """How often values occur.

    Attributes:
        counts: int [40]. low, high: the ends of the range, all finite values between.
    """

    counts: np.ndarray
    low: float
    high: float

    @staticmethod
    def of(values: np.ndarray) -> Histogram:
        """Of an array's finite values; of more than 65 536 every n-th element is counted."""
        flat = values.reshape(-1)
        flat = flat[:: -(-flat.size // _MOST_VALUES) or 1]
        flat = flat[np.isfinite(flat)]
        if not flat.size:
            return Histogram(np.zeros(BINS, np.int64), 0.0, 0.0)
        low, high = float(flat.min()), float(flat.max())
        if low == high:
            counts = np.zeros(BINS, np.int64)
            counts[BINS // 2] = flat.size
            return Histogram(counts, low, high)
        counts, _ = np.histogram(flat.astype("float64"), BINS, (low, high))
        return Histogram(counts, low, high)


@dataclass
class WeightLook:
    """A trainable variable W and its gradient g = ∂J/∂W.

    Attributes:
        norm: ‖W‖₂. gradient_norm: ‖g‖₂. update_norm: ‖ΔW‖₂, of the update that the optimizer would make.
        histogram, gradient_histogram: of the elements of W and of g.
    """

    norm: float
    gradient_norm: float
    update_norm: float
    histogram: Histogram
    gradient_histogram: Histogram

    @property
    def update_ratio(self) -> float:
        """‖ΔW‖ / ‖W‖; not a number where W is 0."""
        return self.update_norm / self.norm if self.norm else float("nan")


@dataclass
class LayerLook:
    """What a layer gave for the batch.

    Attributes:
        mean, std: of all numbers. zeros: the share of zeros.
        dead: the share of units that gave 0 for all rows (and places) of the batch.
        saturated: the share of numbers where the activation's derivative is below 5 % of its greatest value;
            None where the activation does not saturate.
        histogram: of the numbers.
    """

    mean: float
    std: float
    zeros: float
    dead: float
    saturated: float | None
    histogram: Histogram


def norm(array: np.ndarray) -> float:
    """‖a‖₂ over all elements."""
    flat = array.reshape(-1).astype("float64")
    np.square(flat, out=flat)  # no product of matrices, whose threads would wait for those of the training
    return float(np.sqrt(flat.sum()))


def weight_look(weight: np.ndarray, gradient: np.ndarray, updated: np.ndarray) -> WeightLook:
    """Of a variable's array, its gradient, and its value after the update."""
    update = updated.astype("float64") - weight.astype("float64")
    return WeightLook(
        norm(weight), norm(gradient), norm(update), Histogram.of(weight), Histogram.of(gradient)
    )


def layer_look(
    output: np.ndarray, axis: int, saturation: Callable[[np.ndarray], np.ndarray] | None
) -> LayerLook:
    """Of a layer's output. `axis`: of its units; the others are rows and places."""
    values = output.astype("float64", copy=False)
    is_zero = values == 0
    others = tuple(i for i in range(values.ndim) if i != axis % values.ndim)
    dead = is_zero.all(axis=others) if values.ndim > 1 else is_zero
    return LayerLook(
        float(values.mean()),
        float(values.std()),
        float(is_zero.mean()),
        float(dead.mean()),
        None if saturation is None else float(saturation(values).mean()),
        Histogram.of(values),
    )


_SATURATED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda a: 4 * a * (1 - a) < 0.05,
    "hard_sigmoid": lambda a: (a <= 0) | (a >= 1),
    "tanh": lambda a: 1 - a * a < 0.05,
    "hard_tanh": lambda a: abs(a) >= 1,
    "softsign": lambda a: (1 - abs(a)) ** 2 < 0.05,
    "relu6": lambda a: a >= 6,
}
"""Activation → which outputs a = f(z) have a derivative below 5 % of its maximum: σ' = a(1 − a), tanh' = 1 − a²,
softsign' = (1 − |a|)². That of ReLUs is told by the zeros."""


def saturation_of(layer: Any) -> Callable[[np.ndarray], np.ndarray] | None:
    """Which of a layer's outputs are saturated; None where its activation cannot be."""
    if hasattr(layer, "recurrent_activation"):  # h = o · tanh(c) is no activation's output
        return None
    activation = getattr(layer, "activation", None)
    return _SATURATED.get(getattr(activation, "__name__", ""))
