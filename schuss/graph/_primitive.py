"""Primitive: a word of the graph's language. What a word means is said in four tables, a row for each primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.graph._tensor import Tensor, as_array
from schuss.graph._trace import current_trace

PRIMITIVES: dict[str, Primitive] = {}

shape_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(*specs, **params) -> Spec`` (a list of specs where the primitive has several results)."""

reference_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(*arrays, **params) -> array`` (a list …), in NumPy. Filled by `schuss.backends.reference`."""

gradient_rules: dict[Primitive, Callable[..., Any]] = {}
"""``rule(dy, operands, y, **params) -> [dx, …]``, None where nothing flows. Filled by `schuss.autodiff`."""

lowering_rules: dict[Primitive, Callable[..., Any]] = {}
"""From a node to a loop nest. Filled by `schuss.compiler`; a primitive without a row runs on the host."""


class Primitive:
    """An operation that is not composed of others. Operands have the exact shapes and dtypes the shape rule asks for."""

    def __init__(self, name: str, several_results: bool = False):
        self.name, self.several_results = name, several_results
        if name in PRIMITIVES:
            raise ValueError(f"Primitive {name!r} exists already.")
        PRIMITIVES[name] = self

    def bind(self, *operands: Any, **params: Any) -> Any:
        """Record the operation if an operand is a tensor, else compute it with NumPy."""
        values = [as_value(operand) for operand in operands]
        if any(isinstance(value, Tensor) for value in values):
            return current_trace(self.name).record(self, values, params)
        return reference_rules[self](*values, **params)

    def __repr__(self) -> str:
        return self.name


def as_value(operand: Any) -> Any:
    """An operand as a tensor or an array: a variable is read, a Python number converted."""
    if isinstance(operand, Tensor):
        return operand
    read = getattr(operand, "__schuss_value__", None)
    return as_array(operand) if read is None else read()
