"""Taking turns: every contender in a process of its own, round after round; medians, spread, ratios."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from schuss.bench._workloads import WORKLOADS, Workload

_SCRIPT = Path(__file__).with_name("_contender.py")
_PEERS = {
    "keras tensorflow": ("keras", "tensorflow"),
    "keras jax": ("keras", "jax"),
    "keras torch": ("keras", "torch"),
    "torch": ("torch",),
    "torch compile": ("torch",),
    "jax": ("jax",),
    "jax scan": ("jax",),
}
"""Contender → what must be installed for it."""


@dataclass
class Contender:
    """Somebody who takes part: a name, and the Python that has it."""

    name: str
    python: str

    def times(self, workload: Workload, seconds: float) -> list[float]:
        """Microseconds a step, some of them. RuntimeError if it fails, with what it said."""
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        if self.name.startswith("keras "):
            environment["KERAS_BACKEND"] = self.name.split()[1]
        asked = {"contender": self.name, "workload": workload.as_dict(), "seconds": seconds}
        done = subprocess.run(
            [self.python, str(_SCRIPT), json.dumps(asked)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended without a word"
            )
        return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass
class Result:
    """One workload: the median time of each round, by contender."""

    workload: Workload
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """The contender's time: the median over the rounds, in microseconds a step."""
        return statistics.median(self.rounds[name])


def contenders(pythons: Sequence[str] = ()) -> list[Contender]:
    """Schuss, and the peers that this Python, or one of `pythons`, can import."""
    found = {"schuss": Contender("schuss", sys.executable)}
    for python in (sys.executable, *pythons):
        there = _installed(python)
        for name, needed in _PEERS.items():
            if name not in found and there.issuperset(needed):
                found[name] = Contender(name, python)
    return list(found.values())


def _installed(python: str) -> set[str]:
    code = (
        "import importlib.util as u; "
        "print(*(m for m in ('keras', 'tensorflow', 'jax', 'torch') if u.find_spec(m)))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{python} does not run: {done.stderr.strip()[-200:]}")
    return set(done.stdout.split())


def run_bench(
    names: Sequence[str] = (),
    pythons: Sequence[str] = (),
    rounds: int = 3,
    seconds: float = 1.0,
    say: Callable[[str], Any] = print,
) -> list[Result]:
    """Measure workloads.

    Args:
        names: of `WORKLOADS`; default: all.
        pythons: further interpreters, which have peers that this one has not.
        rounds: how often each contender has its turn, in a new process.
        seconds: for how long it is measured in a turn, after warming up.
        say: takes the lines that tell how far it is.

    Raises:
        ValueError: an unknown name, or an interpreter that does not run.
    """
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        raise ValueError(f"There is no workload {unknown[0]!r}; there are {', '.join(WORKLOADS)}.")
    present = contenders(pythons)
    results = []
    for name in names or WORKLOADS:
        result = Result(WORKLOADS[name])
        for turn in range(rounds):
            for contender in present:
                if turn and contender.name not in result.rounds:
                    continue  # it failed before
                try:
                    times = contender.times(result.workload, seconds)
                except RuntimeError as error:
                    say(f"{name}: {contender.name} failed: {error}")
                    continue
                result.rounds.setdefault(contender.name, []).append(statistics.median(times))
        if "schuss" in result.rounds:
            results.append(result)
            say(f"{name}: " + ", ".join(f"{n} {_time(result.median(n))}" for n in result.rounds))
    return results


def table(results: Sequence[Result]) -> str:
    """The results as a table in Markdown: times a step, and how many times ours each peer takes."""
    peers = [name for name in _PEERS if any(name in r.rounds for r in results)]
    lines = [
        f"{processor()}, {os.cpu_count()} cores, {date.today()}; time of a step, and in brackets how many times ours.",
        "",
        "| workload | Schuss (range of rounds) | GFLOP/s | " + " | ".join(peers) + " | wanted |",
        "|---|---|---|" + "---|" * (len(peers) + 1),
    ]
    for result in results:
        ours = result.median("schuss")
        low, high = min(result.rounds["schuss"]), max(result.rounds["schuss"])
        cells = [
            f"{_time(result.median(p))} ({result.median(p) / ours:.1f})" if p in result.rounds else ""
            for p in peers
        ]
        speed = result.workload.flops / ours / 1e3
        lines.append(
            f"| {result.workload.name} | **{_time(ours)}** ({_time(low)}–{_time(high)}) | {speed:.1f} | "
            + " | ".join(cells)
            + f" | {result.workload.wanted} |"
        )
    return "\n".join(lines)


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _time(microseconds: float) -> str:
    if microseconds < 1000:
        return f"{microseconds:.3g} µs"
    return f"{microseconds / 1000:.3g} ms"
