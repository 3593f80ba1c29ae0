"""The probe: forward and backward through the model on some batches, with statistics of every layer; natively "
"compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss import backends, ops
from schuss.autodiff import gradients
from schuss.graph import (
    Body,
    Node,
    Spec,
    StatelessScope,
    Tensor,
    Variable,
    _tree,
    active_trace,
    is_float,
    name_path,
    trace,
    tracing,
)
from schuss.graph.primitives import scan_p
from schuss.layers._call import calls, watching
from schuss.layers._remat import recomputed_call
from schuss.training._outputs import Output
from schuss.training._traces import _as_floatx, _loss_of, with_texts

RELU, TANH, SIGMOID, SOFTMAX = "relu", "tanh", "sigmoid", "softmax"
_NEAR = 0.01  # of the end of its range, a unit is saturated


@dataclass
class LayerSeen:
    """A layer with weights, as it was called.

    Attributes:
        path: its name, with those of the layers around it. weights: numbers of its own trainable variables.
        shape: of its output. delta: ‖∂J/∂a‖ of a sample, on average; activation: the root mean square of a.
    """

    path: str
    layer: Any
    weights: list[int]
    shape: tuple[int, ...]
    delta: float = 0.0
    activation: float = 0.0


@dataclass
class UnitsSeen:
    """An activation function where it is computed.

    Attributes:
        kind: ``"relu"``, ``"tanh"``, ``"sigmoid"`` or ``"softmax"``. path: the layer. output: whether it is what the model
            returns. share: for each unit the share of its values that are above zero (relu) or at an end (others).
    """

    kind: str
    path: str
    output: bool
    share: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass
class InputSeen:
    """What a layer's weights are multiplied with, where no other weights were before: the features as the network sees
    them.

    Attributes:
        path: the layer. mean, std: of each feature (last axis). source: number of the array, if it is one as given.
    """

    path: str
    source: int | None
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    std: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass
class Probe:
    """What the batches showed.

    Attributes:
        losses: of each batch. gradient: its mean, an array for each weight. squares: ‖g‖² of each batch's gradient.
        weights: the trainable variables. layers: those that have weights, in the order of their calls.
        units: activation functions. outputs: the model's, with labels and losses, as they were traced.
        batch: rows in each batch. rows: numbers of the rows, all batches.
        inputs: features as the first layers see them.
        first_bad: the first batch with a loss or a gradient that is no number; None if all are well.
    """

    losses: list[float]
    gradient: list[np.ndarray]
    squares: list[float]
    weights: list[Variable]
    layers: list[LayerSeen]
    units: list[UnitsSeen]
    outputs: list[tuple[Any, Output]]
    batch: int
    rows: np.ndarray
    inputs: list[InputSeen] = field(default_factory=list)
    first_bad: int | None = None

    @property
    def loss(self) -> float:
        """J on the probed rows."""
        return float(np.mean(self.losses))


def probed(model: Any, structure: Any, rows: np.ndarray, batch: int) -> Probe:
    """Probe a model that is built and compiled.

    Args:
        structure: (x, y, sample_weight), without texts. rows: numbers of rows, a multiple of `batch`.
    """
    leaves, definition = _tree.flatten(structure)
    specs = [Spec((batch, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
    seen = _Tracing(model)
    graph = trace(lambda *given: seen.traced(*_tree.unflatten(definition, list(given))), *specs)
    program = backends.compile(graph, len(specs), backend="reference" if model.run_eagerly else None)
    found = Probe([], [], [], seen.weights, seen.layers, seen.units, seen.outputs, batch, rows, seen.inputs)
    seen.sums = [np.zeros(tensor.shape, "float64") for tensor in (*seen.shares, *seen.moments)]
    for number, chosen in enumerate(rows.reshape(-1, batch)):
        results = program(*[leaf[chosen] for leaf in leaves])
        seen.add(found, number, results)
    count = len(rows) // batch
    for unit, total in zip(found.units, seen.sums):
        unit.share = total / count
    means = [total / count for total in seen.sums[len(seen.shares) :]]
    for given, mean, square in zip(found.inputs, means[::2], means[1::2]):
        given.mean, given.std = mean, np.sqrt(np.maximum(square - mean**2, 0))
    for layer in found.layers:
        layer.delta /= count
        layer.activation /= count
    found.gradient = [g / count for g in found.gradient]
    return found


class _Tracing:
    """What is asked of the trace, and where it stands among the results."""

    def __init__(self, model: Any):
        self.model = model
        self.weights: list[Variable] = list(model.trainable_variables)
        self.layers: list[LayerSeen] = []
        self.units: list[UnitsSeen] = []
        self.shares: list[Tensor] = []
        self.outputs: list[tuple[Any, Output]] = []
        self.sums: list[np.ndarray] = []
        self.inputs: list[InputSeen] = []
        self.moments: list[Tensor] = []
        self._called: list[Tensor] = []
        self._given: list[tuple[str, Tensor]] = []

    def traced(self, x: Any, y: Any, sample_weight: Any) -> list[Any]:
        here, model = active_trace(), self.model
        assert here is not None
        x, y, sample_weight = with_texts(_as_floatx((x, y, sample_weight)))
        with StatelessScope():
            with watching(self._watched):
                y_pred = model(x, training=True)
            begun = len(here.nodes)
            with watching(recomputed_call):
                loss = here.own(_loss_of(model, x, y, y_pred, sample_weight, True))
            self._note_outputs(y, y_pred, sample_weight)
            self._note_inputs(here.nodes[:begun], _tree.leaves((x, y, sample_weight)))
            self._note_units(here.nodes[:begun], _tree.leaves(y_pred))
            grads = gradients(loss, [*self.weights, *self._called])
        count = len(self.weights)
        deltas, activations = [], []
        for delta, output in zip(grads[count:], self._called):
            axes = tuple(range(1, delta.ndim))
            wide = ops.cast(delta, "float32")
            deltas.append(ops.mean(ops.sqrt(ops.sum(wide * wide, axis=axes))) * float(output.shape[0]))
            value = ops.cast(output, "float32")
            activations.append(ops.sqrt(ops.mean(value * value)))
        return [loss, *grads[:count], *deltas, *activations, *self.shares, *self.moments]

    def add(self, found: Probe, number: int, results: list[np.ndarray]) -> None:
        """Add the results of a batch."""
        count, layers = len(self.weights), len(self.layers)
        loss, grads, rest = float(results[0]), results[1 : 1 + count], results[1 + count :]
        wide = [g.astype("float64") for g in grads]
        square = sum(float((g * g).sum()) for g in wide)
        found.losses.append(loss)
        found.squares.append(square)
        if found.first_bad is None and not np.isfinite([loss, square]).all():
            found.first_bad = number
        found.gradient = [a + b for a, b in zip(found.gradient, wide)] if found.gradient else wide
        for layer, delta, activation in zip(self.layers, rest[:layers], rest[layers : 2 * layers]):
            layer.delta += float(delta)
            layer.activation += float(activation)
        for total, share in zip(self.sums, rest[2 * layers :]):
            total += share

    def _watched(self, layer: Any, bound: inspect.BoundArguments) -> Any:
        outputs = recomputed_call(layer, bound)
        places = {id(w): n for n, w in enumerate(self.weights)}
        own = [places[id(v)] for v in layer._own_variables() if id(v) in places]
        leaves = [t for t in _tree.leaves(outputs) if isinstance(t, Tensor) and is_float(t.dtype) and t.ndim]
        if own and leaves and leaves[0].trace is active_trace() and layer is not self.model:
            self._called.append(leaves[0])
            given = [t for t in _tree.leaves(list(bound.arguments.values())) if isinstance(t, Tensor)]
            if given and is_float(given[0].dtype) and any(len(self.weights[n].shape) > 1 for n in own):
                self._given.append(("/".join(calls.path[1:]), given[0]))
            self.layers.append(LayerSeen("/".join(calls.path[1:]), layer, own, tuple(leaves[0].shape)))
        return outputs

    def _note_outputs(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        compiled = self.model._compiled
        losses = compiled.losses.losses if compiled.losses is not None else None
        if losses is not None:
            self.outputs = list(zip(losses, compiled.outputs(y, y_pred, sample_weight), strict=True))

    def _note_inputs(self, nodes: list[Node], arrays: list[Tensor]) -> None:
        trained = {id(w) for w in self.weights}
        here = active_trace()
        assert here is not None
        learned = {slot.input.id for slot in here.slots.values() if id(slot.variable) in trained}
        for node in nodes:
            if any(t.id in learned for t in node.inputs):
                learned |= {t.id for t in node.outputs}
        places = {t.id: n for n, t in enumerate(arrays) if isinstance(t, Tensor)}
        for path, tensor in self._given:
            if tensor.id in learned or tensor.ndim < 2 or tensor.trace is not here:
                continue
            wide, axes = ops.cast(tensor, "float32"), tuple(range(tensor.ndim - 1))
            same = [places[t.id] for t in _behind([tensor]) if t.id in places]
            self.inputs.append(InputSeen(path, same[0] if same else None))
            self.moments += [ops.mean(wide, axis=axes), ops.mean(wide * wide, axis=axes)]

    def _note_units(self, nodes: list[Node], predictions: list[Any]) -> None:
        ends = {t.id for t in _behind(predictions)}
        for node in nodes:
            kind = _KINDS.get(node.primitive.name, lambda node: None)(node)
            result = node.outputs[0]
            if kind is None or not result.ndim or result.ndim < 2:
                continue
            path = node.scope.partition("/")[2] or node.scope
            self.units.append(UnitsSeen(kind, path, result.id in ends))
            self.shares.append(_share(kind, result))
        for loop in [node for node in nodes if node.primitive is scan_p]:
            path = loop.scope.partition("/")[2] or loop.scope
            for kind, share in _shares_in_loop(loop):
                self.units.append(UnitsSeen(kind, path, False))
                self.shares.append(share)
        for tensor in [t for node in nodes for t in node.outputs if t.origin and t.origin[0] == SOFTMAX]:
            path = tensor.node.scope.partition("/")[2] if tensor.node else ""
            self.units.append(UnitsSeen(SOFTMAX, path, tensor.id in ends))
            largest = ops.max(tensor, axis=tensor.origin[2] if tensor.origin else -1, keepdims=True)
            self.shares.append(ops.mean(ops.cast(ops.greater(largest, 1 - _NEAR / 10), "float32"))[None])


def _behind(tensors: list[Any]) -> list[Tensor]:
    """The tensors, and those of which they are only another form."""
    found = []
    for tensor in tensors:
        while isinstance(tensor, Tensor):
            found.append(tensor)
            same = tensor.node is not None and tensor.node.primitive.name in (
                "reshape",
                "convert",
                "identity",
            )
            tensor = tensor.node.inputs[0] if same and tensor.node else None
    return found


def _share(kind: str, result: Tensor) -> Tensor:
    """For each unit (last axis), the share of values above zero, or at an end of the range."""
    axes = tuple(range(result.ndim - 1))
    if kind == RELU:
        hit = ops.greater(result, 0)
    elif kind == TANH:
        hit = ops.greater(ops.abs(result), 1 - _NEAR)
    else:
        hit = ops.logical_or(ops.less(result, _NEAR), ops.greater(result, 1 - _NEAR))
    return ops.mean(ops.cast(hit, "float32"), axis=axes)


def _shares_in_loop(loop: Node) -> list[tuple[str, Tensor]]:
    """The activation functions within a loop, such as gates, one of each kind, with their shares in all turns: the loop once
    more, which gives these in each turn."""
    body, (_, carries) = loop.params["body"].graph, loop.params["counts"]
    kinds = [
        _KINDS.get(n.primitive.name, lambda n: None)(n) if n.outputs[0].ndim > 1 else None for n in body.nodes
    ]
    if not any(kinds):
        return []
    with tracing() as here:
        inputs = [here.input(t.spec, t.name) for t in body.inputs]
        known = {t.id: new for t, new in zip(body.inputs, inputs, strict=True)}
        known |= {t.id: here.own(t.array) for t in body.constants()}
        for node in body.nodes:
            with name_path(node.scope):
                made = here.record(node.primitive, [known[t.id] for t in node.inputs], node.params)
            results = made if node.primitive.several_results else [made]
            known |= {t.id: new for t, new in zip(node.outputs, results, strict=True)}
        shares = [_share(kind, known[n.outputs[0].id]) for n, kind in zip(body.nodes, kinds) if kind]
        again = Body(
            here.graph(inputs, [*(known[t.id] for t in body.outputs[:carries]), *map(here.own, shares)])
        )
    results = scan_p.bind(*loop.inputs, **{**loop.params, "body": again})
    found: dict[str, list[Tensor]] = {}
    for kind, share in zip(filter(None, kinds), results[carries:]):
        found.setdefault(kind, []).append(ops.mean(share, axis=0))
    return [(kind, ops.concatenate(shares)) for kind, shares in found.items()]


def _is_relu(node: Node) -> str | None:
    """``max(x, 0)`` with x that the batch decides."""
    return RELU if is_float(node.outputs[0].dtype) and any(map(_is_zero, node.inputs)) else None


def _is_zero(tensor: Tensor) -> bool:
    while tensor.node is not None and tensor.node.primitive.name == "broadcast_in_dim":
        tensor = tensor.node.inputs[0]
    return tensor.array is not None and not tensor.array.any()


_KINDS: dict[str, Callable[[Node], str | None]] = {
    "maximum": _is_relu,
    "tanh": lambda node: TANH,
    "logistic": lambda node: SIGMOID,
}
"""Of a primitive, which activation function it is, if one."""
