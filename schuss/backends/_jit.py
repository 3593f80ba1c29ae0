"""jit: a Python function traced once for each signature, then run as a program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.backends._programs import compile as compile_program
from schuss.graph import Graph, Spec, Tensor, Variable, _tree, as_value, tracing
from schuss.graph._trace import _stack


@dataclass(frozen=True)
class _Static:
    """A leaf that is no array: part of the signature, equal by value where it can be hashed, else by
    identity."""

    value: Any

    def key(self) -> Any:
        try:
            hash(self.value)
        except TypeError:
            return (type(self.value), id(self.value))
        return (type(self.value), self.value)


@dataclass
class _Compiled:
    program: Any
    template: list[Any]  # the result's leaves: None where the program's next output goes
    out_tree: Any
    keep: list[Any]  # what the signature knows by identity must stay alive


def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Any:
    """The function, compiled: traced at its first call for each signature, then run as one program.

    Args:
        function: written in `schuss.ops`; takes and returns nested structures (dicts, lists, tuples) of
            arrays. It may read and assign Variables: each call uses and changes their present values.
        static_argnums: positions of arguments that are no arrays but settings: the function sees them as they
            are, and is traced anew for each of their values.
        static_argnames: the same for keyword arguments.

    The signature is the structure of the arguments, the shapes and dtypes of arrays and numbers, and the
    values of all other leaves (bools, strings, objects, Variables). Python side effects (`print`) happen when
    it is traced only. Called inside of a trace, the function becomes part of it.

    Returns:
        A function with `function`'s arguments. Its ``program_for(*args)`` is the program that runs for arguments like
        these; `schuss.explain_compilation` prints it.

    Raises:
        TypeError: `function` cannot be called.

    Example:
        >>> import numpy as np, schuss
        >>> @schuss.jit
        ... def distance(a, b):
        ...     return schuss.ops.sqrt(schuss.ops.sum((a - b) ** 2))
        >>> float(distance(np.array([0.0, 3.0]), np.array([4.0, 0.0])))
        5.0
    """
    if function is None:
        return functools.partial(jit, static_argnums=static_argnums, static_argnames=static_argnames)
    if not callable(function):
        raise TypeError(f"jit: expected a function, got {type(function).__name__}. Write schuss.jit(f)(x).")
    numbers = {static_argnums} if isinstance(static_argnums, int) else set(static_argnums)
    names = {static_argnames} if isinstance(static_argnames, str) else set(static_argnames)
    cache: dict[Any, _Compiled] = {}

    def entry_for(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[_Compiled, list[Any]]:
        """What was compiled for arguments like these, and the arrays among them."""
        positional = [
            _Static(a) if i in numbers or i - len(args) in numbers else a for i, a in enumerate(args)
        ]
        named = {key: _Static(a) if key in names else a for key, a in kwargs.items()}
        leaves, definition = _tree.flatten((tuple(positional), named))
        leaves = [_leaf(leaf) for leaf in leaves]
        arrays = [leaf for leaf in leaves if not isinstance(leaf, _Static)]
        key = (
            _tree.describe(definition),
            tuple(
                leaf.key() if isinstance(leaf, _Static) else (leaf.dtype.str, leaf.shape) for leaf in leaves
            ),
        )
        if key not in cache:
            cache[key] = _compile(function, leaves, definition)
        return cache[key], arrays

    @functools.wraps(function)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        if _stack.scopes:  # part of an enclosing trace, or of a StatelessScope, whose values it must see
            return function(*args, **kwargs)
        entry, arrays = entry_for(args, kwargs)
        values = iter(entry.program(*arrays))
        return _tree.unflatten(
            entry.out_tree, [next(values) if t is None else t.value for t in entry.template]
        )

    def program_for(*args: Any, **kwargs: Any) -> Any:
        return entry_for(args, kwargs)[0].program

    compiled.program_for = program_for  # type: ignore[attr-defined]
    return compiled


def _leaf(leaf: Any) -> Any:
    """The leaf as an array; `_Static` for what is no array."""
    if isinstance(leaf, _Static):
        return leaf
    if isinstance(leaf, (bool, str, bytes, Variable)) or not (
        isinstance(leaf, (int, float, np.ndarray, np.generic)) or hasattr(leaf, "__array__")
    ):
        return _Static(leaf)
    return as_value(leaf)


def _compile(function: Callable[..., Any], leaves: list[Any], definition: Any) -> _Compiled:
    with tracing() as trace:
        inputs = [None if isinstance(leaf, _Static) else trace.input(Spec.of(leaf)) for leaf in leaves]
        given = [
            leaf.value if tensor is None else tensor for leaf, tensor in zip(leaves, inputs, strict=True)
        ]
        args, kwargs = _tree.unflatten(definition, given)
        results, out_tree = _tree.flatten(function(*args, **kwargs))
        template = [None if _is_value(leaf) else _Static(leaf) for leaf in results]
        outputs = [trace.own(as_value(leaf)) for leaf in results if _is_value(leaf)]
        graph: Graph = trace.graph([t for t in inputs if t is not None], outputs)
    keep = [leaf.value for leaf in leaves if isinstance(leaf, _Static)]
    return _Compiled(compile_program(graph), template, out_tree, keep)


def _is_value(leaf: Any) -> bool:
    """Whether a leaf of the result is an array (or becomes one)."""
    if isinstance(leaf, (str, bytes)):
        return False
    return isinstance(leaf, (Tensor, Variable, int, float)) or hasattr(leaf, "__array__")
