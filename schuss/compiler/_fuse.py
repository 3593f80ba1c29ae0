"""Fusion: which tensors are kept in memory, and which are computed together, in one loop nest.

A *group* becomes one kernel. It is led by a reduction (a contraction, a sum), or by an elementwise tensor, or
it is a primitive with kernels of its own. Elementwise work joins the group that makes its operands (as that
reduction's epilogue) where its elements need only the elements at their own place: bias, activation, and the
update of the weights end up in the loop of their contraction. What is not kept is computed inside of its
users' loops.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from schuss.compiler._context import Pointwise, Reducing, Writing
from schuss.compiler._expr import cost_of
from schuss.graph import Graph, Node, Tensor, lowering_rules

_SHARED_COST = 6  # an expression that costs more than this and has several users is kept
_LARGE = 1 << 18  # elements of a tensor that does not stay in the caches
_LARGE_COST = 11  # ... which is kept from this cost on only, if computing it again reads no more than it has
_PROLOGUE_COST = 3  # an operand of a contraction that costs more than this is kept: it is read many times
_REPEATED_COST = 12  # ... and one whose elements are broadcast to many


@dataclass(eq=False)
class Group:
    """Tensors of one shape that are computed together.

    `needs`: the groups that must have run before (`require` adds to it); `users`: those that need this one. `level`
    is larger than that of every group in `needs`. `beside`: ids of the tensors read at the group's own index. `late`:
    it computes something again, which is not to be done before its turn.
    """

    number: int
    shape: tuple[int, ...]
    leader: Node
    reducer: Tensor | None = None
    members: list[Tensor] = field(default_factory=list)
    stored: list[Tensor] = field(default_factory=list)
    needs: set[Group] = field(default_factory=set)
    users: set[Group] = field(default_factory=set)
    level: int = 0
    beside: set[int] = field(default_factory=set)
    late: bool = False

    def require(self, other: Group) -> None:
        """Run after `other`."""
        self.needs.add(other)
        other.users.add(self)
        stack: list[tuple[Group, int]] = [(self, other.level)]
        while stack:
            group, below = stack.pop()
            if group.level <= below:
                group.level = below + 1
                stack.extend((user, group.level) for user in group.users)

    @property
    def pointwise(self) -> bool:
        return isinstance(lowering_rules.get(self.leader.primitive), Pointwise)

    @property
    def fusible(self) -> bool:
        return self.reducer is not None or self.pointwise

    def __repr__(self) -> str:
        return f"<Group {self.number} {self.leader.primitive} {self.shape}>"


@dataclass
class Reads:
    """The kept tensors that computing a tensor reads: True where only at its own index. `late`: some are read again."""

    tensors: dict[int, tuple[Tensor, bool]] = field(default_factory=dict)
    late: bool = False

    def add(self, tensor: Tensor, same_index: bool) -> None:
        known = self.tensors.get(tensor.id)
        self.tensors[tensor.id] = (tensor, same_index and (known is None or known[1]))


class Fusion:
    """The groups of a simplified graph, in an order in which they can run."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.kept = _kept_tensors(graph)
        self.home: dict[int, Group] = {}
        self.groups: list[Group] = []
        self._reads: dict[int, Reads] = {}
        for node in graph.nodes:
            if any(t.id in self.kept for t in node.outputs):
                self._place(node)
        self._settle()

    def rule(self, node: Node) -> object:
        return lowering_rules.get(node.primitive)

    def reads(self, tensor: Tensor) -> Reads:
        """What is read from memory (or from the same group) to compute `tensor` from kept tensors and
        inputs."""
        reads = self._reads.get(tensor.id)
        if reads is not None:
            return reads
        assert tensor.node is not None
        reads = self._reads[tensor.id] = Reads(late=tensor.node.primitive.name == "recompute")
        seen: set[tuple[int, bool]] = set()
        stack: list[tuple[Tensor, bool]] = [(t, self._same(tensor.node)) for t in tensor.node.inputs]
        while stack:
            t, same = stack.pop()
            if (t.id, same) in seen:
                continue
            seen.add((t.id, same))
            if t.node is None or t.id in self.kept:
                reads.add(t, same)
            else:
                reads.late |= t.node.primitive.name == "recompute"
                stack.extend((operand, same and self._same(t.node)) for operand in t.node.inputs)
        return reads

    def _same(self, node: Node) -> bool:
        rule = self.rule(node)
        return isinstance(rule, Pointwise) and rule.same_index

    def _place(self, node: Node) -> None:
        rule = self.rule(node)
        if isinstance(rule, Pointwise):
            (tensor,) = node.outputs
            reads = self.reads(tensor)
            group = self._joinable(tensor, reads) or self._new_group(node, tensor.shape)
            group.members.append(tensor)
            self._connect(group, reads)
            self.home[tensor.id] = group
            return
        group = self._new_group(node, node.outputs[0].shape)
        if isinstance(rule, Reducing):
            group.reducer = node.outputs[0]
        group.members.extend(node.outputs)
        for tensor in node.outputs:
            self._connect(group, self.reads(tensor))
            self.home[tensor.id] = group

    def _new_group(self, node: Node, shape: tuple[int, ...]) -> Group:
        group = Group(len(self.groups), shape, node)
        self.groups.append(group)
        return group

    def _connect(self, group: Group, reads: Reads) -> None:
        group.late |= reads.late
        for tensor, _ in reads.tensors.values():
            home = self.home.get(tensor.id)
            if home is not None and home is not group:
                group.require(home)
        group.beside.update(t.id for t, same in reads.tensors.values() if same)

    def _joinable(self, tensor: Tensor, reads: Reads) -> Group | None:
        """The last group of this shape that makes something `tensor` reads (or reads it too) and that it can
        join."""
        near: dict[int, Group] = {}
        for operand, same in reads.tensors.values():
            home = self.home.get(operand.id)
            if same and home is not None and home.shape == tensor.shape:
                near[home.number] = home
        shared = {operand.id for operand, same in reads.tensors.values() if same and operand.size > 1}
        for group in self.groups[-64:]:
            if group.shape != tensor.shape or group.number in near or not group.pointwise:
                continue
            if tensor.shape == () or not shared.isdisjoint(group.beside):
                near[group.number] = group
        for number in sorted(near, reverse=True):
            if near[number].fusible and self._can_join(near[number], reads):
                return near[number]
        return None

    def _can_join(self, group: Group, reads: Reads) -> bool:
        if reads.late and not group.late:
            return False
        for operand, same in reads.tensors.values():
            home = self.home.get(operand.id)
            if home is group:
                if not same:
                    return False
            elif home is not None and depends(home, group):
                return False
        return True

    def _settle(self) -> None:
        """Decide what each group stores: results, and what other groups read."""
        wanted = {t.id for t in self.graph.results}
        for group in self.groups:
            for member in group.members:
                for operand, _ in self.reads(member).tensors.values():
                    if self.home.get(operand.id) is not group:
                        wanted.add(operand.id)
        for group in self.groups:
            group.stored = [t for t in group.members if t.id in wanted or not group.fusible]


def depends(group: Group, on: Group) -> bool:
    """Whether `group` needs `on`, directly or through others."""
    seen, stack = {group}, [group]
    while stack:
        for needed in stack.pop().needs:
            if needed is on:
                return True
            if needed.level > on.level and needed not in seen:
                seen.add(needed)
                stack.append(needed)
    return False


def _kept_tensors(graph: Graph) -> set[int]:
    """The ids of the tensors that are computed once and (unless only their own group uses them) kept in
    memory."""
    kept = {t.id for t in graph.results}
    users: dict[int, list[Node]] = {}
    for node in graph.nodes:
        rule = lowering_rules.get(node.primitive)
        for operand in node.inputs:
            users.setdefault(operand.id, []).append(node)
        if not isinstance(rule, Pointwise):
            kept.update(t.id for t in node.outputs)
            if not isinstance(rule, Reducing):
                kept.update(t.id for t in node.inputs if t.node is not None and not isinstance(rule, Writing))
        elif rule.kept:
            kept.update(t.id for t in node.outputs)
    factors = _factors(graph, users)
    # What is kept for one reason is where the work before it ends: that is shared less often than it seemed.
    kept |= _costly(graph, kept, users, factors) & factors
    return kept | _costly(graph, kept, users, factors)


def _factors(graph: Graph, users: dict[int, list[Node]]) -> set[int]:
    """The ids of the tensors that a contraction reads, directly or through views."""
    found: set[int] = set()
    for node in reversed(graph.nodes):
        for tensor in node.outputs:
            for user in users.get(tensor.id, ()):
                if user.primitive.name == "dot_general" or (user.outputs[0].id in found and _is_view(user)):
                    found.add(tensor.id)
    return found


def _costly(graph: Graph, kept: set[int], users: dict[int, list[Node]], factors: set[int]) -> set[int]:
    """The ids of the tensors that would be computed so often, if they were not kept, that it costs more."""
    roots: dict[int, set[int]] = {}
    repeated: dict[int, int] = {}  # into how many elements each element goes
    for node in reversed(graph.nodes):
        if not _is_pointwise(node):
            continue
        (tensor,) = node.outputs
        found: set[int] = set()
        most = 1
        for user in users.get(tensor.id, ()):
            if user.outputs[0].id in kept:
                found.add(user.outputs[0].id)
            else:
                found |= roots[user.outputs[0].id]
                most = max(most, repeated[user.outputs[0].id])
            most = max(
                most, max(1, user.outputs[0].size) // max(1, tensor.size) if _is_pointwise(user) else 1
            )
        roots[tensor.id], repeated[tensor.id] = found, most

    more: set[int] = set()
    cost: dict[int, int] = {}
    places = _places(graph)
    read: dict[int, dict[int, int]] = {}  # the tensors that computing one reads, and their sizes
    for node in graph.nodes:
        if not _is_pointwise(node):
            continue
        (tensor,) = node.outputs
        operands = {t.id: t for t in node.inputs}
        total = 0 if _is_view(node) else cost_of(node.primitive.name)
        for operand in operands.values():
            inside = operand.id in cost and operand.id not in kept and operand.id not in more
            total += (
                cost[operand.id] if inside else 0 if operand.size == 1 and operand.array is not None else 1
            )
        cost[tensor.id] = total
        if tensor.id in factors and not _is_view(node) and total > _PROLOGUE_COST:
            more.add(tensor.id)
        total -= sum(cost[t.id] for t in node.inputs if t.id in places)  # once for a whole vector
        sizes = read[tensor.id] = {}
        for operand in operands.values():
            inside = operand.id in read and operand.id not in kept and operand.id not in more
            sizes.update(read[operand.id] if inside else {operand.id: operand.size})
        again = tensor.size >= _LARGE and sum(n >= tensor.size for n in sizes.values()) <= 1
        limit = (_LARGE_COST if again else _SHARED_COST) if len(roots[tensor.id]) > 1 else 10**9
        if repeated[tensor.id] >= 4:
            limit = min(limit, _REPEATED_COST)
        if (total > limit and tensor.id not in places) or total > 400:
            more.add(tensor.id)
    return more


def _places(graph: Graph) -> set[int]:
    """The ids of the tensors that depend on nothing but the place of an element: mostly the same for a whole vector."""
    found: set[int] = set()
    for node in graph.nodes:
        only = all(t.id in found or (t.size == 1 and t.array is not None) for t in node.inputs)
        if only and _is_pointwise(node) and node.primitive.name != "random_bits":
            found.update(t.id for t in node.outputs)
    return found


def _is_pointwise(node: Node) -> bool:
    return isinstance(lowering_rules.get(node.primitive), Pointwise)


def _is_view(node: Node) -> bool:
    rule = lowering_rules.get(node.primitive)
    return isinstance(rule, Pointwise) and rule.view
