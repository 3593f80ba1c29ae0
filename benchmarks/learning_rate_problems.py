"""The problems of `learning_rate.py`: real data, a network, and how long it is trained."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import schuss
from schuss import layers

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

Split = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Problem:
    """A model and its data.

    Args:
        data: of a seed gives ``(x, y)`` to train on and ``(x, y)`` to validate with; tables are split anew for each seed.
        model: makes the model, not compiled.
        loss: of `compile`. epochs, batch_size: the budget of a training. seeds: how many starts there are.
        apart: not looked at while the rule was chosen.
    """

    data: Callable[[int], Split]
    model: Callable[[], schuss.Model]
    loss: Any
    epochs: int
    batch_size: int = 32
    seeds: int = 3
    apart: bool = False


OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "SGD": lambda rate: schuss.optimizers.SGD(rate),
    "momentum": lambda rate: schuss.optimizers.SGD(rate, momentum=0.9),
    "Adam": lambda rate: schuss.optimizers.Adam(rate),
}


def _table(name: str) -> Callable[[int], Split]:
    """A table of scikit-learn's: columns standardized (but pixels), a quarter of the rows kept apart."""

    def data(seed: int) -> Split:
        from sklearn import datasets

        found = getattr(datasets, f"load_{name}")()
        x, y = found.data, found.target
        rows = np.random.default_rng(seed).permutation(len(x))
        cut = len(x) * 3 // 4
        train, test = rows[:cut], rows[cut:]
        spread = x[train].std(0)
        x = x / 16 if name == "digits" else (x - x[train].mean(0)) / np.where(spread > 0, spread, 1)
        if y.dtype.kind == "f":
            y = ((y - y[train].mean()) / y[train].std())[:, None]
        elif y.max() == 1:
            y = y[:, None]
        x, y = x.astype("float32"), y.astype("float32" if y.dtype.kind == "f" else "int32")
        return (x[train], y[train]), (x[test], y[test])

    return data


def _dense(inputs: int, hidden: list[int], outputs: int, activation: str | None) -> Callable[[], Any]:
    def model() -> schuss.Model:
        return schuss.Sequential(
            [
                schuss.Input((inputs,)),
                *[layers.Dense(n, activation="relu") for n in hidden],
                layers.Dense(outputs, activation=activation),
            ]
        )

    return model


def _mnist(train: int, test: int, flat: bool) -> Callable[[int], Split]:
    def data(seed: int) -> Split:
        (x_train, y_train), (x_test, y_test) = schuss.datasets.mnist.load_data()

        def cut(x: np.ndarray, y: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
            return (x[:n].reshape(n, 784).astype("float32") / 255 if flat else x[:n, ..., None]), y[:n]

        return cut(x_train, y_train, train), cut(x_test, y_test, test)

    return data


def _autoencoder_data(seed: int) -> Split:
    (x_train, _), (x_test, _) = _mnist(3000, 1000, flat=False)(seed)
    return (x_train, x_train.astype("float32") / 255), (x_test, x_test.astype("float32") / 255)


def _autoencoder() -> schuss.Model:
    import autoencoder

    return autoencoder.build_models()[0]


def _convnet() -> schuss.Model:
    import mnist_convnet

    return mnist_convnet.build_model()


def _speech_data(seed: int) -> Split:
    return schuss.datasets.spoken_digits.load_data(output_sequence_length=8000)


def _speech() -> schuss.Model:
    import spoken_digits

    return spoken_digits.build_model(8000)


def _text() -> tuple[np.ndarray, int]:
    text = schuss.datasets.tinyshakespeare.load_data()
    characters = sorted(set(text))
    number = {character: i for i, character in enumerate(characters)}
    return np.array([number[character] for character in text], "int32"), len(characters)


def _text_data(windows: int) -> Callable[[int], Split]:
    """Pieces of 64 characters and the same pieces one character further on, from anywhere in the text."""

    def data(seed: int) -> Split:
        text, _ = _text()
        rng, cut = np.random.default_rng(0), int(0.9 * len(text))

        def pieces(part: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
            places = rng.integers(0, len(part) - 64, count)[:, None] + np.arange(64)
            return part[places], part[places + 1]

        return pieces(text[:cut], windows), pieces(text[cut:], 240)

    return data


def _gpt() -> schuss.Model:
    import shakespeare_gpt

    return shakespeare_gpt.build_model(_text()[1])


def _lstm() -> schuss.Model:
    return schuss.Sequential(
        [
            schuss.Input((64,), dtype="int32"),
            layers.Embedding(_text()[1], 32),
            layers.LSTM(64, return_sequences=True),
            layers.Dense(_text()[1]),
        ]
    )


def _small_convnet() -> schuss.Model:
    return schuss.Sequential(
        [
            schuss.Input((64,)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )


_CLASSES = "sparse_categorical_crossentropy"
_CHARACTERS = schuss.losses.SparseCategoricalCrossentropy(from_logits=True)

PROBLEMS: dict[str, Problem] = {
    "digits": Problem(_table("digits"), _dense(64, [64, 32], 10, "softmax"), _CLASSES, epochs=20, seeds=20),
    "breast cancer": Problem(
        _table("breast_cancer"), _dense(30, [16], 1, "sigmoid"), "binary_crossentropy", epochs=20, seeds=20
    ),
    "wine": Problem(_table("wine"), _dense(13, [16], 3, "softmax"), _CLASSES, epochs=100, seeds=20),
    "diabetes": Problem(_table("diabetes"), _dense(10, [32, 32], 1, None), "mse", epochs=20, seeds=20),
    "MNIST, dense": Problem(
        _mnist(8000, 2000, flat=True), _dense(784, [128, 64], 10, "softmax"), _CLASSES, epochs=5, seeds=10
    ),
    "MNIST, convnet": Problem(
        _mnist(10000, 2000, flat=False), _convnet, _CLASSES, epochs=5, batch_size=64, seeds=10
    ),
    "spoken digits": Problem(_speech_data, _speech, _CLASSES, epochs=20, batch_size=50, seeds=10),
    "character GPT": Problem(_text_data(4800), _gpt, _CHARACTERS, epochs=1, batch_size=12, seeds=1),
    "iris": Problem(
        _table("iris"), _dense(4, [16], 3, "softmax"), _CLASSES, epochs=40, batch_size=16, seeds=20
    ),
    "digits, convnet": Problem(_table("digits"), _small_convnet, _CLASSES, epochs=10, seeds=2),
    "wine, 30 epochs": Problem(_table("wine"), _dense(13, [16], 3, "softmax"), _CLASSES, epochs=30, seeds=20),
    "MNIST, autoencoder": Problem(
        _autoencoder_data, _autoencoder, "mse", epochs=3, batch_size=64, seeds=1, apart=True
    ),
    "character LSTM": Problem(_text_data(6400), _lstm, _CHARACTERS, epochs=2, seeds=1, apart=True),
}
