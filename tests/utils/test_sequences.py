"""`schuss.utils.pad_sequences`, as Keras's."""

import numpy as np
import pytest

from schuss.utils import pad_sequences

LISTS = [[1], [2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"value": -1}, [[-1, -1, 1], [-1, 2, 3], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
        ({"maxlen": 4, "padding": "post"}, [[1, 0, 0, 0], [2, 3, 0, 0], [4, 5, 6, 0]]),
    ],
)
def test_padding_and_cutting(options, expected):
    padded = pad_sequences(LISTS, **options)
    assert padded.dtype == "int32"
    assert padded.tolist() == expected


def test_types():
    assert pad_sequences([[0.5], []], dtype="float32").tolist() == [[0.5], [0.0]]
    assert pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [["-", "a"], ["b", "c"]]


def test_sequences_of_vectors():
    padded = pad_sequences([np.ones((1, 2)), np.ones((3, 2))])
    assert padded.shape == (2, 3, 2)
    assert padded[0, :, 0].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("sequences", "options"),
    [
        ([1, 2], {}),
        (LISTS, {"padding": "left"}),
        (LISTS, {"truncating": "left"}),
        (LISTS, {"value": "a"}),
        ([[[1, 2]], [[1, 2, 3]]], {}),
    ],
)
def test_bad_arguments(sequences, options):
    with pytest.raises(ValueError):
        pad_sequences(sequences, **options)
