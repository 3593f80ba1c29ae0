"""Merging layers: values, stretching, masks as Keras makes them."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.layers._masks import get_mask

A, B = np.array([[1.0, 2.0], [3.0, 4.0]], "float32"), np.array([[2.0, 2.0], [1.0, 0.5]], "float32")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + B),
        ("subtract", A - B),
        ("multiply", A * B),
        ("average", (A + B) / 2),
        ("maximum", np.maximum(A, B)),
        ("minimum", np.minimum(A, B)),
        ("concatenate", np.concatenate([A, B], axis=1)),
    ],
)
def test_values_and_functional_forms(name, expected):
    assert np.allclose(getattr(layers, name)([A, B]), expected)
    assert np.allclose(getattr(layers, name.capitalize())()([A, B]), expected)
    x = schuss.Input((2,))
    assert getattr(layers, name)([x, x]).shape == (None, *expected.shape[1:])


def test_sizes_of_one_and_missing_axes_stretch():
    image, vector = np.ones((2, 3, 4, 5)), np.ones((2, 5))
    assert layers.Add()([image, vector]).shape == (2, 3, 4, 5)
    assert layers.Multiply()([image, np.ones((2, 1, 1, 5))]).shape == (2, 3, 4, 5)


def test_dot():
    x, y = (
        np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")[:, 0],
        np.ones((2, 5, 6), "float32"),
    )
    assert np.allclose(layers.Dot(axes=(2, 1))([x, y]), np.einsum("abc,acd->abd", x, y), atol=1e-5)
    assert layers.dot([A, B], axes=1).tolist() == [[6.0], [5.0]]
    cosine = layers.Dot(axes=1, normalize=True)([A, A])
    assert np.allclose(cosine, 1)
    with pytest.raises(ValueError, match="sizes 5 and 6"):
        layers.Dot(axes=2)([x, y])


def test_masks_are_united():
    embed = layers.Embedding(5, 2, mask_zero=True)
    a, b = embed(np.array([[1, 2, 0], [0, 1, 1]])), embed(np.array([[1, 0, 0], [1, 1, 1]]))
    united = [[True, True, False], [True, True, True]]
    assert get_mask(layers.Add()([a, b])).tolist() == united
    assert get_mask(layers.Concatenate()([a, b])).tolist() == united
    assert get_mask(layers.Concatenate(axis=1)([a, b])).shape == (2, 6)
    assert get_mask(layers.Add()([a, np.ones((2, 3, 2))])) is None
    assert get_mask(layers.Concatenate()([a, np.ones((2, 3, 2))])).all()


def test_masked_places_count_in_no_maximum_minimum_or_product():
    embed = layers.Embedding(3, 1, mask_zero=True, weights=np.array([[9.0], [1.0], [-2.0]]))
    a, b = embed(np.array([[1, 1, 0, 0]])), embed(np.array([[2, 0, 2, 0]]))
    assert layers.Maximum()([a, b])[0, :, 0].tolist() == [1, 1, -2, 9]
    assert layers.Minimum()([a, b])[0, :, 0].tolist() == [-2, 1, -2, 9]
    assert layers.Multiply()([a, b])[0, :, 0].tolist() == [-2, 1, -2, 0]
    plain = np.full((1, 4, 1), 2.0, "float32")
    assert layers.Maximum()([a, plain])[0, :, 0].tolist() == [2, 2, 2, 2]
    assert layers.Multiply()([a, plain])[0, :, 0].tolist() == [2, 2, 2, 2]


def test_one_input_is_its_own_sum():
    for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        assert np.array_equal(getattr(layers, name)()([A]), A)


def test_batches_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 2\), \(2, 2\): axis 0 has the sizes \[1, 2\]"):
        layers.Add()([A[:1], A])


def test_unknown_sizes():
    assert layers.Add().compute_output_shape([(None, 3, 1), (None, 4)]) == (None, 3, 4)
    assert layers.Add().compute_output_shape([(None, None), (None, 1)]) == (None, None)
    assert layers.Multiply().compute_output_shape([(None, 2), (5, 2)]) == (5, 2)
    assert layers.Add(dtype="float64")([schuss.Input((2,)), schuss.Input((2,))]).dtype == "float64"


def test_dot_wants_axes_that_are_numbers():
    with pytest.raises(TypeError, match="axes"):
        layers.Dot("a")
