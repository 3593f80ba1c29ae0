"""Features of inner layers, frozen layers, another head."""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(3)
model = keras.Sequential(
    [
        keras.Input((4,)),
        layers.Dense(6, activation="relu", name="h1"),
        layers.Dense(5, activation="relu", name="h2"),
        layers.Dense(3, activation="softmax", name="out"),
    ]
)
rng = np.random.default_rng(0)
model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
x = rng.normal(size=(7, 4)).astype("float32")
ex = keras.Model(inputs=model.inputs, outputs=model.layers[-2].output)
print(ex(x).shape, round(float(keras.ops.sum(ex(x))), 4))
ex2 = keras.Model(model.inputs, [l.output for l in model.layers])
print([tuple(f.shape) for f in ex2.predict(x, verbose=0)])
ex3 = keras.Model(inputs=model.inputs, outputs=model.get_layer(name="h1").output)
print(np.round(ex3.predict(x, verbose=0)[0], 3))
for layer in model.layers[:-1]:
    layer.trainable = False
print(len(model.trainable_weights), [l.trainable for l in model.layers])
new = keras.Sequential([ex, layers.Dense(2, activation="softmax", kernel_initializer="ones")])
ex.trainable = False
new.compile(
    optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
before = ex.get_weights()[0].copy()
h = new.fit(x, np.array([0, 1, 0, 1, 1, 0, 1]), epochs=3, shuffle=False, verbose=0)
print([round(v, 3) for v in h.history["loss"]], np.array_equal(before, ex.get_weights()[0]))
ex.trainable = True
new.compile(
    optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
h = new.fit(x, np.array([0, 1, 0, 1, 1, 0, 1]), epochs=2, shuffle=False, verbose=0)
print([round(v, 3) for v in h.history["loss"]], np.array_equal(before, ex.get_weights()[0]))
print(new.predict(x, verbose=0).argmax(axis=1).tolist(), np.argmax(new.predict(x, verbose=0), axis=-1).shape)
m2 = keras.models.clone_model(model)
print(m2.name == model.name, [w.shape for w in m2.get_weights()])
model.pop()
model.add(layers.Dense(9, name="new"))
print(model.output_shape, [l.name for l in model.layers])
