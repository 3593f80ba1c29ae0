"""Tracing: run a Python function on tensors, and keep what it did as a graph."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.graph import _tree
from schuss.graph._graph import Graph, Node, Region, StateSlot, needed_nodes
from schuss.graph._tensor import Spec, Tensor

if TYPE_CHECKING:
    from schuss.graph._primitive import Primitive
    from schuss.graph._variable import Variable


class _Stack(threading.local):
    def __init__(self) -> None:
        self.scopes: list[Trace | StatelessScope] = []
        self.names: list[str] = []
        self.regions: tuple[Region, ...] = ()


_stack = _Stack()


class Trace:
    """A graph under construction. Variables read become inputs, variables assigned become outputs.

    `renamed`: by their ids, tensors of this trace for which others stand in what is recorded now.
    """

    def __init__(self, parent: Trace | None = None):
        self.parent = parent
        self.nodes: list[Node] = []
        self.slots: dict[int, StateSlot] = {}
        self.values: dict[int, Any] = {}
        self.captured: dict[Any, tuple[Any, Tensor]] = {}
        self.renamed: dict[int, Tensor] = {}
        self._count = 0
        self._constants: dict[int, tuple[np.ndarray, Tensor]] = {}
        self._known: dict[tuple[Any, ...], Tensor] = {}

    def _tensor(self, spec: Spec, **kwargs: Any) -> Tensor:
        self._count += 1
        return Tensor(self, spec, self._count - 1, **kwargs)

    def input(self, spec: Spec, name: str | None = None) -> Tensor:
        return self._tensor(spec, name=name)

    def result(self, node: Node, spec: Spec) -> Tensor:
        """One more result of a node."""
        return self._tensor(spec, node=node, index=len(node.outputs))

    def constant(self, array: np.ndarray) -> Tensor:
        """`array` as a tensor of this trace; equal small constants are one tensor, repetition becomes a
        broadcast."""
        given, array = array, np.asarray(array)
        small = _without_repetition(array)
        if small is not array:
            from schuss.graph._primitive import PRIMITIVES

            dims = () if small.ndim == 0 else tuple(range(array.ndim))
            return self.record(PRIMITIVES["broadcast_in_dim"], [small], {"shape": array.shape, "dims": dims})
        if array.size == 1:
            key = (array.dtype.str, array.shape, array.tobytes())
            if key not in self._known:
                self._known[key] = self._tensor(Spec.of(array), array=array)
            return self._known[key]
        held = self._constants.get(id(given))
        if held is None:
            held = self._constants[id(given)] = (given, self._tensor(Spec.of(array), array=array))
        return held[1]

    def own(self, value: Any) -> Tensor:
        """`value` as a tensor of this trace: arrays become constants, tensors of an enclosing trace captured
        inputs."""
        if not isinstance(value, Tensor):
            return self.constant(value)
        if value.trace is self:
            return self.renamed.get(value.id, value)
        if id(value) in self.captured:
            return self.captured[id(value)][1]
        ancestor = self.parent
        while ancestor is not None and ancestor is not value.trace:
            ancestor = ancestor.parent
        if ancestor is None:
            raise RuntimeError(
                f"A tensor ({value.spec}) was used outside of the function whose trace made it. Return it "
                "from the "
                "function instead of keeping it in an attribute or a global."
            )
        return self._capture(id(value), value, None)

    def _capture(self, key: Any, outer: Any, name: str | None) -> Tensor:
        """An input that stands for a value of an enclosing trace."""
        inner = self.input(Spec.of(outer), name)
        self.captured[key] = (outer, inner)
        return inner

    def record(self, primitive: Primitive, operands: list[Any], params: dict[str, Any]) -> Any:
        """Append a node; its outputs' shapes and dtypes come from the primitive's shape rule."""
        from schuss.graph._primitive import shape_rules

        inputs = [self.own(operand) for operand in operands]
        specs = shape_rules[primitive](*[t.spec for t in inputs], **params)
        node = Node(primitive, inputs, params, "/".join(_stack.names))
        node.regions = _stack.regions
        for index, spec in enumerate(specs if primitive.several_results else [specs]):
            node.outputs.append(self._tensor(spec, node=node, index=index))
        self.nodes.append(node)
        return list(node.outputs) if primitive.several_results else node.outputs[0]

    def read(self, variable: Variable) -> Tensor:
        if id(variable) not in self.slots:
            spec = Spec(tuple(variable.shape), variable.dtype)
            outer = _outer_value(self, variable)
            if outer is None:
                tensor = self.input(spec, name=variable.path)
            elif isinstance(
                outer, Tensor
            ):  # which may also be captured for itself: an assignment changes only this
                tensor = self._capture(("variable", id(variable)), outer, variable.path)
            else:
                tensor = self.own(outer)
            self.slots[id(variable)] = StateSlot(variable, tensor)
            self.values[id(variable)] = tensor
        return self.values[id(variable)]

    def write(self, variable: Variable, value: Any) -> None:
        self.read(variable)
        self.values[id(variable)] = self.own(value)

    def graph(self, inputs: list[Tensor], outputs: list[Tensor]) -> Graph:
        """The finished graph: nodes that nothing needs are left out, and so are variables neither used nor
        changed."""
        slots = []
        for key, slot in self.slots.items():
            value = self.values[key]
            slots.append(StateSlot(slot.variable, slot.input, None if value is slot.input else value))
        results = outputs + [slot.output for slot in slots if slot.output is not None]
        nodes = needed_nodes(self.nodes, results)
        used = {t.id for node in nodes for t in node.inputs} | {t.id for t in results}
        slots = [slot for slot in slots if slot.output is not None or slot.input.id in used]
        return Graph(inputs, outputs, nodes, slots)


def _without_repetition(array: np.ndarray) -> np.ndarray:
    """The array cut to size 1 along axes on which it repeats; a scalar if all its elements are equal."""
    if array.size <= 1:
        return array
    first = array[(0,) * array.ndim]
    if all(stride == 0 or n == 1 for stride, n in zip(array.strides, array.shape, strict=True)) or (
        array.size <= 2**20 and array.flat[-1] == first and bool((array == first).all())
    ):
        return np.array(first, array.dtype)
    if 0 in array.strides:
        key = tuple(slice(0, 1) if s == 0 else slice(None) for s in array.strides)
        small = array[key]
        return array if small.size == array.size else np.ascontiguousarray(small)
    return array


def _outer_value(trace: Trace, variable: Variable) -> Any:
    """The variable's value in the scope that encloses `trace`, if that gives it a traced or overridden
    one."""
    index = _stack.scopes.index(trace)
    for scope in reversed(_stack.scopes[:index]):
        if isinstance(scope, Trace):
            return scope.read(variable) if scope is trace.parent else None
        if id(variable) in scope.values:
            return scope.values[id(variable)]
    return None


class StatelessScope:
    """Within ``with StatelessScope(mapping):`` variables take the given values, and assignments are kept, not
    made."""

    def __init__(self, state_mapping: Any = ()):
        self.values: dict[int, Any] = {}
        self.variables: dict[int, Variable] = {}
        for variable, value in state_mapping:
            self.write(variable, value)

    def write(self, variable: Variable, value: Any) -> None:
        self.values[id(variable)] = value
        self.variables[id(variable)] = variable

    def get_current_value(self, variable: Variable) -> Any:
        return self.values.get(id(variable))

    def __enter__(self) -> StatelessScope:
        _stack.scopes.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _stack.scopes.pop()


readers: list[Callable[[Variable, Any], Any]] = []
"""Each is told of every variable read: ``reader(variable, value)`` returns the value to go on with. For tools
that follow a program as it runs; usually empty."""


def read_variable(variable: Variable) -> Any:
    """The variable's value where the program now is: an override, a tensor of the current trace, or its
    array."""
    value = _value_here(variable)
    for reader in readers:
        value = reader(variable, value)
    return value


def _value_here(variable: Variable) -> Any:
    for scope in reversed(_stack.scopes):
        if isinstance(scope, Trace):
            return scope.read(variable)
        if id(variable) in scope.values:
            return scope.values[id(variable)]
    return variable.array


def write_variable(variable: Variable, value: Any) -> bool:
    """Record an assignment in the innermost scope; False if there is none and the array itself must
    change."""
    if not _stack.scopes:
        return False
    _stack.scopes[-1].write(variable, value)
    return True


def current_trace(user: str = "operation") -> Trace:
    trace = active_trace()
    if trace is None:
        raise RuntimeError(
            f"{user}: an operand is a tensor of a trace that has ended. Tensors have no values outside of "
            "the traced "
            "function; return them from it."
        )
    return trace


def active_trace() -> Trace | None:
    """The innermost trace under construction, None outside of any."""
    for scope in reversed(_stack.scopes):
        if isinstance(scope, Trace):
            return scope
    return None


def tracing() -> AbstractContextManager[Trace]:
    """A new trace, current within the ``with`` block."""
    return entered(Trace(active_trace()))


@contextmanager
def entered(trace: Trace) -> Iterator[Trace]:
    """The trace is current within the ``with`` block."""
    _stack.scopes.append(trace)
    try:
        yield trace
    finally:
        _stack.scopes.remove(trace)


@contextmanager
def untraced() -> Iterator[None]:
    """Within the block everything is computed at once, whatever trace or scope surrounds it: to create
    variables."""
    kept, _stack.scopes = _stack.scopes, []
    try:
        yield
    finally:
        _stack.scopes = kept


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Nodes recorded within the block carry `name` in their scope."""
    _stack.names.append(name)
    try:
        yield
    finally:
        _stack.names.pop()


@contextmanager
def recomputing() -> Iterator[Region]:
    """What is recorded within the block is a region: the backward pass keeps what it reads from before, and computes
    the rest again. Gives the region, which can still be revoked."""
    region, outer = Region(), _stack.regions
    _stack.regions = (*outer, region)
    try:
        yield region
    finally:
        _stack.regions = outer


def current_regions() -> tuple[Region, ...]:
    """The regions in which nodes are recorded now, from the outermost on."""
    return _stack.regions


@contextmanager
def name_path(path: str) -> Iterator[None]:
    """Nodes recorded within the block carry `path` as their whole scope (used for the backward half of a
    node)."""
    kept, _stack.names = _stack.names, [path] if path else []
    try:
        yield
    finally:
        _stack.names = kept


def trace(function: Callable[..., Any], *args: Any) -> Graph:
    """The graph of ``function(*args)``.

    Args:
        function: takes and returns nested structures of arrays.
        *args: nested structures of arrays, tensors, `Spec`s or Python numbers; only shapes and dtypes matter.

    Returns:
        A `Graph`; ``print`` shows it.

    Example:
        >>> import schuss
        >>> g = schuss.trace(lambda x: x * 2.0, schuss.graph.Spec((3,), "float32"))
        >>> [str(node.primitive) for node in g.nodes]
        ['broadcast_in_dim', 'multiply']
    """
    flat, in_tree = _tree.flatten(args)
    with tracing() as t:
        inputs = [t.input(Spec.of(leaf)) for leaf in flat]
        result = function(*_tree.unflatten(in_tree, inputs))
        out_flat, out_tree = _tree.flatten(result)
        from schuss.graph._primitive import as_value

        outputs = [t.own(as_value(leaf)) for leaf in out_flat]
        graph = t.graph(inputs, outputs)
    graph.in_tree, graph.out_tree = in_tree, out_tree
    return graph
