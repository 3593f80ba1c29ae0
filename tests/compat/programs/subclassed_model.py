"""A subclassed model, data pipelines, and TensorFlow's "quickstart for experts" loop with GradientTape."""

import numpy as np
import tensorflow as tf
from tensorflow.keras import Model
from tensorflow.keras.layers import Dense, Flatten

tf.random.set_seed(2)
rng = np.random.default_rng(2)
y_train = rng.integers(0, 3, 96)
x_train = (rng.random((96, 4, 4)) * 0.3 + y_train[:, None, None] * 0.3).astype("float32")
train_ds = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(96).batch(16).prefetch(tf.data.AUTOTUNE)
)
test_ds = tf.data.Dataset.from_tensor_slices((x_train[:32], y_train[:32])).batch(32)


class MyModel(Model):
    def __init__(self):
        super().__init__()
        self.flatten = Flatten()
        self.d1 = Dense(24, activation="relu")
        self.d2 = Dense(3)

    def call(self, x):
        return self.d2(self.d1(self.flatten(x)))


model = MyModel()
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(0.01)
train_loss = tf.keras.metrics.Mean(name="train_loss")
train_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
test_accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        predictions = model(images, training=True)
        loss = loss_object(labels, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_loss(loss)
    train_accuracy(labels, predictions)


@tf.function
def test_step(images, labels):
    test_accuracy(labels, model(images, training=False))


first = None
for epoch in range(8):
    train_loss.reset_state()
    train_accuracy.reset_state()
    test_accuracy.reset_state()
    for images, labels in train_ds:
        train_step(images, labels)
    for test_images, test_labels in test_ds:
        test_step(test_images, test_labels)
    first = first or float(train_loss.result())
    print(
        f"Epoch {epoch + 1}, Loss: {train_loss.result():0.2f}, Accuracy: {train_accuracy.result() * 100:0.1f}"
    )
assert float(train_loss.result().numpy()) < 0.8 * first

model.compile(optimizer="adam", loss=loss_object, metrics=["accuracy"])
model.fit(
    train_ds.map(lambda x, y: (tf.cast(x, tf.float32), y)), validation_data=test_ds, epochs=2, verbose=2
)
print(len(train_ds), train_ds.element_spec[0].shape, model.evaluate(test_ds, verbose=0)[1] > 0.3)
