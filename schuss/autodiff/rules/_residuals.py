"""What a loop's way back remembers of the way there."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence

from schuss.graph import Node, Tensor
from schuss.graph import primitives as p

_CHEAP = frozenset({
    p.abs_p, p.add_p, p.and_p, p.broadcast_in_dim_p, p.compare_p, p.convert_p, p.identity_p, p.iota_p, p.is_finite_p,
    p.maximum_p, p.minimum_p, p.multiply_p, p.negative_p, p.not_p, p.or_p, p.reshape_p, p.reverse_p, p.select_p, p.sign_p,
    p.slice_p, p.stop_gradient_p, p.subtract_p, p.transpose_p, p.xor_p,
})  # fmt: skip


def remembered(
    there: Sequence[Node],
    free: Collection[Tensor],
    carries: Sequence[Tensor],
    used: Sequence[Tensor],
    stacked: Sequence[Tensor],
) -> list[Tensor]:
    """The tensors of the way there that are to be stacked.

    Args:
        there: the nodes of the way there. free: what every turn of the way back has anyway. carries: the carries before a
            turn. used: what the way back uses of the way there. stacked: what has to be stacked for another reason.

    What cheap operations make is not stacked if what they make it of is smaller, or is remembered already.
    """
    made = {t.id: t for node in there for t in node.outputs} | {t.id: t for t in carries}
    has = {t.id for t in free}
    pending = {t.id for t in (*used, *stacked) if t.id in made and t.id not in has}
    forced = {t.id for t in stacked}
    order = [-number for number in pending]
    heapq.heapify(order)
    found = []
    while order:  # later ones first: they may add earlier ones
        tensor = made[-heapq.heappop(order)]
        node = tensor.node
        if node is None or tensor.id in forced or node.primitive not in _CHEAP:
            found.append(tensor)
            continue
        known = has | (pending - {tensor.id})
        bases = [t for t in _bases(tensor, known) if t.id in made]
        if bases and sum(map(_bytes, bases)) >= _bytes(tensor):
            found.append(tensor)
            continue
        for t in node.inputs:
            if t.id in made and t.id not in has and t.id not in pending:
                pending.add(t.id)
                heapq.heappush(order, -t.id)
    return found[::-1]


def _bases(tensor: Tensor, known: set[int]) -> list[Tensor]:
    """What is not known and cheap operations make the tensor of."""
    found, seen, stack = [], set(known), [tensor]
    while stack:
        t = stack.pop()
        if t.id in seen:
            continue
        seen.add(t.id)
        if t.node is not None and t.node.primitive in _CHEAP:
            stack.extend(t.node.inputs)
        else:
            found.append(t)
    return found


def _bytes(tensor: Tensor) -> int:
    return tensor.size * tensor.dtype.itemsize
