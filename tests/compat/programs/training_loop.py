"""A training loop of one's own: regularization losses, metrics, clipping."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

rng = np.random.default_rng(0)
X = rng.normal(size=(96, 4)).astype("float32")
y = X @ np.array([[1.0], [2.0], [-1.0], [0.5]], "float32")
model = keras.models.Sequential(
    [
        keras.layers.Dense(
            8,
            activation="elu",
            kernel_initializer="glorot_uniform",
            kernel_regularizer=keras.regularizers.l2(0.05),
            input_shape=(4,),
        ),
        keras.layers.Dense(1, kernel_regularizer=keras.regularizers.l2(0.05)),
    ]
)
r = np.random.default_rng(1)
model.set_weights([r.normal(size=w.shape) * 0.3 for w in model.get_weights()])


def random_batch(X, y, batch_size=32):
    idx = r.integers(len(X), size=batch_size)
    return X[idx], y[idx]


def print_status_bar(step, total, loss, metrics=None):
    metrics = " - ".join([f"{m.name}: {m.result():.4f}" for m in [loss] + (metrics or [])])
    print(f"{step}/{total} - " + metrics)


n_epochs, batch_size = 2, 32
n_steps = len(X) // batch_size
optimizer = keras.optimizers.SGD(learning_rate=0.01)
loss_fn = keras.losses.MeanSquaredError()
mean_loss = keras.metrics.Mean(name="mean_loss")
metrics = [keras.metrics.MeanAbsoluteError()]
for epoch in range(1, n_epochs + 1):
    print(f"Epoch {epoch}/{n_epochs}")
    for step in range(1, n_steps + 1):
        X_batch, y_batch = random_batch(X, y)
        with tf.GradientTape() as tape:
            y_pred = model(X_batch, training=True)
            main_loss = tf.reduce_mean(loss_fn(y_batch, y_pred))
            loss = tf.add_n([main_loss, *model.losses])
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        for variable in model.variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        mean_loss(loss)
        for metric in metrics:
            metric(y_batch, y_pred)
        print_status_bar(step, n_steps, mean_loss, metrics)
    for metric in [mean_loss, *metrics]:
        metric.reset_state()
w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
b = tf.Variable(tf.zeros([2]))


@tf.function
def step(x, t):
    with tf.GradientTape(persistent=True) as tape:
        p = tf.matmul(x, w) + b
        l = tf.reduce_mean((p - t) ** 2)
    dw, db = tape.gradient(l, [w, b])
    w.assign_sub(0.1 * dw)
    b.assign_sub(0.1 * db)
    return l


for _i in range(3):
    tf.print("loss", step(tf.constant([[1.0, 1.0]]), tf.constant([[0.0, 1.0]])))
print(w.numpy().round(4).tolist(), b.numpy().round(4).tolist())
