"""Planning: from groups to a `Plan`: buffers, in-place updates, the order, barriers, chunks, the arena."""

from __future__ import annotations

import math
from collections.abc import Sequence

from schuss.compiler._arena import lay_out
from schuss.compiler._context import Context
from schuss.compiler._expr import Apply, Buffer, Expr, Load, cost_of, walk
from schuss.compiler._fuse import Fusion, readers_of, replaceable
from schuss.compiler._index import Dim
from schuss.compiler._kernel import LONG_SUM, HostCall, Kernel, Loop, Plan, Step, Store, leaves
from schuss.compiler._lower import Lowering, loops_over
from schuss.compiler._order import owner, set_phases, touches
from schuss.compiler._simplify import simplify
from schuss.compiler._split import split_sums
from schuss.compiler._strips import set_strips
from schuss.compiler.lowering.structure import loops
from schuss.graph import Graph

_CHUNK_WORK = 16384  # simple operations below which a piece of a kernel is not worth another thread
_MOST_CHUNKS = 64
_MANY_RESULTS = 1024
_LARGE_MATRIX = 1 << 20  # bytes of an operand that each thread should read only in part
_COLUMNS = 256  # so many at least, if threads are to divide them
_ROWS = 128  # ... and of the other matrix, where its rows were divided otherwise: a panel serves all of them
_COLUMN_GRAIN = 64  # a multiple of the tiles' widths
_APART_GRAIN = 16  # columns that lie in other lines of the caches


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
        self.all: list[Buffer] = []
        self.context = Context({})
        self.lowering = Lowering(self.fusion, self.context, self.all, self.batch)
        self.copies: list[tuple[Buffer, Buffer]] = []
        new = self.lowering.buffer
        self.batch_inputs = [new(t, f"x{i}", "batch", i) for i, t in enumerate(graph.inputs[:batch_inputs])]
        self.arguments = [new(t, f"a{i}", "argument", i) for i, t in enumerate(graph.inputs[batch_inputs:])]
        self.variables = [new(s.input, s.variable.path, "variable", i) for i, s in enumerate(graph.state)]
        for i, tensor in enumerate(graph.constants()):
            if tensor.array is not None and tensor.array.size != 1:
                new(tensor, f"c{i}", "constant", i).array = tensor.array
        rows = list(row_outputs) + [False] * (len(graph.outputs) - len(row_outputs))
        self.outputs = [
            new(t, f"y{i}", "row_output" if rows[i] else "output", i) for i, t in enumerate(graph.outputs)
        ]
        self._update_in_place()

    def _update_in_place(self) -> None:
        """Let new values of variables go straight to their place, after everybody has read the old ones.

        Where the order does not allow it (two variables that swap, say), the new value is made aside and
        copied.
        """
        readers = readers_of(self.fusion)
        for slot, buffer in zip(self.graph.state, self.variables, strict=True):
            if slot.output is None:
                continue
            if replaceable(self.fusion, slot.input, slot.output, readers.get(slot.input.id, [])):
                self.context.buffers[slot.output.id] = buffer
            else:
                aside = self.lowering.buffer(slot.output, f"new {buffer.name}", "temporary")
                self.copies.append((aside, buffer))

    def plan(self) -> Plan:
        steps = self.lowering.steps()
        for aside, buffer in (copy for copy in self.copies if copy[0].nbytes):
            steps.append(_copy_kernel(self.context, aside, buffer))
        for step in leaves(steps):
            if isinstance(step, Kernel):
                _turn_to_columns(step)
                _turn_to_larger(step)
                _turn_to_apart(step)
        steps, block = split_sums(steps, self.batch, self.parts)
        for step in steps:
            if isinstance(step, Kernel):
                self.all.extend(_waiting_totals(step, len(self.all)))
        for step in leaves(steps):
            if isinstance(step, Kernel):
                _partition(step, block if step.rows and step.dims[0].size == self.batch else 0)
        known = set(self.all)
        self.all.extend(b for s in steps for b in touches(s)[1] if b not in known)
        set_phases(steps)
        steps.sort(key=lambda step: step.phase)
        set_strips(steps, self.parts)
        arena = lay_out(steps, [b for b in self.all if b.kind == "temporary"], touches, owner)
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
            work_of_steps(steps),
        )


def _waiting_totals(kernel: Kernel, number: int) -> list[Buffer]:
    """Where the kernel's totals wait between the blocks of a long sum, if it is one."""
    if kernel.reduction is None or not _is_long(kernel):
        return []
    shape = (math.prod(dim.size for dim in kernel.dims),)
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
    long = length >= LONG_SUM and results >= _MANY_RESULTS
    return reduction.kind == "sum" and products and body.dtype.kind == "f" and long


def _copy_kernel(context: Context, source: Buffer, target: Buffer) -> Kernel:
    dims, index = loops_over(source.shape)
    return Kernel(loops(dims), [Store(target, index, context.make.load(source, index))], label="copy")


def work_of(kernel: Kernel) -> int:
    """About how many simple operations the kernel is; of one in loops, in a turn."""
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


def work_of_steps(steps: list[Step]) -> int:
    """About how many simple operations the kernels among them are, in all turns."""
    return sum(
        step.turn.size * work_of_steps(step.steps) if isinstance(step, Loop) else work_of(step)
        for step in steps
        if not isinstance(step, HostCall)
    )


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


def _turn_to_larger(kernel: Kernel) -> None:
    """Divide a product that is not of the batch's rows, as the gradient of weights, along its larger matrix: each thread
    reads its part of that one then, and a tile's column of it serves all rows of the other."""
    reduction = kernel.reduction
    if kernel.rows or reduction is None or reduction.kind != "sum" or len(kernel.dims) != 2:
        return
    row, column = kernel.dims
    loads = [e for e in walk(reduction.body) if isinstance(e, Load)]
    rows, columns = (sum(b.nbytes for b in {e.buffer for e in loads if d in e.dims}) for d in kernel.dims)
    if row.size >= _ROWS and column.size >= _COLUMNS and columns >= max(_LARGE_MATRIX, 2 * rows):
        kernel.dims, kernel.grain = (column, row), _COLUMN_GRAIN


def _turn_to_apart(kernel: Kernel) -> None:
    """Let the first dim of what adds at places known only at run time be one whose turns never meet, if there is one:
    the columns of a table. Each thread then adds to its columns, all rows in their order."""
    if kernel.stores[0].accumulate:
        apart = [d for d in kernel.dims if _apart(kernel, d)]
        kernel.dims = (*apart[-1:], *(d for d in kernel.dims if d not in apart[-1:]))
        kernel.grain = _APART_GRAIN


def _apart(kernel: Kernel, dim: Dim) -> bool:
    """Whether each turn of `dim` writes to elements of its own."""
    return any(i.dim is dim for store in kernel.stores for i in store.index)


def _partition(kernel: Kernel, block: int) -> None:
    """Divide the first dim into chunks. Kernels over the batch's rows are all divided alike (`block` rows, if sums over
    them are divided); the others by their work.

    The division is part of the program, not of the run: which thread gets a chunk changes no bit of it.
    """
    if not kernel.dims or (kernel.stores[0].accumulate and not _apart(kernel, kernel.dims[0])):
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
