"""Connectionist temporal classification: the loss of label sequences whose alignment is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.ops.activations import as_float, log_softmax

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the log of a probability of 0 that stays finite under additions
_IMPOSSIBLE = 1e29


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """``−log P(target | output)``, summed over all alignments with blanks between and repeats of labels.

    Args:
        target: integers [batch, labels]. output: logits [batch, time, classes].
        target_length, output_length: integers [batch]: how many labels and times count.
        mask_index: the class that stands for a blank; default 0.

    Returns:
        [batch]; ∞ where the labels do not fit into the time.

    Source: Graves et al., *Connectionist temporal classification* (2006), eqs. 6-8.
    """
    target, output = ops.cast(target, "int32"), as_float(output)
    if target.ndim != 2 or output.ndim != 3:
        raise ValueError(
            "ctc_loss: expected target [batch, labels] and output [batch, time, classes]. "
            f"Received: target.shape={tuple(target.shape)}, output.shape={tuple(output.shape)}"
        )
    batch, labels = target.shape
    blank = ops.full_like(target, mask_index)
    extended = ops.reshape(ops.stack([blank, target], axis=2), (batch, 2 * labels))
    extended = (
        ops.concatenate([extended, blank[:, :1]], axis=1)
        if labels
        else ops.full((batch, 1), mask_index, "int32")
    )
    logs = log_softmax(output, axis=-1)
    emitted = ops.take_along_axis(logs, ops.expand_dims(extended, 1), axis=2)  # [batch, time, 2·labels + 1]
    alpha = _total(emitted, extended, ops.cast(output_length, "int32"), mask_index)
    last = ops.expand_dims(2 * ops.cast(target_length, "int32"), -1)
    ends = ops.arange(extended.shape[1], dtype="int32")
    reached = ops.logical_or(ops.equal(ends, last), ops.equal(ends, last - 1))
    loss = ops.negative(ops.logsumexp(ops.where(reached, alpha, _NEVER), axis=-1))
    return ops.where(ops.greater(loss, _IMPOSSIBLE), np.asarray(np.inf, loss.dtype), loss)


def _total(emitted: Any, extended: Any, lengths: Any, blank: int) -> Any:
    """log α: of all ways that end at a place of the extended labels, after the last time that counts."""
    times, places = emitted.shape[1:]
    start = np.where(np.arange(places) < 2, 0.0, _NEVER).astype(emitted.dtype)
    skips = ops.logical_and(
        ops.not_equal(extended, blank), ops.not_equal(extended, _later(extended, 2, blank))
    )  # from a label to the next, different one, without the blank between
    alpha = ops.add(emitted[:, 0], start)
    for t in range(1, times):
        twice = ops.where(skips, _later(alpha, 2, _NEVER), _NEVER)
        ways = ops.stack([alpha, _later(alpha, 1, _NEVER), twice], axis=-1)
        moved = ops.add(ops.logsumexp(ways, axis=-1), emitted[:, t])
        alpha = ops.where(ops.expand_dims(ops.less(t, lengths), -1), moved, alpha)
    return alpha


def _later(x: Any, by: int, fill: Any) -> Any:
    """x [batch, places] moved by some places."""
    return ops.pad(x, ((0, 0), (by, 0)), constant_values=fill)[:, : x.shape[1]]
