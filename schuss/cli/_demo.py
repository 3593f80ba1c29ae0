"""``schuss demo``: train a network on handwritten digits, say in a few lines what it learned, and write a
page about it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np


def run_demo(data: str, epochs: int | None, output: str, seed: int) -> dict[str, float]:
    """Train, evaluate, report. Returns the figures that the page shows.

    Args:
        data: ``"digits"`` (8×8, with scikit-learn) or ``"mnist"`` (28×28).
        epochs: passes over the training images; None: a number that suits the data.
        output: where the page goes.
        seed: of the random start and of the shuffles.

    Raises:
        FileNotFoundError: the page's folder does not exist. Nothing has been trained then.
    """
    from rich.console import Console

    import schuss
    from schuss.cli._page import write_page

    path = Path(output)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path.parent} to write the page {path.name} into; make it first."
        )

    console = Console()
    (x_train, labels_train), (x_test, labels_test) = getattr(schuss.datasets, data).load_data()
    brightest = 16 if data == "digits" else 255
    side = x_train.shape[1]
    inputs = side * side
    epochs = epochs or (60 if data == "digits" else 10)

    schuss.utils.set_random_seed(seed)
    model = schuss.Sequential(
        [
            schuss.Input(shape=(side, side), dtype="uint8"),
            schuss.layers.Rescaling(1 / brightest),
            schuss.layers.Flatten(),
            schuss.layers.Dense(64, activation="relu"),
            schuss.layers.Dense(10, activation="softmax"),
        ]
    )
    rate = 0.05 if data == "digits" else 0.01
    model.compile(
        optimizer=schuss.optimizers.SGD(learning_rate=rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    console.print(
        f"Training a network of 64 + 10 neurons on {len(x_train):,} images of handwritten digits, "
        f"{side}×{side} pixels, "
        f"for {epochs} epochs.",
    )
    y_train, y_test = (schuss.utils.to_categorical(labels, 10) for labels in (labels_train, labels_test))
    start = time.perf_counter()
    history = model.fit(x_train, y_train, epochs=epochs, batch_size=32, validation_data=(x_test, y_test))
    seconds = time.perf_counter() - start

    probabilities = np.asarray(model.predict(x_test, verbose=0))
    guesses = probabilities.argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels_test.astype(int), guesses), 1)
    accuracy = float((guesses == labels_test).mean())
    steps = epochs * -(-len(x_train) // 32)
    figures = {
        "accuracy": accuracy,
        "seconds": seconds,
        "steps": steps,
        "epochs": epochs,
        "images": len(x_train),
        "inputs": inputs,
        "parameters": model.count_params(),
        "rate": rate,
    }
    for line in _in_words(figures, confusion, history.history):
        console.print(line)
    wrong = np.flatnonzero(guesses != labels_test)
    certain_first = wrong[np.argsort(-probabilities[wrong, guesses[wrong]])]
    mistakes = [
        (x_test[i], int(labels_test[i]), int(guesses[i]), float(probabilities[i, guesses[i]]))
        for i in certain_first[:60]
    ]
    _write_whole(path, write_page(figures, history.history, confusion, mistakes, brightest))
    console.print(f"The curves, the confusion matrix and the images it got wrong: {path.resolve()}")
    return figures


def _in_words(figures: dict[str, Any], confusion: np.ndarray, history: dict[str, list[float]]) -> list[str]:
    """What happened, for somebody who sees this for the first time."""
    from schuss.cli._page import with_article

    mixed = confusion.copy()
    np.fill_diagonal(mixed, 0)
    true, guess = np.unravel_index(int(mixed.argmax()), mixed.shape)
    total = int(confusion.sum())
    first, last = history["loss"][0], history["loss"][-1]
    lines = [
        "",
        f"In {figures['seconds']:.1f} s it took {figures['steps']:,} steps downhill. In each it looked at 32 "
        "images, measured "
        "how wrong its guesses were (the loss), and moved its "
        f"{figures['parameters']:,} weights a little in the direction that makes the loss smaller.",
        f"The loss fell from {first:.3f} in the first epoch to {last:.3f} in the last.",
        f"Of {total:,} images that it had never seen, it now reads {figures['accuracy']:.1%} correctly; "
        "guessing would give 10 %.",
    ]
    if mixed.max() > 0:
        lines.append(
            f"What it mixes up most: {with_article(true)} taken for {with_article(guess)} ({mixed.max()} times)."
        )
    return lines


def _write_whole(path: Path, text: str) -> None:
    """Write the file, or leave what was there."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
