"""Symbolic inputs: calling layers on `KerasTensor`s records who was called on what, from which models are
built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.graph import OPERATORS, Spec, Text, _tree, as_dtype, standardize_dtype, tracing
from schuss.layers._call import calls, outside_of_calls
from schuss.utils._uids import auto_name

_PROBES = (211, 223)  # sizes that stand for unknown ones; large enough for any stack of strides


class KerasTensor:
    """A shape and dtype that stands for the value a layer will return; unknown sizes are None.

    Args:
        shape: tuple of ints and Nones. dtype: its name. name: for printing.

    Example:
        >>> import schuss
        >>> x = schuss.Input((784,))
        >>> x.shape, (x * 2.0).shape
        ((None, 784), (None, 784))
    """

    def __init__(self, shape: Any, dtype: Any = "float32", sparse: bool = False, name: str | None = None):
        if sparse:
            raise ValueError("Sparse inputs are not supported.")
        self.shape: tuple[int | None, ...] = tuple(None if n is None else int(n) for n in shape)
        self.dtype = standardize_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self._keras_history: tuple[Any, int, int] | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def reshape(self, *shape: Any) -> Any:
        return _apply(
            "reshape", self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        )

    def astype(self, dtype: Any) -> Any:
        return _apply("cast", self, standardize_dtype(dtype))

    @property
    def T(self) -> Any:
        return _apply("transpose", self)

    def __getitem__(self, key: Any) -> Any:
        return _apply("getitem", self, key)

    def __schuss_symbolic__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return Operation(function).symbolic_call(args, kwargs)

    def __schuss_value__(self) -> Any:
        raise TypeError(_NO_VALUE.format(tensor=self))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(_NO_VALUE.format(tensor=self))

    def __bool__(self) -> bool:
        raise TypeError(_NO_VALUE.format(tensor=self))

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"len() of {self}: the size of its first axis is not known.")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


_NO_VALUE = (
    "{tensor} is symbolic: it has a shape, no value. Use it with layers, operators and schuss.ops functions "
    "only, "
    "and make a Model of it to compute with arrays."
)


def _apply(name: str, *args: Any) -> Any:
    label = "get_item" if name == "getitem" else name
    return Operation(OPERATORS[name], auto_name(label)).symbolic_call(args, {})


def _binary(name: str, reflected: bool) -> Callable[[Any, Any], Any]:
    if reflected:
        return lambda self, other: _apply(name, other, self)
    return lambda self, other: _apply(name, self, other)


_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
for _python, _op in _BINARY.items():
    setattr(KerasTensor, f"__{_python}__", _binary(_op, reflected=False))
    setattr(KerasTensor, f"__r{_python}__", _binary(_op, reflected=True))
for _python, _op in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(KerasTensor, f"__{_python}__", _binary(_op, reflected=False))
for _python, _op in {"neg": "negative", "abs": "absolute", "invert": "logical_not"}.items():
    setattr(KerasTensor, f"__{_python}__", lambda self, op=_op: _apply(op, self))


def is_symbolic(value: Any) -> bool:
    return isinstance(value, KerasTensor)


def any_symbolic(structure: Any) -> bool:
    return any(is_symbolic(leaf) for leaf in _tree.leaves(structure))


class Node:
    """One call of an operation on symbolic values: its arguments, and the symbolic outputs it made."""

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any):
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        for index, tensor in enumerate(_tree.leaves(outputs)):
            tensor._keras_history = (operation, len(operation._inbound_nodes), index)
        operation._inbound_nodes.append(self)

    @property
    def input_tensors(self) -> list[KerasTensor]:
        return [leaf for leaf in _tree.leaves((self.args, self.kwargs)) if is_symbolic(leaf)]

    @property
    def output_tensors(self) -> list[KerasTensor]:
        return _tree.leaves(self.outputs)

    @property
    def is_input(self) -> bool:
        return not self.input_tensors

    def arguments(self, values: dict[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call's arguments with values (by the id of the symbolic tensor) in the places of symbolic
        ones."""
        return _tree.map_structure(
            lambda leaf: values[id(leaf)] if is_symbolic(leaf) else leaf, (self.args, self.kwargs)
        )


class Operation:
    """A function of `schuss.ops` (or an operator) called on symbolic values, as a node of a model."""

    def __init__(self, function: Callable[..., Any], name: str | None = None):
        self.function = function
        self.name = name or auto_name(getattr(function, "__name__", "operation"))
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def symbolic_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        outputs = infer_outputs(self.function, args, kwargs)
        Node(self, tuple(args), dict(kwargs), outputs)
        return outputs

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


def infer_outputs(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The `KerasTensor`s that ``function(*args, **kwargs)`` gives for symbolic arguments.

    The function is traced; where a size is unknown, twice, with two different sizes: what differs in the
    results is unknown, too.
    """
    unknown = any(None in leaf.shape for leaf in _tree.leaves((args, kwargs)) if is_symbolic(leaf))
    specs, tree = _traced_specs(function, args, kwargs, _PROBES[0])
    if unknown:
        others, _ = _traced_specs(function, args, kwargs, _PROBES[1])
        shapes = [_common(a, b) for a, b in zip(specs, others, strict=True)]
    else:
        shapes = [spec.shape for spec in specs]
    return _tree.unflatten(
        tree, [KerasTensor(shape, spec.dtype) for shape, spec in zip(shapes, specs, strict=True)]
    )


def _common(a: Spec, b: Spec) -> tuple[int | None, ...]:
    return tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))


def _traced_specs(function: Callable[..., Any], args: Any, kwargs: Any, size: int) -> tuple[list[Spec], Any]:
    outer, calls.unknown_size = calls.unknown_size, size
    try:
        with tracing() as trace:

            def stand_in(leaf: Any) -> Any:
                if not is_symbolic(leaf):
                    return leaf
                shape = _of_size(leaf.shape, size)
                if leaf.dtype == "string":
                    return Text(shape, lambda part: trace.input(_numbers_spec(shape[0], part, size)))
                return trace.input(Spec(shape, as_dtype(leaf.dtype)))

            traced_args, traced_kwargs = _tree.map_structure(stand_in, (tuple(args), dict(kwargs)))
            flat, tree = _tree.flatten(function(*traced_args, **traced_kwargs))
            return [Spec.of(leaf) for leaf in flat], tree
    finally:
        calls.unknown_size = outer


def _of_size(shape: Any, size: int) -> tuple[int, ...]:
    """A shape with `size` in the places of unknown sizes."""
    return tuple(size if n is None else n for n in shape)


def _numbers_spec(batch: int, part: Any, size: int) -> Spec:
    """What will stand for the numbers of a text."""
    return Spec(_of_size(part.reading.shape((batch, *part.shape)), size), part.reading.dtype)


def infer_apart(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """`infer_outputs`, as if no layer were being called."""
    with outside_of_calls():
        return infer_outputs(function, args, kwargs)
