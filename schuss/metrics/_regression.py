"""Errors of predicted numbers, and how much of their variation a prediction explains."""

from __future__ import annotations

from typing import Any

from schuss import losses, ops
from schuss.losses._shapes import operands
from schuss.metrics._base import Metric
from schuss.metrics._reductions import Mean, NamedMean


class MeanSquaredError(NamedMean):
    """The mean of (y − ŷ)².

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.MeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.25
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(losses.mean_squared_error, name=name, dtype=dtype)


class RootMeanSquaredError(Mean):
    """√(mean of (y − ŷ)²).

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.RootMeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.5
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch: labels and predictions of one shape, and weights that fit it or its first axes."""
        y_true, y_pred = operands(self.name, y_true, y_pred)
        super().update_state(ops.square(ops.subtract(y_pred, y_true)), sample_weight)

    def result(self) -> Any:
        return ops.sqrt(super().result())


class MeanAbsoluteError(NamedMean):
    """The mean of |y − ŷ|.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(NamedMean):
    """The mean of 100·|y − ŷ|/|y|.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(NamedMean):
    """The mean of (log(y + 1) − log(ŷ + 1))².

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(losses.mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(NamedMean):
    """The mean of log(cosh(ŷ − y)).

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(losses.log_cosh, name=name, dtype=dtype)


class CosineSimilarity(NamedMean):
    """The mean cosine of the angle between y and ŷ; the loss of that name has the other sign.

    Args:
        name, dtype: see `Metric`.
        axis: along which the vectors lie; default −1.
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(_cosine, name=name, dtype=dtype, axis=axis)


def _cosine(y_true: Any, y_pred: Any, axis: int) -> Any:
    return ops.negative(losses.cosine_similarity(y_true, y_pred, axis=axis))


class R2Score(Metric):
    """``1 − Σ(y − ŷ)² / Σ(y − mean y)²``: 1 for a perfect prediction, 0 for one no better than the mean.

    Args:
        class_aggregation: over outputs: ``"uniform_average"`` (default), ``"variance_weighted_average"``, or
            None: one score for each output.
        num_regressors: p, for the adjusted score ``1 − (1 − R²)(n − 1)/(n − p − 1)``, n the number of labels
            seen; default 0: not adjusted, as it is where n ≤ p + 1.
        name, dtype: see `Metric`.

    Raises:
        ValueError: unknown aggregation, p < 0; at the first batch, labels or predictions that are not [batch,
            outputs].

    Example:
        >>> from schuss import metrics
        >>> round(float(metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        known = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in known:
            raise ValueError(
                f"Invalid value for argument `class_aggregation`. Expected one of {known}. "
                f"Received: class_aggregation={class_aggregation}"
            )
        if num_regressors < 0:
            raise ValueError(
                "Invalid value for argument `num_regressors`. Expected a value >= 0. "
                f"Received: num_regressors={num_regressors}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _add_state(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        require_matrices("R2Score", y_true_shape, y_pred_shape)
        outputs = (y_pred_shape[-1],)
        self.squared_sum = self.add_variable(outputs, "zeros", name="squared_sum")
        self.sum = self.add_variable(outputs, "zeros", name="sum")
        self.total_mse = self.add_variable(outputs, "zeros", name="residual")
        self.count = self.add_variable(outputs, "zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true, y_pred: [batch, outputs]. sample_weight: None, or numbers [batch] or [batch, outputs].
        """
        y_true = ops.cast(ops.convert_to_tensor(y_true), self.dtype)
        y_pred = ops.cast(ops.convert_to_tensor(y_pred), self.dtype)
        y_true, y_pred = operands(self.name, y_true, y_pred)
        self._build(y_true.shape, y_pred.shape)
        weights = ops.ones_like(y_true)
        if sample_weight is not None:
            weights = ops.cast(ops.convert_to_tensor(sample_weight), self.dtype)
            weights = ops.expand_dims(weights, 1) if weights.ndim == 1 else weights
            weights = ops.broadcast_to(weights, tuple(y_true.shape))
        weighted = ops.multiply(y_true, weights)
        residual = ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weights)
        self.sum.assign(ops.add(self.sum, ops.sum(weighted, axis=0)))
        self.squared_sum.assign(ops.add(self.squared_sum, ops.sum(ops.multiply(y_true, weighted), axis=0)))
        self.total_mse.assign(ops.add(self.total_mse, ops.sum(residual, axis=0)))
        self.count.assign(ops.add(self.count, ops.sum(weights, axis=0)))
        self.num_samples.assign(ops.add(self.num_samples, float(y_true.size)))

    def result(self) -> Any:
        require_built(self)
        mean = ops.divide(self.sum, self.count)
        total = ops.subtract(self.squared_sum, ops.multiply(self.sum, mean))
        scores = ops.subtract(1.0, ops.divide(self.total_mse, total))
        scores = ops.where(ops.isinf(scores), ops.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(ops.multiply(total, scores)), ops.sum(total))
        if self.num_regressors == 0:
            return scores
        freedom = ops.subtract(self.num_samples, 1.0 + self.num_regressors)
        ratio = ops.divide(ops.subtract(self.num_samples, 1.0), ops.maximum(freedom, 1.0))
        adjusted = ops.subtract(1.0, ops.multiply(ops.subtract(1.0, scores), ratio))
        return ops.where(ops.greater(freedom, 0.0), adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }


def require_matrices(metric: str, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
    """A ValueError unless both shapes are [batch, outputs]."""
    if len(y_true_shape) != 2 or len(y_pred_shape) != 2:
        raise ValueError(
            f"{metric} expects 2D inputs with shape (batch_size, output_dim). Received input shapes: "
            f"y_pred.shape={y_pred_shape} and y_true.shape={y_true_shape}."
        )


def require_built(metric: Metric) -> None:
    """A ValueError if the metric's state has yet to be made."""
    if not metric._built:
        raise ValueError(
            f"{type(metric).__name__} {metric.name!r} has seen no batch yet, so it does not know how many "
            "outputs there "
            "are. Call update_state() before result()."
        )
