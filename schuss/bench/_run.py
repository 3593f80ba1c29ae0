"""Taking turns: every contender in a process of its own, round after round."""

from __future__ import annotations

import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schuss
from schuss.backends.cpu._limits import measure_limits
from schuss.bench._report import Report, Result
from schuss.bench._workloads import Workload, chosen
from schuss.bench.contenders import CONTENDERS

_HOME = Path(__file__).parent  # of the package `contenders`


class _Unable(Exception):
    """The contender has no way to do the workload."""


@dataclass
class Turn:
    """A contender's place: its name, and the Python that has it."""

    name: str
    python: str

    def answer(self, workload: Workload, seconds: float) -> dict[str, Any]:
        """Its times of a step in microseconds, and versions. RuntimeError if it fails, with what it said."""
        asked = {"contender": self.name, "workload": workload.as_dict(), "seconds": seconds}
        path = os.pathsep.join(filter(None, [str(_HOME), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [self.python, "-m", "contenders", json.dumps(asked)],
            capture_output=True,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path},
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise RuntimeError(said[-1] if said else "it ended without a word")
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        if "unable" in answer:
            raise _Unable(answer["unable"])
        return answer


def turns(pythons: Sequence[str] = (), peers: Sequence[str] = ()) -> list[Turn]:
    """Schuss, and the peers (of the given names; default: all) that this Python, or one of `pythons`, can import."""
    for name in peers:
        if name not in CONTENDERS:
            raise ValueError(f"There is no contender {name!r}; there are {', '.join(CONTENDERS)}.")
    found = {"schuss": Turn("schuss", sys.executable)}
    for python in (sys.executable, *pythons):
        there = _installed(python)
        for name, contender in CONTENDERS.items():
            if name not in found and there.issuperset(contender.needs):
                found[name] = Turn(name, python)
    return [found[name] for name in CONTENDERS if name in found and (name in ("schuss", *peers) or not peers)]


def _installed(python: str) -> set[str]:
    modules = sorted({module for contender in CONTENDERS.values() for module in contender.needs})
    code = f"import importlib.util as u; print(*(m for m in {modules!r} if u.find_spec(m)))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{python} does not run: {done.stderr.strip()[-200:]}")
    return set(done.stdout.split())


def run_bench(
    names: Sequence[str] = (),
    pythons: Sequence[str] = (),
    peers: Sequence[str] = (),
    rounds: int = 3,
    seconds: float = 1.0,
    say: Callable[[str], Any] = print,
) -> Report:
    """Measure workloads, and what the processor does at most.

    Args:
        names: of `WORKLOADS`; default: all.
        pythons: further interpreters, which have peers that this one has not.
        peers: who takes part beside Schuss, such as ``["torch", "jax scan"]``; default: all that are installed.
        rounds: how often each contender has its turn, in a new process.
        seconds: for how long it is measured in a turn, after warming up.
        say: takes the lines that tell how far it is.

    Returns:
        A `Report`; ``print`` shows it.

    Raises:
        ValueError: an unknown name of a workload or peer, or an interpreter that does not run.
    """
    workloads = chosen(names)
    present = turns(pythons, peers)
    results, versions = [], {"schuss": schuss.__version__, "python": sys.version.split()[0]}
    versions["numpy"] = importlib.metadata.version("numpy")
    limits = measure_limits()
    for workload in workloads:
        result = Result(workload)
        _measure(result, present, rounds, seconds, versions, say)
        if "schuss" in result.rounds:
            results.append(result)
            say(str(result))
    return Report(results, max(limits, measure_limits(), key=lambda found: found.all_flops), versions, rounds)


def _measure(
    result: Result,
    present: list[Turn],
    rounds: int,
    seconds: float,
    versions: dict[str, str],
    say: Callable[[str], Any],
) -> None:
    """Let each have its turns. Who fails, or is unable, has no more."""
    left = list(present)
    for _ in range(rounds):
        for turn in list(left):
            try:
                answer = turn.answer(result.workload, seconds)
            except _Unable:
                left.remove(turn)
            except RuntimeError as error:
                left.remove(turn)
                result.rounds.pop(turn.name, None)
                result.failed[turn.name] = str(error)
                say(f"{result.workload.name}: {turn.name} failed: {error}")
            else:
                result.rounds.setdefault(turn.name, []).append(statistics.median(answer["times"]))
                versions.update(answer.get("versions", {}))
