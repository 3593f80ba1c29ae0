"""Callbacks: early stopping, a schedule, checkpoints, a log, and own ones."""

import os
import tempfile

import numpy as np
from tensorflow.keras.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from tensorflow.keras.layers import Dense, Dropout
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam

folder = tempfile.mkdtemp()


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))


def step_decay(epoch):
    return 0.01 * 0.5 ** (epoch // 2)


rng = np.random.default_rng(0)
x = rng.normal(size=(120, 6))
y = (x.sum(axis=1) > 0).astype(int)
model = Sequential()
model.add(Dense(16, input_dim=6, activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.01), metrics=["accuracy"])
batches, epochs = LossHistory(), []
path = os.path.join(folder, "best.weights.h5")
model.fit(
    x,
    y,
    validation_data=(x[:40], y[:40]),
    epochs=6,
    batch_size=30,
    verbose=0,
    callbacks=[
        batches,
        EarlyStopping(monitor="val_loss", patience=10),
        ModelCheckpoint(path, save_best_only=True, save_weights_only=True, monitor="val_loss"),
        LearningRateScheduler(step_decay),
        ReduceLROnPlateau(patience=100),
        CSVLogger(os.path.join(folder, "log.csv")),
        LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(logs["val_accuracy"])),
    ],
)
print(len(batches.losses), len(epochs), sorted(os.listdir(folder)))
print("%.4f" % float(model.optimizer.learning_rate.numpy()))
model.load_weights(path)
