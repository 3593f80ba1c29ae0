"""From the groups of a graph to kernels: one for each group, some for a primitive that needs them, a loop for a scan."""

from __future__ import annotations

from dataclasses import dataclass

from schuss.compiler._context import (
    Context,
    Looping,
    Place,
    Pointwise,
    Reducing,
    Writing,
    part_of,
    rule_of,
)
from schuss.compiler._expr import Buffer, Expr, Load
from schuss.compiler._fuse import Fusion, Group
from schuss.compiler._index import Dim, Index, of_dim, reshaped
from schuss.compiler._kernel import HostCall, Kernel, Reduction, Step, Store
from schuss.compiler._merge import merged
from schuss.compiler._picked import picked
from schuss.compiler.lowering.structure import loops, new_dims
from schuss.graph import Node, Tensor, lowering_rules, reference_rules


@dataclass
class Lowering:
    """The kernels of a graph.

    Attributes:
        fusion: its groups. context: its expressions, and where its tensors are kept.
        buffers: of the whole plan; those that are made here are added.
        rows: the leading size of what threads divide by rows; 0: nothing is.
        turns: the variables of the loops around it.
    """

    fusion: Fusion
    context: Context
    buffers: list[Buffer]
    rows: int
    turns: tuple[Dim, ...] = ()

    def steps(self) -> list[Step]:
        """Everything, in an order in which it can run."""
        for group in self.fusion.groups:
            if isinstance(rule_of(group.leader), Looping):
                continue
            for tensor in group.stored:
                known = (self.context.buffers, self.context.places, self.fusion.parts)
                if any(tensor.id in table for table in known):
                    continue
                if tensor.id in self.fusion.turned:
                    self._turned_buffer(tensor, self.fusion.turned[tensor.id])
                else:
                    self.buffer(tensor, f"t{tensor.id}", "temporary")
        self._place_parts()
        steps = []
        for group in in_order(self.fusion.groups):
            for step in self._of_group(group):
                step.late = group.late
                steps.append(step)
        return steps

    def _turned_buffer(self, tensor: Tensor, permutation: tuple[int, ...]) -> None:
        """A buffer in which the tensor lies as everybody wants to read it."""

        def at(index: tuple[Index, ...]) -> tuple[Index, ...]:
            return tuple(index[axis] for axis in permutation)

        shape = tuple(tensor.shape[axis] for axis in permutation)
        buffer = self.new_buffer(f"t{tensor.id}", shape, tensor)
        self.context.places[tensor.id] = Place(buffer, at, whole=False)

    def _place_parts(self) -> None:
        """Let what is concatenated or padded be made in its part of the whole; wholes that are parts come after theirs."""
        for number, (whole, starts) in reversed(self.fusion.parts.items()):
            buffer, place = self.context.buffers.get(whole.id), self.context.places.get(whole.id)
            place = Place(buffer, lambda index: index) if buffer is not None else place
            assert place is not None
            self.context.places[number] = part_of(place, starts)

    def buffer(self, tensor: Tensor, name: str, kind: str, slot: int = 0) -> Buffer:
        """A buffer of its own for a tensor."""
        buffer = self.new_buffer(name, tensor.shape, tensor, kind, slot)
        self.context.buffers[tensor.id] = buffer
        return buffer

    def new_buffer(
        self, name: str, shape: tuple[int, ...], like: Tensor, kind: str = "temporary", slot: int = 0
    ) -> Buffer:
        buffer = Buffer(name, shape, like.dtype, kind, slot)
        self.buffers.append(buffer)
        return buffer

    def is_by_rows(self, shape: tuple[int, ...]) -> bool:
        return self.rows > 1 and bool(shape) and shape[0] == self.rows

    def store(self, tensor: Tensor, index: tuple[Index, ...], expr: Expr) -> Store:
        place = self.context.places.get(tensor.id)
        if place is None:
            return Store(self.context.buffers[tensor.id], index, expr)
        return Store(place.buffer, place.at(index), expr)

    def _of_group(self, group: Group) -> list[Step]:
        rule = rule_of(group.leader)
        label = label_of(group)
        if isinstance(rule, Looping):
            from schuss.compiler._loops import loop_of  # which lowers its body

            return loop_of(group.leader, self, label)
        if isinstance(rule, Writing):
            return list(self._written(group.leader, rule, label))
        if not isinstance(rule, (Pointwise, Reducing)):
            return [self._host_call(group.leader, label)]
        if 0 in group.shape:
            return []
        by_rows = self.is_by_rows(group.shape)
        if isinstance(rule, Reducing):
            dims, index = loops_over(group.shape)
            self.context.enter(set(), index, None)
            reduction: Reduction | None = rule.rule(self.context, group.leader, dims)
        else:
            dims, index = self._pointwise_loops(group, by_rows)
            reduction = None
        self.context.enter({t.id for t in group.members}, index, group.reducer)
        stores = [self.store(t, index, self.context.at(t, index)) for t in group.stored]
        kernel = Kernel(loops(dims), stores, reduction, rows=by_rows, label=label)
        kernel = picked(kernel, self.context.make)
        return [kernel if kernel.reduction is None else merged(kernel, self.context.make, self.rows)]

    def _written(self, node: Node, rule: Writing, label: str) -> list[Kernel]:
        """The kernels of a primitive that has its own; they write where its results are kept."""
        places = [self.context.places.get(t.id) for t in node.outputs]
        targets = [
            self.context.buffers[t.id] if place is None else Buffer("", t.shape, t.dtype, "temporary")
            for t, place in zip(node.outputs, places, strict=True)
        ]
        kernels = rule.rule(self.context, node, targets)
        moved = {b: place for b, place in zip(targets, places, strict=True) if place is not None}
        for kernel in kernels:
            kernel.label, kernel.rows = label, self._goes_over_rows(kernel)
            for store in kernel.stores:
                place = moved.get(store.buffer)
                if place is not None:
                    store.buffer, store.index = place.buffer, place.at(store.index)
        return [kernel for kernel in kernels if not all(map(_changes_nothing, kernel.stores))]

    def _goes_over_rows(self, kernel: Kernel) -> bool:
        """Whether each turn of the first loop writes to a row of the batch of its own."""
        if not kernel.dims or not self.is_by_rows((kernel.dims[0].size,)):
            return False
        return all(s.index[0] == of_dim(kernel.dims[0]) and not s.accumulate for s in kernel.stores)

    def _pointwise_loops(self, group: Group, by_rows: bool) -> tuple[tuple[Dim, ...], tuple[Index, ...]]:
        """Loops over a group's elements: one over all (of a row), where every operand is read as it lies."""
        plain = all(
            (same and self._lies(operand, group.shape)) or operand.size == 1
            for member in group.members
            for operand, same in self.fusion.reads(member).tensors.values()
        ) and all(only_elementwise(member, self.fusion.kept) for member in group.members)
        plain = plain and all(self._lies(member, group.shape) for member in group.stored)
        if not plain or len(group.shape) < 2:
            return loops_over(group.shape)
        head = 1 if by_rows else 0
        dims, index = loops_over(group.shape[:head])
        rest = group.shape[head:]
        size = 1
        for n in rest:
            size *= n
        flat = Dim(f"i{head}", size)
        return (*dims, flat), (*index, *reshaped((of_dim(flat),), (size,), rest))

    def _lies(self, tensor: Tensor, shape: tuple[int, ...]) -> bool:
        """Whether what a loop's body calls `tensor` lies in memory as its shape says: nothing is computed or moved."""
        if tensor.id in self.context.places:
            return self.context.places[tensor.id].whole
        if tensor.id not in self.context.elsewhere:
            return True
        index = tuple(of_dim(d) for d in new_dims(shape))
        expr = self.context.elsewhere[tensor.id](index)
        return isinstance(expr, Load) and expr.index[len(expr.index) - len(index) :] == index

    def _host_call(self, node: Node, label: str) -> HostCall:
        inputs = []
        for tensor in node.inputs:
            if tensor.id not in self.context.buffers:
                self.buffer(tensor, f"c{tensor.id}", "constant").array = tensor.array
            inputs.append(self.context.buffers[tensor.id])
        primitive, params = node.primitive, node.params
        several = primitive.several_results

        def function(*arrays: object) -> list[object]:
            result = reference_rules[primitive](*arrays, **params)
            return list(result) if several else [result]

        function.__name__ = primitive.name
        return HostCall(function, inputs, [self.context.buffers[t.id] for t in node.outputs], label)


def _changes_nothing(store: Store) -> bool:
    expr = store.expr
    return isinstance(expr, Load) and expr.buffer is store.buffer and expr.index == store.index


def only_elementwise(tensor: Tensor, kept: set[int]) -> bool:
    """Whether, down to what is kept, the tensor is made by elementwise primitives and repetition of scalars
    alone."""
    stack, seen = [tensor], set()
    while stack:
        t = stack.pop()
        if t.id in seen or t.node is None or (t.id in kept and t is not tensor):
            continue
        seen.add(t.id)
        rule = lowering_rules[t.node.primitive]
        if not isinstance(rule, Pointwise):
            continue
        if not rule.same_index and not (
            t.node.primitive.name == "broadcast_in_dim" and t.node.inputs[0].size == 1
        ):
            return False
        stack.extend(t.node.inputs)
    return True


def loops_over(shape: tuple[int, ...]) -> tuple[tuple[Dim, ...], tuple[Index, ...]]:
    dims = new_dims(shape)
    return dims, tuple(of_dim(d) for d in dims)


def label_of(group: Group) -> str:
    scopes = {t.node.scope for t in group.members if t.node is not None and t.node.scope}
    names = [t.node.primitive.name for t in group.members if t.node is not None]
    return " ".join(dict.fromkeys(names)) + (f"  ({', '.join(sorted(scopes))})" if scopes else "")


def in_order(groups: list[Group]) -> list[Group]:
    """The groups sorted so that each comes after those it needs, else in their own order."""
    done: dict[Group, None] = {}
    for group in _waiting(groups):
        stack = [(group, False)]
        while stack:
            current, ready = stack.pop()
            if current in done:
                continue
            if ready:
                done[current] = None
            else:
                stack.append((current, True))
                stack.extend(
                    (n, False) for n in sorted(current.needs, key=lambda g: -g.number) if n not in done
                )
    return list(done)


def _waiting(groups: list[Group]) -> list[Group]:
    """The groups in their order, but what needs late ones after those: it is not to pull them forward."""
    last: dict[Group, int] = {}
    for group in sorted(groups, key=lambda g: g.level):
        late = [max(last[n], n.number if n.late else 0) for n in group.needs]
        last[group] = max(late, default=0)
    return sorted(groups, key=lambda g: max(g.number, last[g]))
