"""Mean and Sum of whatever comes, and the mean of a function of labels and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from schuss import ops
from schuss.losses._reduction import fit_weights, masked_weights
from schuss.losses._shapes import squeeze_or_expand_to_same_rank
from schuss.metrics._base import Metric


class Sum(Metric):
    """The (weighted) sum of the values seen.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.Sum()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]))
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: numbers, any shape.
            sample_weight: None, or numbers that fit `values`, or its first axes.
        """
        values, weights = _values_and_weights(values, sample_weight, self.dtype)
        if weights is not None:
            values = ops.multiply(*fit_weights(values, weights))
        self.total.assign(ops.add(self.total, ops.sum(values)))

    def result(self) -> Any:
        return ops.copy(self.total.value)


class Mean(Metric):
    """The (weighted) mean of the values seen: Σ w·v / Σ w. Values of more than one axis count by the mean of
    each sample.

    Args:
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> m = metrics.Mean()
        >>> m.update_state([1, 3, 5, 7])
        >>> float(m.result())
        4.0
        >>> m.reset_state()
        >>> m.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> float(m.result())
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: numbers, [batch, …] or a scalar.
            sample_weight: None, or numbers that fit `values`, or its first axes.
        """
        values, weights = _values_and_weights(values, sample_weight, self.dtype)
        if weights is None:
            count: Any = float(_samples(values))
        else:
            values, weights = squeeze_or_expand_to_same_rank(values, weights)
            if weights.ndim < values.ndim:
                values = ops.mean(values, axis=tuple(range(weights.ndim, values.ndim)))
            values, weights = fit_weights(values, weights)
            weights = ops.broadcast_to(weights, tuple(values.shape))
            values, count = ops.multiply(values, weights), _per_sample(ops.sum(weights), values)
        self.total.assign(ops.add(self.total, _per_sample(ops.sum(values), values)))
        self.count.assign(ops.add(self.count, count))

    def result(self) -> Any:
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function of labels and predictions.

    Args:
        fn: ``(y_true, y_pred, **kwargs)`` to a value for each sample, [batch, …].
        name, dtype: see `Metric`.
        **kwargs: further arguments of `fn`.

    Example:
        >>> from schuss import metrics, ops
        >>> m = metrics.MeanMetricWrapper(lambda y_true, y_pred: ops.abs(y_true - y_pred), name="distance")
        >>> float(m(ops.array([1.0, 2.0]), ops.array([2.0, 2.0])))
        0.5
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add a batch.

        Args:
            y_true: labels, [batch, …]. y_pred: predictions, [batch, …]; masked places do not count.
            sample_weight: None, or numbers that fit the function's values.
        """
        from schuss.layers._masks import get_mask

        mask = get_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if mask is not None:
            sample_weight = masked_weights(sample_weight, mask, self.dtype, "sum")
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        from schuss.saving import serialize_keras_object

        kwargs = {key: serialize_keras_object(value) for key, value in self._fn_kwargs.items()}
        return {**super().get_config(), "fn": serialize_keras_object(self._fn), **kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        fn = config.get("fn")
        if isinstance(fn, (dict, str)):
            from schuss.saving import deserialize_keras_object

            config = {**config, "fn": deserialize_keras_object(fn)}
        return cls(**config)


class NamedMean(MeanMetricWrapper):
    """A metric of the library: its function is fixed, so its config holds only the function's arguments, which are
    attributes, too."""

    def __init__(self, fn: Callable[..., Any], *args: Any, **kwargs: Any):
        super().__init__(fn, *args, **kwargs)
        vars(self).update(self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), **self._fn_kwargs}


def _values_and_weights(values: Any, sample_weight: Any, dtype: str) -> tuple[Any, Any]:
    """Both in `dtype`; weights, if there are any, are zero where a mask of `values` is false."""
    from schuss.layers._masks import get_mask

    mask = get_mask(values)
    values = ops.cast(ops.convert_to_tensor(values), dtype)
    if sample_weight is None:
        return values, None
    if mask is not None:
        return values, masked_weights(sample_weight, mask, dtype, "sum")
    return values, ops.cast(ops.convert_to_tensor(sample_weight), dtype)


def _samples(values: Any) -> int:
    return values.shape[0] if values.ndim else 1


def _per_sample(total: Any, values: Any) -> Any:
    """A sum over all of `values`, had each sample been averaged first."""
    within = values.size // max(1, _samples(values))
    return total if within <= 1 else ops.divide(total, float(within))
