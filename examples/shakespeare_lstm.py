"""An LSTM that learns to write Shakespeare, character by character.

    python examples/shakespeare_lstm.py

The text (1.1 MB) is downloaded once; ``SCHUSS_DATASETS`` may name a folder with a ``tinyshakespeare.txt``. For writing,
the same weights are put into a model that reads one character at a time and keeps its state in between.
"""

import numpy as np

import schuss as keras
from schuss import layers

LENGTH, WIDTH, UNITS = 64, 64, 256


def build_model(characters: int, length: int | None, batch_size: int | None, stateful: bool) -> keras.Model:
    """From characters [batch, length] to logits of the character after each [batch, length, characters]."""
    return keras.Sequential(
        [
            keras.Input(shape=(length,), batch_size=batch_size, dtype="int32"),
            layers.Embedding(characters, WIDTH),
            layers.LSTM(UNITS, return_sequences=True, stateful=stateful),
            layers.Dropout(0.1),
            layers.Dense(characters),
        ]
    )


def pieces(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The text in rows of LENGTH characters, and the same one character further on."""
    rows = (len(text) - 1) // LENGTH
    return text[: rows * LENGTH].reshape(rows, LENGTH), text[1 : rows * LENGTH + 1].reshape(rows, LENGTH)


def write(
    model: keras.Model, start: int, length: int, rng: np.random.Generator, temperature: float = 0.8
) -> list:
    """`length` characters after `start`, each drawn from what the model expects; higher temperatures dare more."""
    written = [start]
    for _ in range(length):
        logits = model.predict_on_batch(np.array([[written[-1]]], "int32"))[0, 0] / temperature
        chances = np.exp(logits - logits.max(), dtype="float64")
        written.append(int(rng.choice(len(chances), p=chances / chances.sum())))
    return written


def main(epochs: int = 10, batch_size: int = 64, length: int = 500) -> float:
    """Trains, writes some text, and gives the loss on the text that was kept apart."""
    keras.utils.set_random_seed(0)
    text = keras.datasets.tinyshakespeare.load_data()
    characters = sorted(set(text))
    number = {character: i for i, character in enumerate(characters)}
    data = np.array([number[character] for character in text], "int32")
    cut = int(0.9 * len(data))
    (x_train, y_train), (x_test, y_test) = pieces(data[:cut]), pieces(data[cut:])

    model = build_model(len(characters), LENGTH, None, stateful=False)
    model.summary()
    optimizer = keras.optimizers.Adam(2e-3, clipnorm=1.0)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x_train, y_train, batch_size, epochs, validation_data=(x_test, y_test), verbose=2)
    loss = model.evaluate(x_test, y_test, batch_size, verbose=0)
    print(f"Test: {loss:.4f} nats a character\n")

    writer = build_model(len(characters), 1, batch_size=1, stateful=True)
    writer.set_weights(model.get_weights())
    written = write(writer, number["\n"], length, np.random.default_rng(0))
    print("".join(characters[i] for i in written))
    return loss


if __name__ == "__main__":
    main()
