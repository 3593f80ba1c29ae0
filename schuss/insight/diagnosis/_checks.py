"""The table of checks. To add one: write a function of a case that gives findings, and add a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schuss.insight.diagnosis import (
    activations,
    data,
    fit,
    gradients,
    labels,
    losses,
    rate,
    validation,
    weights,
)
from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding

Check = Callable[[Case], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "missing values": data.missing_values,
    "constant features": data.constant_features,
    "scale of features": data.unscaled_features,
    "outliers": data.outliers,
    "duplicate rows": data.duplicate_rows,
    "class imbalance": labels.class_imbalance,
    "labels and inputs": labels.unrelated_labels,
    "label noise": labels.suspicious_labels,
    "leaked rows": validation.leaked_rows,
    "validation shift": validation.validation_shift,
    "validation labels": validation.validation_labels,
    "logits": losses.logits_twice,
    "probabilities": losses.not_probabilities,
    "softmax of one": losses.softmax_of_one,
    "range of labels": losses.label_range,
    "numbers": gradients.non_finite,
    "depth": gradients.vanishing,
    "symmetry": weights.symmetric_weights,
    "reach": weights.no_gradient,
    "dead units": activations.dead_relus,
    "saturation": activations.saturated,
    "batch normalization": activations.small_batch_norm,
    "learning rate": rate.learning_rate,
    "update ratio": gradients.update_ratio,
    "noise scale": rate.noise_scale,
    "overfitting": fit.overfitting,
    "underfitting": fit.underfitting,
    "stability": fit.unstable,
}
"""What is looked at, in this order."""
