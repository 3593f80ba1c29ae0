"""Sums over the turns of a loop: of products and sums in one operation after the loop, where their factors are stacked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from schuss.graph import Node, Tensor
from schuss.graph import primitives as p
from schuss.ops._operands import filled, reshaped

_LINEAR = {p.convert_p, p.identity_p, p.negative_p, p.reshape_p, p.transpose_p}
_VIEWS = {p.convert_p, p.identity_p, p.reshape_p, p.transpose_p}


@dataclass
class After:
    """What there is after the loop. `stack`: of a tensor of its body, the values of all turns along a new first axis.
    `total`: of a carried term, the sum. `constant`: of a tensor that is the same in every turn, its value."""

    stack: Callable[[Tensor], Any]
    total: Callable[[Tensor], Any]
    constant: Callable[[Tensor], Any]


@dataclass
class Total:
    """A sum over the turns.

    `stacked`: tensors of the body that have to be stacked for it. `carried`: those that are added up turn by turn.
    `value`: computes it after the loop.
    """

    stacked: list[Tensor]
    carried: list[Tensor]
    value: Callable[[After], Any]


def total_of(term: Tensor, fixed: Collection[int]) -> Total:
    """The sum of a term over the turns. `fixed`: the ids of the tensors that are the same in every turn."""
    node = term.node
    rule = None if node is None or term.id in fixed else _RULES.get(node.primitive)
    found = None if rule is None or node is None else rule(node, fixed)
    return found or Total([], [term], lambda after: after.total(term))


def _add(node: Node, fixed: Collection[int]) -> Total:
    first, second = (total_of(t, fixed) for t in node.inputs)
    return Total(
        first.stacked + second.stacked,
        first.carried + second.carried,
        lambda after: p.add_p.bind(first.value(after), second.value(after)),
    )


def _linear(node: Node, fixed: Collection[int]) -> Total:
    inner = total_of(node.inputs[0], fixed)
    return Total(
        inner.stacked, inner.carried, lambda after: node.primitive.bind(inner.value(after), **node.params)
    )


def _pad(node: Node, fixed: Collection[int]) -> Total | None:
    x, value = node.inputs
    if not is_zero(value):
        return None
    inner = total_of(x, fixed)
    return Total(
        inner.stacked,
        inner.carried,
        lambda after: p.pad_p.bind(inner.value(after), filled((), 0, x.dtype), **node.params),
    )


def _dot_general(node: Node, fixed: Collection[int]) -> Total | None:
    """``Σ_t x_t y_t``: a product that contracts the turns, too. With a fixed factor it is ``x Σ_t y_t``."""
    x, y = node.inputs
    contract, batch = node.params["contract"], node.params["batch"]
    if x.id in fixed and y.id in fixed:
        return None
    if x.id in fixed or y.id in fixed:
        inner = total_of(y if x.id in fixed else x, fixed)

        def one_sided(after: After) -> Any:
            operands = [after.constant(t) if t.id in fixed else inner.value(after) for t in (x, y)]
            return p.dot_general_p.bind(*operands, **node.params)

        return Total(inner.stacked, inner.carried, one_sided)
    contracted = tuple((0, *(axis + 1 for axis in axes)) for axes in contract)
    batched = tuple(tuple(axis + 1 for axis in axes) for axes in batch)

    def value(after: After) -> Any:
        return p.dot_general_p.bind(_stack(x, after), _stack(y, after), contract=contracted, batch=batched)

    return Total([_base(x), _base(y)], [], value)


def _reduce_sum(node: Node, fixed: Collection[int]) -> Total:
    (x,), axes = node.inputs, node.params["axes"]

    def value(after: After) -> Any:
        return p.reduce_sum_p.bind(_stack(x, after), axes=(0, *(axis + 1 for axis in axes)))

    return Total([_base(x)], [], value)


def _scatter_add(node: Node, fixed: Collection[int]) -> Total | None:
    x, updates, *indices = node.inputs
    if not is_zero(x):
        return None

    def value(after: After) -> Any:
        places = (_stack(i, after) for i in indices)
        return p.scatter_add_p.bind(filled(x.shape, 0, x.dtype), _stack(updates, after), *places)

    return Total([_base(t) for t in (updates, *indices)], [], value)


_RULES = {
    p.add_p: _add,
    p.pad_p: _pad,
    p.dot_general_p: _dot_general,
    p.reduce_sum_p: _reduce_sum,
    p.scatter_add_p: _scatter_add,
    **dict.fromkeys(_LINEAR, _linear),
}


def is_zero(tensor: Tensor) -> bool:
    """Whether the tensor is made as zeros."""
    if tensor.node is not None and tensor.node.primitive is p.broadcast_in_dim_p:
        tensor = tensor.node.inputs[0]
    return tensor.array is not None and tensor.size == 1 and not tensor.array.any()


def _base(tensor: Tensor) -> Tensor:
    """What has to be stacked for the tensor to be a view of it."""
    while tensor.node is not None and tensor.node.primitive in _VIEWS:
        tensor = tensor.node.inputs[0]
    return tensor


def _stack(tensor: Tensor, after: After) -> Any:
    """The tensor's values of all turns, from those of its base."""
    node = tensor.node
    if node is None or node.primitive not in _VIEWS:
        return after.stack(tensor)
    inner = _stack(node.inputs[0], after)
    if node.primitive is p.reshape_p:
        return reshaped(inner, (inner.shape[0], *tensor.shape))
    if node.primitive is p.transpose_p:
        return p.transpose_p.bind(inner, permutation=(0, *(axis + 1 for axis in node.params["permutation"])))
    return node.primitive.bind(inner, **node.params)
