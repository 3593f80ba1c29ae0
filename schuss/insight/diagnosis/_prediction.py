"""How long a program's step will take, told from its kernels' loops and a few figures of this machine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schuss.backends._description import KernelCode
from schuss.compiler import HostCall, Kernel, Plan
from schuss.compiler._counts import bytes_of
from schuss.compiler._expr import Apply, Buffer, Expr, Load, cost_of, walk
from schuss.compiler._index import Dim, dims_of, linear, stride_along
from schuss.compiler._kernel import counted
from schuss.compiler._order import expressions, row_of
from schuss.insight.diagnosis._machine import LINE, MachineModel

_LATENCY = 8.0  # multiply-adds that could be done while one waits for the one before
_STORE = 2.0  # of a vector, in multiply-adds
_GATHERED = 2.0  # a lane that is fetched from a place of its own
_ADDITION = 1.0  # to an element at a place known only at run time
_FOLD = 12.0  # adding up the lanes of a total
_CALL = 130.0  # of a kernel's function, by each thread
_STEP = 800.0  # of a step: looks at flags and limits, shares of chunks
_TRANSPOSED = 4.0  # a vector of a panel that is turned on the way
_COPIED = 3.0  # a vector of a panel
_APART = 0.25  # of the rate, where what is copied together lies in short pieces far apart
_FAR = 512  # bytes from one turn's piece to the next one's
_LARGE = 1 << 20  # bytes of a matrix that the second cache cannot keep beside the others
_HOST_BYTES = 1e9  # a second, that NumPy reads and writes
_HOST_CALL = 10e-6  # seconds
_USUAL = 1.15  # times what the quickest of everything would make: the machine is known by its best moments
_OVERLAP = 1.5  # of arithmetic and memory: 1 would be one after the other, ∞ both at once
_SLOW = {
    "divide": 1.25,
    "sqrt": 1.5,
    "rsqrt": 2.5,
    "remainder": 2.0,
}  # for each lane: units that do few at a time
_FREE = {"convert", "negative", "identity", "stop_gradient"}


@dataclass(frozen=True)
class KernelTime:
    """What a kernel is expected to take in a step.

    Attributes:
        label: the primitives and layers that it came from. seconds: of one thread doing all of it. shared: of each of all
            threads doing its part.
        arithmetic, memory: seconds of each, by itself, of one thread; they overlap in part.
    """

    label: str
    seconds: float
    shared: float
    arithmetic: float
    memory: float


def kernel_times(
    plan: Plan, codes: list[KernelCode | None], machine: MachineModel, data_bytes: int, threads: int
) -> list[KernelTime]:
    """The time of each kernel and host call of a plan, all turns of loops together.

    Args:
        codes: the shape of each one's machine code, as `CpuProgram.describe` tells. data_bytes: of the data set, from
            which batches are read. threads: that share the chunks.
    """
    kinds = ("variable", "constant", "batch")
    held = plan.arena_bytes + sum(b.nbytes for b in plan.buffers if b.kind in kinds)
    found, fetched, crossing = [], set[Buffer](), _Crossing(plan, threads, held, machine)

    def together(work: float, memory: float) -> float:
        """Seconds of both, which overlap in part."""
        return (work**_OVERLAP + memory**_OVERLAP) ** (1 / _OVERLAP)

    for (step, turns), code in zip(counted(plan.steps), codes, strict=True):
        if isinstance(step, HostCall) or code is None:
            seconds = turns * (_HOST_CALL + sum(bytes_of(step)) / _HOST_BYTES)
            found.append(KernelTime(step.label, seconds, seconds, seconds, 0.0))
            continue
        panels = _panels(step, code)
        made_by_each = panels if _copied_by_each(step, code) else 0.0
        strips = -(-row_of(step).size // step.strip) if step.strip else 1
        calls = _CALL * strips + made_by_each * (strips - 1)
        products, others = _work(step, code)
        work = (
            turns
            * (machine.loss * (products + panels + calls) + machine.others * others)
            * machine.multiply_add
        )
        memory = turns * _memory(step, code, held, machine) + _fetching(
            step, fetched, max(held, data_bytes), machine
        )
        part = math.ceil(step.chunks / threads) / step.chunks
        again = 0.0 if step.strip else _CALL + made_by_each  # which no thread is spared
        own = part * work + (1 - part) * turns * again * machine.loss * machine.multiply_add
        shared = together(own, part * memory + crossing.seconds(step))
        found.append(KernelTime(step.label, together(work, memory), shared, work, memory))
    return found


def step_seconds(plan: Plan, times: list[KernelTime], threads: int, machine: MachineModel) -> float:
    """Seconds of a step: kernels in chunks, and barriers where threads meet; on one thread where that is less."""
    alone = sum(t.seconds for t in times) + _STEP * machine.multiply_add
    if threads == 1:
        return _USUAL * alone
    return _USUAL * min(alone, sum(t.shared for t in times) + plan.barriers * machine.barrier)


class _Crossing:
    """What threads read of what others wrote, kernel by kernel: it comes from the other core's cache, line by line.

    Args:
        threads: that share the kernels. held: bytes that a step goes round; what of these the cores' own caches do not
            hold has gone to the last one, from where all read alike.
    """

    def __init__(self, plan: Plan, threads: int, held: int, machine: MachineModel):
        kernels = [step for step, _ in counted(plan.steps) if isinstance(step, Kernel)]
        self._writers = {store.buffer: kernel for kernel in kernels for store in kernel.stores}
        self._near = set[Buffer]()  # read since they were written
        self._threads = threads
        near = min(1.0, 2 * threads * machine.limits.cache_bytes / max(held, 1))
        self._byte = near * (threads - 1) / threads * machine.line / LINE

    def seconds(self, kernel: Kernel) -> float:
        """Of each thread, for the kernel that is next in the plan's order."""
        found = 0.0
        loads = [e for root in expressions(kernel) for e in walk(root) if isinstance(e, Load)]
        for buffer in {load.buffer for load in loads} - self._near:
            writer = self._writers.get(buffer)
            if writer is None or _by_the_same(writer, kernel):
                continue
            found += max(self._read(e, kernel) for e in loads if e.buffer is buffer) * self._byte
            self._near.add(buffer)
        self._near -= {store.buffer for store in kernel.stores}
        return found

    def _read(self, load: Load, kernel: Kernel) -> float:
        """Bytes that a thread reads."""
        size = min(_size(load.dims) * load.dtype.itemsize, load.buffer.nbytes)
        return size / self._threads if kernel.dims and kernel.dims[0] in load.dims else size


def _by_the_same(writer: Kernel, reader: Kernel) -> bool:
    """Whether each thread reads what it wrote itself."""
    if writer is reader or writer.chunks == reader.chunks == 1:
        return True
    return all(kernel.rows or kernel.block for kernel in (writer, reader))


def _work(kernel: Kernel, code: KernelCode) -> tuple[float, float]:
    """In multiply-adds of vectors: those of sums themselves, and everything else."""
    if any(store.accumulate for store in kernel.stores):
        return 0.0, _scattered(kernel)
    if kernel.scan is not None:
        return 0.0, _elementwise(kernel, code) + 4 * _points((*kernel.dims, kernel.scan.dim), code)
    if kernel.reduction is None:
        return 0.0, _elementwise(kernel, code)
    return _reduction(kernel, code)


def _reduction(kernel: Kernel, code: KernelCode) -> tuple[float, float]:
    reduction = kernel.reduction
    assert reduction is not None
    free = kernel.dims[1:] if kernel.block else kernel.dims
    turns = _size(reduction.dims)
    sizes = dict(code.tile)
    across = code.vector is None or code.vector in free
    lanes = code.lanes
    if code.vector is not None and not across:
        turns = turns / code.vector.size * math.ceil(code.vector.size / lanes)
    rows = [(dim, count) for dim, count in code.tile if dim is not code.vector]
    tall = rows[0][1] if rows else 1
    wide = math.ceil(sizes.get(code.vector, lanes) / lanes) if across and code.vector is not None else 1
    if not across:
        wide = rows[1][1] if len(rows) > 1 else 1
    tiles = 1.0
    for dim in free:
        if dim is code.vector:
            tiles *= math.ceil(dim.size / lanes) / wide
        else:
            tiles *= dim.size / dict(rows).get(dim, 1)
    loads = sum(
        _load_cost(e, code, across) * _per_tile(e, rows, code, tall, wide) for e in _loads(reduction.body)
    )
    inner = sum(
        _price(e, code) * _per_tile(e, rows, code, tall, wide) for e in _beside_product(reduction.body)
    )
    for_turn = max(tall * wide + inner, loads, _LATENCY / max(code.parts, 1))
    total = tiles * turns * for_turn
    if not across:
        total += _FOLD * _size(free) / lanes * (1 if tall >= lanes else 4)
    results = _points(free, code) if across else _size(free) / lanes
    return total, results * (_STORE * len(kernel.stores) + _applied(kernel, code))


def _panels(kernel: Kernel, code: KernelCode) -> float:
    """Of copying together, once."""
    if kernel.reduction is None:
        return 0.0
    points = _points(kernel.dims[1:] if kernel.block else kernel.dims, code) * _size(kernel.reduction.dims)
    return sum(points / _size(p.shared) * (_TRANSPOSED if p.transposed else _COPIED) for p in code.panels)


def _copied_by_each(kernel: Kernel, code: KernelCode) -> bool:
    """Whether each thread makes its own panels, for its share of the rows that read them."""
    return any(kernel.dims[0] in panel.shared for panel in code.panels)


def _per_tile(expr: Expr, rows: list[tuple[Dim, int]], code: KernelCode, tall: int, wide: int) -> int:
    """How often a tile computes an expression in a turn: for each row and column on which it depends."""
    down = not rows or rows[0][0] in expr.dims
    other = code.vector if len(rows) < 2 else rows[1][0]
    return (tall if down else 1) * (wide if other is not None and other in expr.dims else 1)


def _loads(expr: Expr) -> list[Load]:
    return [e for e in walk(expr) if isinstance(e, Load)]


def _load_cost(load: Load, code: KernelCode, across: bool) -> float:
    if code.vector is None or code.vector not in load.dims:
        return 1.0
    inside = any(load in walk(panel.factor) for panel in code.panels)
    if inside or (stride_along(load.position, code.vector) == 1 and not _by_rows(load, code.vector)):
        return 1.0
    return _GATHERED * code.lanes


def _by_rows(load: Load, vector: Dim) -> bool:
    return load.buffer.kind == "batch" and vector in load.dims and stride_along(load.index[0], vector) != 0


def _beside_product(body: Expr) -> list[Apply]:
    """What is computed in a sum's body beside the product, which is part of a multiply-add."""
    found = [e for e in walk(body) if isinstance(e, Apply) and e.name not in _FREE]
    return [e for e in found if not (e is body and e.name == "multiply")]


def _applied(kernel: Kernel, code: KernelCode) -> float:
    """Of what is done with a result, for a vector of results."""
    exprs = {id(e): e for store in kernel.stores for e in walk(store.expr)}.values()
    found = 0.0
    for e in exprs:
        if isinstance(e, Apply) and e.name not in _FREE:
            found += _price(e, code)
        elif isinstance(e, Load):
            found += _load_cost(e, code, True)
    return found


def _price(expr: Apply, code: KernelCode) -> float:
    """Of an operation on a vector."""
    return max(float(cost_of(expr.name)), _SLOW.get(expr.name, 0.0) * code.lanes)


def _elementwise(kernel: Kernel, code: KernelCode) -> float:
    every: frozenset[Dim] = frozenset((*kernel.dims, *([kernel.scan.dim] if kernel.scan else [])))
    total = 0.0
    for e in {id(e): e for root in expressions(kernel) for e in walk(root)}.values():
        points = _points(every & e.dims, code)
        if isinstance(e, Apply) and e.name not in _FREE:
            total += _price(e, code) * points
        elif isinstance(e, Load):
            total += _load_cost(e, code, True) * points
    for store in kernel.stores:
        stride = (
            1 if code.vector is None else stride_along(linear(store.index, store.buffer.shape), code.vector)
        )
        total += (_STORE if stride == 1 else _STORE * code.lanes) * _points(every, code)
    return total


def _scattered(kernel: Kernel) -> float:
    """Additions at places known only at run time, each result by itself; places are computed once for what shares "
    "them."""
    total = _ADDITION * _size(kernel.dims)
    for e in {id(e): e for root in expressions(kernel) for e in walk(root)}.values():
        if isinstance(e, Apply) and e.name not in _FREE:
            total += cost_of(e.name) * _size(e.dims)
        elif isinstance(e, Load):
            total += _size(e.dims) if len(e.dims) < len(kernel.dims) else 0
    return total


def _points(dims: Iterable[Dim], code: KernelCode) -> float:
    """Vectors that cover the points of some loops."""
    count = 1.0
    for dim in dims:
        count *= math.ceil(dim.size / code.lanes) if dim is code.vector else dim.size
    return count


def _size(dims: Iterable[Dim]) -> int:
    count = 1
    for dim in dims:
        count *= dim.size
    return count


def _memory(kernel: Kernel, code: KernelCode, held: int, machine: MachineModel) -> float:
    """Seconds to read and write what it touches: of kernels over the batch's rows one half comes from the kernel before,
    which made it on the same rows, and the other from the cache that holds all that a step goes round."""
    moved = sum(bytes_of(kernel))
    near = moved // max(kernel.chunks, 1) if kernel.rows else held
    far = machine.bytes_a_second(held)
    apart = sum(b.nbytes for b in _lying_apart(kernel, code) if b.nbytes >= _LARGE)
    return moved / 2 / machine.bytes_a_second(min(near, held)) + moved / 2 / far + apart / (_APART * far)


def _lying_apart(kernel: Kernel, code: KernelCode) -> set[Buffer]:
    """What a sum reads in pieces that lie far apart, so that no processor sees them coming: weights that are copied
    together, and rows of which one turn needs a few columns."""
    if kernel.reduction is None or not kernel.reduction.dims:
        return set()
    found = {
        load.buffer
        for panel in code.panels
        for load in _loads(panel.factor)
        if load.buffer.kind == "variable"
    }
    last = kernel.reduction.dims[-1]
    for load in _loads(kernel.reduction.body):
        if code.vector in load.dims or last not in load.dims:
            continue
        by_row = load.buffer.kind == "batch" and last in dims_of(load.index[0])
        stride = load.buffer.nbytes // load.buffer.shape[0] if by_row else _stride(load, last)
        if stride >= _FAR:
            found.add(load.buffer)
    return found


def _stride(load: Load, dim: Dim) -> int:
    return abs(stride_along(load.position, dim) or 0) * load.dtype.itemsize


def _fetching(kernel: Kernel, fetched: set[Buffer], data_bytes: int, machine: MachineModel) -> float:
    """Seconds for rows of the data that no kernel before has read in this step: from where the data lie."""
    read = {e.buffer for root in expressions(kernel) for e in walk(root) if isinstance(e, Load)}
    fresh = {b for b in read if b.kind == "batch"} - fetched
    fetched |= fresh
    return sum(b.nbytes for b in fresh) / machine.bytes_a_second(data_bytes)


def program_times(program: Any, machine: MachineModel, data_bytes: int) -> list[KernelTime]:
    """The times of a compiled program's kernels; see `kernel_times`."""
    return kernel_times(program.plan, program.describe(), machine, data_bytes, program.threads())
