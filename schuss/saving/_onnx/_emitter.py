"""The writing of ONNX nodes: names, constants, sizes; which values are broadcast only where an operator does not do it
itself; what is known already and needs no node."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from schuss.graph import Primitive
from schuss.saving._onnx._graphs import OpenGraph, Shape, Step, Value
from schuss.saving._onnx._sizes import AnySize, Size, as_ints

rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(emitter, step, *names, **params) -> name`` of the result (a list where there are several)."""

_SMALL = 1 << 14  # bytes of a result that is computed beforehand in any case
_HOST = ("random_bits", "host_call")


class Emitter:
    """Nodes of one ONNX graph under construction; a loop's body has an emitter of its own, which sees what the outer one
    has named.

    Attributes:
        nodes: made so far. weights: name → array, of all graphs together.
    """

    def __init__(self, onnx: Any, sizes: dict[str, str], outer: Emitter | None = None):
        self.onnx, self.nodes = onnx, []
        self.weights: dict[str, np.ndarray] = {} if outer is None else outer.weights
        self._taken: dict[str, int] = {} if outer is None else outer._taken
        self._constants: dict[Any, str] = {} if outer is None else outer._constants
        self._names: ChainMap[int, str] = ChainMap() if outer is None else outer._names.new_child()
        self._aligned: ChainMap[int, str] = ChainMap() if outer is None else outer._aligned.new_child()
        self._sizes: ChainMap[AnySize, str] = ChainMap() if outer is None else outer._sizes.new_child()
        self._known: dict[int, np.ndarray] = {} if outer is None else outer._known
        self._symbols = sizes
        self._scope = ""

    def inner(self) -> Emitter:
        return Emitter(self.onnx, self._symbols, self)

    # Names ---

    def unique(self, name: str) -> str:
        count = self._taken[name] = self._taken.get(name, -1) + 1
        return name if count == 0 else self.unique(f"{name}_{count}")

    def set_name(self, value: Value, name: str) -> None:
        self._names[id(value)] = name

    def name(self, value: Value) -> str:
        """The name of a value; it gets one, if it is a constant, a weight, or broadcast."""
        if id(value) not in self._names:
            self._names[id(value)] = self._named(value)
        return self._names[id(value)]

    def _named(self, value: Value) -> str:
        if value.size is not None:
            return self._as_number(value)
        known = self.known(value)
        if known is not None and not (is_broadcast(value) and known.nbytes > _SMALL):
            return self.constant(known, value.name)
        return self.op("Expand", self.aligned(value), self.sizes(value.shape))

    def _as_number(self, value: Value) -> str:
        number = self.cast(self.dimension(value.size or 1), value.dtype)
        number = self.reshape(number, (1,), value.shape)
        return self.op("Reciprocal", number) if value.inverse else number

    def known(self, value: Value) -> np.ndarray | None:
        """The array of a value that does not depend on inputs; None if it does, or is not worth it."""
        return None if value.size is not None else self._known.get(id(value), value.array)

    def aligned(self, value: Value) -> str:
        """A value that is broadcast, as it was before, with axes of size 1 in place."""
        if not is_broadcast(value):
            return self.name(value)
        if id(value) not in self._aligned:
            step = value.step
            assert step is not None
            operand = step.inputs[0]
            self._aligned[id(value)] = self.reshape(self.name(operand), operand.shape, aligned_shape(value))
        return self._aligned[id(value)]

    def trailing(self, value: Value) -> str:
        """As `aligned`, but without leading axes of size 1 where that saves a node."""
        shape = aligned_shape(value)
        if value.step is not None and is_broadcast(value):
            operand = value.step.inputs[0]
            lead = len(shape) - len(operand.shape)
            if shape == (1,) * lead + tuple(operand.shape):
                return self.name(operand)
        return self.aligned(value)

    # Nodes ---

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.several(kind, inputs, 1, **attributes)[0]

    def several(self, kind: str, inputs: Sequence[str], results: int, **attributes: Any) -> list[str]:
        label = f"{self._scope}/{kind}" if self._scope else kind
        outputs = [self.unique(label) for _ in range(results)]
        node = self.onnx.helper.make_node(kind, list(inputs), outputs, name=outputs[0], **attributes)
        self.nodes.append(node)
        return outputs

    def constant(self, array: np.ndarray, name: str | None = None) -> str:
        """A constant; small ones that are equal are one."""
        key = (array.dtype.str, array.shape, array.tobytes()) if array.nbytes <= 256 else id(array)
        if name is not None:
            key = name, id(array)
        if key not in self._constants:
            self._constants[key] = self.unique(name or "constant")
            self.weights[self._constants[key]] = array
        return self._constants[key]

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, "int64"))

    def scalar(self, number: Any, dtype: Any) -> str:
        return self.constant(np.array(number, dtype))

    def dimension(self, size: AnySize) -> str:
        """A size as int64[1]."""
        if isinstance(size, int):
            return self.integers(size)
        if size not in self._sizes:
            total: str | None = None
            for term, factor in size.terms:
                part = self.integers(factor)
                for symbol in term:
                    part = (
                        self.op("Mul", part, self._symbol(symbol))
                        if part != self.integers(1)
                        else self._symbol(symbol)
                    )
                total = part if total is None else self.op("Add", total, part)
            assert total is not None
            self._sizes[size] = total
        return self._sizes[size]

    def _symbol(self, name: str) -> str:
        size = Size((((name,), 1),))
        if size not in self._sizes:
            source, axis = self._symbols[name].rsplit("@", 1)
            self._sizes[size] = self.op("Shape", source, start=int(axis), end=int(axis) + 1)
        return self._sizes[size]

    def sizes(self, shape: Shape) -> str:
        """A shape as int64[n]."""
        ints = as_ints(shape)
        if ints is not None:
            return self.integers(*ints)
        return self.op("Concat", *(self.dimension(size) for size in shape), axis=0)

    # Words that several rules use ---

    def reshape(self, x: str, old: Shape, new: Shape) -> str:
        if tuple(old) == tuple(new):
            return x
        open_axes = [axis for axis, size in enumerate(new) if isinstance(size, Size)]
        if len(open_axes) == 1 and 0 not in new:
            return self.op("Reshape", x, self.integers(*(-1 if isinstance(n, Size) else n for n in new)))
        return self.op("Reshape", x, self.sizes(new), allowzero=1)

    def transpose(self, x: str, order: Sequence[int]) -> str:
        return x if list(order) == list(range(len(order))) else self.op("Transpose", x, perm=list(order))

    def cast(self, x: str, dtype: Any) -> str:
        return self.op("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def converted(self, x: str, old: np.dtype, new: np.dtype) -> str:
        return x if old == new else self.cast(x, new)

    # Graphs ---

    def emit(self, graph: OpenGraph) -> None:
        """Nodes for all steps. The graph's inputs have names already."""
        for step in graph.steps:
            self._scope = step.scope
            self._compute(step)
            if any(id(value) not in self._known for value in step.outputs) and not is_broadcast(
                step.outputs[0]
            ):
                self._emit_step(step)
        self._scope = ""

    def _emit_step(self, step: Step) -> None:
        rule = rules.get(step.primitive)
        if rule is None:
            raise ValueError(
                f"export: {step.primitive.name} (in {step.scope or 'the model'}) has no counterpart in ONNX. Export a model "
                "without it: one that takes its result as an input."
            )
        found = rule(self, step, *(Name(self, value) for value in step.inputs), **step.params)
        for value, name in zip(step.outputs, found if isinstance(found, list) else [found], strict=True):
            self._names[id(value)] = str(name)

    def _compute(self, step: Step) -> None:
        """Remember the results of a step that depends on no inputs, unless they take more memory than its operands."""
        arrays = [self.known(value) for value in step.inputs]
        sizes = [as_ints(value.shape) for value in step.outputs]
        fixed = None not in sizes and _is_fixed(step.params)
        if not fixed or any(array is None for array in arrays) or step.primitive.name in _HOST:
            return
        size = sum(prod(n or ()) * value.dtype.itemsize for n, value in zip(sizes, step.outputs, strict=True))
        if size > max(_SMALL, sum(array.nbytes for array in arrays if array is not None)):
            return
        found = step.primitive.bind(*arrays, **step.params)
        for value, array in zip(
            step.outputs, found if step.primitive.several_results else [found], strict=True
        ):
            self._known[id(value)] = np.asarray(array)


class Name:
    """An operand of a rule: it gets a node only if the rule asks for its name."""

    def __init__(self, emitter: Emitter, value: Value):
        self._emitter, self.value = emitter, value

    def __str__(self) -> str:
        return self._emitter.name(self.value)


def is_broadcast(value: Value) -> bool:
    return value.step is not None and value.step.primitive.name == "broadcast_in_dim"


def aligned_shape(value: Value) -> Shape:
    """The shape of a broadcast value before: sizes of 1 for the axes along which it repeats."""
    if value.step is None or not is_broadcast(value):
        return value.shape
    shape: list[AnySize] = [1] * len(value.shape)
    for size, axis in zip(value.step.inputs[0].shape, value.step.params["dims"], strict=True):
        shape[axis] = size
    return tuple(shape)


def _is_fixed(params: Any) -> bool:
    if isinstance(params, dict):
        return all(map(_is_fixed, params.values()))
    if isinstance(params, tuple):
        return all(map(_is_fixed, params))
    return not isinstance(params, (Size, OpenGraph))
