"""One training step of a model, traced with a note of every layer's call, and evaluated: the value of every tensor."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.autodiff import gradients
from schuss.autodiff.rules import WITHOUT_GRADIENT
from schuss.backends.reference import evaluate_all
from schuss.graph import Graph, Node, Spec, Tensor, Trace, Variable, _tree, active_trace, name_scope, trace
from schuss.insight.explanation._loops import Numbers
from schuss.layers import Layer
from schuss.layers._call import calls, watching
from schuss.layers._remat import recomputed_call
from schuss.models import Model
from schuss.training._arguments import evaluation_data
from schuss.training._arrays import names_of
from schuss.training._batches import is_batches
from schuss.training._checks import DataCheck
from schuss.training._data import Piece
from schuss.training._steps import TRAIN
from schuss.training._traces import _as_floatx, _loss_of, with_texts
from schuss.utils._cached import cached_property


@dataclass
class Call:
    """A layer as it was called.

    Attributes:
        path: the names of the enclosing layers and its own. inputs: by argument. nodes: the numbers in the trace of what
            it recorded. children: the calls within. variables: those of the layer that no child has.
    """

    layer: Layer
    path: str
    inputs: list[tuple[str, Tensor]]
    outputs: list[Tensor] = field(default_factory=list)
    nodes: range = range(0)
    children: list[Call] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)

    def own_nodes(self) -> list[int]:
        """The nodes that no child recorded."""
        within = {n for child in self.children for n in child.nodes}
        return [n for n in self.nodes if n not in within]


@dataclass
class Recorded:
    """A step and its numbers.

    Attributes:
        calls: the layers', in the order in which they came to an end. nodes: all of the trace. loss: J. penalties: what
            regularizers add. predictions, labels, sample_weight: what the loss compares.
        gradient: ∂J/∂(tensor), by the tensor's id, of what J depends on.
        weights: the trainable variables. now: their values when the loss was computed (a layer may change them). reads:
            what stands for a variable's old value; writes: its new one.
        values: of each tensor, by its id.
    """

    model: Model
    piece: Piece
    names: list[str]
    calls: list[Call] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    loss: Any = None
    penalties: list[Tensor] = field(default_factory=list)
    predictions: list[Tensor] = field(default_factory=list)
    labels: list[Tensor] = field(default_factory=list)
    gradient: dict[int, Tensor] = field(default_factory=dict)
    scale: Any = None
    rate: Any = None
    weights: list[Variable] = field(default_factory=list)
    now: dict[int, Tensor] = field(default_factory=dict)
    reads: dict[int, Tensor] = field(default_factory=dict)
    writes: dict[int, Tensor] = field(default_factory=dict)
    values: Numbers = field(default_factory=lambda: Numbers({}, []))
    graph: Graph = field(default_factory=lambda: Graph([], [], []))

    @property
    def rows(self) -> int:
        return self.piece.batch

    def arrays(self) -> list[np.ndarray]:
        """The batch."""
        return [array[self.piece.rows] for array in self.piece.arrays]

    @cached_property
    def largest_gradient(self) -> float:
        """The largest magnitude of all weights' derivatives."""
        found = [self.values[self.gradient[t.id].id] for t in self.now.values()]
        return float(max((np.abs(g).max(initial=0.0) for g in found), default=0.0))

    def old(self, variable: Variable) -> np.ndarray:
        """The variable's value before the step."""
        return self.values[self.reads[id(variable)].id]

    def unscaled(self, gradient: np.ndarray) -> np.ndarray:
        """A gradient as one of J itself, in double precision, where the loss was scaled before it went back."""
        wide = gradient.astype("float64")
        if self.scale is None:
            return wide
        return wide * float(self.values[self.loss.id]) / float(self.values[self.scale.id])

    def new(self, variable: Variable) -> np.ndarray:
        """The variable's value after it."""
        key = id(variable)
        return self.values[self.writes.get(key, self.reads[key]).id]


def batch_of(model: Model, x: Any, y: Any, sample_weight: Any, batch_size: int | None) -> Piece:
    """The first rows of the data as a batch; of data that come as batches, the first one."""
    if is_batches(x):
        data = evaluation_data(model, x, y, None, sample_weight, 1)
        return next(iter(data.pieces(1)))
    data = evaluation_data(model, x, y, batch_size, sample_weight, None)
    return data.first_piece()


def checked(model: Any, user: str) -> None:
    """An error for what has no step."""
    if not isinstance(model, Model):
        raise TypeError(f"{user}: expected a model, got {type(model).__name__}.")
    model._require_compiled(user, needs_optimizer=True)
    if model._has_own("train_step"):
        raise ValueError(
            f"{user}: {type(model).__name__} has its own `train_step`, and only a step of one loss and one gradient is "
            "explained. Override `compute_loss` instead, if that is enough, or explain the models within."
        )


class _Watcher:
    """Notes the calls of one trace."""

    def __init__(self, trace: Trace):
        self.trace, self.done, self._open = trace, [], []

    def __call__(self, layer: Layer, bound: inspect.BoundArguments) -> Any:
        if active_trace() is not self.trace:
            return recomputed_call(layer, bound)
        inputs = [
            (name, leaf)
            for name, value in bound.arguments.items()
            for leaf in _tree.leaves(value)
            if isinstance(leaf, Tensor) and leaf.trace is self.trace
        ]
        call = Call(layer, "/".join(calls.path), inputs)
        first = len(self.trace.nodes)
        self._open.append(call)
        outputs = recomputed_call(layer, bound)
        self._open.pop()
        call.nodes = range(first, len(self.trace.nodes))
        call.outputs = [leaf for leaf in _tree.leaves(outputs) if isinstance(leaf, Tensor)]
        of_children = {id(v) for child in call.children for v in child.layer.variables}
        call.variables = [v for v in layer.variables if id(v) not in of_children]
        (self._open[-1].children if self._open else []).append(call)
        self.done.append(call)
        return outputs


def recorded(model: Model, piece: Piece) -> Recorded:
    """The training step of a batch, as `fit` does it, with its gradients by every layer's inputs and outputs."""
    model._steps.look_at(model)
    made = model._steps.get(model, TRAIN, piece)  # builds model and optimizer, and reads texts
    DataCheck(model)._check_labels(made, piece, piece.arrays)
    step = Recorded(model, piece, names_of(piece.structure), weights=list(model.trainable_variables))
    leaves, definition = _tree.flatten(piece.structure)
    specs = [Spec((piece.batch, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
    step.graph = trace(lambda *batch: _traced(step, *_tree.unflatten(definition, list(batch))), *specs)
    for slot in step.graph.state:
        step.reads[id(slot.variable)] = slot.input
        if slot.output is not None:
            step.writes[id(slot.variable)] = slot.output
    for key, value in step.now.items():
        if value.id in step.gradient and key in step.reads:
            step.gradient.setdefault(step.reads[key].id, step.gradient[value.id])
    step.values = Numbers(evaluate_all(step.graph, step.arrays()), step.graph.nodes)
    return step


def _traced(step: Recorded, *batch: Any) -> list[Any]:
    """`measured` and `_descend` of a training step, with the tensors on the way kept."""
    model, here = step.model, active_trace()
    assert here is not None
    x, y, sample_weight = with_texts(_as_floatx(batch))
    watcher = _Watcher(here)
    with watching(watcher):
        y_pred = model(x, training=True)
    with watching(recomputed_call):
        step.loss = here.own(_loss_of(model, x, y, y_pred, sample_weight, True))
    step.calls = watcher.done
    step.predictions, step.labels = _tensors(y_pred), _tensors(y)
    step.penalties = [here.own(loss) for loss in model.losses]
    _descend(step, here)
    step.nodes = list(here.nodes)
    kept = [t for call in step.calls for t in (*(t for _, t in call.inputs), *call.outputs)]
    return [step.loss, *step.penalties, *step.gradient.values(), *kept, *_tensors([step.rate, step.scale])]


def _descend(step: Recorded, here: Trace) -> None:
    optimizer = step.model.optimizer
    with name_scope("loss"):
        scaled = optimizer.scale_loss(step.loss)
    if scaled is not step.loss:
        step.scale = scaled
    weights = [here.own(variable.value) for variable in step.weights]
    step.now = {id(variable): value for variable, value in zip(step.weights, weights, strict=True)}
    between = _on_the_way(here.nodes, step.loss, {w.id for w in weights})
    grads = gradients(scaled, [*weights, *between])
    step.gradient = {t.id: g for t, g in zip((*weights, *between), grads, strict=True)}
    if weights:
        step.rate = getattr(optimizer, "learning_rate", None)
        optimizer.apply(grads[: len(weights)], step.weights)


def _on_the_way(nodes: list[Node], loss: Tensor, weights: set[int]) -> list[Tensor]:
    """The tensors that depend on weights and on which J depends, both with derivatives."""
    smooth = [node for node in nodes if node.primitive not in WITHOUT_GRADIENT]
    reached, needed = set(weights), {loss.id}
    for node in smooth:
        if any(t.id in reached for t in node.inputs):
            reached.update(t.id for t in node.outputs if t.dtype.kind == "f")
    found: dict[int, Tensor] = {}
    for node in reversed(smooth):
        if any(out.id in needed for out in node.outputs):
            needed.update(t.id for t in node.inputs if t.id in reached)
            found.update({t.id: t for t in node.inputs if t.id in reached and t.id not in weights})
    return list(found.values())


def _tensors(structure: Any) -> list[Tensor]:
    return [leaf for leaf in _tree.leaves(structure) if isinstance(leaf, Tensor)]
