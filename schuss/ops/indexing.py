"""Elements by position: take, where, x[key], diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from schuss.graph import Tensor, as_value, is_float, observers
from schuss.graph import primitives as p
from schuss.ops._operands import (
    axis_of,
    broadcast,
    concrete,
    convert,
    filled,
    joint_shape,
    promoted,
    reshaped,
    shape_of,
    transposed,
    value,
)
from schuss.ops.elementwise import add

__all__ = [
    "diag", "diagflat", "diagonal", "get_item", "nonzero", "select", "take", "take_along_axis", "trace",
    "unravel_index", "where",
]  # fmt: skip


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition is true (not 0), else x2, broadcast; without x1 and x2 the same as `nonzero`.

    Example:
        >>> from schuss import ops
        >>> ops.where(ops.array([True, False]), 1.0, 0.0).tolist()
        [1.0, 0.0]
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: give both x1 and x2, or neither.")
    condition = value(condition, "bool")
    x1, x2 = promoted(x1, x2)
    shape = joint_shape(condition, x1, x2, name="where")
    return p.select_p.bind(*(broadcast(x, shape) for x in (condition, x1, x2)))


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """From the first choice whose condition is true, else the default."""
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: expected as many choices as conditions, at least one. Received: {len(condlist)} "
            "conditions, "
            f"{len(choicelist)} choices"
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = where(condition, choice, result)
    return result


def nonzero(x: Any) -> tuple[np.ndarray, ...]:
    """Where x is not 0: an int32 array for each axis. Not in traces, where shapes must be known."""
    return tuple(i.astype("int32") for i in np.nonzero(concrete(x, "nonzero")))


def wrapped(indices: Any, size: int) -> Any:
    """Integer indices with negative ones counted from the end."""
    if not isinstance(indices, Tensor):
        return (
            np.where(indices < 0, indices + indices.dtype.type(size), indices)
            if indices.dtype.kind == "i"
            else indices
        )
    if indices.dtype.kind == "u":
        return indices
    below = p.compare_p.bind(indices, filled(indices.shape, 0, indices.dtype), direction="LT")
    return p.select_p.bind(below, add(indices, size), indices)


def as_indices(indices: Any, name: str) -> Any:
    """`indices` as an integer array, int32 where they were bools or small."""
    indices = value(indices)
    if is_float(indices.dtype):
        raise TypeError(f"{name}: indices must be integers, got {indices.dtype.name}.")
    return indices if indices.dtype.itemsize >= 4 else convert(indices, "int32")


def places(shape: tuple[int, ...], axis: int) -> Any:
    """int32 of `shape`: the index along `axis`."""
    return p.iota_p.bind(shape=shape, dtype=np.dtype("int32"), axis=axis)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices along an axis, chosen by integers.

    Args:
        x: array. indices: integers of any shape; negative ones count from the end, others out of range mean
            the last.
        axis: default: the flattened array.

    Returns:
        x's shape with ``indices.shape`` in place of `axis`.

    Example:
        >>> from schuss import ops
        >>> ops.take(ops.array([[1, 2], [3, 4], [5, 6]]), [2, 0], axis=0).tolist()
        [[5, 6], [1, 2]]
    """
    x, indices = value(x), as_indices(indices, "take")
    if axis is None:
        x, axis = reshaped(x, (prod(x.shape),)), 0
    axis = axis_of(axis, x.ndim, "take")
    if x.shape[axis] == 0 and prod(indices.shape):
        raise ValueError(f"take: axis {axis} of shape {tuple(x.shape)} has no elements to take.")
    indices = wrapped(indices, x.shape[axis])
    before, after = tuple(x.shape[:axis]), tuple(x.shape[axis + 1 :])
    shape = (*before, *indices.shape, *after)
    chosen = broadcast(reshaped(indices, (*indices.shape, *(1 for _ in after))), shape)
    arrays = [places(shape, a) for a in range(axis)]
    arrays.append(chosen)
    arrays += [places(shape, a + indices.ndim - 1) for a in range(axis + 1, x.ndim)]
    return p.gather_p.bind(x, *arrays)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """``y[i, j] = x[indices[i, j], j]`` for axis 0, and so on; other axes broadcast.

    Args:
        x: array. indices: integers with as many axes as x; negative ones count from the end.
        axis: default: the flattened array, with a vector of indices.
    """
    x, indices = value(x), as_indices(indices, "take_along_axis")
    if axis is None:
        x, axis = reshaped(x, (prod(x.shape),)), 0
        indices = reshaped(indices, (prod(indices.shape),))
    if x.ndim != indices.ndim:
        raise ValueError(
            f"take_along_axis: `indices` must have as many axes as x. Received: {tuple(indices.shape)} for x "
            "of shape "
            f"{tuple(x.shape)}"
        )
    axis = axis_of(axis, x.ndim, "take_along_axis")
    others = [a for a in range(x.ndim) if a != axis]
    if any(x.shape[a] != indices.shape[a] and 1 not in (x.shape[a], indices.shape[a]) for a in others):
        raise ValueError(
            f"take_along_axis: shapes {tuple(x.shape)} and {tuple(indices.shape)} must broadcast but for "
            f"axis {axis}."
        )
    shape = [indices.shape[a] if a == axis else max(x.shape[a], indices.shape[a]) for a in range(x.ndim)]
    x = broadcast(x, [x.shape[a] if a == axis else n for a, n in enumerate(shape)])
    indices = broadcast(wrapped(indices, x.shape[axis]), shape)
    return p.gather_p.bind(x, *(indices if a == axis else places(tuple(shape), a) for a in range(x.ndim)))


def get_item(x: Any, key: Any) -> Any:
    """``x[key]``: ints, slices, ``...``, None, integer arrays, and (outside of traces) bool masks.

    Example:
        >>> from schuss import ops
        >>> ops.get_item(ops.array([[1, 2], [3, 4]]), (slice(None), 1)).tolist()
        [2, 4]
    """
    x = as_value(x)
    if isinstance(key, slice) and key == slice(None):
        return x
    keys = _expanded(key, x)
    masked = any(getattr(k, "dtype", None) == np.bool_ for k in keys)
    if not any(isinstance(k, Tensor) for k in (x, *keys)) and (masked or not observers):
        return np.asarray(np.asarray(x)[tuple(keys)])
    starts: list[int] = []
    limits: list[int] = []
    strides: list[int] = []
    reversed_axes: list[int] = []
    arrays: dict[int, Any] = {}
    spots: list[
        Any
    ] = []  # of the result's axes: axis of x, None for a new axis, "array" for a scalar or array index
    axis = 0
    for k in keys:
        if k is None:
            spots.append(None)
            continue
        size = x.shape[axis]
        if isinstance(k, slice):
            start, stop, step = k.indices(size)
            count = len(range(start, stop, step))
            if step < 0:
                reversed_axes.append(axis)
                start, step = start + (count - 1) * step if count else 0, -step
            starts.append(start if count else 0)
            limits.append(start + (count - 1) * step + 1 if count else 0)
            strides.append(step if count else 1)
            spots.append(axis)
        elif isinstance(k, (int, np.integer)):
            number = int(k)
            if not -size <= number < size:
                raise IndexError(f"Index {number} is out of range for axis {axis} of size {size}.")
            starts.append(number % size)
            limits.append(number % size + 1)
            strides.append(1)
            spots.append(("int", axis))
        else:
            starts.append(0)
            limits.append(size)
            strides.append(1)
            arrays[axis] = k
            spots.append(("array", axis))
        axis += 1
    if (starts, limits, strides) != ([0] * x.ndim, list(x.shape), [1] * x.ndim):
        x = p.slice_p.bind(x, start=tuple(starts), limit=tuple(limits), strides=tuple(strides))
    flipped = tuple(a for a in reversed_axes if x.shape[a] > 1)
    if flipped:
        x = p.reverse_p.bind(x, axes=flipped)
    if not arrays:
        return reshaped(x, [1 if a is None else x.shape[a] for a in spots if not isinstance(a, tuple)])
    return _advanced(x, arrays, spots)


def _expanded(key: Any, x: Any) -> list[Any]:
    """The parts of a key, with the ellipsis written out, and arrays as arrays."""
    keys = list(key) if isinstance(key, tuple) else [key]
    for i, k in enumerate(keys):
        if (
            k is None
            or k is Ellipsis
            or (isinstance(k, (slice, int, np.integer)) and not isinstance(k, bool))
        ):
            if isinstance(k, slice):
                keys[i] = slice(*(None if b is None else _int(b) for b in (k.start, k.stop, k.step)))
            continue
        k = as_value(k)
        if k.dtype.kind == "f":
            raise IndexError(
                f"Indices must be integers, slices, None, ... or bools. Received: {k.dtype.name}"
            )
        if k.dtype.kind == "b":
            if isinstance(k, Tensor) or isinstance(x, Tensor):
                raise TypeError(
                    "A bool mask as an index has a result whose shape depends on the mask's values, which "
                    "are not known "
                    "while a function is traced. Use schuss.ops.where with a value for what is masked out."
                )
            keys[i] = np.asarray(k)
        else:
            keys[i] = int(k) if not isinstance(k, Tensor) and k.ndim == 0 else k
    used = sum(
        k.ndim if getattr(k, "dtype", None) == np.bool_ else 1
        for k in keys
        if k is not None and k is not Ellipsis
    )
    ellipses = [i for i, k in enumerate(keys) if k is Ellipsis]
    if used > x.ndim or len(ellipses) > 1:
        raise IndexError(f"Too many indices ({used}) for an array of shape {tuple(x.shape)}.")
    at = ellipses[0] if ellipses else len(keys)
    return keys[:at] + [slice(None)] * (x.ndim - used) + keys[at + 1 :]


def _int(bound: Any) -> int:
    if isinstance(as_value(bound), Tensor):
        raise TypeError(
            "The bounds of a slice must be known while a function is traced; this one is a tensor. Use "
            "schuss.ops.slice, which takes a traced start and a fixed shape."
        )
    return int(bound)


def _advanced(x: Any, arrays: dict[int, Any], spots: list[Any]) -> Any:
    """Index arrays on some axes of x (axes indexed by an int have size 1 by now), placed as NumPy places
    them."""
    shape = joint_shape(*arrays.values(), name="getitem")
    # an int beside index arrays counts as one of them when it comes to where their axes go
    at = [i for i, spot in enumerate(spots) if isinstance(spot, tuple)]
    together = at == list(range(at[0], at[-1] + 1))
    front = [] if not together else spots[: at[0]]
    back = [spot for spot in (spots[at[-1] + 1 :] if together else spots) if not isinstance(spot, tuple)]
    kept_front, kept_back = [a for a in front if a is not None], [a for a in back if a is not None]
    full = (*(x.shape[a] for a in kept_front), *shape, *(x.shape[a] for a in kept_back))
    indices: list[Any] = []
    for axis in range(x.ndim):
        if axis in arrays:
            index = wrapped(as_indices(arrays[axis], "getitem"), x.shape[axis])
            index = broadcast(index, shape)
            indices.append(broadcast(reshaped(index, (*shape, *(1 for _ in kept_back))), full))
        elif axis in kept_front:
            indices.append(places(full, kept_front.index(axis)))
        elif axis in kept_back:
            indices.append(places(full, len(kept_front) + len(shape) + kept_back.index(axis)))
        else:
            indices.append(filled(full, 0, "int32"))
    result = p.gather_p.bind(x, *indices)
    sizes = iter(full)
    final = [1 if a is None else next(sizes) for a in front] + [next(sizes) for _ in shape]
    return reshaped(result, final + [1 if a is None else next(sizes) for a in back])


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal of the planes of two axes, as a new last axis. `offset` > 0: above the main one."""
    x = value(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal: expected at least 2 axes, got shape {tuple(x.shape)}.")
    a, b = axis_of(axis1, x.ndim, "diagonal"), axis_of(axis2, x.ndim, "diagonal")
    if a == b:
        raise ValueError(f"diagonal: axis1 and axis2 must be different. Received: {axis1} and {axis2}")
    others = [axis for axis in range(x.ndim) if axis not in (a, b)]
    x = transposed(x, [*others, a, b])
    row, column = max(-offset, 0), max(offset, 0)
    length = max(0, min(x.shape[-2] - row, x.shape[-1] - column))
    shape = (*x.shape[:-2], length)
    if length == 0:
        return filled(shape, 0, x.dtype)
    place = places(shape, len(others))
    indices = [places(shape, axis) for axis in range(len(others))]
    indices += [add(place, row) if row else place, add(place, column) if column else place]
    return p.gather_p.bind(x, *indices)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal of the planes of two axes."""
    from schuss.ops.reductions import sum as sum_over

    return sum_over(diagonal(x, offset, axis1, axis2), axis=-1)


def diag(x: Any, k: int = 0) -> Any:
    """A vector as the k-th diagonal of a matrix of zeros; of a matrix the k-th diagonal."""
    x = value(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag: expected a vector or a matrix, got shape {tuple(x.shape)}.")
    from schuss.ops.shaping import pad

    size = x.shape[0] + abs(k)
    rows = pad(x, (max(-k, 0), max(k, 0)))  # element i stands in row i, or for k < 0 in row i − k
    wide = broadcast(reshaped(rows, (size, 1)), (size, size))
    row = places((size, size), 0)
    column = places((size, size), 1)
    here = p.compare_p.bind(column, add(row, k) if k else row, direction="EQ")
    return p.select_p.bind(here, wide, filled((size, size), 0, x.dtype))


def diagflat(x: Any, k: int = 0) -> Any:
    """The flattened array as the k-th diagonal of a matrix of zeros."""
    x = value(x)
    return diag(reshaped(x, (prod(x.shape),)), k)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Positions in the flattened array as one array of positions for each axis."""
    indices = as_indices(indices, "unravel_index")
    shape = shape_of(shape)
    from schuss.ops.elementwise import floor_divide, mod

    indices = wrapped(indices, prod(shape))
    parts = []
    for size in reversed(shape):
        parts.append(mod(indices, size))
        indices = floor_divide(indices, size)
    return tuple(reversed(parts))
