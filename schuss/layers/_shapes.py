"""Shapes of inputs: one tuple, or nested structures of tuples."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import Tensor, _tree
from schuss.layers._call import unknown_dims


def batch_shape(owner: str, kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The shape of a first layer's input, from the ways in which it can be said."""
    if kwargs.get("batch_input_shape") is not None:
        return tuple(kwargs["batch_input_shape"])
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        shape = (kwargs["input_dim"],)
    if shape is None:
        return None
    if isinstance(shape, (int, np.integer)):
        raise ValueError(f"{owner}: `input_shape` must be a tuple, got {shape!r}. Did you mean ({shape},)?")
    sizes = tuple(None if n is None else int(n) for n in shape)
    if any(n is not None and n < 0 for n in sizes):
        raise ValueError(f"{owner}: `input_shape` has a negative size: {sizes}.")
    return (kwargs.get("batch_size"), *sizes)


def shape_of(value: Any) -> Any:
    if not hasattr(value, "shape"):
        return None
    shape = tuple(value.shape)
    return unknown_dims(shape) if isinstance(value, Tensor) else shape


def is_shape(value: Any) -> bool:
    """Whether it is one shape (a tuple or list of ints and Nones), rather than a structure of shapes."""
    return isinstance(value, (list, tuple)) and all(n is None or is_integer(n) for n in value)


def is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def map_shapes(shapes: Any, function: Callable[[tuple[Any, ...]], Any]) -> Any:
    """`function` of every shape in a structure of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(shape, function) for key, shape in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        return type(shapes)(map_shapes(shape, function) for shape in shapes)
    raise ValueError(
        f"Expected a shape (a tuple of ints and Nones) or a structure of shapes, got {shapes!r}."
    )


def as_shapes(shapes: Any) -> Any:
    """Shapes as tuples (files have lists)."""
    if shapes is None or not isinstance(shapes, (list, tuple, dict)):
        return shapes
    return map_shapes(shapes, lambda shape: shape)


def shapes_for(method: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments for a method on shapes, from those of `call`: it takes the shape of ``x`` as ``x_shape``,
    or, if it has only one argument, whatever its name, the shape of the first."""
    shapes = {
        f"{name}_shape": _tree.map_structure(shape_of, value)
        for name, value in arguments.items()
        if any(hasattr(leaf, "shape") for leaf in _tree.leaves(value))
    }
    parameters = inspect.signature(method).parameters.values()
    wanted = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if len(wanted) == 1:
        return {wanted[0]: next(iter(shapes.values()), None)}
    chosen = {name: shape for name, shape in shapes.items() if name in wanted}
    return chosen or {name: next(iter(shapes.values()), None) for name in wanted[:1]}
