"""SpectralNormalization, ReversibleEmbedding, batch renormalization: what the recorded cases do not show."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers

ROWS = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
TOKENS = np.array([[1, 2, 0], [3, 0, 0]])


@pytest.fixture(autouse=True)
def set_start():
    """How fast norms come depends on how far apart the first two singular values are."""
    schuss.utils.set_random_seed(2)


def largest_singular_value(kernel):
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def test_the_kernel_comes_to_a_norm_of_one():
    schuss.utils.set_random_seed(
        1
    )  # how fast it comes depends on how far apart the first two singular values are
    layer = layers.SpectralNormalization(layers.Dense(4), power_iterations=30)
    layer(ROWS)
    before = layer.layer.kernel.numpy().copy()
    assert largest_singular_value(before) > 1.05
    layer(ROWS, training=False)
    assert np.array_equal(layer.layer.kernel.numpy(), before)
    y = layer(ROWS, training=True)
    kernel = layer.layer.kernel.numpy()
    assert largest_singular_value(kernel) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(kernel * largest_singular_value(before), before, rtol=1e-3)
    np.testing.assert_allclose(y, ROWS @ kernel, rtol=1e-4, atol=1e-5)


def test_training_keeps_the_norm():
    model = schuss.Sequential(
        [schuss.Input((6, 6, 2)), layers.SpectralNormalization(layers.Conv2D(3, 2)), layers.Flatten()]
    )
    model.compile(schuss.optimizers.SGD(1e-3), "mse")
    x = np.random.default_rng(1).normal(size=(8, 6, 6, 2)).astype("float32")
    model.fit(x, np.ones((8, 75)), epochs=40, verbose=0)
    assert largest_singular_value(model.layers[0].layer.kernel.numpy()) == pytest.approx(1, abs=0.02)
    assert [v.name for v in model.non_trainable_variables] == ["vector_u"]


def test_a_kernel_of_zeros_stays():
    layer = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    layer(ROWS)
    u = layer.vector_u.numpy().copy()
    assert np.array_equal(layer(ROWS, training=True), np.zeros((8, 2)))
    assert np.array_equal(layer.vector_u.numpy(), u)


def test_embeddings_are_normalized_too():
    layer = layers.SpectralNormalization(layers.Embedding(4, 3), power_iterations=20)
    y = layer(TOKENS, training=True)
    assert (y.shape, y.dtype) == ((2, 3, 3), "float32")
    assert largest_singular_value(layer.layer.embeddings.numpy()) == pytest.approx(1, abs=1e-3)


def test_what_spectral_normalization_refuses():
    with pytest.raises(ValueError, match=r"`power_iterations` must be a positive integer; got 0"):
        layers.SpectralNormalization(layers.Dense(2), power_iterations=0)
    with pytest.raises(ValueError, match=r"Flatten \"flat\" has neither a `kernel` nor `embeddings`"):
        layers.SpectralNormalization(layers.Flatten(name="flat"))(ROWS)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (layers.SpectralNormalization(layers.Conv1D(2, 2), power_iterations=2), ROWS[:, :, None]),
        (layers.ReversibleEmbedding(4, 3, False, mask_zero=True, reverse_dtype="float64"), TOKENS),
        (layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 3.0}, renorm_momentum=0.5), ROWS),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_round_trip(layer, x):
    y = layer(x)
    made = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert made.get_config() == layer.get_config()
    made(x)
    made.set_weights(layer.get_weights())
    assert np.array_equal(made(x), y)


def test_there_and_back():
    layer = layers.ReversibleEmbedding(4, 3, logit_soft_cap=0.5)
    vectors = layer(TOKENS)
    table = layer.embeddings.numpy()
    scores = vectors @ table.T
    np.testing.assert_allclose(layer(vectors, reverse=True), 0.5 * np.tanh(scores / 0.5), rtol=1e-5)
    assert [v.name for v in layer.weights] == ["embeddings"]
    with pytest.raises(ValueError, match=r"must have the size output_dim=3; got the shape \(2, 4\)"):
        layer(np.zeros((2, 4)), reverse=True)


def test_both_directions_in_one_model():
    layer = layers.ReversibleEmbedding(4, 3, tie_weights=False, mask_zero=True)
    x = schuss.Input((None,), dtype="int32")
    h = layer(x)
    scores = layer(layers.Dense(3)(h), reverse=True)
    assert (h.shape, scores.shape) == ((None, None, 3), (None, None, 4))
    model = schuss.Model(x, scores)
    model.compile("adam", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(TOKENS, TOKENS, verbose=0)
    assert [v.name for v in layer.weights] == ["embeddings", "reverse_embeddings"]
    assert model.predict(TOKENS, verbose=0).shape == (2, 3, 4)


def test_the_mask_is_that_of_the_integers():
    seen = []

    class Look(layers.Layer):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs

    layer = layers.ReversibleEmbedding(4, 3, mask_zero=True)
    Look()(layer(TOKENS))
    assert np.array_equal(seen[0], TOKENS != 0)


def test_renormalized_batches_differ_less_from_what_inference_gives():
    x = ROWS * 3 + 1
    layer = layers.BatchNormalization(renorm=True)
    for _ in range(600):
        layer(x, training=True)
    np.testing.assert_allclose(layer(x[:4], training=True), layer(x[:4]), atol=0.05)


@pytest.mark.parametrize("limits", [{"most": 1}, {"rmax": 1, "rmin": 2}, {"dmax": -1}])
def test_limits_that_are_refused(limits):
    with pytest.raises(ValueError, match="`renorm_clipping`"):
        layers.BatchNormalization(renorm=True, renorm_clipping=limits)


def test_masks_have_fewer_axes_than_inputs():
    layer = layers.BatchNormalization()
    with pytest.raises(ValueError, match=r"mask of shape \(8, 5\) for an input of shape \(8, 5\)"):
        layer(ROWS, training=True, mask=ROWS > 0)
    assert layers.BatchNormalization(axis=[1]).axis == 1
    with pytest.raises(TypeError, match="`axis` must be an integer"):
        layers.BatchNormalization(axis=[1, 2])
