"""Fusion: which tensors are kept in memory, and which are computed together, in one loop nest.

A *group* becomes one kernel. It is led by a reduction (a contraction, a sum), or by an elementwise tensor, or
it is a primitive with kernels of its own. Elementwise work joins the group that makes its operands (as that
reduction's epilogue) where its elements need only the elements at their own place: bias, activation, and the
update of the weights end up in the loop of their contraction. What is not kept is computed inside of its
users' loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from schuss.compiler._context import Looping, Pointwise, Reducing, Writing, is_made, rule_of
from schuss.compiler._expr import cost_of
from schuss.compiler._kernel import LONG_SUM
from schuss.graph import Graph, Node, Tensor, divided

_SHARED_COST = 6  # an expression that costs more than this and has several users is kept
_LARGE = 1 << 18  # elements of a tensor that does not stay in the caches
_LARGE_COST = 30  # ... which is kept from this cost on only, if computing it again reads no more than it has
_LARGE_AND_MORE_COST = 2  # ... and from this on, if it reads several of its size
_PROLOGUE_COST = 2  # an operand of a contraction that costs more than this is kept: it is read many times
_REPEATED_COST = 12  # ... and one whose elements are broadcast to many
_FIXED_COST = 1  # what a loop reads in every turn and costs more is kept
_LOOKED_UP_COST = 12  # ... but slices of what is looked up in a small table, which stays in the caches
_MUCH_SMALLER = 4


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
        return isinstance(rule_of(self.leader), Pointwise)

    @property
    def fusible(self) -> bool:
        return self.reducer is not None or self.pointwise

    @property
    def beside_operand(self) -> bool:
        """Whether it is a primitive with kernels of its own that only change some places of an operand."""
        return _changes_operand(self.leader)

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
    """The groups of a simplified graph, in an order in which they can run.

    Args:
        graph: simplified. merging: whether elementwise groups of one shape become one wherever that is possible, as in
            loops, where each kernel is called in every turn.

    Attributes:
        parts: by ids of tensors that are made as parts of a concatenated or padded one: that, and where they begin.
        turned: by ids of tensors that are made as all their readers want them: with their axes in this order.
    """

    def __init__(self, graph: Graph, merging: bool = False):
        self.graph = graph
        self.parts = _parts(graph)
        self.kept = _kept_tensors(graph) | set(self.parts)
        self.turned = _turned(graph, self.kept)
        self.home: dict[int, Group] = {}
        self.groups: list[Group] = []
        self._reads: dict[int, Reads] = {}
        for node in graph.nodes:
            if any(t.id in self.kept for t in node.outputs):
                self._place(node)
        if merging:
            self._merge()
        self._settle()

    def rule(self, node: Node) -> object:
        return rule_of(node)

    def reads(self, tensor: Tensor) -> Reads:
        """What is read from memory (or from the same group) to compute `tensor` from kept tensors and
        inputs."""
        reads = self._reads.get(tensor.id)
        if reads is not None:
            return reads
        assert tensor.node is not None
        reads = self._reads[tensor.id] = Reads(late=tensor.node.primitive.name == "recompute")
        seen: set[tuple[int, bool]] = set()
        same, changes = self._same(tensor.node), _changes_operand(tensor.node)
        stack: list[tuple[Tensor, bool]] = [
            (t, same or (changes and n == 0)) for n, t in enumerate(tensor.node.inputs)
        ]
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

    def _merge(self) -> None:
        """Make one group of two, as long as there are two that can be one."""
        merged = True
        while merged:
            pairs = ((a, b) for b in self.groups for a in self.groups if a is not b and self._can_merge(a, b))
            merged = next(pairs, None)
            if merged is not None:
                self._absorb(*merged)

    def _can_merge(self, first: Group, second: Group) -> bool:
        """Whether both are elementwise over the same places, and nothing has to run between them."""
        if first.shape != second.shape or not (first.pointwise and second.pointwise):
            return False
        if depends(first, second) or any(n is not first and depends(n, first) for n in second.needs):
            return False
        reads = (entry for member in second.members for entry in self.reads(member).tensors.values())
        return all(same or self.home.get(operand.id) is not first for operand, same in reads)

    def _absorb(self, first: Group, second: Group) -> None:
        """`second` does what `first` did."""
        self.groups.remove(first)
        second.members = first.members + second.members
        second.beside |= first.beside
        self.home.update((t.id, second) for t in first.members)
        for user in first.users:
            user.needs.discard(first)
        for needed in first.needs:
            needed.users.discard(first)
            second.require(needed)
        for user in first.users - {second}:
            user.require(second)

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


def _changes_operand(node: Node) -> bool:
    """Whether the node's own kernels start from its first operand, at the result's index, and read it nowhere else."""
    rule = rule_of(node)
    return isinstance(rule, Writing) and rule.beside


def readers_of(fusion: Fusion) -> dict[int, list[tuple[Group, bool]]]:
    """By ids of tensors, the groups that read them, and whether they do so at their own index alone."""
    readers: dict[int, list[tuple[Group, bool]]] = {}
    for group in fusion.groups:
        for member in group.members:
            lead = group.reducer is member or not (group.fusible or group.beside_operand)
            for operand, same in fusion.reads(member).tensors.values():
                readers.setdefault(operand.id, []).append((group, same and not lead))
    return readers


def replaceable(fusion: Fusion, old: Tensor, new: Tensor, readers: list[tuple[Group, bool]]) -> bool:
    """Whether `new` can be written where `old` is, after everybody has read that; then it is so from now on."""
    home = fusion.home[new.id]
    others = {group for group, _ in readers if group is not home}
    alone = all(same for group, same in readers if group is home)
    if not (
        alone and (home.fusible or home.beside_operand) and not any(depends(group, home) for group in others)
    ):
        return False
    for other in others:
        home.require(other)
    return True


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


def _parts(graph: Graph) -> dict[int, tuple[Tensor, tuple[int, ...]]]:
    """The tensors that can be made where they are wanted: as parts of one that concatenates them, or inside of padding. What
    the host reads has to lie by itself."""
    results = {t.id for t in graph.results}
    results |= {t.id for node in graph.nodes if rule_of(node) is None for t in node.inputs}
    parts: dict[int, tuple[Tensor, tuple[int, ...]]] = {}
    for node in graph.nodes:
        for tensor, starts in _pieces(node):
            if is_made(tensor) and tensor.size and tensor.id not in results and tensor.id not in parts:
                parts[tensor.id] = (node.outputs[0], starts)
    return parts


def _pieces(node: Node) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    """What the node only brings to its place, and where in the result that begins."""
    if node.primitive.name == "pad" and not any(node.params.get("interior") or ()):
        yield node.inputs[0], tuple(node.params["low"])
    elif node.primitive.name == "concatenate":
        axis, start = node.params["axis"], 0
        for tensor in node.inputs:
            yield tensor, tuple(start if a == axis else 0 for a in range(tensor.ndim))
            start += tensor.shape[axis]


def _turned(graph: Graph, kept: set[int]) -> dict[int, tuple[int, ...]]:
    """The tensors that reductions make and that are read with their axes in another order alone, and that order: between
    the first axis and the last, which are the threads' and the vectors'."""
    results = {t.id for t in graph.results}
    orders: dict[int, set[tuple[int, ...] | None]] = {}
    for node in reversed(graph.nodes):
        rule, made = rule_of(node), node.outputs[0].id
        wanted: set[tuple[int, ...] | None] = {None}
        if made not in kept and node.primitive.name == "transpose":
            wanted = {tuple(node.params["permutation"])}
        elif made not in kept and isinstance(rule, Pointwise) and rule.same_index:
            wanted = orders.get(made, wanted)
        for t in node.inputs:
            orders.setdefault(t.id, set()).update(wanted)
    found: dict[int, tuple[int, ...]] = {}
    for node in graph.nodes:
        (*more, tensor) = node.outputs
        order, *others = orders.get(tensor.id, {None})
        if more or others or order is None or tensor.id in results or not isinstance(rule_of(node), Reducing):
            continue
        if order[0] == 0 and order[-1] == tensor.ndim - 1:
            found[tensor.id] = order
    return found


def _kept_tensors(graph: Graph) -> set[int]:
    """The ids of the tensors that are computed once and (unless only their own group uses them) kept in
    memory."""
    kept = {t.id for t in graph.results}
    users: dict[int, list[Node]] = {}
    limits: dict[int, int] = {}  # of what loops read
    for node in graph.nodes:
        rule = rule_of(node)
        for operand in node.inputs:
            users.setdefault(operand.id, []).append(node)
        if node.primitive.name == "dot_general":
            kept.update(t.id for t in _to_lie_together(node))
        if not isinstance(rule, Pointwise):
            kept.update(t.id for t in node.outputs)
            if isinstance(rule, Looping):
                limits.update(_limits_in_turns(node))
                consts = divided(node.inputs, node.params["counts"])[0]
                kept.update(t.id for t in consts if t.node is not None and _moves_axes(t))
            elif not isinstance(rule, (Reducing, Writing)):
                kept.update(t.id for t in node.inputs if t.node is not None)
        elif rule.kept:
            kept.update(t.id for t in node.outputs)
    costs = _Costs(graph, users, limits)
    # What is kept for one reason is where the work before it ends: that is shared less often than it seemed.
    kept |= costs.too_high(kept) & (costs.factors | set(limits))
    return kept | costs.too_high(kept)


def _factors(graph: Graph, users: dict[int, list[Node]]) -> set[int]:
    """The ids of the tensors that a contraction reads, directly or through views."""
    found: set[int] = set()
    for node in reversed(graph.nodes):
        for tensor in node.outputs:
            for user in users.get(tensor.id, ()):
                if user.primitive.name == "dot_general" or (user.outputs[0].id in found and _is_view(user)):
                    found.add(tensor.id)
    return found


class _Costs:
    """What it costs to compute elementwise tensors wherever they are wanted.

    Attributes:
        nodes: the elementwise ones. factors: ids of what contractions read. places: ids of what depends on the place alone.
    """

    def __init__(self, graph: Graph, users: dict[int, list[Node]], limits: dict[int, int]):
        """`limits` are what some tensors may cost, by their ids."""
        self.users, self.limits = users, limits
        self.nodes = [node for node in graph.nodes if _is_pointwise(node)]
        self.views = {node.outputs[0].id for node in self.nodes if _is_view(node)}
        self.factors, self.places = _factors(graph, users), _places(graph)
        self.sizes = {t.id: t.size for node in self.nodes for t in (*node.inputs, *node.outputs)}
        self.elementwise = {node.outputs[0].id for node in self.nodes}

    def too_high(self, kept: set[int]) -> set[int]:
        """The ids of the tensors that would be computed so often, if they were not kept (as `kept` are), that it costs
        more."""
        shared, repeated = self._uses(kept)
        more: set[int] = set()
        cost: dict[int, int] = {}
        read: dict[int, dict[int, int]] = {}  # the tensors that computing one reads, and their sizes
        for node in self.nodes:
            (tensor,) = node.outputs
            number, size, is_view = tensor.id, self.sizes[tensor.id], tensor.id in self.views
            total = 0 if is_view else cost_of(node.primitive.name)
            sizes = read[number] = {}
            for operand in {t.id: t for t in node.inputs}.values():
                if operand.id in cost and operand.id not in kept and operand.id not in more:
                    total += cost[operand.id]
                    sizes.update(read[operand.id])
                else:
                    total += 0 if operand.array is not None and operand.size == 1 else 1
                    sizes[operand.id] = self.sizes[operand.id]
            cost[number] = total
            if number in self.factors and not is_view and total > _PROLOGUE_COST:
                more.add(number)
            if total > self.limits.get(number, total):
                more.add(number)
            total -= sum(cost[t.id] for t in node.inputs if t.id in self.places)  # once for a whole vector
            limit = 10**9
            if number in shared:
                large = sum(n >= size for n in sizes.values())
                limit = _SHARED_COST if size < _LARGE else _LARGE_COST if large <= 1 else _LARGE_AND_MORE_COST
            if repeated[number] >= 4:
                limit = min(limit, _REPEATED_COST)
            if (total > limit and number not in self.places) or total > 400:
                more.add(number)
        return more

    def _uses(self, kept: set[int]) -> tuple[set[int], dict[int, int]]:
        """The ids of the tensors that go into several kept ones; and into how many elements each element goes."""
        roots: dict[int, set[int]] = {}
        repeated: dict[int, int] = {}
        for node in reversed(self.nodes):
            number = node.outputs[0].id
            found: set[int] = set()
            most, size = 1, max(1, self.sizes[number])
            for user in self.users.get(number, ()):
                made = user.outputs[0].id
                if made in kept:
                    found.add(made)
                else:
                    found |= roots[made]
                    most = max(most, repeated[made])
                if made in self.elementwise:
                    most = max(most, self.sizes[made] // size)
            roots[number], repeated[number] = found, most
        return {number for number, found in roots.items() if len(found) > 1}, repeated


def _places(graph: Graph) -> set[int]:
    """The ids of the tensors that depend on nothing but the place of an element: mostly the same for a whole vector."""
    found: set[int] = set()
    for node in graph.nodes:
        only = all(t.id in found or (t.size == 1 and t.array is not None) for t in node.inputs)
        if only and _is_pointwise(node) and node.primitive.name != "random_bits":
            found.update(t.id for t in node.outputs)
    return found


def _to_lie_together(node: Node) -> list[Tensor]:
    """The operands of a long sum over several axes that are transposed: copied, so that it is one over one axis."""
    contract = node.params["contract"]
    sizes = [node.inputs[0].shape[axis] for axis in contract[0]]
    neighbours = all(list(axes) == list(range(axes[0], axes[0] + len(axes))) for axes in contract if axes)
    if len(sizes) < 2 or prod(sizes) < LONG_SUM or not neighbours:
        return []
    return [t for t in node.inputs if t.node is not None and _moves_axes(t)]


def _moves_axes(tensor: Tensor) -> bool:
    moved = False
    while tensor.node is not None and tensor.node.inputs and _is_view(tensor.node):
        if tensor.node.primitive.name == "windows":
            return False  # which are several times as large as what they show
        moved |= tensor.node.primitive.name == "transpose"
        tensor = tensor.node.inputs[0]
    return moved


def _limits_in_turns(node: Node) -> Iterator[tuple[int, int]]:
    """For each constant and slice that a loop reads, or what these are views of: its id, and what it may cost to be computed
    in the turns."""
    body: Graph = node.params["body"].graph
    (consts, _, xs), (_, _, inner) = (divided(t, node.params["counts"]) for t in (node.inputs, body.inputs))
    multiplied = {t.id for n in body.nodes if n.primitive.name == "dot_general" for t in n.inputs}
    for t in (*consts, *xs):
        yield _seen(t).id, _FIXED_COST
    for t, slices in zip(xs, inner, strict=True):
        if slices.id not in multiplied and _is_looked_up(t):
            yield _seen(t).id, _LOOKED_UP_COST


def _is_looked_up(tensor: Tensor) -> bool:
    """Whether it is computed from elements of a table that is much smaller than itself."""
    stack, seen = [tensor], set()
    while stack:
        t = stack.pop()
        if t.id in seen or t.node is None or not _is_pointwise(t.node):
            continue
        seen.add(t.id)
        if t.node.primitive.name == "gather":
            return t.node.inputs[0].size * _MUCH_SMALLER <= tensor.size
        stack.extend(t.node.inputs)
    return False


def _seen(tensor: Tensor) -> Tensor:
    """What the tensor is a view of."""
    while tensor.node is not None and tensor.node.inputs and _is_view(tensor.node):
        tensor = tensor.node.inputs[0]
    return tensor


def _is_pointwise(node: Node) -> bool:
    return isinstance(rule_of(node), Pointwise)


def _is_view(node: Node) -> bool:
    rule = rule_of(node)
    return isinstance(rule, Pointwise) and rule.view
