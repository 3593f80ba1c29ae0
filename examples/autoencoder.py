"""A denoising autoencoder: images of digits through a bottleneck of 32 numbers and back, without their noise.

    python examples/autoencoder.py

MNIST (11 MB) is downloaded once; ``SCHUSS_DATASETS`` may name a folder with an ``mnist.npz``.
"""

import numpy as np

import schuss as keras
from schuss import layers


def build_models(code: int = 32) -> tuple[keras.Model, keras.Model]:
    """The autoencoder and its first half, which share their layers."""
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.GaussianNoise(0.3)(x)  # in training only
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    codes = layers.Dense(code, name="code")(layers.Flatten()(x))

    x = layers.Dense(7 * 7 * 32, activation="relu")(codes)
    x = layers.Reshape((7, 7, 32))(x)
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)
    outputs = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(x)
    return keras.Model(inputs, outputs, name="autoencoder"), keras.Model(inputs, codes, name="encoder")


def picture(image: np.ndarray) -> list[str]:
    """An image (0 to 1) in characters, one for two rows."""
    return ["".join(" .:-=+*#%@"[min(int(10 * value), 9)] for value in row) for row in image[::2]]


def main(epochs: int = 10, batch_size: int = 128) -> float:
    """Trains, shows some digits before and after, and gives the mean squared error on the test's images."""
    (x_train, _), (x_test, _) = keras.datasets.mnist.load_data()
    x_train, x_test = x_train[..., None], x_test[..., None]
    goal_train, goal_test = (x.astype("float32") / 255 for x in (x_train, x_test))

    autoencoder, encoder = build_models()
    autoencoder.summary()
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy", metrics=["mse"])
    autoencoder.fit(x_train, goal_train, batch_size, epochs, validation_data=(x_test, goal_test), verbose=2)

    loss, error = autoencoder.evaluate(x_test, goal_test, batch_size, verbose=0)
    print(f"Test: loss {loss:.4f}, mean squared error {error:.4f}; of the mean image {spread(goal_test):.4f}")
    print("The first digit as", encoder.predict(x_test[:1], verbose=0).round(1)[0].tolist())
    for before, after in zip(goal_test[:2], autoencoder.predict(x_test[:2], verbose=0)):
        print("\n".join(a + "   " + b for a, b in zip(picture(before[..., 0]), picture(after[..., 0]))))
    return error


def spread(images: np.ndarray) -> float:
    """The error of always giving the mean image: what has to be beaten."""
    return float(np.mean((images - images.mean(axis=0)) ** 2))


if __name__ == "__main__":
    main()
