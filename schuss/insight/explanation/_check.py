"""gradient_check: backpropagation beside finite differences."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.insight.explanation._doubled import Doubled
from schuss.insight.explanation._kinks import ways_around
from schuss.insight.explanation._record import Recorded, batch_of, checked, recorded
from schuss.training._checks import optional_positive_integer, positive_integer

_STEP = float(np.finfo("float64").eps) ** (
    1 / 3
)  # where the error of the formula and that of rounding are alike
_SMALLER = (1.0, 0.1, 0.01, 1e-3)
_TOLERANCES = {"float16": 2e-2, "float32": 1e-3, "float64": 1e-7}
_PATIENCE = 2.0  # seconds of evaluations for which compiling does not pay


@dataclass
class CheckedElement:
    """One derivative, found in both ways.

    Attributes:
        index: the element of the weight. backpropagation, difference: ∂J/∂w. step: h. kink: whether J has a kink within
            ±h however small h was made, so that the difference says nothing.
    """

    index: tuple[int, ...]
    backpropagation: float
    difference: float
    step: float
    kink: bool = False


@dataclass
class CheckedWeight:
    """What was found for one weight.

    Attributes:
        name: its path. shape: its shape. elements: those that were looked at. error: the largest difference between the
            two ways, relative to the largest derivative among them. What rounding of the model's largest derivative may
            leave does not count.
        verdict: ``"agrees"``, ``"differs"`` or, where all elements lie at kinks, ``"kinks"``. note: what is known of why.
    """

    name: str
    shape: tuple[int, ...]
    elements: list[CheckedElement] = field(default_factory=list)
    error: float = 0.0
    verdict: str = "agrees"
    note: str = ""

    @property
    def kinks(self) -> int:
        """How many of the elements lie at kinks."""
        return sum(e.kink for e in self.elements)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shape": list(self.shape),
            "error": self.error,
            "verdict": self.verdict,
            "note": self.note,
            "kinks": self.kinks,
            "elements": [{**vars(e), "index": list(e.index)} for e in self.elements],
        }


@dataclass
class GradientCheck:
    """Backpropagation beside finite differences, for each weight. Made by `gradient_check`; ``print`` shows a table.

    Attributes:
        model: its name. loss: J. weights: what was found. tolerance: up to which relative error they agree.
    """

    model: str
    loss: float
    weights: list[CheckedWeight]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether no weight differs."""
        return all(w.verdict != "differs" for w in self.weights)

    @property
    def error(self) -> float:
        """The largest relative error of all weights."""
        return max((w.error for w in self.weights), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "model": self.model,
            "loss": self.loss,
            "tolerance": self.tolerance,
            "ok": self.ok,
            "error": self.error,
            "weights": [w.to_dict() for w in self.weights],
        }

    def __rich__(self) -> Any:
        from schuss.insight.explanation._check_print import rendered

        return rendered(self)

    def __str__(self) -> str:
        from schuss.insight.explanation._check_print import as_plain_text

        return as_plain_text(self)

    def _repr_html_(self) -> str:
        from schuss.insight.explanation._check_print import as_html

        return as_html(self)


def gradient_check(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    elements: int = 10,
    step: float | None = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Backpropagation beside central finite differences, for each weight of a model.

    ∂J/∂w ≈ (J(w + h) − J(w − h)) / 2h. Backpropagation is the training step's own, in the model's precision; J is
    evaluated in double precision, with the same random numbers (dropout) on both sides. Where something crosses a kink
    between the two sides (relu at 0, a maximum that changes), h is made smaller; what still lies at one is said and not
    compared. Nothing of the model changes. If it is not built, this builds it.

    Args:
        model: compiled.
        x, y, sample_weight, batch_size: data as for `explain`.
        elements: how many of each weight are looked at: all, if there are no more, else the one with the largest
            derivative and others at random. Default 10.
        step: h. Default ∛ε · max(1, \\|w\\|) ≈ 6e-6, where the errors of the formula and of rounding are alike.
        tolerance: the relative error up to which they agree. Default 1e-3 for float32, 1e-7 for float64, 2e-2 for
            float16.
        seed: of the random choice.

    Returns:
        A `GradientCheck`: ``print`` shows a table, ``ok`` says whether all agree.

    Raises:
        TypeError: not a model. ValueError: it is not compiled, has no optimizer, or a `train_step` of its own; arguments
            out of range.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.layers import Dense, Input
        >>> model = schuss.Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> check = schuss.gradient_check(model, np.ones((5, 3)), np.ones((5, 1)))
        >>> check.ok, [weight.verdict for weight in check.weights]
        (True, ['agrees', 'agrees', 'agrees', 'agrees'])

    Source: Bengio, Practical recommendations for gradient-based training of deep architectures (2012), section 4.2.
    """
    checked(model, "gradient_check")
    count = positive_integer("elements", elements)
    for name, value in (("step", step), ("tolerance", tolerance)):
        if value is not None and not 0 < value < np.inf:
            raise ValueError(f"gradient_check: `{name}` must be a positive number, got {value!r}.")
    size = optional_positive_integer("batch_size", batch_size)
    made = recorded(model, batch_of(model, x, y, sample_weight, size))
    limit = tolerance if tolerance is not None else _TOLERANCES[_coarsest(model)]
    return _Check(made, count, step, limit, np.random.default_rng(seed)).result()


def _coarsest(model: Any) -> str:
    """The type with the fewest digits in which a layer computes."""
    found = {str(layer.compute_dtype) for layer in model._flatten_layers()} & set(_TOLERANCES)
    return max(found, key=lambda name: np.finfo(name).eps, default="float32")


class _Check:
    """One check."""

    def __init__(
        self, step: Recorded, count: int, h: float | None, tolerance: float, random: np.random.Generator
    ):
        self.step, self.count, self.h, self.tolerance, self.random = step, count, h, tolerance, random
        self.loss = Doubled(step)
        self.gradients = [_gradient(step, w) for w in step.weights]
        largest = max((np.abs(g).max(initial=0.0) for g in self.gradients), default=0.0)
        self.noise = float(
            4 * np.finfo(_coarsest(step.model)).eps * largest
        )  # what rounding may leave of a zero
        self.has_loops = any(node.primitive.name == "scan" for node in self.loss.nodes)

    def result(self) -> GradientCheck:
        began = time.perf_counter()
        self.value, _ = self.loss.sided(self.loss.start)
        seconds = time.perf_counter() - began
        places = [self._chosen(g) for g in self.gradients]
        if seconds * 2 * sum(map(len, places)) > _PATIENCE:
            self.loss.backend = "cpu"
            self.loss.forget()
        weights = [
            self._weight(n, w, at) for n, (w, at) in enumerate(zip(self.step.weights, places, strict=True))
        ]
        return GradientCheck(self.step.model.name, self.value, weights, self.tolerance)

    def _chosen(self, gradient: np.ndarray) -> list[tuple[int, ...]]:
        """The elements to look at."""
        if gradient.size <= self.count:
            flat = np.arange(gradient.size)
        else:
            largest = int(np.abs(gradient).argmax())
            others = self.random.choice(gradient.size - 1, self.count - 1, replace=False)
            flat = np.sort([largest, *(others + (others >= largest))])
        return [tuple(int(i) for i in np.unravel_index(n, gradient.shape)) for n in flat]

    def _weight(self, number: int, weight: Variable, places: list[tuple[int, ...]]) -> CheckedWeight:
        made = CheckedWeight(weight.path, tuple(weight.shape))
        made.elements = [self._element(number, place) for place in places]
        smooth = [e for e in made.elements if not e.kink]
        if made.elements and not smooth:
            made.verdict, made.note = "kinks", "every element lies at a kink"
            return made
        pairs = np.array([(e.backpropagation, e.difference) for e in smooth]).reshape(-1, 2)
        noise = self.noise * (
            16 if np.abs(pairs[:, 1]).max(initial=0.0) <= self.noise else 1
        )  # of long sums that are 0
        scale = max(np.abs(pairs).max(initial=0.0), noise / self.tolerance)
        apart = np.abs(pairs[:, 0] - pairs[:, 1]).max(initial=0.0)
        made.error = float(apart / scale) if scale else 0.0
        if not np.isfinite(pairs).all():
            made.verdict, made.note, made.error = "differs", "a derivative is not finite", float("inf")
        elif made.error > self.tolerance:
            made.verdict, made.note = "differs", self._reason(weight, pairs)
        elif np.abs(pairs).max(initial=0.0) <= noise:
            made.note = "zero, but for rounding"
        if made.kinks and not made.note:
            made.note = f"{made.kinks} of {len(made.elements)} at kinks, not compared"
        return made

    def _reason(self, weight: Variable, pairs: np.ndarray) -> str:
        around = ways_around(self.step.nodes, self.step.now[id(weight)])
        if around:
            return f"on the way {', '.join(around[:3])}: what is passed back there is not the derivative"
        if not pairs[:, 0].any():
            return "backpropagation gives 0 everywhere"
        return "a gradient rule may be wrong, or the loss too rough for this step"

    def _element(self, number: int, place: tuple[int, ...]) -> CheckedElement:
        at = float(self.loss.start[number][place])
        known = float(self.gradients[number][place])
        h, above, below, side, other = 0.0, 0.0, 0.0, 0.0, 0.0
        for smaller in _SMALLER:
            h = (self.h or _STEP * max(1.0, abs(at))) * smaller
            (above, side), (below, other) = (self._moved(number, place, at + d) for d in (h, -h))
            if side == other:
                break
        wide = (at + h) - (at - h)  # as it is in the computer
        kink = side != other or (self.has_loops and self._is_bent(number, place, at, h, above, below))
        return CheckedElement(place, known, (above - below) / wide, h, kink)

    def _is_bent(
        self, number: int, place: tuple[int, ...], at: float, h: float, above: float, below: float
    ) -> bool:
        """Whether the slopes on both sides differ, and as much when h is smaller: for loops, into which one cannot look."""
        if abs(above - 2 * self.value + below) <= 0.05 * abs(above - below):
            return False
        closer = [self._moved(number, place, at + d)[0] for d in (h / 10, -h / 10)]
        bend, slope = abs(closer[0] - 2 * self.value + closer[1]), abs(closer[0] - closer[1])
        was = abs(above - 2 * self.value + below) / max(abs(above - below), 1e-300)
        return bend > 1e-12 * abs(self.value) and bend > 0.5 * was * slope

    def _moved(self, number: int, place: tuple[int, ...], value: float) -> tuple[float, float]:
        moved = list(self.loss.start)
        moved[number] = moved[number].copy()
        moved[number][place] = value
        return self.loss.sided(moved)


def _gradient(step: Recorded, weight: Variable) -> np.ndarray:
    """∂J/∂w by backpropagation."""
    return step.unscaled(step.values[step.gradient[step.now[id(weight)].id].id])
