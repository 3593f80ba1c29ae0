"""Recognizes spoken digits: sound → mel spectrogram → convolutions → GRU.

    python examples/spoken_digits.py

The Free Spoken Digit Dataset (3,000 recordings of six speakers) is downloaded once; ``SCHUSS_DATASETS`` may name a
folder with an ``fsdd.npz``. Takes 0 to 4 of each digit by each speaker are for testing, as is customary.
"""

import numpy as np

import schuss as keras
from schuss import layers
from schuss.datasets import spoken_digits


def build_model(samples: int) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(shape=(samples,)),  # a wave: numbers between −1 and 1
            layers.MelSpectrogram(
                fft_length=256,
                sequence_stride=128,
                num_mel_bins=40,
                sampling_rate=spoken_digits.SAMPLING_RATE,
            ),
            layers.Permute((2, 1)),  # [time, bands]
            layers.BatchNormalization(),
            layers.Conv1D(64, 5, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling1D(2),
            layers.Conv1D(64, 5, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling1D(2),
            layers.Dropout(0.3),
            layers.GRU(64),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main(epochs: int = 25, batch_size: int = 50) -> float:
    """Trains, and says how many of the test's recordings are understood, and which digits are confused."""
    (x_train, y_train), (x_test, y_test) = spoken_digits.load_data(output_sequence_length=8000)  # one second

    model = build_model(x_train.shape[1])
    model.summary()
    rate = keras.optimizers.schedules.CosineDecay(2e-3, decay_steps=epochs * -(-len(x_train) // batch_size))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size, epochs, verbose=2)

    accuracy = model.evaluate(x_test, y_test, batch_size, verbose=0)[1]
    print(f"Test: {accuracy:.4f} are understood")
    heard = model.predict(x_test, batch_size, verbose=0).argmax(axis=1)
    for said, understood in np.unique(np.stack([y_test, heard])[:, heard != y_test], axis=1).T:
        print(f"  {said} was taken for {understood}")
    return accuracy


if __name__ == "__main__":
    main()
