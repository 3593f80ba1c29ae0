"""Config in, config out, for every layer; output shapes agree with outputs."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers

IMAGE = np.linspace(0, 1, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3).astype("float32")
ROWS = np.linspace(-1, 1, 12).reshape(3, 4).astype("float32")
IDS = np.array([[1, 2, 0], [3, 0, 0]])
MADE = [
    (layers.Dense(3, activation="tanh", kernel_regularizer="l2", bias_constraint="non_neg"), ROWS),
    (layers.Dense(3, use_bias=False), IMAGE),
    (layers.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d"), IMAGE[0]),
    (layers.EinsumDense("...x,xy->...y", output_shape=5, activation="relu"), IMAGE),
    (layers.Embedding(5, 3, mask_zero=True), IDS),
    (layers.Activation("softmax"), ROWS),
    (layers.Identity(), ROWS),
    (layers.Flatten(), IMAGE),
    (layers.Flatten(data_format="channels_first"), IMAGE),
    (layers.Reshape((2, -1)), ROWS),
    (layers.Permute((3, 1, 2)), IMAGE),
    (layers.RepeatVector(4), ROWS),
    (layers.Masking(-1.0), IMAGE[0]),
    (layers.Rescaling(0.5, offset=[1.0, 2.0, 3.0]), IMAGE),
    (layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]), IMAGE),
    (layers.Normalization(axis=None), ROWS),
    (layers.Dropout(0.3, noise_shape=(None, 1), seed=3), ROWS),
    (layers.GaussianNoise(0.1), ROWS),
    (layers.GaussianDropout(0.1, seed=1), ROWS),
    (layers.AlphaDropout(0.1), ROWS),
    (layers.ActivityRegularization(l1=0.1, l2=0.2), ROWS),
    (layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), ROWS),
    (layers.LeakyReLU(0.2), ROWS),
    (layers.PReLU(shared_axes=[1, 2]), IMAGE),
    (layers.ELU(0.5), ROWS),
    (layers.Softmax(axis=1), IMAGE),
    (layers.Add(), [ROWS, ROWS]),
    (layers.Subtract(), [ROWS, ROWS]),
    (layers.Multiply(), [ROWS, ROWS, ROWS]),
    (layers.Average(), [ROWS, ROWS]),
    (layers.Maximum(), [ROWS, -ROWS]),
    (layers.Minimum(), [ROWS, -ROWS]),
    (layers.Concatenate(axis=1), [ROWS, ROWS[:, :2]]),
    (layers.Dot(axes=1, normalize=True), [ROWS, ROWS]),
    (layers.BatchNormalization(momentum=0.9, center=False), IMAGE),
    (layers.LayerNormalization(axis=[1, 2]), IMAGE),
    (layers.RMSNormalization(), ROWS),
    (layers.UnitNormalization(), ROWS),
]


@pytest.mark.parametrize(("layer", "x"), MADE, ids=lambda value: value.name if hasattr(value, "name") else "")
def test_round_trip(layer, x):
    y = layer(x)
    described = json.loads(json.dumps(layers.serialize(layer)))
    assert described["module"] == "keras.layers"
    assert described["registered_name"] is None
    again = layers.deserialize(described)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    if not again.built:
        again(x)
    again.set_weights(layer.get_weights())
    assert np.array_equal(np.asarray(again(x)), np.asarray(y))


@pytest.mark.parametrize(("layer", "x"), MADE, ids=lambda value: value.name if hasattr(value, "name") else "")
def test_symbolic_shape_is_that_of_the_output(layer, x):
    several = isinstance(x, list)
    xs = x if several else [x]
    symbolic = [schuss.Input(batch_shape=(None, *a.shape[1:]), dtype=a.dtype) for a in xs]
    fresh = type(layer).from_config(layer.get_config())
    out = fresh(symbolic if several else symbolic[0])
    y = fresh(x)
    assert out.shape == (None, *y.shape[1:])
    assert out.dtype == y.dtype


def test_keras_files_may_say_more_than_we_need():
    config = layers.Dense(3).get_config() | {"quantization_config": None}
    assert layers.Dense.from_config(config).units == 3
    with pytest.raises(TypeError, match="Dense cannot be made from the config"):
        layers.Dense.from_config({"name": "d"})


def test_unknown_layer_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Dense"):
        layers.deserialize(
            {"module": "keras.layers", "class_name": "Dens", "config": {}, "registered_name": None}
        )
    with pytest.raises(ValueError, match="Unknown class"):
        layers.deserialize({"module": "os", "class_name": "system", "config": "ls", "registered_name": None})
