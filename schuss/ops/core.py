"""What arrays are: conversion, type, shape; and where gradients stop."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import Tensor, as_dtype, as_value, is_float, standardize_dtype
from schuss.graph import primitives as p
from schuss.ops._operands import convert, value
from schuss.ops.elementwise import clip

__all__ = [
    "cast", "convert_to_numpy", "convert_to_tensor", "dtype", "is_tensor", "ndim", "saturate_cast", "shape", "size",
    "stop_gradient", "view",
]  # fmt: skip


def convert_to_tensor(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Any:
    """`x` as an array; inside a trace also a tensor. Variables are read; Python floats become floatx, ints
    int32.

    Args:
        x: array, tensor, variable, number or nested list. dtype: default: x's own.
        sparse, ragged: taken for Keras's sake; arrays are dense.

    Example:
        >>> from schuss import ops
        >>> ops.convert_to_tensor([1, 2]).dtype.name
        'int32'
    """
    return value(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a NumPy array. Inside a trace tensors have no numbers: TypeError."""
    return np.asarray(as_value(x))


def cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype; floats to integers are cut towards zero, to bools what is not 0 is true.

    Example:
        >>> from schuss import ops
        >>> ops.cast(ops.array([0.5, -1.7]), "int32").tolist()
        [0, -1]
    """
    return value(x, as_dtype(dtype))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """`cast`, with numbers out of the new type's range replaced by its ends."""
    x, dtype = value(x), as_dtype(dtype)
    if dtype.kind == "b" or x.dtype.kind == "b":
        return convert(x, dtype)
    new = np.finfo(dtype) if is_float(dtype) else np.iinfo(dtype)
    if is_float(x.dtype):
        if is_float(dtype) and np.finfo(x.dtype).max <= new.max:
            return convert(x, dtype)
        low, high = float(new.min), float(new.max)
        if not is_float(dtype):  # the largest integer may not be a float of x's type: take the next below
            top = np.asarray(high, x.dtype)
            high = float(np.nextafter(top, np.asarray(0, x.dtype))) if int(top) > int(new.max) else high
        return convert(clip(x, low, high), dtype)
    if is_float(dtype):
        return convert(x, dtype)
    old = np.iinfo(x.dtype)
    return convert(clip(x, max(int(old.min), int(new.min)), min(int(old.max), int(new.max))), dtype)


def shape(x: Any) -> tuple[int, ...]:
    """The shape, a tuple of ints."""
    return tuple(x.shape) if hasattr(x, "shape") else tuple(as_value(x).shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of elements."""
    return int(np.prod(shape(x), dtype="int64"))


def dtype(x: Any) -> str:
    """The name of the dtype: ``"float32"``, …"""
    return standardize_dtype(x.dtype if hasattr(x, "dtype") else as_value(x).dtype)


def is_tensor(x: Any) -> bool:
    """Whether x is an array or a tensor of a trace."""
    return isinstance(x, (np.ndarray, np.generic, Tensor))


def stop_gradient(variable: Any) -> Any:
    """`variable` as a constant: no gradient flows back through it."""
    return p.stop_gradient_p.bind(variable)


def view(x: Any, dtype: Any = None) -> Any:
    """The bits of x read as another type; the last axis changes its size as the types' sizes say."""
    x = value(x)
    new = x.dtype if dtype is None else as_dtype(dtype)
    if new == x.dtype:
        return x
    if x.ndim == 0 and new.itemsize != x.dtype.itemsize:
        raise ValueError(f"view: a scalar of {x.dtype.name} cannot be read as {new.name}.")
    if x.ndim and (x.shape[-1] * x.dtype.itemsize) % new.itemsize:
        raise ValueError(
            f"view: {x.shape[-1]} elements of {x.dtype.name} along the last axis are no whole {new.name}."
        )
    from schuss.graph import Spec

    out = (*x.shape[:-1], x.shape[-1] * x.dtype.itemsize // new.itemsize) if x.ndim else ()

    def reread(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array).view(new).reshape(out)

    return p.host_call_p.bind(x, function=reread, specs=(Spec(out, new),))[0]
