"""Saving, loading, copying and cloning weights."""

import os
import tempfile

import numpy as np
import tensorflow as tf


def create_model():
    model = tf.keras.models.Sequential(
        [
            tf.keras.layers.Dense(16, activation="relu", input_shape=(10,)),
            tf.keras.layers.Dense(3),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=[tf.keras.metrics.SparseCategoricalAccuracy()])
    return model


rng = np.random.default_rng(0)
x, y = rng.random((60, 10)), rng.integers(0, 3, 60)
model = create_model()
model.fit(x, y, epochs=2, verbose=0)
path = os.path.join(tempfile.mkdtemp(), "my.weights.h5")
model.save_weights(path)
other = create_model()
other.load_weights(path)
np.testing.assert_allclose(model.predict(x, verbose=0), other.predict(x, verbose=0), rtol=1e-6)
third = tf.keras.Sequential.from_config(model.get_config())
third.set_weights(model.get_weights())
print([w.shape for w in third.get_weights()], [layer.name for layer in model.layers] != [])
loss, acc = other.evaluate(x, y, verbose=0)
print(f"Restored model, accuracy: {100 * acc:5.2f}%"[:26])
