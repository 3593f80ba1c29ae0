"""Blocks and points of arrays: read at traced places, replaced, added to."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from schuss.graph import Spec, Tensor, as_value
from schuss.graph import primitives as p
from schuss.ops._operands import aligned, broadcast, convert, filled, reshaped, shape_of, value
from schuss.ops.elementwise import add, clip, multiply
from schuss.ops.indexing import as_indices, get_item, places, wrapped
from schuss.ops.reductions import any as any_of
from schuss.ops.shaping import expand_dims

__all__ = ["scatter", "scatter_update", "slice", "slice_update"]


def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Any:
    """The block of `shape` that begins at `start_indices`, which may be a tensor; it is moved to lie within.

    Args:
        inputs: array. start_indices: an integer for each axis. shape: sizes of the block; −1: to the end.
    """
    x = value(inputs)
    starts = _starts(start_indices, x, "slice")
    if not any(isinstance(s, Tensor) for s in starts):
        starts = [int(s) for s in starts]
        sizes = [
            n - s if size == -1 else int(size) for n, s, size in zip(x.shape, starts, shape, strict=True)
        ]
        starts = [min(max(s, 0), n - size) for s, n, size in zip(starts, x.shape, sizes, strict=True)]
        return get_item(x, tuple(builtins.slice(s, s + size) for s, size in zip(starts, sizes, strict=True)))
    sizes = tuple(int(size) for size in shape)
    return p.gather_p.bind(x, *_block_indices(x, starts, sizes))


def _starts(start_indices: Any, x: Any, name: str) -> list[Any]:
    starts = start_indices if isinstance(start_indices, (list, tuple)) else as_value(start_indices)
    starts = [as_value(starts[i]) for i in range(len(starts))]
    if len(starts) != x.ndim:
        raise ValueError(f"{name}: {len(starts)} `start_indices` for an array of shape {tuple(x.shape)}.")
    return starts


def _block_indices(x: Any, starts: list[Any], sizes: tuple[int, ...]) -> list[Any]:
    if any(size > n for size, n in zip(sizes, x.shape, strict=True)):
        raise ValueError(f"A block of shape {sizes} does not fit into an array of shape {tuple(x.shape)}.")
    indices = []
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        start = clip(convert(reshaped(start, ()), "int32"), 0, x.shape[axis] - size)
        indices.append(add(places(sizes, axis), start))
    return indices


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """`inputs` with the block that begins at `start_indices` replaced by `updates`."""
    x = value(inputs)
    updates = value(updates, x.dtype)
    starts = _starts(start_indices, x, "slice_update")
    if updates.ndim != x.ndim:
        raise ValueError(
            f"slice_update: updates of shape {tuple(updates.shape)} for an array of shape {tuple(x.shape)}."
        )
    indices = _block_indices(x, starts, tuple(updates.shape))
    return _replaced(x, indices, updates)


def _replaced(x: Any, indices: list[Any], updates: Any) -> Any:
    """x with updates in the places of different indices: what is there goes out, then the updates come in."""
    if x.dtype.kind == "b":
        return convert(_replaced(convert(x, "int32"), indices, convert(updates, "int32")), "bool")
    ones = p.scatter_add_p.bind(filled(x.shape, 0, "int32"), filled(updates.shape, 1, "int32"), *indices)
    fresh = p.scatter_add_p.bind(filled(x.shape, 0, x.dtype), updates, *indices)
    return p.select_p.bind(convert(ones, "bool"), fresh, x)


def _point_indices(indices: Any, shape: tuple[int, ...], name: str) -> tuple[list[Any], tuple[int, ...]]:
    """Index arrays for ``x[indices[..., 0], indices[..., 1], …]`` and the shape of all that they mean."""
    indices = as_indices(indices, name)
    depth = indices.shape[-1]
    if depth > len(shape):
        raise ValueError(f"{name}: indices of {depth} axes for an array of shape {shape}.")
    batch, rest = tuple(indices.shape[:-1]), shape[depth:]
    full = (*batch, *rest)
    arrays = []
    for axis in range(len(shape)):
        if axis < depth:
            column = wrapped(
                reshaped(get_item(indices, (Ellipsis, axis)), (*batch, *(1 for _ in rest))), shape[axis]
            )
            arrays.append(broadcast(column, full))
        else:
            arrays.append(places(full, len(batch) + axis - depth))
    return arrays, full


def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros of `shape` with values added at places.

    Args:
        indices: integers [..., depth]: positions along the first `depth` axes. values: [..., rest of the
            axes].
        shape: of the result.

    Example:
        >>> from schuss import ops
        >>> ops.scatter([[0], [2], [0]], ops.array([1, 2, 3]), (4,)).tolist()
        [4, 0, 2, 0]
    """
    values, shape = value(values), shape_of(shape)
    arrays, full = _point_indices(indices, shape, "scatter")
    return p.scatter_add_p.bind(filled(shape, 0, values.dtype), broadcast(values, full), *arrays)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """`inputs` with updates at places.

    Args:
        inputs: array. indices: integers [..., depth]. updates: [..., rest of the axes].
        reduction: None: the updates replace (indices should differ; of equal ones the last counts);
            ``"add"``, ``"mul"``, ``"max"``, ``"min"``: they are joined with what is there.

    Example:
        >>> from schuss import ops
        >>> ops.scatter_update(ops.array([1, 2, 3]), [[1]], [9]).tolist()
        [1, 9, 3]
    """
    x = value(inputs)
    updates = value(updates, x.dtype)
    arrays, full = _point_indices(indices, tuple(x.shape), "scatter_update")
    updates = broadcast(updates, full)
    if reduction == "add":
        return p.scatter_add_p.bind(x, updates, *arrays)
    if reduction is None:
        return _last_wins(x, arrays, updates)
    if reduction not in ("mul", "max", "min"):
        raise ValueError(
            f"scatter_update: `reduction` must be None, add, mul, max or min. Received: {reduction!r}"
        )
    join = {"mul": np.multiply, "max": np.maximum, "min": np.minimum}[reduction]

    def joined(x: np.ndarray, updates: np.ndarray, *indices: np.ndarray) -> np.ndarray:
        result = x.copy()
        inside = np.logical_and.reduce([(i >= 0) & (i < n) for i, n in zip(indices, x.shape, strict=True)])
        join.at(result, tuple(i[inside] for i in indices), updates[inside])
        return result

    return p.host_call_p.bind(x, updates, *arrays, function=joined, specs=(Spec(tuple(x.shape), x.dtype),))[0]


def _last_wins(x: Any, arrays: list[Any], updates: Any) -> Any:
    """Replacing at indices that may repeat: an update counts if no later one goes to the same place."""
    if not prod(updates.shape):
        return x
    place = filled(updates.shape, 0, "int32")
    for index, size in zip(arrays, x.shape, strict=True):
        place = add(multiply(place, size), convert(index, "int32"))
    place = reshaped(place, (prod(updates.shape),))
    count = prod(updates.shape)
    if not isinstance(place, Tensor):
        last = np.zeros(count, bool)
        last[count - 1 - np.unique(place[::-1], return_index=True)[1]] = True
        if last.all():
            return _replaced(x, arrays, updates)
    else:
        same = p.compare_p.bind(*aligned(expand_dims(place, 1), expand_dims(place, 0)), direction="EQ")
        later = p.compare_p.bind(places((count, count), 1), places((count, count), 0), direction="GT")
        last = p.not_p.bind(any_of(p.and_p.bind(same, later), axis=1))
    outside = p.select_p.bind(
        reshaped(last, updates.shape), convert(arrays[0], "int32"), filled(updates.shape, x.shape[0], "int32")
    )
    others = [convert(index, "int32") for index in arrays[1:]]
    return _replaced(x, [outside, *others], updates)
