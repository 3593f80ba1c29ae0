"""Gradients of gathering, adding at places and sorting: each element's gradient goes back to where it came
from."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import gradient_rules
from schuss.graph import primitives as p
from schuss.ops._operands import filled


def _gather(dy: Any, operands: list[Any], y: Any) -> list[Any]:
    """Gather clamps indices and scatter_add drops those outside, so they are clamped first."""
    x, *indices = operands
    places = [ops.clip(_wide(i), 0, n - 1) for i, n in zip(indices, x.shape, strict=True)]
    return [p.scatter_add_p.bind(filled(x.shape, 0, x.dtype), dy, *places), *(None for _ in indices)]


def _scatter_add(dy: Any, operands: list[Any], y: Any) -> list[Any]:
    x, _, *indices = operands
    inside = np.True_
    for i, n in zip(map(_wide, indices), x.shape, strict=True):
        inside = ops.logical_and(inside, ops.logical_and(i >= 0, i < n))
    return [dy, ops.where(inside, p.gather_p.bind(dy, *indices), 0), *(None for _ in indices)]


def _wide(i: Any) -> Any:
    """Indices in a type that also holds the sizes of axes."""
    return i if i.dtype.itemsize >= 4 else ops.cast(i, "int32")


def _sort(
    dys: list[Any], operands: list[Any], ys: list[Any], axis: int, descending: bool = False
) -> list[Any]:
    """Sorting moves x[order[i]] to y[i]; sorting `order` tells where each element of x went."""
    keys = operands[0]
    places = p.iota_p.bind(shape=keys.shape, dtype=np.dtype("int32"), axis=axis)
    order = p.sort_p.bind(keys, places, axis=axis, descending=descending)[1]
    went = p.sort_p.bind(order, places, axis=axis, descending=False)[1]
    return [None if dy is None else ops.take_along_axis(dy, went, axis) for dy in dys]


gradient_rules |= {p.gather_p: _gather, p.scatter_add_p: _scatter_add, p.sort_p: _sort}
