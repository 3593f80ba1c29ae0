"""A convolutional network that reads handwritten digits: more than 99 of 100 after twelve epochs.

    python examples/mnist_convnet.py

MNIST (11 MB) is downloaded once; ``SCHUSS_DATASETS`` may name a folder with an ``mnist.npz``.
"""

import schuss as keras
from schuss import layers


def build_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main(epochs: int = 12, batch_size: int = 128) -> float:
    """Trains, and says how many of the test's digits are read right."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()  # bytes, 28×28
    x_train, x_test = x_train[..., None], x_test[..., None]  # one channel

    model = build_model()
    model.summary()
    steps = epochs * -(-len(x_train) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(0.004, steps)  # to 0: so the end does not jump about
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=2)

    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test: loss {loss:.4f}, accuracy {accuracy:.4f}")
    wrong = (model.predict(x_test, verbose=0).argmax(axis=1) != y_test).nonzero()[0]
    print(
        f"{len(wrong)} of {len(x_test)} digits are read wrong, the first of them number {wrong[:5].tolist()}"
    )
    return accuracy


if __name__ == "__main__":
    main()
