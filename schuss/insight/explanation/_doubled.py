"""The loss of a recorded step as a function of the weights in double precision, with the same random numbers.

Differences of losses are small; in single precision their rounding drowns them. So the step's graph is recorded anew on
float64 inputs: every operation is the same, every float twice as wide. Derivatives are those of what is computed, whatever
gradient a `custom_gradient` passes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import backends, ops
from schuss.autodiff import gradients
from schuss.graph import Body, Graph, Node, Spec, Tensor, Trace, is_float, name_path, needed_nodes, tracing
from schuss.insight.explanation._kinks import side
from schuss.insight.explanation._record import Recorded

Arrays = list[np.ndarray]
_WIDE = np.dtype("float64")


class Doubled:
    """J(θ) in float64.

    Args:
        step: the recorded step. backend: ``"reference"`` (no compilation; for a few evaluations) or ``"cpu"``.

    Attributes:
        weights: θ, the trainable variables; start: their values. data: the batch.
    """

    def __init__(self, step: Recorded, backend: str = "reference"):
        self.step, self.backend = step, backend
        self.weights = step.weights
        self.thetas = [step.now[id(w)] for w in self.weights]
        self.start = [step.values[t.id].astype(_WIDE) for t in self.thetas]
        mine = {t.id for t in self.thetas}
        self.nodes = [
            n for n in needed_nodes(step.nodes, [step.loss]) if all(t.id not in mine for t in n.outputs)
        ]
        used = {t.id for node in self.nodes for t in node.inputs} | {step.loss.id}
        self.others = [s for s in step.graph.state if s.input.id not in mine and s.input.id in used]
        self.data = [_wide(a) for a in step.arrays()]
        self._state = [_wide(np.array(s.variable.array)) for s in self.others]
        self._programs: dict[str, Any] = {}

    def forget(self) -> None:
        """Compile anew, as after another backend was chosen."""
        self._programs.clear()

    def value(self, at: Sequence[np.ndarray]) -> float:
        """J(θ)."""
        return float(self._run("value", at)[0])

    def sided(self, at: Sequence[np.ndarray]) -> tuple[float, float]:
        """J(θ), and a number that says on which side of all kinks θ lies: equal numbers, equal sides."""
        value, side = self._run("sided", at)
        return float(value), float(side)

    def gradient(self, at: Sequence[np.ndarray]) -> Arrays:
        """∇J(θ)."""
        return self._run("gradient", at)

    def product(self, vectors: Sequence[np.ndarray], at: Sequence[np.ndarray]) -> Arrays:
        """H v."""
        return self._run("product", at, vectors)

    def _run(self, what: str, at: Sequence[np.ndarray], vectors: Sequence[np.ndarray] = ()) -> Any:
        if what not in self._programs:
            self._programs[what] = backends.compile(self._graph(what), backend=self.backend)
        return self._programs[what](*self.data, *self._state, *at, *vectors)

    def _graph(self, what: str) -> Graph:
        with tracing() as here:
            data = [here.input(Spec.of(a)) for a in self.data]
            state = [here.input(Spec.of(a)) for a in self._state]
            thetas = [here.input(Spec.of(a)) for a in self.start]
            vectors = [here.input(Spec.of(a)) for a in self.start] if what == "product" else []
            known: dict[int, Any] = {t.id: new for t, new in zip(self.step.graph.inputs, data, strict=True)}
            known |= {s.input.id: new for s, new in zip(self.others, state, strict=True)}
            known |= {t.id: new for t, new in zip(self.thetas, thetas, strict=True)}
            loss = here.own(_recorded_wide(here, self.nodes, [self.step.loss], known)[0])
            if what == "value":
                results: list[Tensor] = [loss]
            elif what == "sided":
                results = [loss, here.own(side(self.nodes, known, {t.id for t in thetas}))]
            else:
                results = gradients(loss, thetas)
            if what == "product":
                slopes = [ops.sum(g * v) for g, v in zip(results, vectors)]
                results = gradients(sum(slopes[1:], slopes[0]), thetas)
            return here.graph([*data, *state, *thetas, *vectors], results)


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(_WIDE) if is_float(array.dtype) else array


def _recorded_wide(
    here: Trace, nodes: list[Node], results: list[Tensor], known: dict[int, Any]
) -> list[Tensor]:
    """The nodes recorded once more, on what stands for their inputs in `known`, to which their outputs are added."""

    def own(t: Tensor) -> Tensor:
        if t.id not in known:
            assert t.array is not None, "a tensor without a value"
            known[t.id] = here.own(_wide(t.array))
        return known[t.id]

    for node in nodes:
        params = {name: _wide_param(value) for name, value in node.params.items()}
        if "gradient" in params:  # a rule for going back: what was computed is all that counts here
            known.update(
                {y.id: own(t) for y, t in zip(node.outputs, node.inputs[params["n"] :], strict=True)}
            )
            continue
        with name_path(node.scope):
            made = here.record(node.primitive, [own(t) for t in node.inputs], params)
            made = made if node.primitive.several_results else [made]
            for old, new in zip(node.outputs, made, strict=True):
                narrow = is_float(new.dtype) and new.dtype != _WIDE
                known[old.id] = ops.cast(new, _WIDE) if narrow else new
    return [own(t) for t in results]


def _wide_param(value: Any) -> Any:
    if isinstance(value, Body):
        return _wide_body(value)
    return _WIDE if isinstance(value, np.dtype) and is_float(value) else value


def _wide_body(body: Body) -> Body:
    with tracing() as here:
        inputs = [
            here.input(Spec(t.shape, _WIDE if is_float(t.dtype) else t.dtype), t.name)
            for t in body.graph.inputs
        ]
        known: dict[int, Any] = {t.id: new for t, new in zip(body.graph.inputs, inputs, strict=True)}
        results = _recorded_wide(here, body.graph.nodes, body.graph.outputs, known)
        return Body(here.graph(inputs, results))
