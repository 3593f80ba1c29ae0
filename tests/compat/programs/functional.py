"""The functional API with two inputs and two outputs, after Keras's guide."""

import keras
import numpy as np
from keras import Input, Model
from keras.layers import Concatenate, Dense

title = Input(shape=(12,), name="title")
tags = Input(shape=(4,), name="tags")
features = Concatenate()([Dense(16, activation="relu")(title), Dense(8, activation="relu")(tags)])
priority = Dense(1, activation="sigmoid", name="priority")(features)
department = Dense(3, activation="softmax", name="department")(features)
model = Model(inputs=[title, tags], outputs=[priority, department])
model.summary()

model.compile(
    optimizer=keras.optimizers.RMSprop(1e-2),
    loss={"priority": "binary_crossentropy", "department": keras.losses.SparseCategoricalCrossentropy()},
    loss_weights={"priority": 1.0, "department": 0.5},
)
rng = np.random.default_rng(3)
data = {
    "title": rng.normal(size=(128, 12)).astype("float32"),
    "tags": rng.integers(0, 2, (128, 4)).astype("float32"),
}
targets = {
    "priority": (data["title"][:, :1] > 0).astype("float32"),
    "department": rng.integers(0, 3, (128, 1)),
}
history = model.fit(data, targets, epochs=8, batch_size=32, verbose=2)
p, d = model.predict([data["title"], data["tags"]], verbose=0)
print(p.shape, d.shape, [t.shape for t in model.outputs])
assert history.history["loss"][-1] < history.history["loss"][0]
