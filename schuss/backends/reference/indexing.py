"""Counting, gathering, adding at places and sorting, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import reference_rules


def _iota(shape: tuple[int, ...], dtype: Any, axis: int) -> np.ndarray:
    count = np.arange(shape[axis]).astype(dtype)
    return np.broadcast_to(count.reshape([-1 if a == axis else 1 for a in range(len(shape))]), shape)


def _gather(x: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    if indices[0].size == 0:
        return np.empty(indices[0].shape, x.dtype)
    return x[tuple(np.clip(i, 0, n - 1).astype("int64") for i, n in zip(indices, x.shape, strict=True))]


def _scatter_add(x: np.ndarray, updates: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    inside = np.ones(updates.shape, bool)
    for i, n in zip(indices, x.shape, strict=True):
        inside &= (i >= 0) & (i < n)
    result = x.copy()
    np.add.at(result, tuple(i[inside].astype("int64") for i in indices), updates[inside])
    return result


def _sort(keys: np.ndarray, *values: np.ndarray, axis: int, descending: bool = False) -> list[np.ndarray]:
    """NaN counts as the largest key."""
    if descending:  # stably: the order of the mirrored keys, mirrored
        order = keys.shape[axis] - 1 - np.flip(np.argsort(np.flip(keys, axis), axis, kind="stable"), axis)
    else:
        order = np.argsort(keys, axis, kind="stable")
    return [np.take_along_axis(x, order, axis) for x in (keys, *values)]


reference_rules |= {
    p.iota_p: _iota,
    p.gather_p: _gather,
    p.scatter_add_p: _scatter_add,
    p.sort_p: _sort,
}
