"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import floatx, is_integer
from schuss.losses._shapes import float_array, require_broadcast, squeeze_or_expand_to_same_rank
from schuss.metrics._reductions import NamedMean


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the two are equal, 0 elsewhere.

    Args:
        y_true, y_pred: of one shape.

    Raises:
        ValueError: the shapes do not fit.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    require_broadcast("accuracy: `y_true` and `y_pred` must have the same shape", y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where ``y_pred > threshold`` says what the label (0 or 1) says, 0 elsewhere.

    Args:
        y_true, y_pred: of one shape. threshold: default ½.

    Example:
        >>> from schuss import metrics
        >>> metrics.binary_accuracy([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6]).tolist()
        [1.0, 1.0, 1.0, 0.0]
    """
    y_pred = float_array(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    require_broadcast("binary_accuracy: `y_true` and `y_pred` must have the same shape", y_true, y_pred)
    predicted = ops.cast(ops.greater(y_pred, threshold), y_pred.dtype)
    return ops.cast(ops.equal(y_true, predicted), floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the label's place, 0 elsewhere.

    Args:
        y_true: one-hot labels, [batch, …, classes]. y_pred: probabilities or logits, the same shape.

    Returns:
        [batch, …].

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> from schuss import metrics
        >>> metrics.categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]).tolist()
        [0.0, 1.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            "categorical_accuracy: `y_true` must hold one-hot labels of the shape of `y_pred`, "
            f"{tuple(y_pred.shape)}. "
            f"Received: y_true.shape={tuple(y_true.shape)}. For integer labels use "
            "sparse_categorical_accuracy."
        )
    return ops.cast(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)), floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is at the place that the label names, 0 elsewhere.

    Args:
        y_true: integer labels, [batch, …] or [batch, …, 1]. y_pred: probabilities or logits, [batch, …,
            classes].

    Returns:
        [batch, …].

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> from schuss import metrics
        >>> metrics.sparse_categorical_accuracy([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]).tolist()
        [0.0, 1.0]
    """
    shape = tuple(ops.convert_to_tensor(y_true).shape)
    y_true, y_pred = _labels_and_scores("sparse_categorical_accuracy", y_true, y_pred)
    predicted = ops.argmax(y_pred, axis=-1)
    matches = ops.cast(ops.equal(ops.cast(y_true, predicted.dtype), predicted), floatx())
    return ops.reshape(matches, shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the label's class has one of the `k` largest predictions, 0 elsewhere.

    Args:
        y_true: one-hot labels, [batch, …, classes]. y_pred: scores, the same shape. k: default 5.

    Returns:
        [batch, …].
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), float_array(y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            "top_k_categorical_accuracy: `y_true` must hold one-hot labels of the shape of `y_pred`, "
            f"{tuple(y_pred.shape)}. Received: y_true.shape={tuple(y_true.shape)}. For integer labels use "
            "sparse_top_k_categorical_accuracy."
        )
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k=k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the class that the label names has one of the `k` largest predictions, 0 elsewhere.

    Args:
        y_true: integer labels, [batch, …] or [batch, …, 1].
        y_pred: scores, [batch, …, classes]; or, with `from_sorted_ids`, classes from the most to the least
            probable.
        k: default 5; from the number of classes on, every class is found. from_sorted_ids: default False.

    Returns:
        The shape of `y_true`.

    Example:
        >>> from schuss import metrics
        >>> metrics.sparse_top_k_categorical_accuracy([2, 2], [[0.1, 0.9, 0.8], [0.5, 0.3, 0.2]], k=2).tolist()
        [1.0, 0.0]
    """
    if k < 1:
        raise ValueError(f"Argument `k` must be an integer > 0. Received: k={k}")
    shape = tuple(ops.convert_to_tensor(y_true).shape)
    y_true, y_pred = _labels_and_scores("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        best = y_pred[..., :k]
        found = ops.any(ops.equal(ops.cast(ops.expand_dims(y_true, -1), best.dtype), best), axis=-1)
        return ops.reshape(ops.cast(found, floatx()), shape)
    # A class is among the k best if fewer than k others are better: no sorting needed. NaN is nobody's equal,
    # and a label that is none of the classes is not found.
    own = ops.equal(ops.expand_dims(y_true, -1), np.arange(y_pred.shape[-1], dtype=y_true.dtype))
    score = ops.sum(ops.where(own, y_pred, ops.zeros_like(y_pred)), axis=-1, keepdims=True)
    better = ops.sum(ops.cast(ops.logical_not(ops.less_equal(y_pred, score)), "int32"), axis=-1)
    found = ops.logical_and(ops.any(own, axis=-1), ops.less(better, k))
    return ops.reshape(ops.cast(found, floatx()), shape)


def _labels_and_scores(function: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Integer labels [batch, …] and scores [batch, …, classes]."""
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if not is_integer(y_true.dtype):
        y_true = ops.cast(y_true, "int32")
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    if tuple(y_true.shape) != tuple(y_pred.shape[:-1]):
        raise ValueError(
            f"{function}: `y_true` must hold integer labels of shape {tuple(y_pred.shape[:-1])} for `y_pred` "
            "of shape "
            f"{tuple(y_pred.shape)}. Received: y_true.shape={tuple(y_true.shape)}. For one-hot labels use "
            f"{function.removeprefix('sparse_')}."
        )
    return y_true, y_pred


class Accuracy(NamedMean):
    """The share of predictions that equal the labels.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
        0.75
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(NamedMean):
    """The share of labels 0 and 1 on the side of `threshold` that the prediction is on.

    Args:
        name, dtype: see `Metric`.
        threshold: default ½; 0 for logits.
    """

    _direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(
            binary_accuracy, name=name, dtype=dtype, threshold=0.5 if threshold is None else threshold
        )


class CategoricalAccuracy(NamedMean):
    """The share of one-hot labels whose class has the largest prediction.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(NamedMean):
    """The share of integer labels whose class has the largest prediction.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


class TopKCategoricalAccuracy(NamedMean):
    """The share of one-hot labels whose class has one of the `k` largest predictions.

    Args:
        k: default 5. name, dtype: see `Metric`.
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)


class SparseTopKCategoricalAccuracy(NamedMean):
    """The share of integer labels whose class has one of the `k` largest predictions.

    Args:
        k: default 5. name, dtype: see `Metric`.
        from_sorted_ids: predictions are classes in order, not scores; default False.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids
        )
