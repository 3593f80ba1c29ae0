"""The first step of workloads, from the call of `fit` to its end: traced and compiled, and with the machine code on disk.

``python benchmarks/compile_time.py resnet20 lstm_char --rounds 3``; names of workloads, of `schuss bench --list`. Each
figure is of a process of its own, after all imports. "Compiled before" has the code of another process on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import date

from schuss.bench._report import processor

_PROGRAM = """
import json, sys, time
import schuss, schuss.models, schuss.layers, schuss.optimizers
from schuss.bench._workloads import chosen
from schuss.bench.contenders._data import data_of
from schuss.bench.contenders.with_keras import compiled_model
(workload,) = chosen([sys.argv[1]])
given = {**workload.as_dict(), "steps": 1}
x, y = data_of(given)
model = compiled_model(given, schuss)
begin = time.perf_counter()
model.fit(x, y, batch_size=workload.batch, verbose=0)
print(json.dumps(time.perf_counter() - begin))
"""


def first_step(name: str, environment: dict[str, str]) -> float:
    """Seconds of the workload's first step, in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, name],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def cell(times: list[float]) -> str:
    """Median and range, for the table."""
    return f"{statistics.median(times):.2f} s ({min(times):.2f}–{max(times):.2f})"


def main() -> None:
    """Measure, and print a table for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", default=["resnet20", "gpt_tiny"])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{processor()}, {os.cpu_count()} cores, {date.today()}, {arguments.rounds} rounds\n")
    print("| first step | compiling | compiled before |\n|---|---|---|")
    for name in arguments.workloads:
        with tempfile.TemporaryDirectory() as folder:
            kept = {"SCHUSS_CACHE": folder, "SCHUSS_OBJECT_CACHE": "1"}
            cold = [first_step(name, {"SCHUSS_OBJECT_CACHE": "0"}) for _ in range(arguments.rounds)]
            first_step(name, kept)
            warm = [first_step(name, kept) for _ in range(arguments.rounds)]
        print(f"| {name} | {cell(cold)} | {cell(warm)} |", flush=True)


if __name__ == "__main__":
    main()
