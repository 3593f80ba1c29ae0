"""Hinge losses: zero once the right side has won by a margin."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import operands


def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 − y·ŷ, 0))`` over the last axis.

    Args:
        y_true: y, −1 or 1, [batch, …, outputs]; labels that are all 0 or 1 are taken for −1 and 1.
        y_pred: scores ŷ, the same shape.

    Returns:
        [batch, …].

    Example:
        >>> from schuss import losses
        >>> losses.hinge([[1.0, -1.0]], [[0.5, 0.5]]).tolist()
        [1.0]
    """
    return ops.mean(_margins("hinge", y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 − y·ŷ, 0)²)`` over the last axis; arguments and result as for `hinge`."""
    return ops.mean(ops.square(_margins("squared_hinge", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(neg − pos + 1, 0)``: pos the score of the right class, neg the best of the others.

    Args:
        y_true: one-hot labels, [batch, …, classes]. y_pred: scores, the same shape.

    Returns:
        [batch, …].
    """
    y_true, y_pred = operands("categorical_hinge", y_true, y_pred)
    positive = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    negative = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(negative, positive), 1.0), 0.0)


def _margins(function: str, y_true: Any, y_pred: Any) -> Any:
    """What is missing to a margin of 1, element by element."""
    y_true, y_pred = operands(function, y_true, y_pred)
    return ops.maximum(ops.subtract(1.0, ops.multiply(_signs(y_true), y_pred)), 0.0)


def _signs(y_true: Any) -> Any:
    """Labels 0 and 1 as −1 and 1; others, also a mixture of both, as they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, ops.subtract(ops.multiply(y_true, 2.0), 1.0), y_true)


class Hinge(NamedLoss):
    """`hinge` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ):
        super().__init__(hinge, reduction=reduction, name=name, dtype=dtype)


class SquaredHinge(NamedLoss):
    """`squared_hinge` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ):
        super().__init__(squared_hinge, reduction=reduction, name=name, dtype=dtype)


class CategoricalHinge(NamedLoss):
    """`categorical_hinge` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ):
        super().__init__(categorical_hinge, reduction=reduction, name=name, dtype=dtype)
