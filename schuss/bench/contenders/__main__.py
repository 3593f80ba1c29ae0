"""One contender on one workload: prints its times in microseconds a step, or why it is unable, as JSON."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time

from . import CONTENDERS, Run, UnableError

_SAMPLE = 0.002  # seconds that one measurement takes at least, so that the clock and its calls do not matter
_MOST_SAMPLES = 2000


def times_of(run: Run, steps: int, seconds: float) -> list[float]:
    """Microseconds of a step in at least five measurements, and so many that they take `seconds`.

    Args:
        run: does `steps` steps. It is called so often in each measurement that this takes a while.
    """
    run()
    run()
    calls = 1
    while (taken := _seconds(run, calls)) < _SAMPLE:
        calls = max(2 * calls, min(1000 * calls, int(calls * _SAMPLE / max(taken, 1e-9))))
    times: list[float] = []
    until = time.perf_counter() + seconds
    while len(times) < 5 or (time.perf_counter() < until and len(times) < _MOST_SAMPLES):
        times.append(_seconds(run, calls) / (calls * steps) * 1e6)
    return times


def _seconds(run: Run, calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        run()
    return time.perf_counter() - begin


def main(asked: dict) -> dict:
    """The answer to one question."""
    contender = CONTENDERS[asked["contender"]]
    if asked["contender"].startswith("keras "):
        os.environ["KERAS_BACKEND"] = asked["contender"].split()[1]
    try:
        run = contender.run_of(asked["workload"])
    except UnableError as error:
        return {"unable": str(error)}
    times = times_of(run, asked["workload"]["steps"], asked["seconds"])
    return {"times": times, "versions": {name: _version(name) for name in contender.needs}}


def _version(module: str) -> str:
    distributions = importlib.metadata.packages_distributions().get(module, [module])
    return importlib.metadata.version(distributions[0])


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
