"""Steps on a machine that has other things to do: busy processes beside the training, and how much longer a step takes.

``python benchmarks/loaded.py --loads 0 2 10 --threads 1 2``; with ``--torch PYTHON`` also PyTorch on one thread. Each
contender is a process of its own; they take turns under each load, and the table has the medians over the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from schuss.bench._report import processor
from schuss.bench._workloads import WORKLOADS

_STEPS = 200  # of an epoch, so that a turn ends in time under load

# Imports the contenders by their path, so that it runs in a Python without Schuss, too.
_WORKER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from contenders import CONTENDERS
workload = json.loads(sys.argv[2])
if sys.argv[3] == "torch":
    import torch
    torch.set_num_threads(int(sys.argv[4]))
epoch = CONTENDERS[sys.argv[3]].run_of(workload)
epoch()
print("ready", flush=True)
for line in sys.stdin:
    begun, epochs = time.perf_counter(), 0
    while time.perf_counter() - begun < float(line):
        epoch()
        epochs += 1
    print((time.perf_counter() - begun) / (epochs * workload["steps"]) * 1e6, flush=True)
"""


@dataclass
class Contender:
    """A library on so many threads, in a process that waits to be asked, and the times of its steps by load."""

    name: str
    process: subprocess.Popen[str]
    times: dict[int, list[float]] = field(default_factory=dict)

    @staticmethod
    def start(library: str, python: str, threads: int, workload: dict[str, Any]) -> Contender:
        """A process that has compiled and warmed up."""
        from schuss.bench import _run

        folder = os.path.dirname(_run.__file__)
        process = subprocess.Popen(
            [python, "-c", _WORKER, folder, json.dumps(workload), library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SCHUSS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)},
        )
        contender = Contender(f"{library}, {threads} thread{'s'[: threads > 1]}", process)
        contender._answer()
        return contender

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}.")
        return line

    def measure(self, seconds: float, load: int) -> None:
        """Train for so long, and note the mean time of a step."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.times.setdefault(load, []).append(float(self._answer()))


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    time.sleep(0.2)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Measure, and print a table for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workload", default="seed_mlp", choices=list(WORKLOADS))
    parser.add_argument("--loads", type=int, nargs="+", default=[0, 2, 10], help="numbers of busy processes")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torch", metavar="PYTHON", help="the Python that has PyTorch")
    arguments = parser.parse_args()

    chosen = WORKLOADS[arguments.workload]
    workload = replace(chosen, steps=min(chosen.steps, _STEPS)).as_dict()
    contenders = [Contender.start("schuss", sys.executable, n, workload) for n in arguments.threads]
    if arguments.torch:
        contenders.append(Contender.start("torch", arguments.torch, 1, workload))
    for load in arguments.loads:
        with busy(load):
            for _ in range(arguments.rounds):
                for contender in contenders:
                    contender.measure(arguments.seconds, load)

    print(
        f"{processor()}, {os.cpu_count()} cores, {date.today()}; {arguments.workload}, µs a step, median (range)\n"
    )
    print("| busy processes | " + " | ".join(c.name for c in contenders) + " |")
    print("|---|" + "---|" * len(contenders))
    for load in arguments.loads:
        cells = [
            f"{statistics.median(c.times[load]):.1f} ({min(c.times[load]):.1f}–{max(c.times[load]):.1f})"
            for c in contenders
        ]
        print(f"| {load} | " + " | ".join(cells) + " |")
    for contender in contenders:
        contender.process.kill()


if __name__ == "__main__":
    main()
