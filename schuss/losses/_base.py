"""Loss: from labels and predictions to the number that training makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from schuss import ops
from schuss.graph import as_dtype, floatx
from schuss.losses._reduction import reduce_weighted_values, standardize_reduction
from schuss.losses._shapes import squeeze_or_expand_to_same_rank
from schuss.utils._uids import auto_name


class Loss:
    """Base class: ``call`` says what one sample costs, ``loss(y_true, y_pred)`` reduces that over the batch.

    Args:
        name: default: the class's name in snake_case, numbered from the second on.
        reduction: what becomes of the samples' losses. ``"sum_over_batch_size"`` (default) and ``"mean"``:
            their sum, divided by their number; ``"sum"``; ``"mean_with_sample_weight"``: divided by the sum
            of the weights; ``"none"`` or None: they stay an array.
        dtype: of the computation; a name, a dtype, or a dtype policy (its compute dtype). Default floatx.

    Raises:
        ValueError: unknown reduction.

    Example:
        >>> import schuss
        >>> class FourthPower(schuss.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return schuss.ops.mean((y_pred - y_true) ** 4, axis=-1)
        >>> float(FourthPower()([[0.0, 1.0]], [[1.0, 1.0]]))
        0.5
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ):
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype = compute_dtype(dtype)

    @property
    def dtype(self) -> str:
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: labels, [batch, …]. y_pred: predictions, [batch, …].
            sample_weight: None, or numbers [batch], [batch, 1] or of the shape of `call`'s result. Padding
                that an earlier layer masked in `y_pred` does not count.

        Returns:
            A scalar; for reduction ``"none"`` the shape of `call`'s result.
        """
        from schuss.layers._masks import get_mask

        in_mask = get_mask(y_pred)
        losses = self.call(self._targets(y_true), _cast(y_pred, self.dtype))
        mask = get_mask(losses)
        if in_mask is not None:
            mask = in_mask if mask is None else ops.logical_and(in_mask, mask)
        return reduce_weighted_values(losses, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample, [batch, …], from arrays of the loss's dtype. Subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not implement call(y_true, y_pred)")

    def _targets(self, y_true: Any) -> Any:
        """Labels as `call` gets them."""
        return _cast(y_true, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The loss that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A function of labels and predictions as a `Loss`.

    Args:
        fn: ``(y_true, y_pred, **kwargs)`` to the loss of each sample, [batch, …].
        reduction, name, dtype: see `Loss`; `name` by default the class's.
        **kwargs: further arguments of `fn`.

    Example:
        >>> from schuss import losses
        >>> loss = losses.LossFunctionWrapper(losses.huber, delta=0.5)
        >>> float(loss([[0.0]], [[2.0]]))
        0.875
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if hasattr(y_true, "ndim") and hasattr(y_pred, "ndim"):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        from schuss.saving import serialize_keras_object

        kwargs = {key: serialize_keras_object(value) for key, value in self._fn_kwargs.items()}
        return {**super().get_config(), "fn": serialize_keras_object(self.fn), **kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        fn = config.get("fn")
        if isinstance(fn, (dict, str)):
            from schuss.losses import deserialize

            config = {**config, "fn": deserialize(fn)}
        return cls(**config)


class NamedLoss(LossFunctionWrapper):
    """A loss of the library: its function is fixed, so its config holds only the function's arguments, which are
    attributes, too."""

    def __init__(self, fn: Callable[..., Any], *args: Any, **kwargs: Any):
        super().__init__(fn, *args, **kwargs)
        vars(self).update(self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**Loss.get_config(self), **self._fn_kwargs}


def compute_dtype(dtype: Any) -> str:
    """The name of the dtype that `dtype` (None for floatx, a name, a dtype policy or its serialized form)
    computes in."""
    if dtype is None:
        return floatx()
    if isinstance(dtype, dict):
        dtype = dtype["config"]["name"]
    if isinstance(dtype, str):
        dtype = dtype.removeprefix("mixed_")
    return as_dtype(getattr(dtype, "compute_dtype", dtype)).name


def _cast(value: Any, dtype: str) -> Any:
    """`value` as an array of `dtype`; dicts, and lists and tuples of arrays, entry by entry."""
    if isinstance(value, dict):
        return {key: _cast(entry, dtype) for key, entry in value.items()}
    if isinstance(value, (list, tuple)) and any(getattr(entry, "ndim", 0) > 0 for entry in value):
        return type(value)(_cast(entry, dtype) for entry in value)
    return ops.cast(ops.convert_to_tensor(value), dtype)
