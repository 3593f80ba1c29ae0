"""Learning-rate schedules as functions, objects and callbacks."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

rng = np.random.default_rng(0)
x = rng.normal(size=(64, 5)).astype("float32")
y = x[:, :1] - x[:, 1:2]


def make(opt):
    m = keras.Sequential(
        [
            keras.layers.Dense(4, "relu", kernel_initializer="ones", input_shape=[5]),
            keras.layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    m.compile(loss="mse", optimizer=opt)
    return m


def exponential_decay_fn(epoch):
    return 0.01 * 0.1 ** (epoch / 20)


h = make("sgd").fit(
    x,
    y,
    epochs=3,
    shuffle=False,
    verbose=0,
    callbacks=[keras.callbacks.LearningRateScheduler(exponential_decay_fn)],
)
print([(k, np.round(v, 3).tolist()) for k, v in h.history.items()])


def f2(epoch, lr):
    return lr * 0.1 ** (1 / 20)


h = make(keras.optimizers.SGD(learning_rate=0.05)).fit(
    x, y, epochs=3, shuffle=False, verbose=0, callbacks=[keras.callbacks.LearningRateScheduler(f2)]
)
print([(k, np.round(v, 3).tolist()) for k, v in h.history.items()])


def piecewise_constant(boundaries, values):
    boundaries = np.array([0, *boundaries])
    values = np.array(values)

    def fn(epoch):
        return values[(boundaries > epoch).argmax() - 1]

    return fn


h = make("adam").fit(
    x,
    y,
    epochs=3,
    shuffle=False,
    verbose=0,
    callbacks=[keras.callbacks.LearningRateScheduler(piecewise_constant([1, 2], [0.01, 0.005, 0.001]))],
)
print([(k, np.round(v, 3).tolist()) for k, v in h.history.items()])
s = 3 * len(x) // 32
for lr in [
    keras.optimizers.schedules.ExponentialDecay(0.01, s, 0.1),
    keras.optimizers.schedules.PiecewiseConstantDecay(boundaries=[2, 4], values=[0.01, 0.005, 0.001]),
    keras.optimizers.schedules.CosineDecay(0.1, 10),
    keras.optimizers.schedules.PolynomialDecay(0.1, 4),
    tf.keras.optimizers.schedules.InverseTimeDecay(0.1, 2, 0.5, staircase=True),
]:
    opt = keras.optimizers.SGD(lr, momentum=0.9, nesterov=True)
    m = make(opt)
    h = m.fit(x, y, epochs=2, shuffle=False, verbose=0)
    print(
        np.round(h.history["loss"], 4).tolist(),
        round(float(opt.learning_rate), 6),
        int(opt.iterations),
        type(lr).__name__,
        lr.get_config()["name"],
    )


class ExponentialLearningRate(keras.callbacks.Callback):
    def __init__(self, factor):
        self.factor = factor
        self.rates = []
        self.losses = []

    def on_batch_end(self, batch, logs=None):
        lr = self.model.optimizer.learning_rate.numpy()
        self.rates.append(lr)
        self.losses.append(logs["loss"])
        self.model.optimizer.learning_rate = lr * self.factor


e = ExponentialLearningRate(1.1)
m = make("sgd")
h = m.fit(x, y, epochs=2, shuffle=False, batch_size=16, verbose=0, callbacks=[e])
print(np.round(e.rates, 5).tolist(), np.round(e.losses, 4).tolist())
m = make(keras.optimizers.SGD())


class MyDecay(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, i):
        self.i = i

    def __call__(self, step):
        return self.i / (tf.cast(step, tf.float32) + 1)


m = make(keras.optimizers.RMSprop(MyDecay(0.1)))
h = m.fit(x, y, epochs=2, shuffle=False, verbose=0)
print(np.round(h.history["loss"], 4).tolist())
cb = [
    keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=1e-4),
    keras.callbacks.EarlyStopping(monitor="val_loss", patience=3),
]
m = make(keras.optimizers.SGD(1e-9))
h = m.fit(x, y, epochs=6, shuffle=False, verbose=0, validation_split=0.25, callbacks=cb)
print({k: np.array(v).round(9).tolist() for k, v in h.history.items() if "loss" not in k}, len(h.epoch))
