"""Intersection over union: how well predicted regions cover the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import config, ops
from schuss.graph import floatx, is_float
from schuss.losses._base import compute_dtype
from schuss.metrics._base import Metric


class IoU(Metric):
    """``TP / (TP + FP + FN)`` of classes, the mean over those of `target_class_ids` that occur.

    Args:
        num_classes: labels and predictions are in ``[0, num_classes)``; places where one of the two is not
            do not count.
        target_class_ids: the classes that the mean is over.
        name: see `Metric`.
        dtype: of the counts; default, and in place of an integer type: floatx, so that weights count in full.
        ignore_class: a label that marks places not to count (often −1 or 255). Default None.
        sparse_y_true: whether labels are integers (default True), not one-hot.
        sparse_y_pred: whether predictions are integers (default True), not scores.
        axis: of the classes where they are not sparse; default −1.

    Raises:
        ValueError: a target class that is none of the classes.

    Example:
        >>> from schuss import metrics
        >>> round(float(metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype if is_float(compute_dtype(dtype)) else floatx())
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        for class_id in self.target_class_ids:
            if not 0 <= class_id < num_classes:
                raise ValueError(f"Target class id {class_id} is out of range, which is [0, {num_classes}).")
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: classes, any shape (with an axis of classes, if not sparse). y_pred: classes, or scores,
                alike.
            sample_weight: None, or numbers that fit the classes, or their first axes.
        """
        y_true = self._classes(y_true, self.sparse_y_true)
        y_pred = self._classes(y_pred, self.sparse_y_pred)
        self._count(y_true, y_pred, sample_weight)

    def _classes(self, labels: Any, sparse: bool) -> Any:
        labels = ops.convert_to_tensor(labels)
        return ops.cast(labels if sparse else ops.argmax(labels, axis=self.axis), "int32")

    def _count(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Add classes to the confusion matrix: a row for each true one, a column for each predicted one."""
        n = self.num_classes
        weights = self._weights(tuple(y_true.shape), sample_weight)
        y_true, y_pred = ops.reshape(y_true, (-1,)), ops.reshape(y_pred, (-1,))
        if y_true.size != y_pred.size:
            raise ValueError(
                f"{self.name}: as many labels as predictions are needed. Received: {y_true.size} and "
                f"{y_pred.size}."
            )
        valid = ops.logical_and(self._are_classes(y_true), self._are_classes(y_pred))
        if self.ignore_class is not None:
            valid = ops.logical_and(valid, ops.not_equal(y_true, self.ignore_class))
        y_true, y_pred = (ops.where(valid, y, ops.zeros_like(y)) for y in (y_true, y_pred))
        weights = ops.where(valid, weights, ops.zeros_like(weights))
        cells = ops.segment_sum(weights, ops.add(ops.multiply(y_true, n), y_pred), num_segments=n * n)
        self.total_cm.assign(ops.add(self.total_cm, ops.reshape(cells, (n, n))))

    def _weights(self, shape: tuple[int, ...], sample_weight: Any) -> Any:
        if sample_weight is None:
            return np.ones(int(np.prod(shape)), self.dtype)
        weights = ops.cast(ops.convert_to_tensor(sample_weight), self.dtype)
        if weights.ndim > len(shape):
            weights = ops.squeeze(weights, axis=-1)
        if weights.ndim and tuple(weights.shape) == shape[: weights.ndim]:
            weights = ops.reshape(weights, tuple(weights.shape) + (1,) * (len(shape) - weights.ndim))
        return ops.reshape(ops.broadcast_to(weights, shape), (-1,))

    def _are_classes(self, labels: Any) -> Any:
        return ops.logical_and(ops.greater_equal(labels, 0), ops.less(labels, self.num_classes))

    def result(self) -> Any:
        matrix = self.total_cm.value
        targets = np.asarray(self.target_class_ids, "int32")
        hits = ops.take(ops.diagonal(matrix), targets)
        union = ops.add(
            ops.take(ops.sum(matrix, axis=0), targets), ops.take(ops.sum(matrix, axis=1), targets)
        )
        union = ops.subtract(union, hits)
        shares = ops.divide(hits, ops.add(union, config.epsilon()))
        occurring = ops.sum(ops.cast(ops.greater(union, 1e-9), self.dtype))
        return ops.divide(ops.sum(shares), ops.add(occurring, config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


class BinaryIoU(IoU):
    """`IoU` of two classes, predicted by a score: 1 where it is at least `threshold`.

    Args:
        target_class_ids: ``(0, 1)`` (default), ``(0,)`` or ``(1,)``.
        threshold: default ½.
        name, dtype: see `IoU`.

    Example:
        >>> from schuss import metrics
        >>> round(float(metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: 0 or 1, any shape. y_pred: scores, the same shape.
            sample_weight: None, or numbers that fit the labels, or their first axes.
        """
        y_pred = ops.cast(ops.convert_to_tensor(y_pred), self.dtype)
        super().update_state(y_true, ops.greater_equal(y_pred, self.threshold), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
            "name": self.name,
            "dtype": self.dtype,
        }


class MeanIoU(IoU):
    """`IoU` of all classes: the mean over those that occur.

    Args:
        num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: see `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(
            num_classes,
            range(num_classes),
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=sparse_y_true,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "target_class_ids")


class OneHotIoU(IoU):
    """`IoU` for one-hot labels and, unless `sparse_y_pred`, a score for each class.

    Args:
        num_classes, target_class_ids, name, dtype, ignore_class, axis: see `IoU`.
        sparse_y_pred: whether predictions are integers; default False.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(
            num_classes,
            target_class_ids,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` for one-hot labels and, unless `sparse_y_pred`, a score for each class.

    Args:
        num_classes, name, dtype, ignore_class, axis: see `IoU`.
        sparse_y_pred: whether predictions are integers; default False.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(
            num_classes,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "sparse_y_true")


def _without(config: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != key}
