"""Primitives that move elements and compute nothing."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import check_axes, check_length, fail

broadcast_in_dim_p = Primitive("broadcast_in_dim")
reshape_p = Primitive("reshape")
transpose_p = Primitive("transpose")
slice_p = Primitive("slice")
pad_p = Primitive("pad")
concatenate_p = Primitive("concatenate")
reverse_p = Primitive("reverse")
windows_p = Primitive("windows")

Ints = tuple[int, ...]


def _broadcast_in_dim(x: Spec, shape: Ints, dims: Ints) -> Spec:
    check_length(broadcast_in_dim_p, x, dims=dims)
    increasing = all(a < b for a, b in pairwise(dims))
    if not increasing or any(not 0 <= d < len(shape) for d in dims):
        raise fail(
            broadcast_in_dim_p, f"`dims`={dims} must be increasing axes of the shape {tuple(shape)}", x
        )
    if any(n not in (1, shape[d]) for n, d in zip(x.shape, dims, strict=True)):
        raise fail(broadcast_in_dim_p, f"sizes must be 1 or those of {tuple(shape)} at `dims`={dims}", x)
    return Spec(tuple(shape), x.dtype)


def _reshape(x: Spec, shape: Ints) -> Spec:
    if prod(shape) != x.size or any(n < 0 for n in shape):
        raise fail(reshape_p, f"cannot give {x.size} elements the shape {tuple(shape)}", x)
    return Spec(tuple(shape), x.dtype)


def _transpose(x: Spec, permutation: Ints) -> Spec:
    if sorted(permutation) != list(range(x.ndim)):
        raise fail(transpose_p, f"`permutation`={permutation} must name each of the {x.ndim} axes once", x)
    return Spec(tuple(x.shape[axis] for axis in permutation), x.dtype)


def _slice(x: Spec, start: Ints, limit: Ints, strides: Ints | None = None) -> Spec:
    strides = (1,) * x.ndim if strides is None else strides
    check_length(slice_p, x, start=start, limit=limit, strides=strides)
    for n, a, b, step in zip(x.shape, start, limit, strides, strict=True):
        if not (0 <= a <= b <= n and step > 0):
            raise fail(
                slice_p,
                f"start {start}, limit {limit}, strides {strides} must satisfy "
                "0 ≤ start ≤ limit ≤ size and stride > 0",
                x,
            )
    sizes = (-(-(b - a) // step) for a, b, step in zip(start, limit, strides, strict=True))
    return Spec(tuple(sizes), x.dtype)


def _pad(x: Spec, value: Spec, low: Ints, high: Ints, interior: Ints | None = None) -> Spec:
    interior = (0,) * x.ndim if interior is None else interior
    check_length(pad_p, x, low=low, high=high, interior=interior)
    if value.shape != () or value.dtype != x.dtype:
        raise fail(pad_p, "the padding value must be a scalar of the operand's dtype", x, value)
    if any(n < 0 for n in (*low, *high, *interior)):
        raise fail(pad_p, f"low {low}, high {high}, interior {interior} must not be negative", x)
    sizes = (
        a + n + max(n - 1, 0) * gap + b for n, a, b, gap in zip(x.shape, low, high, interior, strict=True)
    )
    return Spec(tuple(sizes), x.dtype)


def _concatenate(*operands: Spec, axis: int) -> Spec:
    if not operands:
        raise fail(concatenate_p, "needs at least one operand")
    x = operands[0]
    check_axes(concatenate_p, (axis,), x)
    for y in operands[1:]:
        same = len(y.shape) == len(x.shape) and all(
            a == b for i, (a, b) in enumerate(zip(x.shape, y.shape, strict=True)) if i != axis
        )
        if not same or y.dtype != x.dtype:
            raise fail(
                concatenate_p, f"dtypes and all sizes but those of axis {axis} must be equal", *operands
            )
    total = sum(y.shape[axis] for y in operands)
    return Spec((*x.shape[:axis], total, *x.shape[axis + 1 :]), x.dtype)


def _reverse(x: Spec, axes: Ints) -> Spec:
    check_axes(reverse_p, axes, x)
    return x


def _windows(x: Spec, axes: Ints, sizes: Ints, strides: Ints, dilations: Ints) -> Spec:
    check_axes(windows_p, axes, x)
    if not len(axes) == len(sizes) == len(strides) == len(dilations) or len(set(axes)) != len(axes):
        raise fail(windows_p, f"axes {axes} need a size, a stride and a dilation each", x)
    shape = list(x.shape)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        reach = (size - 1) * dilation + 1
        if size < 1 or stride < 1 or dilation < 1 or reach > x.shape[axis]:
            raise fail(
                windows_p,
                f"sizes {sizes}, strides {strides}, dilations {dilations} must be positive, "
                f"and a window ({reach} elements) fit into the axis (axis {axis})",
                x,
            )
        shape[axis] = (x.shape[axis] - reach) // stride + 1
    return Spec((*shape, *sizes), x.dtype)


shape_rules[broadcast_in_dim_p] = _broadcast_in_dim
shape_rules[reshape_p] = _reshape
shape_rules[transpose_p] = _transpose
shape_rules[slice_p] = _slice
shape_rules[pad_p] = _pad
shape_rules[concatenate_p] = _concatenate
shape_rules[reverse_p] = _reverse
shape_rules[windows_p] = _windows
