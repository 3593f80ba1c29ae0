"""Unbalanced classes: class weights, metrics by name, thresholds; after TensorFlow's "Imbalanced data"."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

rng = np.random.default_rng(8)
y = (rng.random(400) < 0.1).astype("int64")
x = (rng.normal(size=(400, 5)) + y[:, None]).astype("float32")
METRICS = [
    keras.metrics.MeanSquaredError(name="Brier score"),
    keras.metrics.TruePositives(name="tp"),
    keras.metrics.BinaryAccuracy(name="accuracy"),
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
    keras.metrics.AUC(name="prc", curve="PR"),
]
neg, pos = np.bincount(y)
bias = keras.initializers.Constant(np.log([pos / neg]))
model = keras.Sequential(
    [
        keras.layers.Dense(
            16, activation="relu", input_shape=(x.shape[-1],), kernel_regularizer=keras.regularizers.l2(1e-3)
        ),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1, activation="sigmoid", bias_initializer=bias),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=keras.losses.BinaryCrossentropy(), metrics=METRICS)
weights = {0: (1 / neg) * (len(y) / 2.0), 1: (1 / pos) * (len(y) / 2.0)}
history = model.fit(x, y, epochs=8, batch_size=64, class_weight=weights, verbose=0)
results = dict(zip(model.metrics_names, model.evaluate(x, y, verbose=0)))
print(sorted(history.history))
print(len(results), history.history["recall"][-1] >= history.history["recall"][0])
print(tf.math.confusion_matrix(y, model.predict(x, verbose=0)[:, 0] > 0.5).shape)
