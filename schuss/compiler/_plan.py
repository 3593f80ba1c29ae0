"""Planning: from groups to a `Plan`: buffers, in-place updates, the order, barriers, chunks, the arena."""

from __future__ import annotations

from collections.abc import Sequence

from schuss.compiler._arena import ALONE, lay_out
from schuss.compiler._context import Context, Pointwise, Reducing, Writing
from schuss.compiler._expr import Apply, Buffer, Expr, Load, cost_of, walk
from schuss.compiler._fuse import Fusion, Group, depends
from schuss.compiler._index import Dim, Dynamic, Index, of_dim, reshaped
from schuss.compiler._kernel import HostCall, Kernel, Plan, Reduction, Store
from schuss.compiler._simplify import simplify
from schuss.compiler._split import split_sums
from schuss.compiler.lowering.structure import loops, new_dims
from schuss.graph import Graph, Node, Tensor, lowering_rules, reference_rules

_CHUNK_WORK = 16384  # simple operations below which a piece of a kernel is not worth another thread
_MOST_CHUNKS = 64
_LONG_SUM = 2048  # products in a sum that may be divided into blocks
_MANY_RESULTS = 1024
_LARGE_MATRIX = 1 << 20  # bytes of an operand that each thread should read only in part
_COLUMNS = 256  # so many at least, if threads are to divide them
_COLUMN_GRAIN = 64  # a multiple of the tiles' widths


def plan(
    graph: Graph,
    batch_inputs: int = 0,
    row_outputs: Sequence[bool] = (),
    check: int | None = None,
    parts: int = 1,
) -> Plan:
    """The kernels of a graph's step, ready for a backend.

    Args:
        graph: as traced.
        batch_inputs: how many of the first inputs are batches, gathered by rows from data sets.
        row_outputs: for each output, whether step s writes its rows from s·B on.
        check: which output must stay finite.
        parts: into how many blocks of rows sums over a batch may be divided: how many threads there are, about.
    """
    return _Planner(simplify(graph), batch_inputs, row_outputs, check, parts).plan()


class _Planner:
    def __init__(
        self, graph: Graph, batch_inputs: int, row_outputs: Sequence[bool], check: int | None, parts: int
    ):
        self.graph, self.check, self.parts = graph, check, parts
        self.batch = graph.inputs[0].shape[0] if batch_inputs else 0
        self.fusion = Fusion(graph)
        self.buffers: dict[int, Buffer] = {}
        self.all: list[Buffer] = []
        self.copies: list[tuple[Buffer, Buffer, Group, set[Group]]] = []
        self.batch_inputs = [
            self._buffer(t, f"x{i}", "batch", i) for i, t in enumerate(graph.inputs[:batch_inputs])
        ]
        self.arguments = [
            self._buffer(t, f"a{i}", "argument", i) for i, t in enumerate(graph.inputs[batch_inputs:])
        ]
        self.variables = [
            self._buffer(s.input, s.variable.path, "variable", i) for i, s in enumerate(graph.state)
        ]
        for i, tensor in enumerate(graph.constants()):
            if tensor.array is not None and tensor.array.size != 1:
                self._buffer(tensor, f"c{i}", "constant", i).array = tensor.array
        rows = list(row_outputs) + [False] * (len(graph.outputs) - len(row_outputs))
        self.outputs = [
            self._buffer(t, f"y{i}", "row_output" if rows[i] else "output", i)
            for i, t in enumerate(graph.outputs)
        ]
        self.order: dict[Group, set[Group]] = {g: set(g.needs) for g in self.fusion.groups}
        self._update_in_place()
        for group in self.fusion.groups:
            for tensor in group.stored:
                if tensor.id not in self.buffers:
                    self._buffer(tensor, f"t{tensor.id}", "temporary", 0)
        self.context = Context(self.buffers)

    def _buffer(self, tensor: Tensor, name: str, kind: str, slot: int) -> Buffer:
        buffer = Buffer(name, tensor.shape, tensor.dtype, kind, slot)
        self.buffers[tensor.id] = buffer
        self.all.append(buffer)
        return buffer

    def _update_in_place(self) -> None:
        """Let new values of variables go straight to their place, after everybody has read the old ones.

        Where the order does not allow it (two variables that swap, say), the new value is made aside and
        copied.
        """
        readers: dict[int, list[tuple[Group, bool]]] = {}
        for group in self.fusion.groups:
            for member in group.members:
                lead = group.reducer is member or (not group.pointwise and group.reducer is None)
                for operand, same in self.fusion.reads(member).tensors.values():
                    readers.setdefault(operand.id, []).append((group, same and not lead))
        for slot, buffer in zip(self.graph.state, self.variables, strict=True):
            if slot.output is None:
                continue
            home = self.fusion.home[slot.output.id]
            others = {g for g, _ in readers.get(slot.input.id, ()) if g is not home}
            alone = all(same for g, same in readers.get(slot.input.id, ()) if g is home)
            if alone and home.fusible and not any(self._after(g, home) for g in others):
                for other in others:
                    home.require(other)
                self.buffers[slot.output.id] = buffer
            else:
                aside = self._buffer(slot.output, f"new {buffer.name}", "temporary", 0)
                self.copies.append((aside, buffer, home, others))

    def _after(self, group: Group, other: Group) -> bool:
        return group is other or depends(group, other)

    def plan(self) -> Plan:
        steps: list[Kernel | HostCall] = []
        for group in _in_order(self.fusion.groups):
            kernels = self._kernels(group)
            for kernel in kernels:
                kernel.late = group.late
            steps.extend(kernels)
        for aside, buffer, _, _ in (copy for copy in self.copies if copy[0].nbytes):
            steps.append(_copy_kernel(self.context, aside, buffer))
        for step in steps:
            if isinstance(step, Kernel):
                _turn_to_columns(step)
        steps, block = split_sums(steps, self.batch, self.parts)
        for step in steps:
            if isinstance(step, Kernel):
                self.all.extend(_waiting_totals(step, len(self.all)))
                _partition(step, block)
        known = set(self.all)
        self.all.extend(b for s in steps for b in _touches(s)[1] if b not in known)
        _set_phases(steps)
        steps.sort(key=lambda step: step.phase)
        arena = lay_out(steps, [b for b in self.all if b.kind == "temporary"], _touches, _owner)
        return Plan(
            steps,
            self.all,
            arena,
            self.batch,
            self.batch_inputs,
            self.arguments,
            [slot.variable for slot in self.graph.state],
            self.outputs,
            None if self.check is None else self.outputs[self.check],
        )

    def _kernels(self, group: Group) -> list[Kernel | HostCall]:
        node = group.leader
        rule = lowering_rules.get(node.primitive)
        label = _label(group)
        if isinstance(rule, Writing):
            kernels = rule.rule(self.context, node, [self.buffers[t.id] for t in node.outputs])
            for kernel in kernels:
                kernel.label = label
            return list(kernels)
        if not isinstance(rule, (Pointwise, Reducing)):
            return [self._host_call(node, label)]
        if 0 in group.shape:
            return []
        batched = bool(self.batch) and bool(group.shape) and group.shape[0] == self.batch
        if isinstance(rule, Reducing):
            dims, index = _loops_over(group.shape)
            self.context.enter(set(), index, None)
            reduction: Reduction | None = rule.rule(self.context, node, dims)
        else:
            dims, index = self._pointwise_loops(group, batched)
            reduction = None
        self.context.enter({t.id for t in group.members}, index, group.reducer)
        stores = [Store(self.buffers[t.id], index, self.context.at(t, index)) for t in group.stored]
        return [Kernel(loops(dims), stores, reduction, rows=batched and self.batch > 1, label=label)]

    def _pointwise_loops(self, group: Group, batched: bool) -> tuple[tuple[Dim, ...], tuple[Index, ...]]:
        """Loops over a group's elements: one over all (of a row), where every operand is read as it lies."""
        plain = all(
            same or operand.size == 1
            for member in group.members
            for operand, same in self.fusion.reads(member).tensors.values()
        ) and all(_only_elementwise(member, self.fusion.kept) for member in group.members)
        if not plain or len(group.shape) < 2:
            return _loops_over(group.shape)
        head = 1 if batched else 0
        dims, index = _loops_over(group.shape[:head])
        rest = group.shape[head:]
        size = 1
        for n in rest:
            size *= n
        flat = Dim(f"i{head}", size)
        return (*dims, flat), (*index, *reshaped((of_dim(flat),), (size,), rest))

    def _host_call(self, node: Node, label: str) -> HostCall:
        inputs = []
        for tensor in node.inputs:
            if tensor.id not in self.buffers:
                self._buffer(tensor, f"c{tensor.id}", "constant", 0).array = tensor.array
            inputs.append(self.buffers[tensor.id])
        primitive, params = node.primitive, node.params
        several = primitive.several_results

        def function(*arrays: object) -> list[object]:
            result = reference_rules[primitive](*arrays, **params)
            return list(result) if several else [result]

        function.__name__ = primitive.name
        return HostCall(function, inputs, [self.buffers[t.id] for t in node.outputs], label)


def _waiting_totals(kernel: Kernel, number: int) -> list[Buffer]:
    """Where the kernel's totals wait between the blocks of a long sum, if it is one."""
    if kernel.reduction is None or not _is_long(kernel):
        return []
    shape = kernel.stores[0].buffer.shape
    kernel.partial = Buffer(f"partial{number}", shape, kernel.reduction.body.dtype, "temporary", 0)
    return [kernel.partial]


def _is_long(kernel: Kernel) -> bool:
    """Whether a sum is over so many products, for so many results, that what it reads goes through the caches once
    for each tile of results."""
    reduction = kernel.reduction
    assert reduction is not None
    body = reduction.body
    products = isinstance(body, Apply) and body.name == "multiply" and body.dtype.itemsize >= 4
    results = 1
    for dim in kernel.dims[1 if kernel.block else 0 :]:
        results *= dim.size
    length = kernel.block or (reduction.dims[0].size if reduction.dims else 0)
    for dim in reduction.dims[1:]:
        length *= dim.size
    long = length >= _LONG_SUM and results >= _MANY_RESULTS
    return reduction.kind == "sum" and products and body.dtype.kind == "f" and long


def _only_elementwise(tensor: Tensor, kept: set[int]) -> bool:
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


def _loops_over(shape: tuple[int, ...]) -> tuple[tuple[Dim, ...], tuple[Index, ...]]:
    dims = new_dims(shape)
    return dims, tuple(of_dim(d) for d in dims)


def _copy_kernel(context: Context, source: Buffer, target: Buffer) -> Kernel:
    dims, index = _loops_over(source.shape)
    return Kernel(loops(dims), [Store(target, index, context.make.load(source, index))], label="copy")


def _label(group: Group) -> str:
    scopes = {t.node.scope for t in group.members if t.node is not None and t.node.scope}
    names = [t.node.primitive.name for t in group.members if t.node is not None]
    return " ".join(dict.fromkeys(names)) + (f"  ({', '.join(sorted(scopes))})" if scopes else "")


def _in_order(groups: list[Group]) -> list[Group]:
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


def work_of(kernel: Kernel) -> int:
    """About how many simple operations the kernel is."""
    points = 1
    for dim in kernel.dims:
        points *= dim.size
    per_point = sum(_cost(s.expr) for s in kernel.stores) + 1
    inner = 0
    if kernel.reduction is not None:
        inner = 1 + _cost(kernel.reduction.body)
        for dim in kernel.reduction.dims:
            inner *= dim.size
        if kernel.block:
            inner = inner * kernel.block // kernel.reduction.dims[0].size
    if kernel.scan is not None:
        inner = (1 + _cost(kernel.scan.body) + per_point) * kernel.scan.dim.size
    return points * (per_point + inner)


def _cost(expr: Expr) -> int:
    return sum(cost_of(e.name) if isinstance(e, Apply) else 1 for e in walk(expr))


def _turn_to_columns(kernel: Kernel) -> None:
    """Divide a product with a large matrix by the matrix's columns, not by the batch's rows: then each thread reads its
    part of the matrix only, and a barrier more is nothing to the work. Chunks will be multiples of tiles."""
    reduction = kernel.reduction
    if not kernel.rows or reduction is None or reduction.kind != "sum" or len(kernel.dims) != 2:
        return
    row, column = kernel.dims
    loads = [e for e in walk(reduction.body) if isinstance(e, Load)]
    matrices = {e.buffer for e in loads if row not in e.dims and column in e.dims}
    if column.size >= _COLUMNS and any(m.nbytes >= _LARGE_MATRIX for m in matrices):
        kernel.dims, kernel.rows, kernel.grain = (column, row), False, _COLUMN_GRAIN


def _partition(kernel: Kernel, block: int) -> None:
    """Divide the first dim into chunks. Kernels over the batch's rows are all divided alike (`block` rows, if sums over
    them are divided); the others by their work.

    The division is part of the program, not of the run: which thread gets a chunk changes no bit of it.
    """
    if not kernel.dims or any(s.accumulate for s in kernel.stores):
        return
    n = kernel.dims[0].size
    if kernel.block:
        kernel.grain = 1
    elif kernel.rows:
        kernel.grain = block or max(_multiple(n / _MOST_CHUNKS, 8), 1)
    else:
        wanted = max(1, min(_MOST_CHUNKS, work_of(kernel) // _CHUNK_WORK, n))
        multiple = kernel.grain if kernel.grain > 1 else 8 if len(kernel.dims) > 1 else 64
        kernel.grain = _multiple(n / wanted, multiple) if wanted > 1 else n
        if kernel.reduction is not None and len(kernel.dims) == 1 and wanted > 1:
            kernel.grain = _multiple(n / wanted, 16)
    kernel.chunks = -(-n // kernel.grain)


def _multiple(value: float, of: int) -> int:
    return max(of, int(-(-value // of)) * of)


def _set_phases(steps: list[Kernel | HostCall]) -> None:
    """Give every step its phase: the number of barriers before it. A barrier stands where data crosses
    threads."""
    readers: dict[Buffer, list[Kernel | HostCall]] = {}
    writers: dict[Buffer, list[Kernel | HostCall]] = {}
    latest = 0
    for step in steps:
        step.phase = latest if step.late else 0
        reads, writes = _touches(step)
        before = [earlier for b in reads for earlier in writers.get(b, ())]
        before += [earlier for b in writes for table in (readers, writers) for earlier in table.get(b, ())]
        for earlier in before:
            if earlier.phase >= step.phase:
                apart = 0 if _same_thread(earlier, step) else 1
                step.phase = max(step.phase, earlier.phase + apart)
        latest = max(latest, step.phase)
        for table, buffers in ((readers, reads), (writers, writes)):
            for b in buffers:
                table.setdefault(b, []).append(step)


def _touches(step: Kernel | HostCall) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that a step reads, and those it writes."""
    if isinstance(step, HostCall):
        return set(step.inputs), set(step.outputs)
    cached = step.__dict__.get("_touched")
    if cached is None:
        reads = {e.buffer for expr in _expressions(step) for e in walk(expr) if isinstance(e, Load)}
        waiting = {step.partial} if step.partial is not None else set()
        cached = step.__dict__["_touched"] = (reads | waiting, {s.buffer for s in step.stores} | waiting)
    return cached


def _expressions(kernel: Kernel) -> list[Expr]:
    found = [s.expr for s in kernel.stores]
    for store in kernel.stores:
        found.extend(atom.expr for i in store.index for atom, _ in i.terms if isinstance(atom, Dynamic))
    if kernel.reduction is not None:
        found.append(kernel.reduction.body)
    if kernel.scan is not None:
        found.append(kernel.scan.body)
    return found


def _same_thread(earlier: Kernel | HostCall, later: Kernel | HostCall) -> bool:
    """Whether every thread needs only what it has made (or read) itself, so that the two need no barrier
    between them."""
    alone = [isinstance(s, HostCall) or s.chunks == 1 for s in (earlier, later)]
    if all(alone):
        return True
    if any(alone) or not (isinstance(earlier, Kernel) and isinstance(later, Kernel)):
        return False
    if _rows_of_chunk(earlier) != _rows_of_chunk(later) or not _rows_of_chunk(earlier):
        return False
    shared = (_touches(earlier)[1] & (_touches(later)[0] | _touches(later)[1])) | (
        _touches(earlier)[0] & _touches(later)[1]
    )
    return all(_by_rows(kernel, buffer) for kernel in (earlier, later) for buffer in shared)


def _rows_of_chunk(kernel: Kernel) -> int:
    """How many of the batch's rows a chunk goes over; 0 if it does not go over rows."""
    return kernel.block or (kernel.grain if kernel.rows else 0)


def _by_rows(kernel: Kernel, buffer: Buffer) -> bool:
    """Whether the kernel reads and writes the buffer's row i only when it goes over row i of the batch."""
    dim = kernel.reduction.dims[0] if kernel.block and kernel.reduction is not None else kernel.dims[0]
    row = of_dim(dim)
    loads = [e for x in _expressions(kernel) for e in walk(x) if isinstance(e, Load) and e.buffer is buffer]
    places = [e.index for e in loads] + [s.index for s in kernel.stores if s.buffer is buffer]
    return all(bool(index) and index[0] == row for index in places)


def _owner(step: Kernel | HostCall, buffer: Buffer) -> object:
    """Which thread works on which part of the buffer: equal for steps of which each thread finds what it has made
    itself; None where that is not known."""
    if isinstance(step, HostCall) or step.chunks == 1:
        return ALONE
    rows = _rows_of_chunk(step)
    if not rows or buffer is step.partial or not _by_rows(step, buffer):
        return None
    return rows, buffer.shape[0]
