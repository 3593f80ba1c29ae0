"""``tf.GradientTape`` and ``tf.Variable``: gradients of what a program does, while it does it.

The tape is told of every operation (`schuss.graph.observers`), keeps those that depend on what is watched, and
goes back through them with the gradient rules of `schuss.autodiff`. Inside a trace it does the same on the
trace's tensors.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from schuss import ops
from schuss.autodiff.rules import WITHOUT_GRADIENT
from schuss.compat._eager import EagerTensor, TensorShape, eager, to_tensor
from schuss.graph import (
    Primitive,
    Tensor,
    Variable,
    _tree,
    as_array,
    as_value,
    gradient_rules,
    is_float,
    observers,
    readers,
)


class _Entry(NamedTuple):
    primitive: Primitive
    operands: list[Any]
    params: dict[str, Any]
    results: list[Any]


class GradientTape:
    """Records operations in its ``with`` block, to differentiate them.

    Args:
        persistent: whether `gradient` can be called more than once.
        watch_accessed_variables: watch the trainable variables that are read.

    Example:
        >>> from schuss.compat.tf import GradientTape, Variable
        >>> x = Variable(3.0)
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent, self._watches_variables = persistent, watch_accessed_variables
        self._thread = threading.get_ident()
        self._recording = self._used = False
        self.reset()

    def reset(self) -> None:
        """Forget everything recorded so far."""
        self._entries: list[_Entry] = []
        self._tracked: dict[int, Any] = {}
        self._reads: dict[int, list[Any]] = {}
        self._variables: dict[int, Variable] = {}
        self._watched: set[int] = set()

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise ValueError("Tape is already recording.")
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        observers.append(self._observe)
        readers.append(self._read)
        self._recording = True

    def _stop(self) -> None:
        observers.remove(self._observe)
        readers.remove(self._read)
        self._recording = False

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within the block nothing is recorded."""
        if not self._recording:
            raise ValueError("Tape is not recording.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def watch(self, tensor: Any) -> None:
        """Record what depends on a tensor or variable (or several)."""
        for leaf in _tree.leaves(tensor):
            if isinstance(leaf, Variable):
                self._watched.add(id(leaf))
                self._variables[id(leaf)] = leaf
            elif isinstance(leaf, (EagerTensor, Tensor)):
                self._tracked[id(leaf)] = leaf
            else:
                raise ValueError(f"tape.watch: expected tensors or variables, got {type(leaf).__name__}.")

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were watched, in order."""
        return tuple(self._variables.values())

    def _observe(self, primitive: Primitive, operands: list[Any], params: dict[str, Any], result: Any) -> Any:
        if threading.get_ident() != self._thread or primitive in WITHOUT_GRADIENT:
            return result
        if any(id(x) in self._tracked for x in operands):
            results = result if isinstance(result, list) else [result]
            self._tracked.update((id(y), y) for y in results if is_float(y.dtype))
            self._entries.append(_Entry(primitive, operands, params, results))
        return result

    def _read(self, variable: Variable, value: Any) -> Any:
        watched = id(variable) in self._watched or (self._watches_variables and variable.trainable)
        if threading.get_ident() == self._thread and watched and is_float(variable.dtype):
            self._tracked[id(value)] = value
            self._variables[id(variable)] = variable
            reads = self._reads.setdefault(id(variable), [])
            if not any(value is read for read in reads):
                reads.append(value)
        return value

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """``d target / d source`` for each of `sources`, in their structure.

        Args:
            target: tensor or several; of a tensor with several elements their sum is differentiated.
            sources: tensors or variables that the tape watched.
            output_gradients: ``dL/dy`` for each target; 1 by default.
            unconnected_gradients: ``"none"``: None for sources on which the target does not depend;
                ``"zero"``: zeros.
        """
        self._use("gradient")
        if self._recording and not self._persistent:
            self._stop()
        targets, given = _tree.leaves(target), _tree.leaves(output_gradients)
        arrived: dict[int, Any] = {}
        for i, given_target in enumerate(targets):
            y = self._last_read(given_target)
            if hasattr(y, "dtype") and is_float(y.dtype):
                dy = ops.cast(to_tensor(given[i]), y.dtype) if given else ops.ones_like(y)
                _arrive(arrived, y, dy)
        if self._recording:
            with self.stop_recording():
                self._go_back(arrived)
        else:
            self._go_back(arrived)
        unconnected = getattr(unconnected_gradients, "value", unconnected_gradients)
        flat, definition = _tree.flatten(sources)
        found = [self._arrived_at(source, arrived, unconnected) for source in flat]
        if not self._persistent:
            self.reset()
        return _rebuilt(definition, found)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = "none",
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """``d target[i] / d source`` for every element i, of shape target.shape + source.shape."""
        self._use("jacobian")
        persistent, self._persistent, self._used = self._persistent, True, False
        try:
            size = int(np.prod(target.shape, dtype=np.int64))
            rows = []
            for i in range(size):
                unit = np.zeros(size, target.dtype)
                unit[i] = 1
                rows.append(
                    self.gradient(target, sources, unit.reshape(tuple(target.shape)), unconnected_gradients)
                )
        finally:
            self._persistent, self._used = persistent, True
        flat, definition = _tree.flatten(sources)
        columns = zip(*(row if isinstance(row, (list, tuple)) else [row] for row in rows))
        found = [
            None
            if column[0] is None
            else eager(ops.reshape(ops.stack(column), (*target.shape, *source.shape)))
            for column, source in zip(columns, flat)
        ]
        return _rebuilt(definition, found)

    def _use(self, method: str) -> None:
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians). "
                f"For a second call of `{method}`, make it with GradientTape(persistent=True)."
            )
        self._used = True

    def _go_back(self, arrived: dict[int, Any]) -> None:
        """From the targets to everything they depend on: each entry once, in reverse order."""
        for entry in reversed(self._entries):
            dys = [arrived[id(y)][1] if id(y) in arrived else None for y in entry.results]
            if all(dy is None for dy in dys):
                continue
            rule = gradient_rules[entry.primitive]
            if entry.primitive.several_results:
                dxs = rule(dys, entry.operands, entry.results, **entry.params)
            else:
                dxs = rule(dys[0], entry.operands, entry.results[0], **entry.params)
            for x, dx in zip(entry.operands, dxs, strict=True):
                if dx is not None and id(x) in self._tracked and is_float(x.dtype):
                    _arrive(arrived, x, as_value(dx))

    def _last_read(self, target: Any) -> Any:
        """A target; of a variable the value last read."""
        return (self._reads.get(id(target)) or [None])[-1] if isinstance(target, Variable) else target

    def _arrived_at(self, source: Any, arrived: dict[int, Any], unconnected: str) -> Any:
        places = self._reads.get(id(source), []) if isinstance(source, Variable) else [source]
        total = None
        for place in places:
            if id(place) in arrived and id(place) in self._tracked:
                part = arrived[id(place)][1]
                total = part if total is None else ops.add(total, part)
        if total is None and unconnected == "zero":
            return eager(np.zeros(tuple(source.shape), source.dtype))
        return eager(total)


def _arrive(arrived: dict[int, Any], x: Any, dx: Any) -> None:
    """Gradients that reach a tensor on several ways add up. The tensor is kept, so that its id stays its own."""
    arrived[id(x)] = (x, ops.add(arrived[id(x)][1], dx) if id(x) in arrived else dx)


def _rebuilt(definition: Any, leaves: list[Any]) -> Any:
    return _tree.unflatten(definition, leaves)


class UnconnectedGradients:
    """What `GradientTape.gradient` gives for sources on which the target does not depend."""

    NONE = "none"
    ZERO = "zero"


def _initial(value: Any) -> Any:
    return value() if callable(value) else value


class TFVariable(Variable):
    """``tf.Variable``: state that a program changes.

    Args:
        initial_value: array, number, nested list, or a function without arguments that returns one.
        trainable: default True. name, dtype, shape, constraint: as for `schuss.Variable`.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ):
        if initial_value is None:
            raise ValueError("tf.Variable: `initial_value` must be given.")
        value = _initial(initial_value)
        array = np.array(as_array(value.numpy() if isinstance(value, Variable) else value))
        super().__init__(
            array,
            dtype=dtype,
            trainable=True if trainable is None else trainable,
            name=name or "Variable",
            constraint=constraint,
        )

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        return TensorShape(self.array.shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    def read_value(self) -> Any:
        """The value now."""
        return self.value

    def assign(self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True) -> Any:
        super().assign(to_tensor(value, self.dtype))
        return self

    def assign_add(  # type: ignore[override]
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Any:
        return self.assign(ops.add(self, to_tensor(delta, self.dtype)))

    def assign_sub(  # type: ignore[override]
        self, delta: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> Any:
        return self.assign(ops.subtract(self, to_tensor(delta, self.dtype)))

    def __repr__(self) -> str:
        text = repr(self.array) if self.ndim else str(self.array)
        line = "\n" if "\n" in text else ""
        return f"<tf.Variable '{self.name}:0' shape={self.shape} dtype={self.dtype.name}, numpy={line}{text}>"


def custom_gradient(f: Any = None) -> Any:
    """`f` as a function whose gradient is the one it states: it returns ``(output, gradient function)``."""
    from schuss import custom_gradient as ours

    function = ours(f)

    def called(*args: Any, **kwargs: Any) -> Any:
        return _tree.map_structure(eager, function(*map(to_tensor, args), **kwargs))

    return called
