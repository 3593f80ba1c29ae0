"""Which steps need a barrier between them: where data crosses threads, within a step, and from turn to turn of a loop."""

from __future__ import annotations

from collections.abc import Iterator

from schuss.compiler._arena import ALONE
from schuss.compiler._expr import Buffer, Expr, Load, walk
from schuss.compiler._index import Dim, Dynamic, Index, of_dim
from schuss.compiler._kernel import HostCall, Kernel, Loop, Step, leaves


def expressions(kernel: Kernel) -> list[Expr]:
    """What the kernel computes: what it stores, where, and what it sums up."""
    found = [s.expr for s in kernel.stores]
    for store in kernel.stores:
        found.extend(atom.expr for i in store.index for atom, _ in i.terms if isinstance(atom, Dynamic))
    if kernel.reduction is not None:
        found.append(kernel.reduction.body)
    if kernel.scan is not None:
        found.append(kernel.scan.body)
    return found


def touches(step: Step) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that a step reads, and those it writes."""
    if isinstance(step, HostCall):
        return set(step.inputs), set(step.outputs)
    cached = step.__dict__.get("_touched")
    if cached is None:
        cached = step.__dict__["_touched"] = (
            _touched_by_loop(step) if isinstance(step, Loop) else _touched(step)
        )
    return cached


def _touched(kernel: Kernel) -> tuple[set[Buffer], set[Buffer]]:
    reads = {e.buffer for expr in expressions(kernel) for e in walk(expr) if isinstance(e, Load)}
    waiting = {kernel.partial} if kernel.partial is not None else set()
    return reads | waiting, {s.buffer for s in kernel.stores} | waiting


def _touched_by_loop(loop: Loop) -> tuple[set[Buffer], set[Buffer]]:
    pairs = [touches(step) for step in loop.steps]
    return set().union(*(reads for reads, _ in pairs)), set().union(*(writes for _, writes in pairs))


def set_phases(steps: list[Step]) -> None:
    """Give every step its phase: the number of barriers before it. A barrier stands where data crosses
    threads. Steps of loops count from the beginning of a turn."""
    readers: dict[Buffer, list[Step]] = {}
    writers: dict[Buffer, list[Step]] = {}
    latest = 0
    for step in steps:
        step.phase = latest if step.late else 0
        if isinstance(step, Loop):
            _set_phases_of_turn(step)
        reads, writes = touches(step)
        before = [earlier for b in reads for earlier in writers.get(b, ())]
        before += [earlier for b in writes for table in (readers, writers) for earlier in table.get(b, ())]
        for earlier in before:
            if earlier.phase >= step.phase:
                apart = 0 if same_thread(earlier, step) else 1
                step.phase = max(step.phase, earlier.phase + apart)
        latest = max(latest, step.phase)
        for table, buffers in ((readers, reads), (writers, writes)):
            for b in buffers:
                table.setdefault(b, []).append(step)


def _set_phases_of_turn(loop: Loop) -> None:
    """Phases within a turn; and one barrier more if something crosses threads from its last phase to the first of the next
    turn."""
    set_phases(loop.steps)
    loop.steps.sort(key=lambda step: step.phase)
    last = max((step.phase for step in loop.steps), default=0)
    ends = [step for step in loop.steps if step.phase == last]
    begins = [step for step in loop.steps if step.phase == 0]
    loop.closing = any(not same_thread(a, b) for a in ends for b in begins)


def same_thread(earlier: Step, later: Step) -> bool:
    """Whether every thread needs only what it has made (or read) itself, so that the two need no barrier
    between them."""
    return all(
        _alone(a, b) or all(stays(a, b, buffer) for buffer in _shared(a, b))
        for a in leaves([earlier])
        for b in leaves([later])
    )


def _alone(earlier: Kernel | HostCall, later: Kernel | HostCall) -> bool:
    """Whether one thread does both."""
    return all(isinstance(step, HostCall) or step.chunks == 1 for step in (earlier, later))


def _shared(earlier: Step, later: Step) -> set[Buffer]:
    """What one of them writes that the other touches."""
    (reads, writes), (later_reads, later_writes) = touches(earlier), touches(later)
    return (writes & (later_reads | later_writes)) | (reads & later_writes)


def stays(earlier: Kernel | HostCall, later: Kernel | HostCall, buffer: Buffer) -> bool:
    """Whether each thread needs of the buffer only its own rows, or one thread does both."""
    if _alone(earlier, later):
        return True
    if isinstance(earlier, HostCall) or isinstance(later, HostCall) or 1 in (earlier.chunks, later.chunks):
        return False
    rows = rows_of_chunk(earlier)
    if rows is None or rows != rows_of_chunk(later):
        return False
    return not _axes_of_rows(earlier, buffer).isdisjoint(_axes_of_rows(later, buffer))


def owner(step: Step, buffer: Buffer) -> object:
    """Which thread works on which part of the buffer: equal for steps of which each thread finds what it has made
    itself; None where that is not known."""
    if isinstance(step, Loop):
        alone = all(owner(inner, buffer) == ALONE for inner in leaves([step]) if _touches_it(inner, buffer))
        return ALONE if alone else None
    if isinstance(step, HostCall) or step.chunks == 1:
        return ALONE
    rows = rows_of_chunk(step)
    if rows is None or buffer is step.partial or 0 not in _axes_of_rows(step, buffer):
        return None
    return rows, buffer.shape[0]


def _touches_it(step: Step, buffer: Buffer) -> bool:
    return any(buffer in buffers for buffers in touches(step))


def row_of(kernel: Kernel) -> Dim:
    """The loop over the rows, of a kernel that goes over some: its first, or, of a divided sum, the first reduced one."""
    return kernel.reduction.dims[0] if kernel.block and kernel.reduction is not None else kernel.dims[0]


def rows_of_chunk(kernel: Kernel) -> tuple[int, int] | None:
    """Over how many rows the kernel goes, and how many of them a chunk takes; None if it does not go over rows."""
    if not kernel.block and not kernel.rows:
        return None
    return row_of(kernel).size, kernel.block or kernel.grain


def _axes_of_rows(kernel: Kernel, buffer: Buffer) -> set[int]:
    """The axes of the buffer along which the kernel reads and writes its place i only when it goes over row i."""
    row = of_dim(row_of(kernel))
    axes = set(range(len(buffer.shape)))
    for index in _places(kernel, buffer):
        axes = {axis for axis in axes if index[axis] == row}
    return axes


def _places(kernel: Kernel, buffer: Buffer) -> Iterator[tuple[Index, ...]]:
    for expr in expressions(kernel):
        yield from (e.index for e in walk(expr) if isinstance(e, Load) and e.buffer is buffer)
    yield from (store.index for store in kernel.stores if store.buffer is buffer)
