"""Who speaks? Tells the Duke of Vienna from the Duke of Gloucester by what they say: raw text → words → vectors → answer.

    python examples/text_classification.py

The text (1.1 MB of Shakespeare) is downloaded once; ``SCHUSS_DATASETS`` may name a folder with a
``tinyshakespeare.txt``. With 600 pieces of three lines there is little to learn from: counting words (naive Bayes) gets
77 of 100 right, logistic regression of counts 66, guessing 51.
"""

import numpy as np

import schuss as keras
from schuss import layers

SPEAKERS = "GLOUCESTER", "DUKE VINCENTIO"
LENGTH = 40  # words of a text that are read
Texts = tuple[np.ndarray, np.ndarray]


def load_speeches(rng: np.random.Generator, lines: int = 3, test_share: float = 0.2) -> tuple[Texts, Texts]:
    """Pieces of speeches and the numbers of their speakers. Whole speeches are kept apart for testing."""
    parts: tuple[list[tuple[str, int]], list[tuple[str, int]]] = [], []
    for speech in keras.datasets.tinyshakespeare.load_data().split("\n\n"):
        speaker, _, said = speech.partition(":\n")
        if speaker in SPEAKERS:
            verses, part = said.split("\n"), parts[rng.random() < test_share]
            part.extend(
                (" ".join(verses[i : i + lines]), SPEAKERS.index(speaker))
                for i in range(0, len(verses), lines)
            )
    train, test = (
        (np.array([text for text, _ in part]), np.array([who for _, who in part])) for part in parts
    )
    return train, test


def build_model(texts: np.ndarray, words: int = 4000, width: int = 16) -> keras.Model:
    """From text [batch, 1] to the probability of the second speaker [batch, 1]."""
    vectorize = layers.TextVectorization(max_tokens=words, output_sequence_length=LENGTH)
    vectorize.adapt(texts)
    return keras.Sequential(
        [
            keras.Input(shape=(1,), dtype="string"),
            vectorize,  # "Good morrow!" → [66, 430, 0, 0, …]
            layers.Embedding(words, width, mask_zero=True),
            layers.Dropout(0.7, noise_shape=(None, LENGTH, 1)),  # learns from three words of ten at a time
            layers.GlobalAveragePooling1D(),  # the mean over the words; the zeros after them do not count
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def main(epochs: int = 40, batch_size: int = 32) -> float:
    """Trains, and says how often the speaker is named right."""
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = load_speeches(np.random.default_rng(0))
    print(f"{len(x_train)} pieces to learn from, {len(x_test)} to test, for example: {x_train[0]}")

    model = build_model(x_train)
    model.summary()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size, epochs, validation_data=(x_test, y_test), verbose=2)

    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(
        f"Test: {accuracy:.3f} are named right; always the same name: {max(y_test.mean(), 1 - y_test.mean()):.3f}"
    )
    for text in ("Now is the winter of our discontent", "Good friar, the law shall be obeyed"):
        chance = model.predict(np.array([text]), verbose=0)[0, 0]
        print(f"{text!r}: {SPEAKERS[1]} with a probability of {chance:.2f}")
    return accuracy


if __name__ == "__main__":
    main()
