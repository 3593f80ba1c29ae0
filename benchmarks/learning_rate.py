"""The rate that `find_learning_rate` suggests beside the best of a grid, on real problems.

``python benchmarks/learning_rate.py`` makes what is not yet in ``learning_rate.jsonl`` (a stopped run goes on from there),
and prints a table for docs/learning-rate.md: of the losses at the end, and, since at a constant rate some networks'
losses jump from epoch to epoch, of the means over the last quarter of the epochs. A rate that was by both more than twice
as bad as the best one from the first three starts is not run from the others. Needs scikit-learn. ``--decay`` lets
rates fall to 0, with results in ``learning_rate_decay.jsonl``. ``--only`` names problems, ``--grid`` makes the grid only,
``--part 1/2`` makes every second combination, for two processes with a file each (``cat`` joins them), ``--again`` searches
anew and keeps the grid, ``--table`` prints what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from learning_rate_problems import OPTIMIZERS, PROBLEMS, Problem

import schuss
from schuss.errors import NonFiniteLossError

GRID = [float(f"{10 ** (k / 3 - 4):.3g}") for k in range(13)]  # 1e-4 … 1, three to a decade
HOPELESS = 2.0  # times the best loss from the first starts
STARTS_OF_ALL = 3  # from which all rates are trained
RULES = ("suggestion", "steepest", "minimum/10")
MEASURES: dict[str, Callable[[Sequence[float]], float]] = {
    "final": lambda losses: losses[-1],
    "steady": lambda losses: sum(losses) / len(losses),
}


class Results:
    """What has been measured, by name, in a file that grows by a line for each."""

    def __init__(self, path: Path):
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.known: dict[str, Any] = {}
        for line in lines:
            self.known.update(json.loads(line))

    def forget_searches(self) -> None:
        """Leave out what depends on the rule."""
        self.known = {key: value for key, value in self.known.items() if not key.endswith("/search")}
        lines = [json.dumps({key: value}) + "\n" for key, value in self.known.items()]
        self.path.write_text("".join(lines))

    def get(self, key: str, make: Any) -> Any:
        """The result of that name; if it is not known, it is made."""
        if key not in self.known:
            self.known[key] = make()
            with self.path.open("a") as file:
                file.write(json.dumps({key: self.known[key]}) + "\n")
        return self.known[key]


class Course(schuss.optimizers.schedules.CosineDecay):
    """From a highest rate to 0 by half a cosine, in so many steps. The highest rate is a variable: one program for all."""

    def __init__(self, steps: int):
        super().__init__(1.0, steps)
        self.highest = schuss.Variable(1.0, trainable=False)

    def __call__(self, step: Any) -> Any:
        return self.highest * super().__call__(step)


@dataclass
class Contest:
    """A problem with an optimizer: one model, which begins anew for each training."""

    problem: Problem
    optimizer: str
    decay: bool

    def __post_init__(self) -> None:
        schuss.utils.set_random_seed(0)
        steps = self.problem.epochs * -(-len(self.problem.data(0)[0][0]) // self.problem.batch_size)
        self.course = Course(steps) if self.decay else None  # else the rate stays
        self.model = self.problem.model()
        self.model.compile(OPTIMIZERS[self.optimizer](self.course or 0.01), self.problem.loss)

    def begin(self, seed: int, rate: float = 1.0) -> None:
        """The start of that number: new weights, an optimizer without memory."""
        self.train, self.test = self.problem.data(seed)
        schuss.utils.set_random_seed(seed)
        fresh = self.problem.model()
        for variable, new in zip(self.model.variables, fresh.variables, strict=True):
            variable.assign(new.array)
        self.model.optimizer.build(self.model.trainable_variables)
        for variable in self.model.optimizer.variables:
            variable.assign(np.zeros_like(variable.array))
        if self.course:
            self.course.highest.assign(rate)
        else:
            self.model.optimizer.learning_rate = rate

    def trained(self, seed: int, rate: float) -> list[float]:
        """The validation losses after the last quarter of a training's epochs at this rate; infinite if it diverged."""
        self.begin(seed, rate)
        schuss.utils.set_random_seed(seed)
        epochs, last = self.problem.epochs, max(1, self.problem.epochs // 4)
        model, losses = self.model, []
        try:
            model.fit(*self.train, self.problem.batch_size, epochs - last + 1, verbose=0)
            losses.append(model.evaluate(*self.test, batch_size=200, verbose=0))
            for epoch in range(epochs - last + 1, epochs):
                model.fit(*self.train, self.problem.batch_size, epoch + 1, initial_epoch=epoch, verbose=0)
                losses.append(model.evaluate(*self.test, batch_size=200, verbose=0))
        except NonFiniteLossError:
            return [math.inf]
        return [float(loss) if math.isfinite(loss) else math.inf for loss in losses]

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


def combination(results: Results, name: str, optimizer: str, rules: bool, decay: bool) -> None:
    """Everything for one problem and one optimizer."""
    problem = PROBLEMS[name]
    contest: Contest | None = None

    def there() -> Contest:
        nonlocal contest
        contest = contest or Contest(problem, optimizer, decay)
        return contest

    for seed in range(problem.seeds):
        key = f"{name}/{optimizer}/{seed}"
        rates = GRID if seed < STARTS_OF_ALL else hopeful(results.known, name, optimizer)
        for rate in rates:
            results.get(f"{key}/{rate:g}", lambda: there().trained(seed, rate))  # noqa: B023
        if not rules:
            continue
        found = results.get(f"{key}/search", lambda: there().searched(seed))  # noqa: B023
        for rule in RULES:
            rate = found[rule]
            if rate is not None:
                results.get(f"{key}/{rate:.9g}", lambda: there().trained(seed, rate))  # noqa: B023


def hopeful(known: dict[str, Any], name: str, optimizer: str) -> list[float]:
    """The grid's rates that did not do far worse than the best one from the first starts, by one of the measures."""
    keys = [f"{name}/{optimizer}/{seed}" for seed in range(min(STARTS_OF_ALL, PROBLEMS[name].seeds))]
    found: set[float] = set()
    for measure in MEASURES.values():
        losses = {rate: sum(measure(known[f"{key}/{rate:g}"]) for key in keys) for rate in GRID}
        found |= {rate for rate, loss in losses.items() if loss <= HOPELESS * min(losses.values())}
    return sorted(found)


@dataclass
class Line:
    """A problem with an optimizer, as the table has it: means over the starts.

    Attributes:
        best, best_rate: the least validation loss of the grid at the end, and its rate. rate: the suggestions, on average.
        of_best: rule → its loss, divided by `best`; infinite if any training diverged. steady: the same of the suggestion,
            where losses are means over the last quarter of the epochs. steps, seconds: of a search.
    """

    name: str
    optimizer: str
    best: float
    best_rate: float
    rate: float
    of_best: dict[str, float]
    steady: float
    steps: float
    seconds: float


def line_of(known: dict[str, Any], name: str, optimizer: str) -> Line | None:
    """The line for a combination; None where something is missing."""
    keys = [f"{name}/{optimizer}/{seed}" for seed in range(PROBLEMS[name].seeds)]

    def mean(measure: str, rates: Sequence[float | None], digits: str) -> float:
        losses = [
            math.inf if r is None else MEASURES[measure](known[f"{key}/{r:{digits}}"])
            for key, r in zip(keys, rates)
        ]
        return sum(losses) / len(losses)

    def best_of(measure: str) -> tuple[float, float]:
        return min((mean(measure, [rate] * len(keys), "g"), rate) for rate in hopeful(known, name, optimizer))

    try:
        found = [known[f"{key}/search"] for key in keys]
        best, best_rate = best_of("final")
        of_best = {rule: mean("final", [f[rule] for f in found], ".9g") / best for rule in RULES}
        steady = mean("steady", [f["suggestion"] for f in found], ".9g") / best_of("steady")[0]
    except KeyError:
        return None
    rate = math.exp(sum(math.log(f["suggestion"]) for f in found) / len(found))
    steps, seconds = (sum(f[what] for f in found) / len(found) for what in ("steps", "seconds"))
    return Line(name, optimizer, best, best_rate, rate, of_best, steady, steps, seconds)


def table(known: dict[str, Any]) -> str:
    """Markdown."""
    head = [
        "problem",
        "optimizer",
        "best of the grid",
        "suggested α",
        *RULES,
        "suggestion, steady",
        "steps",
        "seconds",
    ]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines = [line_of(known, name, optimizer) for name in PROBLEMS for optimizer in OPTIMIZERS]
    for line in filter(None, lines):
        name = line.name + (" (apart)" if PROBLEMS[line.name].apart else "")
        ratios = [ratio(line.of_best[rule]) for rule in RULES]
        best = f"{line.best:.4g} at {line.best_rate:g}"
        cells = [
            name,
            line.optimizer,
            best,
            f"{line.rate:.2g}",
            *ratios,
            ratio(line.steady),
            f"{line.steps:.0f}",
            f"{line.seconds:.1f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    for apart in (False, True):
        chosen = [line for line in filter(None, lines) if PROBLEMS[line.name].apart == apart]
        for rule in RULES:
            good = sum(line.of_best[rule] <= 1.1 for line in chosen)
            rows += [
                "",
                f"{'Apart' if apart else 'Chosen by'}, {rule}: within 10 % in {good} of {len(chosen)}.",
            ]
    return "\n".join(rows)


def ratio(value: float) -> str:
    """As the table has it."""
    return f"{value:.2f}" if value < 20 else "diverged"


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--optimizers", nargs="+", default=list(OPTIMIZERS), choices=list(OPTIMIZERS))
    parser.add_argument("--decay", action="store_true", help="rates fall to 0 by half a cosine")
    parser.add_argument("--grid", action="store_true", help="the grid only")
    parser.add_argument("--part", default="1/1", help="1/2: every second combination, from the first on")
    parser.add_argument("--results", type=Path, help="learning_rate.jsonl, or learning_rate_decay.jsonl")
    parser.add_argument("--again", action="store_true", help="search anew; the grid is kept")
    parser.add_argument("--table", action="store_true", help="only print the table of what is there")
    arguments = parser.parse_args()
    default = "learning_rate_decay.jsonl" if arguments.decay else "learning_rate.jsonl"
    results = Results(arguments.results or Path(default))
    if arguments.table:
        print(table(results.known))
        return
    if arguments.again:
        results.forget_searches()
    first, of = (int(n) for n in arguments.part.split("/"))
    combinations = [(name, optimizer) for name in arguments.only for optimizer in arguments.optimizers]
    for name, optimizer in combinations[first - 1 :: of]:
        begun = time.perf_counter()
        combination(results, name, optimizer, not arguments.grid, arguments.decay)
        print(f"{name}, {optimizer}: {time.perf_counter() - begun:.0f} s", flush=True)
    print(f"\n{table(results.known)}")


if __name__ == "__main__":
    main()
