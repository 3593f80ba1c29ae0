"""From what a caller passes to what primitives want: promotion, conversion, broadcasting, axes. Never adds a
node that does nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.graph import SUPPORTED, Spec, Tensor, as_dtype, as_value, result_type
from schuss.graph.primitives import broadcast_in_dim_p, convert_p, reshape_p, transpose_p


def is_weak(x: Any) -> bool:
    """True of Python's numbers, which take the type of the arrays they meet; not of NumPy's, which keep theirs."""
    return isinstance(x, (bool, int, float)) and not isinstance(x, np.generic)


def kind_of(x: Any) -> Any:
    """What `result_type` takes for x: its dtype, or Python's bool, int or float."""
    if is_weak(x):
        return bool if isinstance(x, bool) else int if isinstance(x, int) else float
    return x.dtype if hasattr(x, "dtype") and isinstance(x.dtype, np.dtype) else read(x).dtype


def read(x: Any) -> Any:
    """`x` as an array or tensor; a nested list with tensors in it is stacked."""
    if isinstance(x, (list, tuple)):
        from schuss.ops.creation import has_tensor, stacked  # which are made of what is here

        if has_tensor(x):
            return stacked(x, None)
    return as_value(x)


def value(x: Any, dtype: Any = None) -> Any:
    """`x` as an array or tensor, of `dtype` if given."""
    if dtype is None:
        return read(x)
    if is_weak(x):
        return np.asarray(x).astype(as_dtype(dtype))
    return convert(read(x), dtype)


def convert(x: Any, dtype: Any) -> Any:
    """An array or tensor in another dtype; itself where that is its own."""
    dtype = as_dtype(dtype)
    return x if x.dtype == dtype else convert_p.bind(x, dtype=dtype)


def as_float(x: Any) -> Any:
    """`x` as an array or tensor of floats; integers, bools and Python numbers become floatx."""
    return value(x, result_type(kind_of(x), float))


def promoted(*operands: Any, dtype: Any = None) -> list[Any]:
    """The operands in one dtype (`dtype`, or what promotion says), each in its own shape."""
    if _are_of_one_dtype(operands, dtype):
        return list(operands)
    operands = tuple(x if is_weak(x) else read(x) for x in operands)
    if dtype is None:
        dtype = result_type(*map(kind_of, operands))
    return [value(x, dtype) for x in operands]


def _are_of_one_dtype(operands: tuple[Any, ...], dtype: Any) -> bool:
    """Whether the operands are arrays or tensors of one supported dtype (`dtype`, if given)."""
    if not operands or not all(type(x) is np.ndarray or type(x) is Tensor for x in operands):
        return False
    first = operands[0].dtype
    if first not in SUPPORTED or not (dtype is None or (isinstance(dtype, np.dtype) and dtype == first)):
        return False
    return all(x.dtype == first for x in operands[1:])


def aligned(*operands: Any, dtype: Any = None, name: str = "operation") -> list[Any]:
    """The operands in one dtype and one shape, broadcast by NumPy's rule."""
    arrays = promoted(*operands, dtype=dtype)
    shape = joint_shape(*arrays, name=name)
    return [broadcast(x, shape) for x in arrays]


def joint_shape(*arrays: Any, name: str = "operation") -> tuple[int, ...]:
    """The shape to which all broadcast."""
    shapes = [tuple(x.shape) for x in arrays]
    joint = shapes[0]
    for shape in shapes[1:]:
        if shape != joint:
            short, long = sorted((shape, joint), key=len)
            padded = (1,) * (len(long) - len(short)) + short
            if any(a != b and a != 1 and b != 1 for a, b in zip(padded, long, strict=True)):
                raise ValueError(
                    f"{name}: shapes {', '.join(map(str, shapes))} do not broadcast: "
                    "from the last axis on, sizes must be equal or 1."
                )
            joint = tuple(b if a == 1 else a for a, b in zip(padded, long, strict=True))
    return joint


def broadcast(x: Any, shape: Sequence[int]) -> Any:
    """`x` repeated along leading axes and axes of size 1 to `shape`."""
    shape = tuple(shape)
    if tuple(x.shape) == shape:
        return x
    return broadcast_in_dim_p.bind(x, shape=shape, dims=tuple(range(len(shape) - x.ndim, len(shape))))


def reshaped(x: Any, shape: Sequence[int]) -> Any:
    """`x` in another shape without −1; itself where that is its own."""
    shape = tuple(int(n) for n in shape)
    return x if tuple(x.shape) == shape else reshape_p.bind(x, shape=shape)


def transposed(x: Any, permutation: Sequence[int]) -> Any:
    """`x` with axes in another order; itself where the order is its own."""
    permutation = tuple(permutation)
    return x if permutation == tuple(range(x.ndim)) else transpose_p.bind(x, permutation=permutation)


def filled(shape: Sequence[int], fill: Any, dtype: Any) -> Any:
    """A constant array; inside a trace a broadcast scalar."""
    return broadcast(np.asarray(fill).astype(as_dtype(dtype)), shape)


def axis_of(axis: Any, ndim: int, name: str = "operation") -> int:
    """A valid non-negative axis."""
    try:
        number = int(axis.__index__())
    except AttributeError:
        raise TypeError(f"{name}: `axis` must be an int, got {axis!r}.") from None
    if not -ndim <= number < ndim:
        raise ValueError(f"{name}: axis {number} is out of range for an array with {ndim} axes.")
    return number % ndim


def axes_of(axis: Any, ndim: int, name: str = "operation") -> tuple[int, ...]:
    """Valid, different, non-negative axes in increasing order; all for None."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(sorted(axis_of(a, ndim, name) for a in given))
    if len(set(axes)) != len(axes):
        raise ValueError(f"{name}: `axis`={axis!r} names an axis twice.")
    return axes


def shape_of(shape: Any) -> tuple[int, ...]:
    """A shape given as an int, a sequence or an integer array."""
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    return tuple(int(n) for n in shape)


def concrete(x: Any, name: str, argument: str = "x") -> np.ndarray:
    """`x` as numbers, for functions whose result's shape depends on them.

    Raises:
        TypeError: x is a tensor of a trace, which has no numbers yet.
    """
    x = as_value(x)
    if isinstance(x, Tensor):
        raise TypeError(
            f"{name}: the shape of the result depends on the values of `{argument}` ({x.spec}), which are "
            "not known "
            "while a function is traced. Call it outside of jit, grad or fit, or use a mask of fixed shape."
        )
    return x


def on_host(function: Callable[..., Any], spec: Spec, *operands: Any) -> Any:
    """``function(*arrays)`` by NumPy on the host, for what has no primitives; without gradient."""
    from schuss.graph.primitives import host_call_p

    return host_call_p.bind(*operands, function=function, specs=(spec,))[0]
