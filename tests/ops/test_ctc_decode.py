"""Labels from the outputs of networks trained with CTC."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import schuss
from schuss import ops


def logs_of_all_labels(logits: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """label sequence → log of the sum of the probabilities of all its alignments."""
    p = np.exp(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))
    sums: dict[tuple[int, ...], float] = {}
    for alignment in itertools.product(range(p.shape[1]), repeat=len(p)):
        labels = tuple(label for label, _ in itertools.groupby(alignment) if label != blank)
        sums[labels] = sums.get(labels, 0.0) + float(np.prod(p[np.arange(len(p)), alignment]))
    return {labels: float(np.log(total)) for labels, total in sums.items()}


@pytest.mark.parametrize("blank", [0, 2])
def test_beam_search_finds_the_most_probable_labels(blank: int) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 5, 3)).astype("float32")
    lengths = np.array([5, 1, 3])
    labels, logs = ops.ctc_decode(logits, lengths, "beam_search", top_paths=3, mask_index=blank)
    assert labels.shape == (3, 3, 5)
    assert logs.shape == (3, 3)
    for row, length in enumerate(lengths):
        every = logs_of_all_labels(logits[row, :length], blank)
        best = sorted(every, key=lambda path: -every[path])[:3]
        found = [tuple(n for n in path if n >= 0) for path in labels[:, row].tolist()]
        assert found == best
        np.testing.assert_allclose(logs[row], [every[path] for path in best], rtol=1e-5)


def test_paths_that_there_are_not() -> None:
    labels, logs = ops.ctc_decode(np.zeros((1, 1, 2), "float32"), [1], "beam_search", top_paths=3)
    assert labels[:, 0, 0].tolist() == [-1, 1, -1]
    assert np.isneginf(logs).tolist() == [[False, False, True]]


def test_greedy() -> None:
    classes = [[1, 1, 0, 1, 2, 2, 0, 2], [0, 0, 2, 2, 2, 0, 1, 1]]
    logits = 5 * np.eye(3, dtype="float32")[classes]
    labels, scores = ops.ctc_decode(logits, [8, 6])
    assert labels.tolist() == [[[1, 1, 2, 2, -1, -1, -1, -1], [2, *[-1] * 7]]]
    assert scores.tolist() == [[-40.0], [-30.0]]
    labels, _ = ops.ctc_decode(logits, [8, 6], merge_repeated=False)
    assert labels.tolist() == [[[1, 1, 1, 2, 2, 2, -1, -1], [2, 2, 2, *[-1] * 5]]]


@pytest.mark.parametrize("strategy", ["greedy", "beam_search"])
def test_compiled_and_symbolic(strategy: str) -> None:
    logits = np.random.default_rng(1).normal(size=(2, 6, 3)).astype("float32")
    lengths = np.array([6, 4], "int32")
    expected = ops.ctc_decode(logits, lengths, strategy)
    inputs = schuss.Input((6, 3)), schuss.Input((), dtype="int32")
    model = schuss.Model(inputs, list(ops.ctc_decode(*inputs, strategy)))
    compiled = schuss.jit(lambda x, n: ops.ctc_decode(x, n, strategy))(logits, lengths)
    for results in (compiled, model((logits, lengths))):
        for result, wanted in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, wanted, rtol=1e-5)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="'greedy' or 'beam_search'"):
        ops.ctc_decode(np.zeros((1, 2, 3)), [2], "best")
    with pytest.raises(ValueError, match=r"sequence_lengths \[batch\]"):
        ops.ctc_decode(np.zeros((1, 2, 3)), 2)
