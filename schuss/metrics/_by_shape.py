"""What ``"accuracy"`` and ``"crossentropy"`` mean for the labels and predictions at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import losses
from schuss.metrics._accuracy import binary_accuracy, categorical_accuracy, sparse_categorical_accuracy
from schuss.metrics._reductions import MeanMetricWrapper

_FUNCTIONS: dict[str, tuple[Any, Any, Any]] = {
    "accuracy": (binary_accuracy, sparse_categorical_accuracy, categorical_accuracy),
    "crossentropy": (
        losses.binary_crossentropy,
        losses.sparse_categorical_crossentropy,
        losses.categorical_crossentropy,
    ),
}
_NAMES = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}


def metric_by_shape(
    identifier: Any, y_true_shape: Sequence[int], y_pred_shape: Sequence[int], name: str | None = None
) -> MeanMetricWrapper | None:
    """The metric that a name without a kind stands for; None for names and objects that need no shapes.

    Args:
        identifier: ``"accuracy"``, ``"acc"``, ``"crossentropy"``, ``"ce"`` (as given by the user), or
            anything.
        y_true_shape, y_pred_shape: of a batch. One output is a binary decision; labels without the axis of
            classes (or with size 1 there) are integers; others one-hot.
        name: of the metric; default: the identifier.

    Example:
        >>> from schuss.metrics import metric_by_shape
        >>> metric_by_shape("acc", (32,), (32, 10))._fn.__name__
        'sparse_categorical_accuracy'
    """
    kind = _NAMES.get(identifier.lower()) if isinstance(identifier, str) else None
    if kind is None:
        return None
    binary, sparse, categorical = _FUNCTIONS[kind]
    last_true = y_true_shape[-1] if len(y_true_shape) else 1
    last_pred = y_pred_shape[-1] if len(y_pred_shape) else 1
    if last_pred == 1:
        function = binary
    elif len(y_true_shape) < len(y_pred_shape) or (last_true == 1 and last_pred > 1):
        function = sparse
    else:
        function = categorical
    return MeanMetricWrapper(function, name=name or identifier)
