"""The time of an epoch, as `diagnose` predicts it from a step's kernels, beside the time that it takes.

    python benchmarks/predicted_time.py [workload …] [--seconds 2]

The workloads are those of `schuss bench --list`. Prediction and measurement take turns with a pause, and the quickest of
the measured epochs counts: what other processes take away is not the program's.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import schuss
from schuss.bench._workloads import WORKLOADS, chosen
from schuss.bench.contenders._data import data_of
from schuss.bench.contenders.with_keras import compiled_model
from schuss.insight.diagnosis._cost import predicted_step
from schuss.insight.diagnosis._machine import machine_model
from schuss.training._arguments import evaluation_data

_EPOCH = 5e-4  # seconds of Python between two epochs, as `diagnose` assumes
_WANTED = 1.5


class Clock(schuss.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._begun)


def predicted_and_measured(name: str, seconds: float) -> tuple[float, float]:
    """Seconds of an epoch (of a call, where the workload predicts)."""
    (workload,) = chosen([name])
    given = workload.as_dict()
    x, y = data_of(given)
    model = compiled_model(given, schuss)
    piece = next(iter(evaluation_data(model, x, y, workload.batch, None, None).pieces()))
    model._steps.look_at(model)
    step = model._steps.get(model, workload.kind, piece)
    _, predicted = predicted_step(step, x.nbytes + y.nbytes)
    if workload.kind != "train":
        return predicted, _quickest(lambda: model.predict_on_batch(x), seconds)
    predicted = workload.steps * predicted + len(x) * machine_model().row + _EPOCH
    model.fit(x, y, batch_size=workload.batch, epochs=1, verbose=0)
    clock = Clock()
    while sum(clock.seconds) < seconds or len(clock.seconds) < 3:
        model.fit(x, y, batch_size=workload.batch, epochs=2, verbose=0, callbacks=[clock])
    return predicted, min(clock.seconds)


def _quickest(function: Any, seconds: float) -> float:
    taken = [np.inf]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begun)
    return float(min(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted and measured times of an epoch.")
    parser.add_argument(
        "names", nargs="*", metavar="workload", help=f"of {', '.join(WORKLOADS)}; default all"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="to measure each for; default 2")
    arguments = parser.parse_args()
    model = machine_model()
    limits = model.limits
    print(
        f"{limits.all_flops / 1e9:.0f} GFLOP/s on {limits.threads} threads, copying "
        f"{', '.join(f'{rate / 1e9:.1f} GB/s within {size >> 20} MiB' for size, rate in model.copying)} a thread, "
        f"a meeting {model.barrier * 1e6:.2f} µs\n"
    )
    print(
        "| workload | predicted | measured | predicted / measured | within a factor of 1.5 |\n|---|---|---|---|---|"
    )
    for name in arguments.names or WORKLOADS:
        predicted, measured = predicted_and_measured(name, arguments.seconds)
        ratio = predicted / measured
        good = "✓" if 1 / _WANTED <= ratio <= _WANTED else "✗"
        print(f"| {name} | {_text(predicted)} | {_text(measured)} | {ratio:.2f} | {good} |", flush=True)


def _text(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


if __name__ == "__main__":
    main()
