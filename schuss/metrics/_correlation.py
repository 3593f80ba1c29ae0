"""How well predictions move together with labels, sample by sample."""

from __future__ import annotations

from typing import Any

from schuss import config, ops
from schuss.losses._shapes import operands
from schuss.metrics._reductions import NamedMean


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """``cov(y, ŷ) / (σ(y)·σ(ŷ))`` along `axis`.

    Args:
        y_true, y_pred: of one shape. axis: int or tuple; default −1.

    Returns:
        The shape without `axis`; in [−1, 1], NaN where one of the two does not vary.

    Example:
        >>> from schuss import metrics
        >>> [round(float(r), 4) for r in metrics.pearson_correlation([[0, 1, 0.5]], [[0.1, 0.9, 0.5]])]
        [1.0]
    """
    y_true, y_pred = operands("pearson_correlation", y_true, y_pred)
    centred_true = ops.subtract(y_true, ops.mean(y_true, axis=axis, keepdims=True))
    centred_pred = ops.subtract(y_pred, ops.mean(y_pred, axis=axis, keepdims=True))
    standard_true, standard_pred = (
        ops.divide(centred, ops.std(centred, axis=axis, keepdims=True))
        for centred in (centred_true, centred_pred)
    )
    return ops.mean(ops.multiply(standard_true, standard_pred), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """``2·cov(y, ŷ) / (σ²(y) + σ²(ŷ) + (mean y − mean ŷ)²)`` along `axis`: also punishes shifts and wrong
    scales.

    Args:
        y_true, y_pred: of one shape. axis: int or tuple; default −1.

    Returns:
        The shape without `axis`; in [−1, 1].
    """
    y_true, y_pred = operands("concordance_correlation", y_true, y_pred)
    mean_true, mean_pred = (
        ops.mean(y_true, axis=axis, keepdims=True),
        ops.mean(y_pred, axis=axis, keepdims=True),
    )
    centred_true, centred_pred = ops.subtract(y_true, mean_true), ops.subtract(y_pred, mean_pred)
    covariance = ops.mean(ops.multiply(centred_true, centred_pred), axis=axis)
    variances = ops.add(
        ops.mean(ops.square(centred_true), axis=axis), ops.mean(ops.square(centred_pred), axis=axis)
    )
    shift = ops.squeeze(ops.square(ops.subtract(mean_true, mean_pred)), axis=axis)
    return ops.divide(ops.multiply(covariance, 2.0), ops.add(ops.add(variances, shift), config.epsilon()))


class PearsonCorrelation(NamedMean):
    """The mean of `pearson_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: of the correlated values; default −1.
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)


class ConcordanceCorrelation(NamedMean):
    """The mean of `concordance_correlation`.

    Args:
        name, dtype: see `Metric`.
        axis: of the correlated values; default −1.
    """

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
