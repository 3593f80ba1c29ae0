"""A program for TensorFlow's Keras that trains a network to read handwritten digits.

``schuss run examples/seed_program.py`` runs it with Schuss, ``python examples/seed_program.py`` with TensorFlow. MNIST is
downloaded once; the path of an ``mnist.npz`` can be given instead.
"""

import json
import sys

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import SGD

if len(sys.argv) > 1:
    with np.load(sys.argv[1]) as file:
        x_train, y_train, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
else:
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (x_train, x_test))
y_train, y_test = (tf.keras.utils.to_categorical(y, 10) for y in (y_train, y_test))

model = Sequential([
    Dense(units=64, activation='relu', input_shape=(784,)),
    Dense(units=10, activation='softmax')
])
model.compile(optimizer=SGD(learning_rate=0.01), loss='categorical_crossentropy', metrics=['accuracy'])
model.fit(x_train, y_train, epochs=10, batch_size=32)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(json.dumps({"losses": model.history.history["loss"], "test_loss": loss, "test_accuracy": accuracy}))
