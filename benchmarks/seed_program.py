"""The seed program as a whole process (import, compilation, 10 epochs of MNIST, evaluation): Schuss against TensorFlow.

``python benchmarks/seed_program.py``; TensorFlow comes with ``pip install -e '.[compare]'``, or from another interpreter:
``--tensorflow PYTHON``. The two alternate, each in its own process; medians and spread are over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from schuss.bench._report import processor
from schuss.datasets import mnist

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "examples" / "seed_program.py"


@dataclass
class Contender:
    """One way to run the program, and what its runs gave."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    results: list[dict] = field(default_factory=list)

    def run(self, data: Path) -> None:
        """One run of the whole process."""
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **self.environment}
        start = time.perf_counter()
        done = subprocess.run(
            [*self.command, str(PROGRAM), str(data)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"{self.name} failed:\n{done.stderr[-3000:]}")
        self.seconds.append(seconds)
        self.results.append(json.loads(done.stdout.strip().splitlines()[-1]))
        print(
            f"{self.name}: {seconds:.2f} s, test accuracy {self.results[-1]['test_accuracy']:.4f}", flush=True
        )

    def losses(self) -> list[float]:
        """Each epoch's training loss, the median over the runs."""
        return [statistics.median(epoch) for epoch in zip(*(r["losses"] for r in self.results), strict=True)]


def main() -> None:
    """Run, and print a table for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tensorflow", default=sys.executable, help="the Python that has TensorFlow")
    arguments = parser.parse_args()

    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    run = [sys.executable, "-m", "schuss", "run"]
    theirs = Contender("TensorFlow", [arguments.tensorflow])
    first = Contender("Schuss, compiling", run, {"SCHUSS_OBJECT_CACHE": "0"})
    later = Contender("Schuss, compiled before", run)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "mnist.npz"
        np.savez(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        for _ in range(arguments.rounds):
            for contender in (theirs, first, later):
                contender.run(data)

    print(f"\n{processor()}, {os.cpu_count()} cores, {date.today()}, {arguments.rounds} rounds\n")
    print("| | whole process, median (range) | test accuracy | training loss by epoch |\n|---|---|---|---|")
    for contender in (theirs, first, later):
        low, high = min(contender.seconds), max(contender.seconds)
        accuracy = statistics.median(r["test_accuracy"] for r in contender.results)
        losses = " ".join(f"{loss:.3f}" for loss in contender.losses())
        middle = statistics.median(contender.seconds)
        print(f"| {contender.name} | {middle:.2f} s ({low:.2f}–{high:.2f}) | {accuracy:.4f} | {losses} |")
    for ours in (first, later):
        ratio = statistics.median(t / o for o, t in zip(ours.seconds, theirs.seconds, strict=True))
        print(f"\n{ours.name}: TensorFlow takes {ratio:.1f} times as long (median of the rounds' ratios).")


if __name__ == "__main__":
    main()
