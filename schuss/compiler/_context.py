"""Context: what lowering rules are given. It turns tensors into expressions at an index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.compiler._expr import Buffer, Expr, Interner
from schuss.compiler._index import Dim, Index
from schuss.compiler._kernel import Kernel, Reduction
from schuss.graph import Node, Tensor, lowering_rules


@dataclass
class Pointwise:
    """A primitive whose element at `index` is an expression of its operands' elements.

    ``rule(context, node, index) -> Expr``. `view`: it only moves elements, computes nothing. `same_index`:
    reads its operands at its own index. `kept`: the result is to be computed once and kept in memory.
    """

    rule: Callable[[Context, Node, tuple[Index, ...]], Expr]
    view: bool = False
    same_index: bool = False
    kept: bool = False


@dataclass
class Reducing:
    """A primitive whose element is a reduction: ``rule(context, node, dims) -> Reduction``, `dims` those of
    the result."""

    rule: Callable[[Context, Node, tuple[Dim, ...]], Reduction]


@dataclass
class Writing:
    """A primitive that needs kernels of its own: ``rule(context, node, outputs) -> [Kernel, …]``, run in this
    order. `beside`: the first of them is all that reads the first operand, and does so at the result's own index."""

    rule: Callable[[Context, Node, list[Buffer]], list[Kernel]]
    beside: bool = False


@dataclass
class Looping:
    """A primitive that repeats a graph: kernels of that graph in a loop (`_loops`), if all of it can be lowered."""


def rule_of(node: Node) -> Any:
    """The node's lowering rule; None if it has to run on the host."""
    rule = lowering_rules.get(node.primitive)
    if isinstance(rule, Looping) and any(rule_of(inner) is None for inner in node.params["body"].graph.nodes):
        return None
    return rule


def is_made(tensor: Tensor) -> bool:
    """Whether kernels of the graph compute the tensor's elements, and may write them wherever they are wanted."""
    rule = None if tensor.node is None else rule_of(tensor.node)
    return isinstance(rule, (Reducing, Writing)) or (isinstance(rule, Pointwise) and not rule.view)


@dataclass(frozen=True)
class Place:
    """Where a tensor is kept that has no buffer of its own: its element at `index` lies in `buffer` at ``at(index)``.

    `whole`: whether its elements lie together, in their order.
    """

    buffer: Buffer
    at: Callable[[tuple[Index, ...]], tuple[Index, ...]]
    whole: bool = True


def part_of(place: Place, starts: tuple[int, ...]) -> Place:
    """The place of what lies from there on of what lies at `place`."""

    def at(index: tuple[Index, ...]) -> tuple[Index, ...]:
        return place.at(tuple(i + start if start else i for i, start in zip(index, starts, strict=True)))

    return Place(place.buffer, at, whole=False)


class Context:
    """Expressions of one group's tensors.

    `buffers` maps the ids of tensors in memory to their buffers, `places` those of tensors that lie in a part of one,
    `elsewhere` those of a loop body's inputs to what they are outside of the loop. `inside` holds the ids of tensors that
    this group itself computes: at the group's own index they are expressions.
    """

    def __init__(self, buffers: dict[int, Buffer], make: Interner | None = None):
        self.buffers = buffers
        self.places: dict[int, Place] = {}
        self.elsewhere: dict[int, Callable[[tuple[Index, ...]], Expr]] = {}
        self.make = make or Interner()
        self.inside: set[int] = set()
        self.home_index: tuple[Index, ...] | None = None
        self.reducer: int | None = None
        self._memo: dict[tuple[int, tuple[Index, ...]], Expr] = {}

    def enter(self, inside: set[int], index: tuple[Index, ...], reducer: Tensor | None) -> None:
        """From here on, expressions belong to a group that computes `inside` at `index`."""
        self.inside, self.home_index = inside, index
        self.reducer = None if reducer is None else reducer.id
        self._memo = {}

    def at(self, tensor: Tensor, index: tuple[Index, ...]) -> Expr:
        """The element of `tensor` at `index`."""
        key = (tensor.id, index)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._expression(tensor, index)
        return found

    def _expression(self, tensor: Tensor, index: tuple[Index, ...]) -> Expr:
        own = tensor.id in self.inside and index == self.home_index
        if own and tensor.id == self.reducer:
            dims = frozenset(d for i in index for d in _dims(i))
            return self.make.reduced(tensor.dtype, dims)
        if not own:
            if tensor.array is not None and tensor.array.size == 1:
                return self.make.const(tensor.array.reshape(()).item(), tensor.dtype)
            if tensor.id in self.elsewhere:
                return self.elsewhere[tensor.id](index)
            if tensor.id in self.places:
                place = self.places[tensor.id]
                return self.make.load(place.buffer, place.at(index))
            if tensor.id in self.buffers:
                return self.make.load(self.buffers[tensor.id], index)
        assert tensor.node is not None
        return lowering_rules[tensor.node.primitive].rule(self, tensor.node, index)

    def apply(self, name: str, *args: Expr, dtype: Any = None, params: tuple[Any, ...] = ()) -> Expr:
        return self.make.apply(name, args, args[0].dtype if dtype is None else np.dtype(dtype), params)


def _dims(index: Index) -> Any:
    from schuss.compiler._index import dims_of

    return dims_of(index)
