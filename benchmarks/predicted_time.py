"""The time of an epoch, as `diagnose` predicts it from a step's kernels, beside the time that it takes.

    python benchmarks/predicted_time.py [workload …] [--seconds 2] [--processor-time]

The workloads are those of `schuss bench --list`. The quickest of the measured epochs counts. On a machine that others use
as well, ``SCHUSS_NUM_THREADS=1 … --processor-time`` measures the time that the process got instead of the time that passed.
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
from schuss.insight.diagnosis._calibration import this_machine
from schuss.insight.diagnosis._cost import predicted_step
from schuss.training._arguments import evaluation_data

_EPOCH = 2e-4  # seconds of Python between two epochs, as `diagnose` assumes
_CALL = 1.2e-6  # ... and of a call of `predict_on_batch`
_WANTED = 1.5
clock = time.perf_counter


class Clock(schuss.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begun = clock()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(clock() - self._begun)


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
        return predicted + _CALL, _quickest(lambda: model.predict_on_batch(x), seconds)
    predicted = workload.steps * predicted + len(x) * this_machine().row + _EPOCH
    model.fit(x, y, batch_size=workload.batch, epochs=1, verbose=0)
    watch = Clock()
    while sum(watch.seconds) < seconds or len(watch.seconds) < 3:
        model.fit(x, y, batch_size=workload.batch, epochs=2, verbose=0, callbacks=[watch])
    return predicted, min(watch.seconds)


def _quickest(function: Any, seconds: float) -> float:
    taken = [np.inf]
    until = clock() + seconds
    while clock() < until:
        begun = clock()
        function()
        taken.append(clock() - begun)
    return float(min(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description="Predicted and measured times of an epoch.")
    parser.add_argument(
        "names", nargs="*", metavar="workload", help=f"of {', '.join(WORKLOADS)}; default all"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="to measure each for; default 2")
    parser.add_argument(
        "--processor-time", action="store_true", help="measure processor time, for one thread"
    )
    arguments = parser.parse_args()
    global clock
    clock = time.process_time if arguments.processor_time else time.perf_counter
    model = this_machine()
    limits = model.limits
    print(
        f"{limits.all_flops / 1e9:.0f} GFLOP/s on {limits.threads} threads, copying "
        f"{', '.join(f'{rate / 1e9:.1f} GB/s within {size >> 20} MiB' for size, rate in model.copying)} a thread, "
        f"a meeting {model.barrier * 1e6:.2f} µs, a line from another core {model.line * 1e9:.1f} ns, "
        f"losses {model.loss:.2f} and {model.others:.2f}\n"
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
