"""Losses for regions: how little two sets, given as memberships in [0, 1], overlap."""

from __future__ import annotations

from typing import Any

from schuss import config, ops
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import operands


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 − 2·Σ y·ŷ / (Σ y + Σ ŷ)``: 0 for equal sets, 1 for disjoint ones.

    Args:
        y_true: y in [0, 1]. y_pred: ŷ, the same shape.
        axis: int or tuple, of the sums; default None: everything is one set.

    Returns:
        The shape without `axis`; a scalar for None.

    Example:
        >>> from schuss import losses
        >>> round(float(losses.dice([[1.0, 0.0]], [[1.0, 1.0]])), 4)
        0.3333
    """
    y_true, y_pred = operands("dice", y_true, y_pred)
    axis = _axes(axis)
    common = ops.multiply(ops.sum(ops.multiply(y_true, y_pred), axis=axis), 2.0)
    sizes = ops.add(ops.sum(y_true, axis=axis), ops.sum(y_pred, axis=axis))
    return ops.subtract(1.0, ops.divide(common, ops.add(sizes, config.epsilon())))


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """``1 − TP / (TP + alpha·FN + beta·FP)`` with TP = Σ y·ŷ, FN = Σ y·(1 − ŷ), FP = Σ (1 − y)·ŷ.

    Salehi et al. 2017, "Tversky loss function for image segmentation". With alpha = beta = ½ it is `dice`.
    As in Keras, `alpha` goes with what is missed, though its documentation (and the paper) say the opposite.

    Args:
        y_true, y_pred, axis: as for `dice`.
        alpha: weight of what is true and not predicted, FN; default ½. beta: of what is predicted and not
            true, FP; default ½.
    """
    y_true, y_pred = operands("tversky", y_true, y_pred)
    axis = _axes(axis)
    common = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    only_predicted = ops.sum(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=axis)
    only_true = ops.sum(ops.multiply(y_true, ops.subtract(1.0, y_pred)), axis=axis)
    weighted = ops.add(ops.multiply(only_true, alpha), ops.multiply(only_predicted, beta))
    return ops.subtract(1.0, ops.divide(common, ops.add(ops.add(common, weighted), config.epsilon())))


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


class Dice(NamedLoss):
    """`dice`, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
        axis: see `dice`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, reduction=reduction, name=name, dtype=dtype, axis=axis)


class Tversky(NamedLoss):
    """`tversky`, reduced.

    Args:
        alpha, beta, axis: see `tversky`.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(
            tversky, reduction=reduction, name=name, dtype=dtype, alpha=alpha, beta=beta, axis=axis
        )
