"""A scan as a loop: kernels of its body, run once in every turn.

What the body calls its inputs is, outside, the elements that belong to the turn: constants and slices are read where they
lie (or computed on the way in), with the turn in the index. Carries lie in buffers of their own, so that nothing is copied
from turn to turn: in one place, where the new value can be written over the old one; in one place for each turn, where the
scan gives them as results, too; else in two that take turns.
"""

from __future__ import annotations

from dataclasses import dataclass

from schuss.compiler._context import Context, Place
from schuss.compiler._expr import Buffer
from schuss.compiler._fuse import Fusion, readers_of, replaceable
from schuss.compiler._index import Dim, Index, constant, dims_of, of_dim
from schuss.compiler._kernel import Kernel, Loop, Step, Store
from schuss.compiler._lower import Lowering, loops_over
from schuss.compiler._order import expressions
from schuss.compiler.lowering.structure import loops
from schuss.graph import Graph, Node, Tensor, divided


@dataclass(frozen=True)
class _Carry:
    """Where a carry lies: before turn t at `before`, after it at `after`, at the end at `last`."""

    buffer: Buffer
    before: Index
    after: Index
    last: int


def loop_of(node: Node, around: Lowering, label: str) -> list[Step]:
    """The steps of a scan: what lays down the first carries, and the loop.

    Args:
        node: the scan. around: the lowering of the graph in which it stands. label: for people.
    """
    body: Graph = node.params["body"].graph
    length, reverse = node.params["length"], node.params["reverse"]
    name = "t" + "'" * (len(around.turns) // 2)
    turn, side = Dim(name, length), Dim(f"{name} % 2", 2)
    time = of_dim(turn) * -1 + (length - 1) if reverse else of_dim(turn)
    counts = node.params["counts"]
    operands, inputs = divided(node.inputs, counts), divided(body.inputs, counts)

    outside = around.context
    outside.enter(set(), (), None)
    context = Context({}, outside.make)
    for operand, tensor in zip(operands[0], inputs[0], strict=True):
        context.elsewhere[tensor.id] = lambda index, operand=operand: outside.at(operand, index)
    for operand, tensor in zip(operands[2], inputs[2], strict=True):
        context.elsewhere[tensor.id] = lambda index, operand=operand: outside.at(operand, (time, *index))
    fusion = Fusion(body, merging=True)
    rows = _rows(around.rows, inputs[1])
    inside = Lowering(fusion, context, around.buffers, rows, (*around.turns, turn, side))

    steps: list[Step] = []
    results = node.outputs
    new, ys = body.outputs[: counts[1]], body.outputs[counts[1] :]
    for number, (old, start) in enumerate(zip(inputs[1], operands[1], strict=True)):
        carry = _carry(old, new[number], ys, fusion, around, turn, side)
        context.places[old.id] = _place(carry.buffer, carry.before)
        context.places[new[number].id] = _place(carry.buffer, carry.after)
        outside.places[results[number].id] = _place(carry.buffer, constant(carry.last))
        for y, result in zip(ys, results[counts[1] :], strict=True):
            if y is old or y is new[number]:
                outside.places[result.id] = _history(carry.buffer, length, reverse, after=y is new[number])
        if old.size:
            steps.append(_first(start, carry.buffer, outside, inside))
    for y, result in zip(ys, results[counts[1] :], strict=True):
        if result.id not in outside.places:
            if result.id not in outside.buffers:
                around.buffer(result, f"t{result.id}", "temporary")
            context.places[y.id] = _place(outside.buffers[result.id], time)
        elif y.id not in context.places:  # a result of a loop around this one
            context.places[y.id] = _within(outside.places[result.id], time)
    repeated = inside.steps()
    for step in repeated:
        if isinstance(step, Kernel):
            step.given = _given(step, inside.turns)
    return [*steps, Loop(turn, side, repeated, reverse, label=label)]


def _rows(around: int, carries: list[Tensor]) -> int:
    """The leading size by which threads divide the body: the batch's, or that of the largest carry."""
    sizes = [t for t in carries if t.ndim > 1]
    if around and (not sizes or any(t.shape[0] == around for t in sizes)):
        return around
    return max(sizes, key=lambda t: t.size).shape[0] if sizes else 0


def _carry(
    old: Tensor, new: Tensor, ys: list[Tensor], fusion: Fusion, around: Lowering, turn: Dim, side: Dim
) -> _Carry:
    def buffer(places: int) -> Buffer:
        return around.new_buffer(f"carry{old.id}", (places, *old.shape), old)

    if any(y is old or y is new for y in ys):
        return _Carry(buffer(turn.size + 1), of_dim(turn), of_dim(turn) + 1, turn.size)
    if replaceable(fusion, old, new, readers_of(fusion).get(old.id, [])):
        return _Carry(buffer(1), constant(0), constant(0), 0)
    return _Carry(buffer(2), of_dim(side), of_dim(side) * -1 + 1, turn.size % 2)


def _place(buffer: Buffer, first: Index) -> Place:
    """The slice of a buffer."""
    return Place(buffer, lambda index: (first, *index))


def _within(place: Place, first: Index) -> Place:
    """The slice of what lies at a place."""
    return Place(place.buffer, lambda index: place.at((first, *index)), place.whole)


def _history(buffer: Buffer, length: int, reverse: bool, after: bool) -> Place:
    """Where the carries before (or after) the turns lie, in the order of the slices."""
    if reverse:
        return Place(buffer, lambda index: (index[0] * -1 + (length - 1 + after), *index[1:]), whole=False)
    return Place(buffer, lambda index: (index[0] + int(after), *index[1:]))


def _first(start: Tensor, buffer: Buffer, outside: Context, inside: Lowering) -> Kernel:
    """The kernel that lays down a carry before the first turn."""
    dims, index = loops_over(start.shape)
    store = Store(buffer, (constant(0), *index), outside.at(start, index))
    return Kernel(loops(dims), [store], rows=inside.is_by_rows(start.shape), label="scan")


def _given(kernel: Kernel, turns: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """The loops' variables on which the kernel depends."""
    used: set[Dim] = set()
    for expr in expressions(kernel):
        used |= expr.dims
    for store in kernel.stores:
        used = used.union(*map(dims_of, store.index))
    return tuple(dim for dim in turns if dim in used)
