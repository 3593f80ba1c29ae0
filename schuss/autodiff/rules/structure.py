"""Gradients of primitives that move elements: what was copied adds up, what was moved moves back."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import gradient_rules
from schuss.graph import primitives as p
from schuss.ops._operands import filled
from schuss.ops._windows import overlapped

Ints = tuple[int, ...]


def _broadcast_in_dim(dy: Any, operands: list[Any], y: Any, shape: Ints, dims: Ints) -> list[Any]:
    (x,) = operands
    own = {d for n, d in zip(x.shape, dims, strict=True) if n == shape[d]}
    repeated = tuple(axis for axis in range(len(shape)) if axis not in own)
    total = p.reduce_sum_p.bind(dy, axes=repeated) if repeated else dy
    return [ops.reshape(total, x.shape)]


def _reshape(dy: Any, operands: list[Any], y: Any, shape: Ints) -> list[Any]:
    return [ops.reshape(dy, operands[0].shape)]


def _transpose(dy: Any, operands: list[Any], y: Any, permutation: Ints) -> list[Any]:
    back = sorted(range(len(permutation)), key=permutation.__getitem__)
    return [p.transpose_p.bind(dy, permutation=tuple(back))]


def _slice(
    dy: Any, operands: list[Any], y: Any, start: Ints, limit: Ints, strides: Ints | None = None
) -> list[Any]:
    (x,) = operands
    interior = (0,) * x.ndim if strides is None else tuple(step - 1 for step in strides)
    inside = (n + max(n - 1, 0) * gap for n, gap in zip(dy.shape, interior, strict=True))
    high = tuple(n - a - k for n, a, k in zip(x.shape, start, inside, strict=True))
    return [p.pad_p.bind(dy, np.zeros((), dy.dtype), low=start, high=high, interior=interior)]


def _pad(
    dy: Any, operands: list[Any], y: Any, low: Ints, high: Ints, interior: Ints | None = None
) -> list[Any]:
    x = operands[0]
    limit = tuple(n - b for n, b in zip(dy.shape, high, strict=True))
    strides = None if interior is None else tuple(gap + 1 for gap in interior)
    dx = p.slice_p.bind(dy, start=low, limit=limit, strides=strides)
    one = np.ones((), dy.dtype)
    added = p.pad_p.bind(filled(x.shape, 0, dy.dtype), one, low=low, high=high, interior=interior)
    return [dx, ops.sum(dy * added)]


def _concatenate(dy: Any, operands: list[Any], y: Any, axis: int) -> list[Any]:
    def part(first: int, last: int) -> Any:
        start, limit = [0] * dy.ndim, list(dy.shape)
        start[axis], limit[axis] = first, last
        return p.slice_p.bind(dy, start=tuple(start), limit=tuple(limit), strides=(1,) * dy.ndim)

    return [part(*ends) for ends in pairwise(accumulate((x.shape[axis] for x in operands), initial=0))]


def _reverse(dy: Any, operands: list[Any], y: Any, axes: Ints) -> list[Any]:
    return [p.reverse_p.bind(dy, axes=axes)]


def _windows(
    dy: Any, operands: list[Any], y: Any, axes: Ints, sizes: Ints, strides: Ints, dilations: Ints
) -> list[Any]:
    return [overlapped(dy, operands[0].shape, axes, strides, dilations)]


gradient_rules |= {
    p.broadcast_in_dim_p: _broadcast_in_dim,
    p.reshape_p: _reshape,
    p.transpose_p: _transpose,
    p.slice_p: _slice,
    p.pad_p: _pad,
    p.concatenate_p: _concatenate,
    p.reverse_p: _reverse,
    p.windows_p: _windows,
}
