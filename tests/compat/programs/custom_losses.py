"""Own losses and metrics, as functions of ``tf`` and of ``K``, and as classes."""

import numpy as np
import tensorflow as tf
import tensorflow.keras.backend as K
from tensorflow.keras import layers, models


def rmse(y_true, y_pred):
    return K.sqrt(K.mean(K.square(y_pred - y_true), axis=-1))


def huber(y_true, y_pred, delta=1.0):
    y_true = tf.cast(y_true, tf.float32)
    error = y_true - y_pred
    small = tf.abs(error) < delta
    return tf.where(small, 0.5 * tf.square(error), delta * (tf.abs(error) - 0.5 * delta))


def r2(y_true, y_pred):
    residual = K.sum(K.square(y_true - y_pred))
    total = K.sum(K.square(y_true - K.mean(y_true)))
    return 1 - residual / (total + K.epsilon())


class WeightedMSE(tf.keras.losses.Loss):
    def __init__(self, weight=2.0, name="weighted_mse"):
        super().__init__(name=name)
        self.weight = weight

    def call(self, y_true, y_pred):
        return self.weight * tf.reduce_mean(tf.math.squared_difference(y_true, y_pred), axis=-1)


class LargestError(tf.keras.metrics.Metric):
    def __init__(self, name="largest_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_weight(name="largest", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(
            tf.maximum(self.largest, tf.reduce_max(tf.abs(tf.cast(y_true, self.dtype) - y_pred)))
        )

    def result(self):
        return self.largest

    def reset_state(self):
        self.largest.assign(0.0)


tf.random.set_seed(0)
x = np.linspace(-1, 1, 64).reshape(-1, 1).astype("float32")
y = 3 * x - 1
for loss in (rmse, huber, WeightedMSE()):
    model = models.Sequential([layers.Dense(8, activation="tanh", input_shape=(1,)), layers.Dense(1)])
    model.compile(optimizer=tf.keras.optimizers.Adam(0.05), loss=loss, metrics=[r2, LargestError()])
    history = model.fit(x, y, epochs=15, batch_size=16, verbose=0)
    print(sorted(history.history))
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
assert np.isclose(rmse(tf.constant([[1.0, 2.0]]), tf.constant([[1.0, 4.0]])).numpy(), np.sqrt(2))
print(tf.constant([[1.0, 2.0]]), huber(np.array([0.0, 0.0]), np.array([0.5, 3.0], "float32")).numpy())
