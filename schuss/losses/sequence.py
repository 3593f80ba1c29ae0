"""Losses on sequences whose labels are not aligned with the predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import float_array

_NEVER = -1e9
"""log 0, finite, so that differences of two of them are numbers."""


def ctc(y_true: Any, y_pred: Any) -> Any:
    """``−log P(y)``: P(y) sums the probabilities of all paths that give the labels y when repeats and blanks
    are dropped.

    Connectionist temporal classification, Graves et al. 2006; the forward recursion of their section 4.1 in
    logarithms, one step for each time step, so the graph grows with the number of steps.

    Args:
        y_true: integer labels, [batch, max_length]; 0 is the blank and fills up short rows.
        y_pred: logits, [batch, steps, classes], not normalised.

    Returns:
        [batch]. Labels for which there are too few steps (each label takes one, and one more between equal
        neighbours) are impossible: they cost about 1e9.

    Raises:
        ValueError: other ranks, or different batch sizes.
    """
    labels, logits = ops.cast(ops.convert_to_tensor(y_true), "int32"), float_array(y_pred)
    if labels.ndim != 2 or logits.ndim != 3 or labels.shape[0] != logits.shape[0]:
        raise ValueError(
            "ctc: expected labels [batch, max_length] and logits [batch, steps, classes]. Received: "
            f"y_true.shape={tuple(labels.shape)}, y_pred.shape={tuple(logits.shape)}."
        )
    batch, length = labels.shape
    log_p = ops.log_softmax(logits, axis=-1)

    # The extended labels: blanks at even places, labels at odd ones; a path may skip a blank between
    # different labels.
    blanks = ops.zeros_like(labels)
    extended = ops.concatenate(
        [ops.reshape(ops.stack([blanks, labels], axis=2), (batch, 2 * length)), blanks[:, :1]], axis=1
    )
    emitted = _chosen(log_p, extended)
    places = 2 * length + 1
    before_previous = ops.pad(extended[:, :-2], ((0, 0), (2, 0)))
    odd = np.arange(places) % 2 == 1
    may_skip = ops.logical_and(ops.not_equal(extended, before_previous), odd & (np.arange(places) >= 2))
    skip = ops.where(may_skip, ops.zeros_like(emitted[:, 0]), ops.full_like(emitted[:, 0], _NEVER))

    at_start = np.where(np.arange(places) < 2, 0.0, _NEVER).astype(emitted.dtype)
    alpha = ops.add(emitted[:, 0], at_start)
    for step in range(1, logits.shape[1]):
        ways = ops.stack([alpha, _shifted(alpha, 1), ops.add(_shifted(alpha, 2), skip)], axis=0)
        alpha = ops.add(ops.logsumexp(ways, axis=0), emitted[:, step])

    label_length = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=1, keepdims=True)
    ends = ops.logical_or(
        ops.equal(np.arange(places, dtype="int32"), ops.multiply(label_length, 2)),
        ops.equal(np.arange(places, dtype="int32"), ops.subtract(ops.multiply(label_length, 2), 1)),
    )
    return ops.negative(ops.logsumexp(ops.where(ends, alpha, ops.full_like(alpha, _NEVER)), axis=1))


def _chosen(log_p: Any, extended: Any) -> Any:
    """The log-probability of each extended label at each step: [batch, steps, places]."""
    one_hot = ops.one_hot(extended, log_p.shape[-1], dtype=log_p.dtype)
    return ops.matmul(log_p, ops.transpose(one_hot, (0, 2, 1)))


def _shifted(alpha: Any, by: int) -> Any:
    return ops.pad(alpha[:, :-by], ((0, 0), (by, 0)), constant_values=_NEVER)


class CTC(NamedLoss):
    """`ctc` of each sample, reduced: for speech and handwriting, where labels come without times.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ):
        super().__init__(ctc, reduction=reduction, name=name, dtype=dtype)
