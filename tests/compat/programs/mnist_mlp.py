"""The first program of many tutorials: digits, two dense layers."""

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import SGD

rng = np.random.default_rng(0)
labels = rng.integers(0, 10, 320)
images = np.eye(10)[labels] @ rng.random((10, 784))
x_train = np.clip(images + 0.1 * rng.random((320, 784)), 0, 1).astype("float32")
y_train = tf.keras.utils.to_categorical(labels, 10)

model = Sequential(
    [Dense(units=64, activation="relu", input_shape=(784,)), Dense(units=10, activation="softmax")]
)
model.compile(optimizer=SGD(learning_rate=0.01), loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=10, batch_size=32)

print(model.predict(x_train[:5], verbose=0).shape)
print(sorted(history.history))
assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]
