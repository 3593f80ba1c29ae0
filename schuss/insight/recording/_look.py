"""A look at a model in training: one step on one batch, of which everything is seen and nothing is done."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss import backends
from schuss.graph import Spec, StatelessScope, Tensor, Variable, _tree, active_trace, is_float, trace
from schuss.insight.recording._statistics import (
    LayerLook,
    WeightLook,
    layer_look,
    saturation_of,
    weight_look,
)
from schuss.layers._call import calls, watching
from schuss.layers._remat import recomputed_call
from schuss.optimizers import Optimizer
from schuss.training._traces import TRAIN, Details, outputs_of_step


@dataclass
class Look:
    """What was seen in one moment of training, on one and the same batch each time.

    Attributes:
        step: training steps made before. epoch: the same in epochs, with a fraction.
        loss: of the batch, in training (with dropout). None where the model's own `train_step` returns none.
        weights: by the paths of trainable variables. layers: by their names, those that have weights of their
            own or an activation.
    """

    step: int
    epoch: float
    loss: float | None
    weights: dict[str, WeightLook] = field(default_factory=dict)
    layers: dict[str, LayerLook] = field(default_factory=dict)


@dataclass
class _Seen:
    """A layer's output within the step. `axis`: of its units."""

    name: str
    axis: int
    saturation: Callable[[np.ndarray], np.ndarray] | None
    output: Tensor


class Looker:
    """Looks at a model. It traces one step of training, the model's own `train_step` if it has one, such that
    whatever the step would assign is dropped: weights, the optimizer's memory, metrics, random states.

    Args:
        model: compiled; a step of it has been traced, so that everything is built.
        structure: ``(x, y, sample_weight)``: one batch, nested structures of arrays.
        backend: ``"cpu"``, ``"reference"`` or None: the reference evaluator, for which nothing is compiled.
    """

    def __init__(self, model: Any, structure: Any, backend: str | None = None):
        self._model = model
        self._arrays, self._definition = _tree.flatten(structure)
        self._weights: list[Variable] = list(model.trainable_variables)
        self._details = Details()
        self._seen: list[_Seen] = []
        specs = [Spec(tuple(a.shape), a.dtype) for a in self._arrays]
        graph = trace(self._traced, *specs)
        self._run = backends.compile(graph, len(specs), backend=backend or "reference")

    def look(self, step: int, epoch: float) -> Look:
        """The present moment. `step`, `epoch`: when that is."""
        with _blas().limit(limits=1, user_api="blas"):
            loss, *values = self._run(*self._arrays)
        count = len(self._weights)
        gradients, updated, outputs = values[:count], values[count : 2 * count], values[2 * count :]
        look = Look(step, epoch, float(loss) if self._details.checked else None)
        for variable, gradient, new in zip(self._weights, gradients, updated, strict=True):
            look.weights[variable.path] = weight_look(variable.array, gradient, new)
        for seen, output in zip(self._seen, outputs, strict=True):
            look.layers[seen.name] = layer_look(output, seen.axis, seen.saturation)
        return look

    def _traced(self, *batch: Tensor) -> list[Any]:
        here = active_trace()
        assert here is not None
        gradients: dict[int, Any] = {}
        with StatelessScope(), _applied(self._model, gradients), watching(self._watch(here)):
            loss = outputs_of_step(
                self._model, TRAIN, _tree.unflatten(self._definition, list(batch)), self._details
            )[0]
            updated = [here.own(variable.value) for variable in self._weights]
        nothing = [np.zeros(w.shape, w.dtype) for w in self._weights]
        grads = [gradients.get(id(w), zero) for w, zero in zip(self._weights, nothing)]
        return [loss, *grads, *updated, *(seen.output for seen in self._seen)]

    def _watch(self, here: Any) -> Callable[[Any, inspect.BoundArguments], Any]:
        """Layers are called as always; of those that are called in this trace (and not in the body of a loop)
        the outputs are noted."""

        def watcher(layer: Any, bound: inspect.BoundArguments) -> Any:
            outputs = recomputed_call(layer, bound)
            if active_trace() is here and layer is not self._model and _is_looked_at(layer):
                first = next(iter(_tree.leaves(outputs)), None)
                if (
                    isinstance(first, Tensor)
                    and first.trace is here
                    and is_float(first.dtype)
                    and first.shape
                ):
                    self._note(layer, first)
            return outputs

        return watcher

    def _note(self, layer: Any, output: Tensor) -> None:
        path = "/".join(calls.path).removeprefix(f"{self._model.name}/")
        names = {seen.name for seen in self._seen}
        name, number = path, 1
        while name in names:
            number += 1
            name = f"{path} ({number})"
        axis = 1 if getattr(layer, "data_format", None) == "channels_first" and len(output.shape) > 2 else -1
        self._seen.append(_Seen(name, axis, saturation_of(layer), output))


@functools.cache
def _blas() -> Any:
    """What says how many threads NumPy's matrix products have: more than one would spin on after a look, beside the
    training's."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _is_looked_at(layer: Any) -> bool:
    """Whether it has weights of its own, not only in layers within, or an activation."""
    if type(layer).__module__.startswith("schuss.layers.activations") or hasattr(layer, "activation"):
        return True
    within = {id(v) for inner in layer._all().layers if inner is not layer for v in inner.variables}
    return any(id(v) not in within for v in layer.trainable_variables)


@contextmanager
def _applied(model: Any, gradients: dict[int, Any]) -> Iterator[None]:
    """Within: the gradients that the model's optimizers apply are noted by the ids of their variables."""
    with ExitStack() as stack:
        for optimizer in _optimizers_of(model):
            stack.enter_context(_noting(optimizer, gradients))
        yield


def _optimizers_of(model: Any) -> list[Any]:
    """The model's optimizers, those of its own `train_step` included; within ones that only scale, what is
    scaled."""
    found: dict[int, Any] = {}
    for value in [model.optimizer, *vars(model).values()]:
        while hasattr(value, "inner_optimizer"):
            value = value.inner_optimizer
        if isinstance(value, Optimizer):
            found[id(value)] = value
    return list(found.values())


@contextmanager
def _noting(optimizer: Any, gradients: dict[int, Any]) -> Iterator[None]:
    apply, scale = optimizer.apply, 1.0 / (getattr(optimizer, "loss_scale_factor", None) or 1.0)

    def noted(grads: Any, trainable_variables: Any = None) -> None:
        grads = list(grads)
        given = optimizer._trainable_variables if trainable_variables is None else list(trainable_variables)
        for gradient, variable in zip(grads, given):
            if gradient is not None:
                gradients[id(variable)] = gradient * scale if scale != 1.0 else gradient
        apply(grads, given)

    vars(optimizer)["apply"] = noted  # no attribute of the model has changed: what is compiled holds
    try:
        yield
    finally:
        del vars(optimizer)["apply"]
