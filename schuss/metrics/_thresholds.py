"""Counting right and wrong decisions, at one threshold or at many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from schuss import config, ops
from schuss.losses._reduction import fit_weights
from schuss.losses._shapes import squeeze_or_expand_to_same_rank

NOT_AMONG_THE_BEST = -1e10
"""The score that `best_only` gives to what is not among the k best."""


class Counts(NamedTuple):
    """Weights of decisions at each threshold, [thresholds] or [thresholds, labels]. In a trace unused ones
    cost nothing."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


class Decisions(NamedTuple):
    """What there is to decide: predictions, and the weights of those that should be positive and negative.
    One shape."""

    scores: Any
    positives: Any
    negatives: Any


def decisions(
    metric: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    dtype: Any,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Any = None,
) -> Decisions:
    """Labels, predictions and weights in one shape.

    Args:
        metric: for messages.
        y_true: labels, 0 or not. y_pred: predictions, the same shape, [batch], [batch, labels] or more.
        sample_weight: None, or numbers that fit `y_pred`, or its first axes.
        dtype: of predictions and weights.
        top_k: keep only the `top_k` largest predictions of each row. class_id: look only at this label.
        label_weights: None, or a number for each label.

    Raises:
        ValueError: shapes that do not fit; `class_id` for predictions of one axis or too few labels.
    """
    y_pred = ops.cast(ops.convert_to_tensor(y_pred), dtype)
    y_true = ops.cast(ops.convert_to_tensor(y_true), "bool")
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"{metric}: `y_true` and `y_pred` must have the same shape. "
            f"Received: y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}."
        )
    if top_k is not None:
        y_pred = best_only(y_pred, top_k)
    if class_id is not None:
        _require_class(metric, class_id, y_pred.shape)
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    weights = _weights(sample_weight, label_weights, y_pred, dtype)
    if weights is None:
        positives = ops.cast(y_true, dtype)
        return Decisions(y_pred, positives, ops.subtract(1.0, positives))
    none = ops.zeros_like(weights)
    return Decisions(y_pred, ops.where(y_true, weights, none), ops.where(y_true, none, weights))


def count(found: Decisions, thresholds: Sequence[float], by_label: bool = False) -> Counts:
    """Right and wrong decisions at each threshold; a prediction above it is positive.

    Args:
        thresholds: ascending.
        by_label: count each label (the last of two axes) for itself; default False: all together.
    """
    if is_evenly_spaced(thresholds):
        return _count_by_bucket(found, thresholds, by_label)
    if not by_label:
        found = Decisions(*(ops.reshape(part, (-1,)) for part in found))
    scores, positives, negatives = found
    limits = np.asarray(thresholds, scores.dtype).reshape((-1,) + (1,) * scores.ndim)
    above = ops.greater(ops.expand_dims(scores, 0), limits)
    none = np.zeros((), scores.dtype)

    def total(chosen: Any, weights: Any) -> Any:
        return ops.sum(ops.where(chosen, ops.expand_dims(weights, 0), none), axis=1)

    below = ops.logical_not(above)
    return Counts(
        total(above, positives), total(above, negatives), total(below, negatives), total(below, positives)
    )


def _count_by_bucket(found: Decisions, thresholds: Sequence[float], by_label: bool) -> Counts:
    """Counts at n evenly spaced thresholds in [0, 1], in one pass over the predictions whatever n is."""
    scores, positives, negatives = found
    n = len(thresholds)
    bucket = ops.subtract(ops.ceil(ops.multiply(ops.clip(scores, 0.0, 1.0), float(n - 1))), 1.0)
    bucket = ops.cast(bucket, "int32")
    above_none = ops.less(bucket, 0)  # predictions of 0; but they are above the threshold −ε
    bucket = ops.maximum(bucket, 0)
    below: tuple[Any, Any] = (0.0, 0.0)
    if thresholds[0] >= 0.0:
        none = np.zeros((), scores.dtype)
        axis = 0 if by_label else None
        below = tuple(ops.sum(ops.where(above_none, w, none), axis=axis) for w in (positives, negatives))
        positives, negatives = (ops.where(above_none, none, w) for w in (positives, negatives))
    labels = scores.shape[1] if by_label else 1
    if by_label:
        bucket = ops.add(ops.multiply(bucket, labels), np.arange(labels, dtype="int32"))
    bucket = ops.reshape(bucket, (-1,))

    def at_least(weights: Any) -> Any:
        """The weights in each bucket and those above it."""
        held = ops.segment_sum(ops.reshape(weights, (-1,)), bucket, num_segments=n * labels)
        if by_label:
            held = ops.reshape(held, (n, labels))
        return ops.flip(ops.cumsum(ops.flip(held, axis=0), axis=0), axis=0)

    true_positives, false_positives = at_least(positives), at_least(negatives)
    return Counts(
        true_positives,
        false_positives,
        ops.add(ops.subtract(false_positives[:1], false_positives), below[1]),
        ops.add(ops.subtract(true_positives[:1], true_positives), below[0]),
    )


def is_evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether these are three or more thresholds 0, 1/(n−1), …, 1 (to within 1e-7)."""
    n = len(thresholds)
    return n >= 3 and bool(
        np.allclose(np.asarray(thresholds), np.linspace(0.0, 1.0, n), rtol=0.0, atol=2 * config.epsilon())
    )


def even_thresholds(n: int, end: float = 0.0) -> list[float]:
    """n thresholds from −`end` over i/(n − 1) to 1 + `end`."""
    return [-end, *((i + 1) / (n - 1) for i in range(n - 2)), 1.0 + end]


def thresholds_list(thresholds: Any, default: float = 0.5) -> list[float]:
    """Thresholds as a list.

    Args:
        thresholds: None (for `default`), a number, or several.

    Raises:
        ValueError: one is not in [0, 1].
    """
    if thresholds is None:
        return [default]
    values = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [t for t in values if t is None or not 0 <= t <= 1]
    if wrong:
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {wrong}")
    return [float(t) for t in values]


def best_only(y_pred: Any, k: int) -> Any:
    """Predictions, `NOT_AMONG_THE_BEST` in place of those that are not among the `k` largest of their row."""
    labels = y_pred.shape[-1] if y_pred.ndim else 0
    if not 1 <= k <= labels:
        raise ValueError(
            f"Argument `top_k` must be between 1 and the number of labels, {labels}. Received: top_k={k}"
        )
    indices = ops.top_k(y_pred, k)[1]
    best = ops.any(ops.equal(ops.expand_dims(indices, -1), np.arange(labels, dtype="int32")), axis=-2)
    return ops.where(best, y_pred, ops.full_like(y_pred, NOT_AMONG_THE_BEST))


def _weights(sample_weight: Any, label_weights: Any, y_pred: Any, dtype: Any) -> Any:
    weights = None
    shape = tuple(y_pred.shape)
    if sample_weight is not None:
        weights = ops.cast(ops.convert_to_tensor(sample_weight), dtype)
        if weights.ndim == y_pred.ndim + 1 and weights.shape[-1] == 1:
            weights = ops.squeeze(weights, axis=-1)
        elif 0 < weights.ndim == y_pred.ndim - 1:  # they are of steps, so [batch, 1] is for all steps
            weights = ops.expand_dims(weights, -1)
        if weights.ndim:
            weights = fit_weights(y_pred, weights)[1]
        weights = ops.broadcast_to(weights, shape)
    if label_weights is not None:
        by_label = ops.broadcast_to(ops.cast(ops.convert_to_tensor(label_weights), dtype), shape)
        weights = by_label if weights is None else ops.multiply(weights, by_label)
    return weights


def _require_class(metric: str, class_id: int, shape: Any) -> None:
    if len(shape) == 1:
        raise ValueError(
            "When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), "
            "found shape: "
            f"{tuple(shape)}"
        )
    if not -shape[-1] <= class_id < shape[-1]:
        raise ValueError(f"{metric}: class_id={class_id}, but `y_pred` has only {shape[-1]} classes.")
