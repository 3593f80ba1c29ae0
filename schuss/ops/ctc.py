"""Connectionist temporal classification: the loss of label sequences whose alignment is not known, and the way back to
labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Spec, as_dtype
from schuss.graph import primitives as p
from schuss.ops.activations import as_float, log_softmax

__all__ = ["ctc_decode", "ctc_loss"]

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


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Any, Any]:
    """The labels that the output of a network trained with `ctc_loss` most likely means.

    Args:
        inputs: logits [batch, time, classes]. sequence_lengths: integers [batch]: how many times count.
        strategy: ``"greedy"`` (default): the best class at each time; ``"beam_search"``: the label sequences whose
            alignments have the largest sum of probabilities among the `beam_width` best at each time (on the host).
        beam_width: default 100. top_paths: how many sequences a beam search gives. Default 1.
        merge_repeated: whether a greedy search makes one label of the same class at times in a row. Default True.
        mask_index: the class that stands for a blank. Default 0.

    Returns:
        Labels, int32 [paths, batch, time], filled up with −1, and scores. Greedy: one path, and [batch, 1], the sums of
        the best logits, negative. Beam search: `top_paths`, the best first, and their log-probabilities [batch, paths].

    Raises:
        ValueError: another shape or strategy.

    Example:
        >>> import numpy as np
        >>> from schuss import ops
        >>> logits = np.log(np.array([[[0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.6, 0.2, 0.2], [0.2, 0.1, 0.7]]]))
        >>> labels, _ = ops.ctc_decode(logits, [4])
        >>> labels.tolist()
        [[[1, 2, -1, -1]]]

    Source: Hannun et al., *First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs*
    (2014), algorithm 1.
    """
    inputs, lengths = as_float(inputs), ops.cast(sequence_lengths, "int32")
    if inputs.ndim != 3 or lengths.shape != inputs.shape[:1]:
        raise ValueError(
            "ctc_decode: expected inputs [batch, time, classes] and sequence_lengths [batch]. "
            f"Received: inputs.shape={tuple(inputs.shape)}, sequence_lengths.shape={tuple(lengths.shape)}"
        )
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(f"ctc_decode: `strategy` must be 'greedy' or 'beam_search'. Received: {strategy!r}")
    batch, times, _ = inputs.shape

    def search(logs: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        labels = np.full((top_paths, batch, times), -1, "int32")
        scores = np.full((batch, top_paths), -np.inf, logs.dtype)
        for row, length in enumerate(lengths):
            best = _beam_search(logs[row, :length].astype("float64"), beam_width, mask_index)
            for place, (path, score) in enumerate(best[:top_paths]):
                labels[place, row, : len(path)], scores[row, place] = path, score
        return labels, scores

    specs = (Spec((top_paths, batch, times), as_dtype("int32")), Spec((batch, top_paths), inputs.dtype))
    labels, scores = p.host_call_p.bind(log_softmax(inputs), lengths, function=search, specs=specs)
    return labels, scores


def _greedy(logits: Any, lengths: Any, merge: bool, blank: int) -> tuple[Any, Any]:
    times = logits.shape[1]
    counts = ops.less(ops.arange(times, dtype="int32"), ops.expand_dims(lengths, -1))
    best = ops.where(counts, ops.argmax(logits, axis=-1), blank)
    dropped = ops.equal(best, blank)
    if merge:
        dropped = ops.logical_or(dropped, ops.equal(best, _later(best, 1, -1)))
    order = ops.argsort(ops.where(dropped, times, ops.arange(times, dtype="int32")), axis=-1)
    labels = ops.take_along_axis(ops.where(dropped, -1, best), order, axis=-1)
    score = ops.sum(ops.where(counts, ops.max(logits, axis=-1), 0.0), axis=1, keepdims=True)
    return ops.expand_dims(labels, 0), ops.negative(score)


def _beam_search(logs: np.ndarray, width: int, blank: int) -> list[tuple[tuple[int, ...], float]]:
    """Label sequences with the logs of their probabilities, the best first; of equal ones that with lower classes.

    For each sequence two probabilities are kept: of its alignments that end in a blank, and of the others, since only
    behind a blank the same class again is a new label.
    """
    beams: dict[tuple[int, ...], list[float]] = {(): [0.0, -np.inf]}
    for log in logs:
        following: dict[tuple[int, ...], list[float]] = {}
        for path, (after_blank, after_label) in beams.items():
            total = np.logaddexp(after_blank, after_label)
            _add(following, path, 0, total + log[blank])
            for label in range(len(log)):
                if label == blank:
                    continue
                if path and path[-1] == label:
                    _add(following, path, 1, after_label + log[label])
                    _add(following, (*path, label), 1, after_blank + log[label])
                else:
                    _add(following, (*path, label), 1, total + log[label])
        beams = dict(_ranked(following)[:width])
    return [(path, float(np.logaddexp(ends[0], ends[1]))) for path, ends in _ranked(beams)]


def _add(paths: dict[tuple[int, ...], list[float]], path: tuple[int, ...], end: int, log: float) -> None:
    ends = paths.setdefault(path, [-np.inf, -np.inf])
    ends[end] = float(np.logaddexp(ends[end], log))


def _ranked(paths: dict[tuple[int, ...], list[float]]) -> list[tuple[tuple[int, ...], list[float]]]:
    possible = [item for item in paths.items() if max(item[1]) > -np.inf]
    return sorted(possible, key=lambda item: (-np.logaddexp(item[1][0], item[1][1]), item[0]))
