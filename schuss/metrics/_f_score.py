"""F-scores: precision and recall in one number, class by class."""

from __future__ import annotations

from typing import Any

from schuss import config, ops
from schuss.metrics._base import Metric
from schuss.metrics._regression import require_built, require_matrices


class FBetaScore(Metric):
    """``(1 + beta²)·precision·recall / (beta²·precision + recall)`` of each class.

    Args:
        average: None (default): one score for each class; ``"macro"``: their mean; ``"weighted"``: their
            mean, weighted by the number of labels; ``"micro"``: the score of all classes counted together.
        beta: recall counts beta times as much as precision; > 0, default 1.
        threshold: a prediction above it says yes; in (0, 1]. Default None: the largest of each row says yes.
        name, dtype: see `Metric`.

    Raises:
        ValueError: an argument out of its range; at a batch, labels or predictions that are not [batch,
            classes].

    Example:
        >>> from schuss import metrics
        >>> m = metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> [round(float(f), 4) for f in m.result()]
        [0.3846, 0.9091, 0.8333]
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                "Invalid `average` argument value. Expected one of: {None, 'micro', 'macro', 'weighted'}. "
                f"Received: average={average}"
            )
        _require_float("beta", beta)
        if beta <= 0.0:
            raise ValueError(f"Invalid `beta` argument value. It should be > 0. Received: beta={beta}")
        if threshold is not None:
            _require_float("threshold", threshold)
            if not 0.0 < threshold <= 1.0:
                raise ValueError(
                    "Invalid `threshold` argument value. It should verify 0 < threshold <= 1. "
                    f"Received: threshold={threshold}"
                )
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _add_state(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        require_matrices("FBetaScore", y_true_shape, y_pred_shape)
        shape = () if self.average == "micro" else (y_pred_shape[-1],)
        self.true_positives = self.add_variable(shape, "zeros", dtype=self.dtype, name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", dtype=self.dtype, name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", dtype=self.dtype, name="false_negatives")
        self.intermediate_weights = self.add_variable(
            shape, "zeros", dtype=self.dtype, name="intermediate_weights"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: labels, 0 or 1, [batch, classes]. y_pred: predictions, the same shape.
            sample_weight: None, or numbers [batch] or [batch, 1].
        """
        y_true = ops.cast(ops.convert_to_tensor(y_true), self.dtype)
        y_pred = ops.cast(ops.convert_to_tensor(y_pred), self.dtype)
        self._build(y_true.shape, y_pred.shape)
        if tuple(y_true.shape) != tuple(y_pred.shape):
            raise ValueError(
                f"{self.name}: `y_true` and `y_pred` must have the same shape. "
                f"Received: y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}."
            )
        if self.threshold is None:
            best = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            said = ops.logical_and(best, ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            said = ops.greater(y_pred, self.threshold)
        said = ops.cast(said, self.dtype)
        weighted = y_true
        if sample_weight is not None:
            weights = ops.reshape(ops.cast(ops.convert_to_tensor(sample_weight), self.dtype), (-1, 1))
            weighted, said_weighted = ops.multiply(y_true, weights), ops.multiply(said, weights)
        else:
            said_weighted = said
        axis = None if self.average == "micro" else 0
        self._add(self.true_positives, ops.multiply(said, weighted), axis)
        self._add(self.false_positives, ops.multiply(said_weighted, ops.subtract(1.0, y_true)), axis)
        self._add(self.false_negatives, ops.multiply(ops.subtract(1.0, said), weighted), axis)
        self._add(self.intermediate_weights, weighted, axis)

    def _add(self, variable: Any, values: Any, axis: int | None) -> None:
        variable.assign(ops.add(variable, ops.sum(values, axis=axis)))

    def result(self) -> Any:
        require_built(self)
        tp = self.true_positives.value
        precision = ops.divide(tp, ops.add(ops.add(tp, self.false_positives), config.epsilon()))
        recall = ops.divide(tp, ops.add(ops.add(tp, self.false_negatives), config.epsilon()))
        both = ops.multiply(ops.multiply(precision, recall), 1.0 + self.beta**2)
        weighed = ops.add(ops.multiply(precision, self.beta**2), recall)
        scores = ops.divide(both, ops.add(weighed, config.epsilon()))
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            shares = ops.divide(weights, ops.add(ops.sum(weights), config.epsilon()))
            return ops.sum(ops.multiply(scores, shares))
        return scores if self.average is None else ops.mean(scores)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


class F1Score(FBetaScore):
    """``2·precision·recall / (precision + recall)`` of each class: `FBetaScore` with beta = 1.

    Args:
        average, threshold: see `FBetaScore`.
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.F1Score(average="micro")([[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]])) > 0.49
        True
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config


def _require_float(name: str, value: Any) -> None:
    if not isinstance(value, float):
        raise ValueError(
            f"Invalid `{name}` argument value. It should be a Python float. "
            f"Received: {name}={value} of type '{type(value)}'"
        )
