"""Regression on a table, after TensorFlow's "Basic regression": normalization, callbacks, a plain history."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

tf.random.set_seed(1)
np.random.seed(1)
x = np.random.normal(50, 20, size=(400, 8)).astype("float32")
y = (x @ np.linspace(-1, 1, 8) / 10 + 3).astype("float32")

normalizer = layers.Normalization(axis=-1)
normalizer.adapt(x)


def build_model():
    model = keras.Sequential(
        [
            normalizer,
            layers.Dense(32, activation=tf.nn.relu),
            layers.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer=tf.keras.optimizers.Adam(0.01), metrics=["mae", "mse"])
    return model


model = build_model()


class PrintDot(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch % 10 == 0:
            print("")
        print(".", end="")


early_stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
history = model.fit(x, y, epochs=40, validation_split=0.2, verbose=0, callbacks=[early_stop, PrintDot()])
print()
loss, mae, mse = model.evaluate(x, y, verbose=0)
print(sorted(history.history), model.predict(x, verbose=0).flatten().shape)
assert loss < history.history["loss"][0] / 5 and abs(loss - mse) < 1e-4
