"""The rate that `find_learning_rate` suggests beside the best of a grid, on real problems.

``python benchmarks/learning_rate.py`` makes what is not yet in ``learning_rate.jsonl`` (a stopped run goes on from there),
and prints a table for docs/learning-rate.md. Needs scikit-learn. ``--only`` names problems, ``--grid`` makes the grid only,
``--part 1/2`` makes every second combination, for two processes at once; ``--again`` searches anew and keeps the grid.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from learning_rate_problems import OPTIMIZERS, PROBLEMS, Problem

import schuss
from schuss.errors import NonFiniteLossError

GRID = [float(f"{10 ** (k / 3 - 4):.3g}") for k in range(13)]  # 1e-4 … 1, three to a decade
RULES = ("suggestion", "steepest", "minimum/10")


class Results:
    """What has been measured, by name, in a file that grows by a line for each."""

    def __init__(self, path: Path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.known: dict[str, Any] = {}
        for line in lines:
            self.known.update(json.loads(line))

    def get(self, key: str, make: Any) -> Any:
        """The result of that name; if it is not known, it is made."""
        if key not in self.known:
            self.known[key] = make()
            with self.path.open("a") as file:
                file.write(json.dumps({key: self.known[key]}) + "\n")
        return self.known[key]


@dataclass
class Contest:
    """A problem with an optimizer: one model, which begins anew for each training."""

    problem: Problem
    optimizer: str

    def __post_init__(self) -> None:
        schuss.utils.set_random_seed(0)
        self.model = self.problem.model()
        self.model.compile(OPTIMIZERS[self.optimizer](0.01), self.problem.loss)

    def begin(self, seed: int) -> None:
        """The start of that number: new weights, an optimizer without memory."""
        self.train, self.test = self.problem.data(seed)
        schuss.utils.set_random_seed(seed)
        fresh = self.problem.model()
        for variable, new in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(new.array)
        self.model.optimizer.build(self.model.trainable_variables)
        for variable in self.model.optimizer.variables:
            if variable is not self.model.optimizer.learning_rate:
                variable.assign(np.zeros_like(variable.array))

    def trained(self, seed: int, rate: float) -> float:
        """The validation loss at the end of a training with this rate; infinite if it diverged."""
        self.begin(seed)
        self.model.optimizer.learning_rate = rate
        schuss.utils.set_random_seed(seed)
        try:
            self.model.fit(*self.train, self.problem.batch_size, self.problem.epochs, verbose=0)
        except NonFiniteLossError:
            return math.inf
        loss = self.model.evaluate(*self.test, batch_size=200, verbose=0)
        return float(loss) if math.isfinite(loss) else math.inf

    def searched(self, seed: int) -> dict[str, Any]:
        """What the search says, and what it cost in seconds and in steps of training."""
        from schuss.insight import find_learning_rate

        self.begin(seed)
        begun = time.perf_counter()
        found = find_learning_rate(
            self.model, *self.train, batch_size=self.problem.batch_size, epochs=self.problem.epochs, seed=seed
        )
        return {
            "suggestion": found.suggestion,
            "highest_stable": found.highest_stable,
            "steepest": found.steepest,
            "minimum/10": None if found.minimum is None else found.minimum / 10,
            "steps": found.steps,
            "seconds": time.perf_counter() - begun,
        }


def combination(results: Results, name: str, optimizer: str, rules: bool) -> None:
    """Everything for one problem and one optimizer."""
    problem = PROBLEMS[name]
    contest: Contest | None = None

    def there() -> Contest:
        nonlocal contest
        contest = contest or Contest(problem, optimizer)
        return contest

    for seed in range(problem.seeds):
        key = f"{name}/{optimizer}/{seed}"
        for rate in GRID:
            results.get(f"{key}/{rate:g}", lambda: there().trained(seed, rate))  # noqa: B023
        if not rules:
            continue
        found = results.get(f"{key}/search", lambda: there().searched(seed))  # noqa: B023
        for rule in RULES:
            rate = found[rule]
            if rate is not None:
                results.get(f"{key}/{rate:.9g}", lambda: there().trained(seed, rate))  # noqa: B023


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--optimizers", nargs="+", default=list(OPTIMIZERS), choices=list(OPTIMIZERS))
    parser.add_argument("--grid", action="store_true", help="the grid only")
    parser.add_argument("--part", default="1/1", help="1/2: every second combination, from the first on")
    parser.add_argument("--results", type=Path, default=Path("learning_rate.jsonl"))
    arguments = parser.parse_args()
    results = Results(arguments.results)
    first, of = (int(n) for n in arguments.part.split("/"))
    combinations = [(name, optimizer) for name in arguments.only for optimizer in arguments.optimizers]
    for name, optimizer in combinations[first - 1 :: of]:
        begun = time.perf_counter()
        combination(results, name, optimizer, rules=not arguments.grid)
        print(f"{name}, {optimizer}: {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
