"""Batches from generators, a `Sequence`, and tf.data with repeat and steps_per_epoch."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.keras.utils import Sequence

x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
y = x @ np.array([[1.0], [2.0], [-1.0]], "float32")


class Batches(Sequence):
    def __init__(self, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.batch_size = batch_size

    def __len__(self):
        return math.ceil(len(x) / self.batch_size)

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return x[part], y[part]


def endless():
    while True:
        rows = np.random.randint(0, len(x), 10)
        yield x[rows], y[rows]


model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss=tf.keras.losses.MeanSquaredError())
losses = model.fit(Batches(16), epochs=3, verbose=0).history["loss"]
losses += model.fit(endless(), steps_per_epoch=5, epochs=2, verbose=0).history["loss"]
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(50).repeat().batch(10, drop_remainder=True)
losses += model.fit(data, steps_per_epoch=5, epochs=2, verbose=0).history["loss"]


def rows():
    for a, b in zip(x, y):
        yield a, b


signature = (tf.TensorSpec(shape=(3,), dtype=tf.float32), tf.TensorSpec(shape=(1,), dtype=tf.float32))
stream = tf.data.Dataset.from_generator(rows, output_signature=signature).batch(25)
losses += model.fit(stream, epochs=2, verbose=0).history["loss"]
print(len(losses), model.predict(data.map(lambda a, b: a).take(2), verbose=0).shape)
print([tuple(a.shape) for a, _ in tf.data.Dataset.from_tensor_slices((x, y)).batch(20)])
assert losses[-1] < 0.1 * losses[0]
