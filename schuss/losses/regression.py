"""Losses for numbers: how far a prediction is from what was measured."""

from __future__ import annotations

import math
from typing import Any

from schuss import config, ops
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import operands


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y − ŷ)²)`` over the last axis.

    Args:
        y_true: what was measured, y, [batch, …, outputs].
        y_pred: what was predicted, ŷ, the same shape.

    Returns:
        One number a sample, [batch, …].

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> from schuss import losses
        >>> losses.mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]]).tolist()
        [2.0]
    """
    y_true, y_pred = operands("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)


def half_mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``½ · mean((y − ŷ)²)`` over the last axis: half of `mean_squared_error`, so that the gradient is (ŷ −
    y)/n.

    Args:
        y_true: y, [batch, …, outputs]. y_pred: ŷ, the same shape.

    Returns:
        One number a sample, [batch, …]. Their mean is J = 1/(2n) Σ (y − ŷ)².

    Example:
        >>> from schuss import losses
        >>> losses.half_mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]]).tolist()
        [1.0]
    """
    y_true, y_pred = operands("half_mean_squared_error", y_true, y_pred)
    return ops.multiply(ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1), 0.5)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y − ŷ|)`` over the last axis; arguments and result as for `mean_squared_error`."""
    y_true, y_pred = operands("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.absolute(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 · mean(|y − ŷ| / max(|y|, 1e-7))`` over the last axis; arguments and result as for
    `mean_squared_error`."""
    y_true, y_pred = operands("mean_absolute_percentage_error", y_true, y_pred)
    scale = ops.maximum(ops.absolute(y_true), config.epsilon())
    error = ops.absolute(ops.divide(ops.subtract(y_true, y_pred), scale))
    return ops.multiply(ops.mean(error, axis=-1), 100.0)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(y + 1) − log(ŷ + 1))²)`` over the last axis, y and ŷ raised to 1e-7 where they are smaller.

    Arguments and result as for `mean_squared_error`.
    """
    y_true, y_pred = operands("mean_squared_logarithmic_error", y_true, y_pred)
    log_true = ops.log(ops.add(ops.maximum(y_true, config.epsilon()), 1.0))
    log_pred = ops.log(ops.add(ops.maximum(y_pred, config.epsilon()), 1.0))
    return ops.mean(ops.square(ops.subtract(log_true, log_pred)), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Squared error near zero, absolute error far from it: the mean over the last axis of

    ``e²/2`` where ``|e| ≤ delta``, else ``delta·|e| − delta²/2``, with e = ŷ − y.

    Args:
        y_true, y_pred: as for `mean_squared_error`. delta: where the one goes over into the other; default 1.

    Example:
        >>> from schuss import losses
        >>> losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
        [1.5]
    """
    y_true, y_pred = operands("huber", y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    size = ops.absolute(error)
    near = ops.multiply(ops.square(error), 0.5)
    far = ops.subtract(ops.multiply(size, delta), 0.5 * delta * delta)
    return ops.mean(ops.where(ops.less_equal(size, delta), near, far), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(ŷ − y)))`` over the last axis: about e²/2 for small errors e, |e| − log 2 for large
    ones.

    Arguments and result as for `mean_squared_error`.
    """
    y_true, y_pred = operands("log_cosh", y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    # log cosh e = e + log(1 + exp(-2e)) - log 2 does not overflow, and its derivative is tanh e everywhere.
    softened = ops.add(error, ops.softplus(ops.multiply(error, -2.0)))
    return ops.mean(ops.subtract(softened, math.log(2.0)), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """``−Σ y·ŷ / (‖y‖·‖ŷ‖)`` along `axis`: −1 for equal directions, 0 for orthogonal ones, 1 for opposite
    ones.

    Args:
        y_true, y_pred: [batch, …]. A zero vector has similarity 0 with every other.
        axis: along which the vectors lie; default −1.

    Returns:
        The shape of `y_true` without `axis`.
    """
    y_true, y_pred = operands("cosine_similarity", y_true, y_pred)
    product = ops.multiply(ops.normalize(y_true, axis=axis), ops.normalize(y_pred, axis=axis))
    return ops.negative(ops.sum(product, axis=axis))


class MeanSquaredError(NamedLoss):
    """The mean of (y − ŷ)²; `mean_squared_error` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> from schuss import losses
        >>> float(losses.MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]]))
        0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_error, reduction=reduction, name=name, dtype=dtype)


class HalfMeanSquaredError(NamedLoss):
    """J(W, b) = 1/(2n) Σ (y − ŷ)²: the mean squared error of the textbooks, exactly half of
    `MeanSquaredError`.

    n counts what the mean runs over: samples times outputs. The ½ cancels the 2 of the derivative: ∂J/∂ŷ = (ŷ
    − y)/n. Also known as ``"half_mse"``.

    Args:
        reduction, name, dtype: see `Loss`.

    Example:
        >>> from schuss import losses
        >>> float(losses.HalfMeanSquaredError()([[0.0], [1.0]], [[2.0], [3.0]]))
        2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "half_mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(half_mean_squared_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsoluteError(NamedLoss):
    """The mean of |y − ŷ|; `mean_absolute_error` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsolutePercentageError(NamedLoss):
    """The mean of 100·|y − ŷ|/|y|; `mean_absolute_percentage_error` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_percentage_error, reduction=reduction, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(NamedLoss):
    """The mean of (log(y + 1) − log(ŷ + 1))²; `mean_squared_logarithmic_error` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_logarithmic_error, reduction=reduction, name=name, dtype=dtype)


class Huber(NamedLoss):
    """Squared error up to `delta`, absolute error beyond it; `huber` of each sample, reduced.

    Args:
        delta: where the one goes over into the other; default 1.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, reduction=reduction, name=name, dtype=dtype, delta=delta)


class LogCosh(NamedLoss):
    """The mean of log(cosh(ŷ − y)); `log_cosh` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ):
        super().__init__(log_cosh, reduction=reduction, name=name, dtype=dtype)


class CosineSimilarity(NamedLoss):
    """The negative cosine of the angle between y and ŷ; `cosine_similarity` of each sample, reduced.

    Args:
        axis: along which the vectors lie; default −1.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, reduction=reduction, name=name, dtype=dtype, axis=axis)
