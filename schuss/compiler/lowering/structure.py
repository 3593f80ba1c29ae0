"""Lowering of primitives that move elements: a view is another index; pad and concatenate write into
parts."""

from __future__ import annotations

from collections.abc import Sequence

from schuss.compiler._context import Context, Pointwise, Writing
from schuss.compiler._expr import Buffer, Expr
from schuss.compiler._index import Dim, Index, constant, of_dim, reshaped
from schuss.compiler._kernel import Kernel, Store
from schuss.graph import PRIMITIVES, Node, Tensor, lowering_rules

Ints = tuple[int, ...]


def _broadcast_in_dim(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    x = node.inputs[0]
    dims = node.params["dims"]
    return context.at(x, tuple(Index() if x.shape[i] == 1 else index[dims[i]] for i in range(x.ndim)))


def _reshape(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    x = node.inputs[0]
    return context.at(x, reshaped(index, node.outputs[0].shape, x.shape))


def _transpose(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    source = [Index()] * len(index)
    for position, axis in enumerate(node.params["permutation"]):
        source[axis] = index[position]
    return context.at(node.inputs[0], tuple(source))


def _slice(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    strides = node.params.get("strides") or (1,) * len(index)
    return context.at(
        node.inputs[0],
        tuple(i * step + start for i, start, step in zip(index, node.params["start"], strides, strict=True)),
    )


def _reverse(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    x = node.inputs[0]
    return context.at(
        x, tuple(i * -1 + (x.shape[a] - 1) if a in node.params["axes"] else i for a, i in enumerate(index))
    )


def _windows(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    params, x = node.params, node.inputs[0]
    source = list(index[: x.ndim])
    for n, axis in enumerate(params["axes"]):
        source[axis] = source[axis] * params["strides"][n] + index[x.ndim + n] * params["dilations"][n]
    return context.at(x, tuple(source))


def _iota(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    return context.make.position(index[node.params["axis"]], node.outputs[0].dtype)


lowering_rules[PRIMITIVES["broadcast_in_dim"]] = Pointwise(_broadcast_in_dim, view=True)
lowering_rules[PRIMITIVES["reshape"]] = Pointwise(_reshape, view=True)
lowering_rules[PRIMITIVES["transpose"]] = Pointwise(_transpose, view=True)
lowering_rules[PRIMITIVES["slice"]] = Pointwise(_slice, view=True)
lowering_rules[PRIMITIVES["reverse"]] = Pointwise(_reverse, view=True)
lowering_rules[PRIMITIVES["windows"]] = Pointwise(_windows, view=True)
lowering_rules[PRIMITIVES["iota"]] = Pointwise(_iota, view=True)


def new_dims(shape: tuple[int, ...], prefix: str = "i") -> tuple[Dim, ...]:
    """A loop variable for each axis."""
    return tuple(Dim(f"{prefix}{axis}", size) for axis, size in enumerate(shape))


def loops(dims: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The dims that need a loop."""
    return tuple(d for d in dims if d.size != 1)


def _copy(
    context: Context, source: Tensor, target: Buffer, place: list[tuple[int, int]], label: str
) -> Kernel:
    """A kernel that writes ``target[start + step·i, …] = source[i, …]``."""
    dims = new_dims(source.shape)
    index = tuple(of_dim(d) for d in dims)
    context.enter(set(), index, None)
    target_index = tuple(i * step + start for i, (start, step) in zip(index, place, strict=True))
    return Kernel(loops(dims), [Store(target, target_index, context.at(source, index))], label=label)


def _concatenate(context: Context, node: Node, outputs: list[Buffer]) -> list[Kernel]:
    kernels, start = [], 0
    for operand in node.inputs:
        place = [(start if axis == node.params["axis"] else 0, 1) for axis in range(operand.ndim)]
        if operand.size:
            kernels.append(_copy(context, operand, outputs[0], place, "concatenate"))
        start += operand.shape[node.params["axis"]]
    return kernels


def _pad(context: Context, node: Node, outputs: list[Buffer]) -> list[Kernel]:
    x, value = node.inputs
    interior = node.params.get("interior") or (0,) * x.ndim
    shape, low, high = outputs[0].shape, node.params["low"], node.params["high"]
    if any(interior) or not x.size:
        around = [_fill(context, value, outputs[0], shape, [(0,) * x.ndim])]
    else:
        around = [
            kernel for axis in range(x.ndim) for kernel in _ends(context, value, outputs[0], low, high, axis)
        ]
    place = [(start, gap + 1) for start, gap in zip(low, interior, strict=True)]
    return [*around, _copy(context, x, outputs[0], place, "pad")] if x.size else around


def _ends(context: Context, value: Tensor, target: Buffer, low: Ints, high: Ints, axis: int) -> list[Kernel]:
    """Kernels that fill what is before and after the inside along an axis, of the inside along the axes before it."""
    inside = [n - a - b for n, a, b in zip(target.shape, low, high, strict=True)]

    def fill(size: int, *starts: int) -> Kernel:
        shape = (*inside[:axis], size, *target.shape[axis + 1 :])
        corners = [(*low[:axis], start, *(0,) * (len(shape) - axis - 1)) for start in starts]
        return _fill(context, value, target, shape, corners)

    first, last = low[axis], high[axis]
    if first == last:
        return [fill(first, 0, first + inside[axis])] if first else []
    return [fill(size, start) for size, start in ((first, 0), (last, first + inside[axis])) if size]


def _fill(context: Context, value: Tensor, target: Buffer, shape: Ints, corners: Sequence[Ints]) -> Kernel:
    """A kernel that writes the value to blocks of that shape, which begin at the corners."""
    dims = new_dims(shape)
    context.enter(set(), tuple(of_dim(d) for d in dims), None)
    places = [tuple(of_dim(d) + n for d, n in zip(dims, corner, strict=True)) for corner in corners]
    return Kernel(loops(dims), [Store(target, place, context.at(value, ())) for place in places], label="pad")


lowering_rules[PRIMITIVES["concatenate"]] = Writing(_concatenate)
lowering_rules[PRIMITIVES["pad"]] = Writing(_pad)

__all__ = ["constant", "loops", "new_dims"]
