"""Traces of one model with several sizes of its open axes, seen as one graph in which these sizes have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import Graph, Node, Primitive, Tensor
from schuss.saving._onnx._sizes import AnySize, Samples, Size

Shape = tuple[AnySize, ...]


@dataclass(eq=False)
class Value:
    """What a tensor stands for in all traces.

    Attributes:
        shape, dtype: sizes may have names. step: what makes it, None for inputs, weights and constants.
        array: of a constant, and of a weight. name: of a weight. size: for a constant that is a size (or, `inverse`, one
            over a size), the size.
    """

    shape: Shape
    dtype: np.dtype
    step: Step | None = None
    array: np.ndarray | None = None
    name: str | None = None
    size: Size | None = None
    inverse: bool = False


@dataclass(eq=False)
class Step:
    """A node of all traces: its parameters may hold sizes with names."""

    primitive: Primitive
    inputs: list[Value]
    params: dict[str, Any]
    scope: str
    outputs: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class OpenGraph:
    inputs: list[Value]
    steps: list[Step]
    outputs: list[Value]


class Differs(Exception):
    """The traces are not one graph. The message says what differs."""


def united(graphs: Sequence[Graph], samples: Samples) -> OpenGraph:
    """The graph of which `graphs`, traced with the sizes of `samples`, are the cases.

    Raises:
        Differs: they do something different, or sizes in them are no polynomials.
    """
    return _Union(graphs, samples).graph


class _Union:
    def __init__(self, graphs: Sequence[Graph], samples: Samples):
        self._samples = samples
        self._values: dict[tuple[int, ...], Value] = {}
        counts = {len(graph.nodes) for graph in graphs}
        if len(counts) > 1:
            raise Differs("the number of operations")
        inputs = [self._value(tensors) for tensors in zip(*(graph.inputs for graph in graphs), strict=True)]
        for slots in zip(*(graph.state for graph in graphs), strict=False):
            weight = self._value([slot.input for slot in slots])
            weight.name, weight.array = slots[0].variable.path, slots[0].variable.array
        steps = [self._step(nodes) for nodes in zip(*(graph.nodes for graph in graphs), strict=True)]
        outputs = [self._value(tensors) for tensors in zip(*(graph.outputs for graph in graphs), strict=True)]
        self.graph = OpenGraph(inputs, steps, outputs)

    def _step(self, nodes: Sequence[Node]) -> Step:
        first = nodes[0]
        if any(
            node.primitive is not first.primitive or len(node.inputs) != len(first.inputs) for node in nodes
        ):
            raise Differs(f"the operations of {first.scope or 'the model'}")
        inputs = [self._value(tensors) for tensors in zip(*(node.inputs for node in nodes), strict=True)]
        params = {key: self._param([node.params[key] for node in nodes], first) for key in first.params}
        step = Step(first.primitive, inputs, params, first.scope)
        for tensors in zip(*(node.outputs for node in nodes), strict=True):
            value = self._value(tensors)
            value.step = step
            step.outputs.append(value)
        return step

    def _value(self, tensors: Sequence[Tensor]) -> Value:
        key = tuple(t.id for t in tensors)
        if key not in self._values:
            first = tensors[0]
            if any(t.ndim != first.ndim or t.dtype != first.dtype for t in tensors):
                raise Differs("the number of axes or the dtype of a value")
            shape = tuple(self._size([t.shape[axis] for t in tensors]) for axis in range(first.ndim))
            value = self._values[key] = Value(shape, first.dtype)
            if first.array is not None:
                self._constant(value, [t.array for t in tensors])
        return self._values[key]

    def _constant(self, value: Value, arrays: list[Any]) -> None:
        first = value.array = arrays[0]
        if all(
            array is not None and np.array_equal(array, first, equal_nan=array.dtype.kind == "f")
            for array in arrays
        ):
            return
        if first.size != 1:
            raise Differs(f"an array of constants of shape ({', '.join(map(str, value.shape))})")
        numbers = [float(array.reshape(())) for array in arrays]
        size = self._samples.fitted(numbers)
        if size is None and 0 not in numbers:
            size, value.inverse = self._samples.fitted([_rounded(1 / number) for number in numbers]), True
        if not isinstance(size, Size):
            raise Differs(f"a constant ({', '.join(f'{number:g}' for number in numbers)})")
        value.size = size

    def _size(self, values: list[int]) -> AnySize:
        size = self._samples.fitted(values)
        if size is None:
            raise Differs(f"a size ({', '.join(map(str, values))}), and not in proportion")
        return size

    def _param(self, values: list[Any], node: Node) -> Any:
        first = values[0]
        if hasattr(first, "graph"):
            return united([body.graph for body in values], self._samples)
        if isinstance(first, tuple) and all(len(value) == len(first) for value in values):
            return tuple(self._param(list(items), node) for items in zip(*values, strict=True))
        if callable(first) or all(value == first for value in values):
            return first
        if isinstance(first, int):
            return self._size(values)
        raise Differs(f"the parameters of {node.primitive.name} in {node.scope or 'the model'}")


def _rounded(number: float) -> float:
    return float(round(number)) if abs(number - round(number)) < 1e-4 * abs(number) else number
