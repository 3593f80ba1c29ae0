"""Own layers with weights, also nested, and in a functional model; TensorFlow's functions within them."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


class Linear(layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return tf.matmul(inputs, self.w) + self.b

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units})
        return config


class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.one, self.two = Linear(16), Linear(1)

    def call(self, inputs, training=None):
        hidden = tf.nn.relu(self.one(inputs))
        self.add_loss(1e-4 * tf.reduce_sum(tf.square(self.one.w)))
        return self.two(hidden)


x = tf.ones((2, 2))
linear = Linear(4)
y = linear(x)
print(y.shape, [tuple(w.shape) for w in linear.weights], linear.get_config()["units"])
inputs = keras.Input(shape=(3,))
scaled = layers.Lambda(lambda t: t * 2.0)(inputs) if hasattr(layers, "Lambda") else inputs * 2.0
outputs = Block()(scaled)
model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="mse")
data = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
history = model.fit(data, data[:, :1], epochs=10, verbose=0)
print(len(model.trainable_weights), model(data[:7]).numpy().shape)
assert history.history["loss"][-1] < history.history["loss"][0]
