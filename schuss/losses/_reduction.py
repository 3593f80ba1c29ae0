"""From a loss per sample to what is reported or differentiated: masks, weights, sums and means."""

from __future__ import annotations

import math
from typing import Any

from schuss import ops
from schuss.losses._shapes import require_broadcast, squeeze_or_expand_to_same_rank

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def standardize_reduction(reduction: Any) -> str | None:
    """`reduction` itself, if it is known.

    Raises:
        ValueError: it is not one of `REDUCTIONS`.
    """
    if reduction not in REDUCTIONS:
        known = ", ".join(repr(r) for r in REDUCTIONS)
        raise ValueError(
            f"Invalid value for argument `reduction`. Expected one of {known}. Received: "
            f"reduction={reduction!r}"
        )
    return reduction


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Any:
    """``values · sample_weight``, reduced.

    Args:
        values: the loss of each sample (and place), [batch, …].
        sample_weight: broadcasts against `values`, after a last axis of size 1 is dropped or added.
        mask: bool, the shape of `values`: places that do not count. A mean is then over those that do.
        reduction: ``"sum"``; ``"sum_over_batch_size"`` and ``"mean"``: the sum divided by the number of
            values (not by the sum of the weights); ``"mean_with_sample_weight"``: divided by the sum of the
            weights; ``"none"``: values.
        dtype: of the result; default: that of `values`.
    """
    values = ops.convert_to_tensor(values)
    dtype = values.dtype if dtype is None else dtype
    values = ops.cast(values, dtype)
    if mask is not None:
        sample_weight = masked_weights(sample_weight, mask, dtype, reduction)
    if sample_weight is not None:
        sample_weight = ops.cast(ops.convert_to_tensor(sample_weight), dtype)
        values, sample_weight = fit_weights(values, sample_weight)
        values = ops.multiply(values, sample_weight)
    if reduction in ("none", None) or values.ndim == 0:
        return values
    total = ops.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.divide_no_nan(total, ops.sum(sample_weight))
    return ops.divide(total, float(max(1, math.prod(values.shape))))


def masked_weights(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """Weights that are zero where `mask` is false, and scaled up for a mean, so that it is over the other
    places.

    Args:
        sample_weight: or None. mask: bool. dtype: of the result.
        reduction: scaled for ``"sum_over_batch_size"`` and ``"mean"``.
    """
    mask = ops.cast(ops.cast(mask, "bool"), dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        mask = ops.multiply(mask, ops.divide_no_nan(float(math.prod(mask.shape)), ops.sum(mask)))
    if sample_weight is None:
        return mask
    sample_weight = ops.cast(ops.convert_to_tensor(sample_weight), dtype)
    return ops.multiply(*fit_weights(mask, sample_weight))


def fit_weights(values: Any, sample_weight: Any) -> tuple[Any, Any]:
    """The two in shapes that broadcast: one weight a sample, [batch], also fits values [batch, steps, …].

    Raises:
        ValueError: they do not fit.
    """
    values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
    shape, weights = tuple(values.shape), tuple(sample_weight.shape)
    if 0 < len(weights) < len(shape) and weights == shape[: len(weights)]:
        sample_weight = ops.reshape(sample_weight, weights + (1,) * (len(shape) - len(weights)))
    require_broadcast(
        "`sample_weight` must have one number for each sample, [batch], or for each value, e.g. [batch, "
        "steps]. Values and "
        "weights do not fit",
        values,
        sample_weight,
    )
    return values, sample_weight
