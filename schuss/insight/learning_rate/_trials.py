"""Short trainings about a rate, and the choice that they, and what was known before, lead to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schuss.insight.learning_rate._beginning import Beginning, number
from schuss.insight.learning_rate._kept import Copies, put_back
from schuss.insight.learning_rate._runs import Probe, Runs

_APART = 10 ** (1 / 3)  # between neighbouring rates: three to a decade
_TRIALS = 3
_CLEAR = (
    3.0  # standard errors: where the higher of two rates is so much better, the third is above, not below
)
_LIKELY = 2.0  # standard errors: where all are on a plateau, a rate that is so much better is where to begin
_FEWEST = 10  # steps of a trial that says something
_FIRST_LOOK = 2  # it is looked at first after such a part of its steps, and ended there if it learns nothing
_PLATEAU = 0.1  # of the loss: where other rows' targets cost so little more, rows are not told apart
_DEEP = 0.03  # the same when it is looked at first: then it is left at once for a higher rate
_SAME = 1e-6  # of the loss: where it does not depend on whose targets they are, all rows look the same: units are dead
_WORST = 1.1  # times the loss at the start: on a plateau a trial above it is ended
_LEAST = 0.1  # of the fall at the best rate: what falls less has learned nothing
_DOWN = 10 ** (2 / 3)  # how far to go where it learns nothing
_DOWNS = 6  # how often
_NOISE = 0.01  # of the fall of the loss: differences below it say nothing
_MOST = 20.0  # standard errors that are told apart; a trial that learned nothing counts as so many
_SPREAD = 1.4  # how far (in ln α) the best rate may be from where trials begin
_BEYOND = 3.0  # how much it costs to leave the range that was tried, in ln α
_EDGE = 2.0  # times what curvature allows: a rate that was trained with may be so high, as curvature hovers about its bound
_BELOW_FASTEST = (
    2.0  # times lower than the rate that leaves a plateau fastest, as curvature is higher below it
)
_FALLING = 1 / 3  # the exponent where the rate falls
_BELOW_FAILED = 3.0  # times lower than a rate that learned nothing, as curvature goes on growing


@dataclass
class Choice:
    """What trials led to.

    Attributes:
        rate: α for a training of the planned length. tried: the trials. steps: of each. words: why, for people.
        failed: those of the trials in which nothing was learned.
        bound: α up to which the optimizer is stable where the best trial ended; None where that is not known.
        products: with the Hessian.
    """

    rate: float
    tried: list[Probe]
    steps: int
    words: list[str]
    failed: list[Probe]
    bound: float | None = None
    products: int = 0


def choice(
    runs: Runs, begin: Beginning, planned: int, budget: int, bound: Callable[[], tuple[float | None, int]]
) -> Choice:
    """Trainings at three rates about the beginning (or above, where the higher is clearly better), and what follows.

    Args:
        runs: at the start. begin: where to begin. planned: steps of the training that the rate is for.
        budget: steps that may be made. bound: gives the bound of stability for the present weights, and products taken.
    """
    trials = _Trials(runs, begin, planned, budget)
    trials.make()
    tried = sorted(trials.tried, key=lambda p: p.rate)
    words = [_said(tried, trials.steps, runs)]
    if runs.profile is not None:
        words.append(
            "In each of them the rate went as the schedule does, whose root mean square is "
            f"{number(runs.part)} of its highest: these are the highest, and began at {number(begin.rate / runs.part)}."
        )
    best = trials.best
    if best is None:
        finite = [p for p in tried if not p.diverged]
        rate = min(finite, key=lambda p: p.losses[-1]).rate if finite else tried[0].rate / 10
        words.append(
            f"Nothing was learned at any of them; {number(rate)} did least harm. Look at the data and the model."
        )
        return Choice(rate, tried, trials.steps, words, tried)
    failed = [p for p in tried if trials.failed(p)]
    centre, began = trials.centre, "where they began"
    left, rough = trials.left_plateau(), trials.left_roughly()
    if rough is not None:
        left = None
    if left is not None:
        centre, began = left.rate if runs.falls else left.rate / _BELOW_FASTEST, "that"
        words.append(
            f"At {number(trials.centre)} the model did not tell rows apart (with the targets of other rows the loss was "
            f"nearly the same): a plateau. It was left fastest at {number(left.rate)}"
            + (
                ", the place to begin."
                if runs.falls
                else f"; below it the loss is less even, so half of that, {number(centre)}, is the place to begin."
            )
        )
    if rough is None:
        rate = math.exp(_best(tried, math.log(centre), trials.start))
        rate = min(rate, max(p.rate for p in tried if p not in failed) if left is None else centre)
        words.append(
            f"Between how these differ (beyond the noise of the rows) and {began}, "
            f"{number(rate)} is the best guess for {trials.steps} steps."
        )
    else:
        rate = rough.rate / _BELOW_FAILED
        words.append(
            f"At {number(trials.centre)} the model did not tell rows apart (with the targets of other rows the loss was "
            f"nearly the same): a plateau. Only {number(rough.rate)} left it in {trials.steps} steps; the loss rose there: "
            f"well below is {number(rate)}."
        )
    above = min((p.rate for p in failed if p.rate > best.rate), default=math.inf)
    if rate > above / _BELOW_FAILED:
        rate = above / _BELOW_FAILED
        words.append(f"At {number(above)} nothing was learned: well below is {number(rate)}.")
    trials.end_of_best()
    limit, products = bound()
    if limit is not None and left is None and rough is None and rate > max(limit, best.rate / _EDGE):
        rate = max(limit, best.rate / _EDGE)
        words.append(
            f"Where the best of them ended, descent is stable up to {number(limit)}, so not more than {number(rate)}."
        )
    if trials.shorter != 1:
        words.append(
            f"Steps of this optimizer do not shrink by themselves, so that for {planned} of them the rate is "
            f"{number(rate)} · {'∛' if runs.falls else '√'}({trials.steps}/{planned}) = {number(rate / trials.shorter)}."
        )
    return Choice(rate / trials.shorter, tried, trials.steps, words, failed, limit, products)


class _Trials:
    """The trials, one after the other.

    Attributes:
        tried: so far. centre: the rate in the middle. steps: of a trial. start: the loss before. best: the best one; None
            if none has learned anything. on_plateau: whether the trial at the centre ended before rows were told apart.
            shorter: by which the rate for so few steps is above that for the planned ones.
    """

    def __init__(self, runs: Runs, begin: Beginning, planned: int, budget: int):
        self._runs, self._begin, self._planned, self._left = runs, begin, planned, budget
        self.start = _loss_at_start(runs)
        self.tried: list[Probe] = []
        self.best: Probe | None = None
        self.on_plateau = False
        self._end: Copies = []
        highest = begin.rate / runs.part
        self._plan(highest * (planned / max(1, min(planned, budget // _TRIALS))) ** begin.exponent)

    def _plan(self, centre: float) -> None:
        self.centre, self.steps = centre, max(1, min(self._planned, self._left // _TRIALS))
        exponent = min(self._begin.exponent, _FALLING) if self._runs.falls else self._begin.exponent
        self.shorter = (self._planned / self.steps) ** exponent

    def make(self) -> None:
        """Find a rate at which something is learned; then its neighbours, and theirs. On a plateau, go far up until it is
        left."""
        for _ in range(_DOWNS):
            self._try(self.centre)
            if self.best is not None:
                break
            if self._left < _TRIALS * min(_FEWEST, self.steps):
                return
            self._plan(self.centre / _DOWN)
        else:
            return
        self.on_plateau = _is_on_plateau(self.best)
        if self.on_plateau:
            self._climb()
            return
        self._try(self.centre * _APART)
        if self._is_clearly_better():
            self._try(self.tried[-1].rate * _APART)
        else:
            self._try(self.centre / _APART)
        while self._left >= self.steps:
            rate = self._beyond()
            if rate is None:
                return
            self._try(rate)

    def _climb(self) -> None:
        """Trials far up, until the plateau is left; then near the last one."""
        while self._left >= self.steps and _is_on_plateau(self.tried[-1]) and not self.failed(self.tried[-1]):
            up = _APART if self._failed_at(self.tried[-1].rate * _DOWN) else _DOWN
            self._try(self.tried[-1].rate * up)
        last = self.tried[-1]
        if self.failed(last):
            self._try(last.rate / _APART)
        elif not self._failed_at(last.rate * _APART):
            self._try(last.rate * _APART)

    def left_plateau(self) -> Probe | None:
        """The trial that tells rows apart best, where the one at the centre did not; None if there is no such trial or if
        its loss does not bear that out."""
        if not self.on_plateau:
            return None
        good = [p for p in self.tried if not self.failed(p)]
        first = next(p for p in good if p.rate == self.centre)
        most = max(good, key=lambda p: p.told or 0.0)
        if not most.losses[-1] < first.losses[-1]:
            return None
        likely = float(_worse([first, most], self.start)[0]) > _LIKELY
        return most if likely or not _is_on_plateau(most) else None

    def left_roughly(self) -> Probe | None:
        """The trial at the lowest rate that told rows apart, though its loss is above that at the start, where none at the
        lower ones did; None if there is none."""
        if not self.on_plateau or not all(_is_on_plateau(p) for p in self.tried if not self.failed(p)):
            return None
        rough = [p for p in self.tried if not p.diverged and p.told is not None and p.told >= _PLATEAU]
        return min(rough, key=lambda p: p.rate, default=None)

    def failed(self, probe: Probe) -> bool:
        """Whether nothing was learned: it diverged, was ended early, gives the same for all rows, or the loss fell by a
        tenth at most of what it fell at the best rate, which is smaller."""
        if probe.diverged or probe.ended or (probe.told is not None and abs(probe.told) < _SAME):
            return True
        if not math.isfinite(self.start):
            return False
        least = 0.0
        if self.best is not None and self.best.rate < probe.rate:
            least = _LEAST * (self.start - self.best.losses[-1])
        return probe.losses[-1] >= self.start - least

    def _failed_at(self, rate: float) -> bool:
        """Whether a rate up to that one has failed."""
        return any(self.failed(p) and p.rate <= rate * 1.001 for p in self.tried)

    def end_of_best(self) -> None:
        """The model as it was at the end of the best trial."""
        put_back(self._end)

    def _try(self, rate: float) -> None:
        if self.steps > self._left:
            return
        first = self.steps // _FIRST_LOOK
        looks = [first, self.steps] if first >= _FEWEST // 2 and math.isfinite(self.start) else [self.steps]
        worst = self.start + (_WORST - 1) * abs(self.start) if self.on_plateau else self.start
        spare = self._left - looks[0] - (_TRIALS - 1) * self.steps
        least = _DEEP if spare >= 0 and (self.best is None or self.on_plateau) else -math.inf
        made = self._runs.probe(rate, looks, worst, least)
        self._left -= made.steps[-1]
        self.tried.append(made)
        if not self.failed(made) and (self.best is None or _rank(made) < _rank(self.best)):
            self.best, self._end = made, self._runs.state()

    def _beyond(self) -> float | None:
        """The next rate, where the best one has no neighbour on one side; None where it has."""
        rates = [p.rate for p in self.tried]
        if self.best is None or min(rates) < self.best.rate < max(rates):
            return None
        return self.best.rate / _APART if self.best.rate == min(rates) else self.best.rate * _APART

    def _is_clearly_better(self) -> bool:
        """Whether the last trial is far better than the one before it."""
        before, last = self.tried[-2:] if len(self.tried) > 1 else [self.tried[0]] * 2
        return (
            last is self.best and before is not last and float(_worse([before, last], self.start)[0]) > _CLEAR
        )


def _rank(probe: Probe) -> tuple[int, float]:
    """The longer, then the better."""
    return -probe.steps[-1], probe.losses[-1]


def _is_on_plateau(probe: Probe) -> bool:
    """Whether the model hardly tells rows apart at its end."""
    return probe.told is not None and probe.told < _PLATEAU


def _loss_at_start(runs: Runs) -> float:
    runs.begin()
    blocks = runs.losses_apart()
    return math.nan if blocks is None else float(blocks.mean())


def _best(tried: list[Probe], centre: float, start: float) -> float:
    """ln α with the least sum of: how much worse the loss is than the best one, in standard errors (of the differences
    of the same blocks of rows), halved; and how far from the centre, in spreads, squared and halved."""
    worse, at = _worse(tried, start), np.log([p.rate for p in tried])
    x = np.linspace(min(centre, at[0]) - _SPREAD, max(centre, at[-1]) + _SPREAD, 2001)
    outside = np.maximum(0.0, np.maximum(at[0] - x, x - at[-1]))
    total = np.interp(x, at, worse) / 2 + ((x - centre) / _SPREAD) ** 2 / 2 + (_BEYOND * outside) ** 2
    return float(x[int(np.argmin(total))])


def _worse(tried: list[Probe], start: float) -> np.ndarray:
    """How many standard errors the loss of each trial is above the least one."""
    longest = max(p.steps[-1] for p in tried)
    best = min((p for p in tried if p.steps[-1] == longest), key=lambda p: p.losses[-1])
    reference = best.blocks[-1]
    fall = start - best.losses[-1]
    if not math.isfinite(fall) or fall <= 0:
        fall = abs(best.losses[-1])
    found = []
    for probe in tried:
        blocks = probe.blocks[-1]
        if probe.diverged or probe.ended or blocks.shape != reference.shape:
            found.append(_MOST)
            continue
        differences = blocks - reference
        error = float(differences.std(ddof=1)) / math.sqrt(differences.size) if differences.size > 1 else 0.0
        found.append(min(_MOST, float(differences.mean()) / max(error + _NOISE * fall, 1e-30)))
    return np.array(found)


def _said(tried: list[Probe], steps: int, runs: Runs) -> str:
    rows = "rows kept apart" if runs.batches.apart else "the last batches"
    longest = max(p.steps[-1] for p in tried)

    def end(p: Probe) -> str:
        return (
            "diverged"
            if p.diverged
            else f"{p.losses[-1]:.4g}" + ("" if p.steps[-1] == longest else ", ended early")
        )

    ends = "; ".join(f"{number(p.rate)} → {end(p)}" for p in tried)
    return f"Loss on {rows} after {steps} steps from the present weights: {ends}."
