"""Primitive: a word of the graph's language. What a word means is said in four tables, a row for each
primitive."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph._dtypes import SUPPORTED
from schuss.graph._tensor import Spec, Tensor, as_array
from schuss.graph._trace import active_trace, current_trace

PRIMITIVES: dict[str, Primitive] = {}

shape_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(*specs, **params) -> Spec`` (a list of specs where the primitive has several results)."""

reference_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(*arrays, **params) -> array`` (a list …), in NumPy. Filled by `schuss.backends.reference`."""

gradient_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(dy, operands, y, **params) -> [dx, …]``, None where nothing flows. Filled by `schuss.autodiff`."""

lowering_rules: dict[Primitive, Any] = {}
"""From a node to a loop nest. Filled by `schuss.compiler`; a primitive without a row runs on the host."""

observers: list[Callable[[Primitive, list[Any], dict[str, Any], Any], Any]] = []
"""Each is told of every operation, computed or recorded: ``observer(primitive, operands, params, result)``
returns the result to go on with. For tools that follow a program as it runs; usually empty."""

_MOST_TAKEN = 256  # kinds of operands that a primitive remembers to have checked


class Primitive:
    """An operation that is not composed of others. Operands have the exact shapes and dtypes the shape rule
    asks for."""

    def __init__(self, name: str, several_results: bool = False):
        self.name, self.several_results = name, several_results
        self._taken: set[Any] = set()
        if name in PRIMITIVES:
            raise ValueError(f"Primitive {name!r} exists already.")
        PRIMITIVES[name] = self

    def bind(self, *operands: Any, **params: Any) -> Any:
        """Record the operation if an operand is a tensor (or, in a trace, if it has none), else compute it
        with NumPy."""
        values = list(map(as_value, operands))
        if any(map(_is_tensor, values)) or (not values and active_trace() is not None):
            result = current_trace(self.name).record(self, values, params)
        else:
            result = self._compute(values, params)
        for observer in observers:
            result = observer(self, values, params, result)
        return result

    def _compute(self, arrays: list[np.ndarray], params: dict[str, Any]) -> Any:
        """The value of the operation on arrays, whose shapes and dtypes are checked as in a trace."""
        if self not in reference_rules:
            importlib.import_module(
                "schuss.backends.reference"
            )  # by name: what a word means is said outside of graph
        self._check(arrays, params)
        arrays = [np.asarray(array) for array in arrays]  # subclasses may mean something else by +
        with np.errstate(all="ignore"):
            result = reference_rules[self](*arrays, **params)
        return [np.asarray(y) for y in result] if self.several_results else np.asarray(result)

    def _check(self, arrays: list[np.ndarray], params: dict[str, Any]) -> None:
        """An error unless the shape rule takes such operands. What it has taken it takes again."""
        if self.several_results:  # these have parameters that should not be kept
            shape_rules[self](*(Spec.of(array) for array in arrays), **params)
            return
        operands = *((array.shape, array.dtype) for array in arrays), *params.items()
        if operands not in self._taken:
            shape_rules[self](*(Spec.of(array) for array in arrays), **params)
            if len(self._taken) >= _MOST_TAKEN:
                self._taken.clear()
            self._taken.add(operands)

    def __repr__(self) -> str:
        return self.name


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def as_value(operand: Any) -> Any:
    """An operand as a tensor or an array: a variable is read, a Python number converted."""
    if isinstance(operand, Tensor) or (type(operand) is np.ndarray and operand.dtype in SUPPORTED):
        return operand
    read = getattr(operand, "__schuss_value__", None)
    return as_array(operand) if read is None else read()
