"""TimeDistributed: every time step by itself, whatever the layer within does."""

import numpy as np
import pytest

import schuss
from schuss import layers, ops

X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")


def step_by_step(layer, x):
    return np.stack([np.asarray(layer(x[:, t])) for t in range(x.shape[1])], axis=1)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dense(2, activation="tanh"),
        layers.Dense(2, trainable=False),
        layers.Lambda(lambda x: ops.subtract(x, ops.mean(x, axis=0))),
        layers.Softmax(axis=0),
        schuss.Sequential([layers.Dense(4), layers.LayerNormalization()]),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_it_is_the_layer_step_by_step(layer):
    y = layers.TimeDistributed(layer)(X)
    np.testing.assert_allclose(y, step_by_step(layer, X), atol=1e-6)


def test_batches_are_normalized_step_by_step():
    y = layers.TimeDistributed(layers.BatchNormalization(epsilon=0.0))(X, training=True)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=0), 1, atol=1e-3)


def test_layers_of_the_users_own_see_one_step():
    class Sizes(layers.Layer):
        def call(self, inputs):
            return ops.zeros_like(inputs) + float(inputs.shape[0])

    assert (layers.TimeDistributed(Sizes())(X) == 4).all()


def test_within_each_other():
    x = X[:, :, None] * np.ones((1, 1, 2, 1), "float32")
    layer = layers.TimeDistributed(layers.TimeDistributed(layers.Dense(2)))
    assert layer(x).shape == (4, 5, 2, 2)
    assert layer(schuss.Input((None, 2, 3))).shape == (None, None, 2, 2)


def test_several_outputs():
    x = np.ones((2, 3, 4, 5), "float32")
    layer = layers.TimeDistributed(layers.LSTM(2, return_state=True))
    assert [y.shape for y in layer(x)] == [(2, 3, 2)] * 3
    assert [y.shape for y in layer(schuss.Input((3, 4, 5)))] == [(None, 3, 2)] * 3


def test_masks_are_cut_into_steps():
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5)).astype("float32")
    mask = np.random.default_rng(2).random((2, 3, 4)) < 0.5
    inner = layers.GRU(2)
    y = layers.TimeDistributed(inner)(x, mask=mask)
    expected = np.stack([inner(x[:, t], mask=mask[:, t]) for t in range(3)], axis=1)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    with pytest.raises(ValueError, match=r"mask, of shape \(2, 2, 4\), must begin with.*\(2, 3\)"):
        layers.TimeDistributed(layers.GRU(2))(x, mask=mask[:, :2])


def test_inputs_without_time_are_refused():
    with pytest.raises(ValueError, match=r"at least 3 axes.*\(4, 3\)"):
        layers.TimeDistributed(layers.Dense(2))(X[:, 0])
