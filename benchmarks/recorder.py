"""What a `Recorder` costs: the same training with and without it, taking turns.

``python benchmarks/recorder.py [--rounds 5] [--seconds 6] [--only NAME …]``: for each network the number of epochs is chosen
such that a training takes about so many seconds. A round is one training without and one with the recorder, in turns first;
the figure is the median of the rounds' ratios. Everything is compiled before. ``--processor-time`` counts what the process
has used of the processor instead of what a clock shows, for machines that others use, too; with SCHUSS_NUM_THREADS=1 and
OPENBLAS_NUM_THREADS=1, since threads that wait for each other use it as well.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import schuss
from schuss.insight import Recorder
from schuss.layers import (
    LSTM,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    MaxPooling2D,
    Rescaling,
)  # fmt: skip

Made = tuple[Any, np.ndarray, np.ndarray, int]


def dense() -> Made:
    """784-128-10 on pictures of bytes, as the first program of many books."""
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (20000, 784), np.uint8), random.integers(0, 10, 20000)
    layers = [Input((784,)), Rescaling(1 / 255), Dense(128, "relu"), Dense(10, "softmax")]
    return schuss.Sequential(layers), x, y, 64


def convnet() -> Made:
    random = np.random.default_rng(0)
    x, y = random.integers(0, 256, (2000, 28, 28, 1), np.uint8), random.integers(0, 10, 2000)
    layers = [Input((28, 28, 1)), Rescaling(1 / 255), Conv2D(16, 3, activation="relu"), MaxPooling2D(2)]
    layers += [
        Conv2D(32, 3, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.5),
        Dense(10, "softmax"),
    ]
    return schuss.Sequential(layers), x, y, 64


def table() -> Made:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(20000, 30)).astype("float32"), random.integers(0, 2, 20000)
    layers = [Input((30,)), Dense(64, "relu"), Dense(64, "relu"), Dense(2, "softmax")]
    return schuss.Sequential(layers), x, y, 32


def words() -> Made:
    random = np.random.default_rng(0)
    x, y = random.integers(0, 5000, (4000, 80)), random.integers(0, 2, 4000)
    layers = [
        Input((80,)),
        Embedding(5000, 32),
        GlobalAveragePooling1D(),
        Dense(16, "relu"),
        Dense(2, "softmax"),
    ]
    return schuss.Sequential(layers), x, y, 32


def recurrent() -> Made:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(1500, 40, 8)).astype("float32"), random.integers(0, 4, 1500)
    return schuss.Sequential([Input((40, 8)), LSTM(48), Dense(4, "softmax")]), x, y, 32


NETWORKS: dict[str, Callable[[], Made]] = {f.__name__: f for f in (dense, convnet, table, words, recurrent)}


clock: Callable[[], float] = time.perf_counter


def seconds_of(made: Made, epochs: int, recorder: Recorder | None) -> float:
    model, x, y, batch = made
    begun = clock()
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[recorder] if recorder else [])
    return clock() - begun


def measured(name: str, rounds: int, seconds: float) -> tuple[float, float, float, int]:
    """The median ratio, the seconds of a training, the seconds of its looks, and how many of these there were."""
    made = NETWORKS[name]()
    made[0].compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    seconds_of(made, 1, None)
    seconds_of(made, 1, Recorder())
    epochs = max(1, round(seconds / min(seconds_of(made, 1, None) for _ in range(3))))
    ratios, of_looks, looks, plain = [], [], [], []
    for turn in range(rounds):
        recorder, times = Recorder(), {}
        for with_it in (False, True) if turn % 2 == 0 else (True, False):
            times[with_it] = seconds_of(made, epochs, recorder if with_it else None)
        ratios.append(times[True] / times[False])
        plain.append(times[False])
        of_looks.append(recorder.look_seconds)
        looks.append(len(recorder.looks))
    median = statistics.median
    print(f"  {name}: ratios {', '.join(f'{r:.3f}' for r in ratios)}", flush=True)
    return median(ratios), median(plain), median(of_looks), round(median(looks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--only", nargs="*", choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    if options.processor_time:
        global clock
        clock = time.process_time
    rows = [(name, *measured(name, options.rounds, options.seconds)) for name in options.only]
    print(f"{'network':<12}{'with/without':>14}{'training, s':>13}{'looks, s':>10}{'looks':>7}")
    for name, ratio, plain, of_looks, looks in rows:
        print(f"{name:<12}{ratio:>14.3f}{plain:>13.2f}{of_looks:>10.3f}{looks:>7}")


if __name__ == "__main__":
    main()
