"""Gradients of reductions and running totals."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import gradient_rules
from schuss.graph import primitives as p
from schuss.ops._operands import filled

Ints = tuple[int, ...]


def _restored(y: Any, like: Any, axes: Ints) -> Any:
    """`y`, from which `axes` were removed, repeated along them to the shape of `like`."""
    dims = tuple(axis for axis in range(like.ndim) if axis not in axes)
    return p.broadcast_in_dim_p.bind(y, shape=like.shape, dims=dims)


def _shifted(x: Any, by: int, axis: int, fill: float) -> Any:
    """`x` moved along `axis` by so many places, to the end (``by > 0``) or the start, with `fill` moving
    in."""
    along = tuple(abs(by) if a == axis else 0 for a in range(x.ndim))
    none = (0,) * x.ndim
    low, high, start = (along, none, none) if by > 0 else (none, along, along)
    padded = p.pad_p.bind(x, np.asarray(fill, x.dtype), low=low, high=high, interior=none)
    limit = tuple(a + n for a, n in zip(start, x.shape, strict=True))
    return p.slice_p.bind(padded, start=start, limit=limit, strides=(1,) * x.ndim)


def _product_before(x: Any, axis: int) -> Any:
    """``Π x[j]`` over j < i."""
    return p.cumprod_p.bind(_shifted(x, 1, axis, 1), axis=axis, reverse=False)


def _product_after(x: Any, axis: int) -> Any:
    """``Π x[j]`` over j > i."""
    return p.cumprod_p.bind(_shifted(x, -1, axis, 1), axis=axis, reverse=True)


def _reduce_sum(dy: Any, operands: list[Any], y: Any, axes: Ints) -> list[Any]:
    return [_restored(dy, operands[0], axes)]


def _reduce_extreme(dy: Any, operands: list[Any], y: Any, axes: Ints) -> list[Any]:
    """Elements that are equal to the extreme share its gradient."""
    (x,) = operands
    chosen = x == _restored(y, x, axes)
    share = dy / p.reduce_sum_p.bind(ops.cast(chosen, x.dtype), axes=axes)
    return [ops.where(chosen, _restored(share, x, axes), 0)]


def _reduce_prod(dy: Any, operands: list[Any], y: Any, axes: Ints) -> list[Any]:
    """dy times the product of all others: without dividing, since elements may be 0."""
    (x,) = operands
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = kept + tuple(axes)
    back = tuple(sorted(range(x.ndim), key=order.__getitem__))
    moved = ops.transpose(x, order)
    rows = ops.reshape(moved, (*(x.shape[axis] for axis in kept), prod(x.shape[axis] for axis in axes)))
    others = _product_before(rows, len(kept)) * _product_after(rows, len(kept))
    return [_restored(dy, x, axes) * ops.transpose(ops.reshape(others, moved.shape), back)]


def _cumsum(dy: Any, operands: list[Any], y: Any, axis: int, reverse: bool = False) -> list[Any]:
    return [p.cumsum_p.bind(dy, axis=axis, reverse=not reverse)]


def _cumprod(dy: Any, operands: list[Any], y: Any, axis: int, reverse: bool = False) -> list[Any]:
    """``dx[i] = Π_{j<i} x[j] · s[i]`` with ``s[i] = dy[i] + x[i+1] s[i+1]``: without dividing, since elements
    may be 0.

    The recurrence is solved by doubling: after the turn with `step`, s[i] has its first 2·step terms, and
    ``reach[i] = x[i+1] ··· x[i+2·step]``.
    """
    (x,) = operands
    if reverse:
        x, dy = ops.flip(x, axis), ops.flip(dy, axis)
    s, reach, step = dy, _shifted(x, -1, axis, 1), 1
    while step < x.shape[axis]:
        s = s + reach * _shifted(s, -step, axis, 0)
        reach = reach * _shifted(reach, -step, axis, 1)
        step *= 2
    dx = _product_before(x, axis) * s
    return [ops.flip(dx, axis) if reverse else dx]


def _cummax(dy: Any, operands: list[Any], y: Any, axis: int, reverse: bool = False) -> list[Any]:
    """To the element that is the maximum so far; of equals, the one reached last."""
    (x,) = operands
    if reverse:
        x, y, dy = (ops.flip(v, axis) for v in (x, y, dy))
    places = [p.iota_p.bind(shape=x.shape, dtype=np.dtype("int32"), axis=a) for a in range(x.ndim)]
    places[axis] = p.cummax_p.bind(ops.where(x == y, places[axis], -1), axis=axis, reverse=False)
    dx = p.scatter_add_p.bind(filled(x.shape, 0, x.dtype), dy, *places)
    return [ops.flip(dx, axis) if reverse else dx]


gradient_rules |= {
    p.reduce_sum_p: _reduce_sum,
    p.reduce_max_p: _reduce_extreme,
    p.reduce_min_p: _reduce_extreme,
    p.reduce_prod_p: _reduce_prod,
    p.cumsum_p: _cumsum,
    p.cumprod_p: _cumprod,
    p.cummax_p: _cummax,
}
