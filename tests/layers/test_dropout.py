"""Dropout and noise: their statistics, their seeds, their silence outside of training."""

import numpy as np
import pytest

import schuss
from schuss import layers

X = np.ones((200, 100), "float32")


def test_rate_and_scale():
    y = layers.Dropout(0.25, seed=1)(X, training=True)
    assert np.allclose(np.unique(y), [0.0, 1 / 0.75])
    assert abs((y == 0).mean() - 0.25) < 0.01
    assert abs(y.mean() - 1) < 0.02


def test_nothing_happens_outside_of_training():
    for layer in (
        layers.Dropout(0.5),
        layers.GaussianNoise(1.0),
        layers.GaussianDropout(0.5),
        layers.AlphaDropout(0.5),
    ):
        assert np.array_equal(layer(X), X)


def test_seeded_masks_repeat_and_advance():
    a, b = layers.Dropout(0.5, seed=7), layers.Dropout(0.5, seed=7)
    first = a(X, training=True)
    assert np.array_equal(first, b(X, training=True))
    assert not np.array_equal(first, a(X, training=True))
    assert len(a.variables) == 1
    assert not a.weights


def test_noise_shape_drops_whole_columns():
    y = layers.Dropout(0.5, noise_shape=(1, None), seed=2)(X, training=True)
    assert all(len(set(column.tolist())) == 1 for column in y.T)
    with pytest.raises(ValueError, match="noise_shape"):
        layers.Dropout(0.5, noise_shape=(1,))(X, training=True)


def test_gaussian_noises():
    y = layers.GaussianNoise(0.5, seed=1)(X, training=True)
    assert abs(y.std() - 0.5) < 0.02
    y = layers.GaussianDropout(0.2, seed=1)(X, training=True)
    assert abs(y.mean() - 1) < 0.02
    assert abs(y.std() - 0.5) < 0.02


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(400, 200)).astype("float32")
    y = layers.AlphaDropout(0.2, seed=1)(x, training=True)
    assert abs(y.mean()) < 0.02
    assert abs(y.std() - 1) < 0.02


def test_a_trace_advances_the_seed():
    layer = layers.Dropout(0.5, seed=1)
    graph = schuss.trace(lambda x: layer(x, training=True), schuss.Spec((4, 3), np.dtype("float32")))
    assert [slot.variable for slot in graph.state if slot.output is not None] == [layer.seed_generator.state]


def test_layers_that_never_draw_have_no_state():
    assert not layers.Dropout(0.0, seed=1).variables
    assert not layers.GaussianNoise(0.0).variables
    assert np.array_equal(layers.Dropout(0.0)(X, training=True), X)
    assert not np.any(layers.Dropout(1.0)(X, training=True))


@pytest.mark.parametrize("shape", ["ab", 3, (0, 1), (1.5, 1), (-1, 1)])
def test_noise_shapes_that_are_none(shape):
    with pytest.raises(ValueError, match=r"`noise_shape`\. Expected a tuple of positive integers"):
        layers.Dropout(0.5, noise_shape=shape)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.GaussianNoise(1.5),
        lambda: layers.GaussianNoise(-0.1),
        lambda: layers.GaussianDropout(2),
        lambda: layers.AlphaDropout("a"),
    ],
)
def test_rates_and_deviations_out_of_range(make):
    with pytest.raises(ValueError, match="between 0 and 1"):
        make()
