"""Primitive: a word of the graph's language. What a word means is said in four tables, a row for each
primitive."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

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


class Primitive:
    """An operation that is not composed of others. Operands have the exact shapes and dtypes the shape rule
    asks for."""

    def __init__(self, name: str, several_results: bool = False):
        self.name, self.several_results = name, several_results
        if name in PRIMITIVES:
            raise ValueError(f"Primitive {name!r} exists already.")
        PRIMITIVES[name] = self

    def bind(self, *operands: Any, **params: Any) -> Any:
        """Record the operation if an operand is a tensor (or, in a trace, if it has none), else compute it
        with NumPy."""
        values = [as_value(operand) for operand in operands]
        if any(isinstance(value, Tensor) for value in values) or (not values and active_trace() is not None):
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
        shape_rules[self](*(Spec.of(array) for array in arrays), **params)
        arrays = [np.asarray(array) for array in arrays]  # subclasses may mean something else by +
        with np.errstate(all="ignore"):
            result = reference_rules[self](*arrays, **params)
        return [np.asarray(y) for y in result] if self.several_results else np.asarray(result)

    def __repr__(self) -> str:
        return self.name


def as_value(operand: Any) -> Any:
    """An operand as a tensor or an array: a variable is read, a Python number converted."""
    if isinstance(operand, Tensor):
        return operand
    read = getattr(operand, "__schuss_value__", None)
    return as_array(operand) if read is None else read()
