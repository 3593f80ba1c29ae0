"""TensorFlow's guides on tensors, variables and automatic differentiation."""

import numpy as np
import tensorflow as tf

w, b = tf.Variable(tf.random.normal((3, 2)), name="w"), tf.Variable(tf.zeros(2, dtype=tf.float32), name="b")
x = [[1.0, 2.0, 3.0]]
with tf.GradientTape(persistent=True) as tape:
    y = x @ w + b
    loss = tf.reduce_mean(y**2)
dl_dw, dl_db = tape.gradient(loss, [w, b])
print(dl_dw.shape, dl_db.shape)
np.testing.assert_allclose(dl_db.numpy(), y.numpy()[0], rtol=1e-5)
grad = tape.gradient(loss, {"w": w, "b": b})
print(sorted(grad))

x = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x**2
print(tape.gradient(y, x).numpy())

x0, x1 = tf.Variable(3.0), tf.Variable(3.0, trainable=False)
with tf.GradientTape() as tape:
    y = x0**2 + x1**2
print([None if g is None else float(g) for g in tape.gradient(y, [x0, x1])])

x = tf.Variable(1.0)
with tf.GradientTape() as t2:
    with tf.GradientTape() as t1:
        y = x * x * x
    dy_dx = t1.gradient(y, x)
print(float(dy_dx), float(t2.gradient(dy_dx, x)))

x = tf.linspace(-1.0, 1.0, 5)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.sigmoid(x)
print(np.round(tape.gradient(y, x).numpy(), 4))


@tf.custom_gradient
def clip_gradients(z):
    def backward(dy):
        return tf.clip_by_norm(dy, 0.5)

    return z, backward


v = tf.Variable(2.0)
with tf.GradientTape() as t:
    output = clip_gradients(v * v)
print(t.gradient(output, v).numpy())

true_w, true_b = 3.0, 2.0
xs = tf.linspace(-2.0, 2.0, 50)
ys = xs * true_w + true_b


class MyModel(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1, kernel_initializer=tf.keras.initializers.Constant(5.0))

    def call(self, x):
        return self.dense(x[:, tf.newaxis])[:, 0]


model = MyModel()
optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)
for epoch in range(30):
    with tf.GradientTape() as t:
        current_loss = tf.reduce_mean(tf.square(ys - model(xs)))
    optimizer.apply_gradients(
        zip(t.gradient(current_loss, model.trainable_variables), model.trainable_variables)
    )
print(f"{model.trainable_variables[0].numpy()[0, 0]:.2f} {current_loss:.4f}")
