"""What it costs before the first step: imports, the first fit, compilation of deep networks, memory, disk.

``python benchmarks/startup.py --rounds 5``. Every figure is of a process of its own; "first step" is from the call of `fit`
to the end of one step of the seed network (784-64-10, batch 32, SGD), with the cache of machine code off, and full.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import date
from importlib.metadata import distribution
from pathlib import Path

from schuss.bench._report import processor

_IMPORT = """
import time
begin = time.perf_counter()
import schuss
result = {"import schuss": time.perf_counter() - begin}
import schuss.models, schuss.layers, schuss.optimizers
result["import schuss.models and all it needs, NumPy too"] = time.perf_counter() - begin
"""

_OTHERS = """
import json, numpy, numpy.polynomial.chebyshev, numpy.random, llvmlite.binding, concurrent.futures, tarfile, zipfile
result = {}
"""

_FIRST_STEP = """
import time
import numpy as np
from schuss import layers, models, optimizers
x, y = np.zeros((32, 784), "float32"), np.eye(10, dtype="float32")[np.zeros(32, int)]
model = models.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
model.compile(optimizers.SGD(0.01), "categorical_crossentropy", metrics=["accuracy"])
begin = time.perf_counter()
model.fit(x, y, batch_size=32, verbose=0)
result = {"first step": time.perf_counter() - begin}
"""

_DEEP = """
import time
import numpy as np
from schuss import layers, models
widths = [{width} for i in range({depth})]
model = models.Sequential([*[layers.Dense(width, activation="relu") for width in widths], layers.Dense(1)])
model.compile("sgd", "mse")
x, y = np.zeros((64, 64), "float32"), np.zeros((64, 1), "float32")
begin = time.perf_counter()
model.fit(x, y, batch_size=64, verbose=0)
result = {{"first step": time.perf_counter() - begin}}
"""

_MEMORY = """
from pathlib import Path
def resident():
    words = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(words.split()[1]) / 1024
import numpy as np
numpy = resident()
x, y = np.ones((60000, 784), "float32"), np.eye(10, dtype="float32")[np.zeros(60000, int)]
data = (x.nbytes + y.nbytes) / 2**20
from schuss import layers, models, optimizers
model = models.Sequential([layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
model.compile(optimizers.SGD(0.01), "categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, verbose=0)
result = {"after fit, less the data": resident() - data, "of it Python and NumPy": numpy}
"""

_NEEDED = (
    "schuss",
    "numpy",
    "llvmlite",
    "h5py",
    "rich",
    "click",
    "narwhals",
    "pygments",
    "markdown-it-py",
    "mdurl",
)


def measured(program: str, environment: dict[str, str]) -> dict[str, float]:
    """What the program leaves in ``result``."""
    program += "\nimport json; print(json.dumps(result))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def medians(program: str, rounds: int, environment: dict[str, str]) -> dict[str, tuple[float, float, float]]:
    """Median, least and most of each figure, over processes."""
    measured(program, environment)  # files into memory, machine code into the cache where there is one
    runs = [measured(program, environment) for _ in range(rounds)]
    return {name: spread(run[name] for run in runs) for name in runs[0]}


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    found = sorted(values)
    return statistics.median(found), found[0], found[-1]


def installed() -> dict[str, float]:
    """Size on disk of what an installation consists of, in MB."""
    sizes = {}
    for name in _NEEDED:
        files = distribution(name).files or []
        sizes[name] = (
            sum(path.stat().st_size for f in files if (path := Path(str(f.locate()))).is_file()) / 1e6
        )
    return sizes


def main() -> None:
    """Measure, and print tables for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{processor()}, {os.cpu_count()} cores, {date.today()}, {rounds} rounds\n")
    with tempfile.TemporaryDirectory() as folder:
        bytecode = {
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": f"{folder}/all",
            "SCHUSS_CACHE": folder,
        }
        without = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPYCACHEPREFIX": f"{folder}/others",
            "SCHUSS_CACHE": folder,
        }
        cold, warm = {"SCHUSS_OBJECT_CACHE": "0"}, {"SCHUSS_OBJECT_CACHE": "1"}
        measured(_OTHERS, {**without, "PYTHONDONTWRITEBYTECODE": ""})
        print("| | bytecode on disk | Schuss's is not |\n|---|---|---|")
        for title, program, extra in (
            ("", _IMPORT, warm),
            (", compiling", _FIRST_STEP, cold),
            (", compiled before", _FIRST_STEP, warm),
        ):
            columns = [medians(program, rounds, {**kind, **extra}) for kind in (bytecode, without)]
            for name in columns[0]:
                cells = [
                    f"{1e3 * m:.0f} ms ({1e3 * a:.0f}–{1e3 * b:.0f})"
                    for m, a, b in (c[name] for c in columns)
                ]
                print(f"| {name}{title} | {' | '.join(cells)} |", flush=True)
        print("\n| dense layers, first step | compiling | compiled before |\n|---|---|---|")
        for title, width in (("of 64 units", "64"), ("of different widths", "33 + i * 7 % 97 + i")):
            for depth in (8, 32, 100):
                program = _DEEP.format(width=width, depth=depth)
                times = [
                    medians(program, 1, {**bytecode, **extra})["first step"][0] for extra in (cold, warm)
                ]
                print(f"| {depth} {title} | {times[0]:.2f} s | {times[1]:.2f} s |", flush=True)
        print("\n| memory of the process | compiling | compiled before |\n|---|---|---|")
        columns = [medians(_MEMORY, rounds, {**bytecode, **extra}) for extra in (cold, warm)]
        for name in columns[0]:
            print(f"| {name} | {' | '.join(f'{column[name][0]:.0f} MiB' for column in columns)} |")
    sizes = installed()
    parts = ", ".join(
        f"{name} {size:.0f}" for name, size in sorted(sizes.items(), key=lambda s: -s[1]) if size >= 1
    )
    print(f"\nInstalled: {sum(sizes.values()):.0f} MB ({parts}).")


if __name__ == "__main__":
    main()
