"""Lowering of primitives that move elements: a view is another index; pad and concatenate write into
parts."""

from __future__ import annotations

from schuss.compiler._context import Context, Pointwise, Writing
from schuss.compiler._expr import Buffer, Expr
from schuss.compiler._index import Dim, Index, constant, of_dim, reshaped
from schuss.compiler._kernel import Kernel, Store
from schuss.graph import PRIMITIVES, Node, Tensor, lowering_rules


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
    dims = new_dims(outputs[0].shape)
    index = tuple(of_dim(d) for d in dims)
    context.enter(set(), index, None)
    fill = Kernel(loops(dims), [Store(outputs[0], index, context.at(value, ()))], label="pad")
    place = [(low, gap + 1) for low, gap in zip(node.params["low"], interior, strict=True)]
    return [fill, _copy(context, x, outputs[0], place, "pad")] if x.size else [fill]


lowering_rules[PRIMITIVES["concatenate"]] = Writing(_concatenate)
lowering_rules[PRIMITIVES["pad"]] = Writing(_pad)

__all__ = ["constant", "loops", "new_dims"]
