"""Losses on embeddings: samples of one class near each other, of different classes far."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import float_array


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """``softplus(LSE_p(−gamma·w_p·(margin' − d_p)) + LSE_n(gamma·w_n·(margin'' − d_n)))`` over each sample's
    pairs.

    d are cosine distances ≥ 0, p runs over the samples of the same class and n over the others; w_p = margin
    + d_p, w_n = max(1 + margin − d_n, 0), margin' = margin, margin'' = 1 − margin; LSE is logsumexp. Sun et
    al. 2020, "Circle loss: a unified perspective of pair similarity optimization".

    Args:
        y_true: integer labels, [batch] or [batch, 1]. y_pred: embeddings of length 1, [batch, features].
        ref_labels: of the samples to compare with, [refs]; default `y_true`.
        ref_embeddings: [refs, features]; default `y_pred`.
        remove_diagonal: do not compare sample i with reference i; default True.
        gamma: scale; default 80. margin: default 0.4.

    Returns:
        [batch]. A `Loss` does not count the samples whose loss is 0 in its mean.
    """
    from schuss.layers._masks import set_mask

    y_pred = float_array(y_pred)
    labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
    references = (
        y_pred if ref_embeddings is None else ops.cast(ops.convert_to_tensor(ref_embeddings), y_pred.dtype)
    )
    ref_labels = labels if ref_labels is None else ops.cast(ops.convert_to_tensor(ref_labels), "int32")
    if y_pred.ndim != 2 or references.ndim != 2 or labels.size != y_pred.shape[0]:
        raise ValueError(
            "circle: expected labels [batch] and embeddings [batch, features]. Received: "
            f"y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(y_pred.shape)}, "
            f"ref_embeddings.shape={tuple(references.shape)}."
        )
    same = ops.equal(ops.reshape(labels, (-1, 1)), ops.reshape(ref_labels, (1, -1)))
    other = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, ~np.eye(*same.shape, dtype=bool))

    distance = ops.maximum(ops.subtract(1.0, ops.matmul(y_pred, ops.transpose(references))), 0.0)
    pull = ops.multiply(ops.multiply(ops.add(distance, margin), ops.subtract(distance, margin)), gamma)
    repulsion = ops.maximum(ops.subtract(1.0 + margin, distance), 0.0)
    push = ops.multiply(ops.multiply(repulsion, ops.subtract(1.0 - margin, distance)), gamma)
    loss = ops.softplus(ops.add(_logsumexp_where(same, pull), _logsumexp_where(other, push)))
    set_mask(loss, ops.greater(loss, 0.0))
    return loss


def _logsumexp_where(mask: Any, x: Any) -> Any:
    """logsumexp of the places of each row where `mask`; hugely negative, with gradient 0, where there is
    none."""
    lowest = float(np.finfo(x.dtype).min) / 4
    return ops.logsumexp(ops.where(mask, x, ops.full_like(x, lowest)), axis=1)


class Circle(NamedLoss):
    """`circle` of each sample against the others of its batch, reduced.

    Args:
        gamma, margin, remove_diagonal: see `circle`.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ):
        super().__init__(
            circle,
            reduction=reduction,
            name=name,
            dtype=dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
