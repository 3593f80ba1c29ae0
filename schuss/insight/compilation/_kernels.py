"""One kernel, explained: what leads it, what was fused into it, what it reads and writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from schuss.backends._description import KernelCode
from schuss.compiler import HostCall, Kernel
from schuss.compiler._counts import flops_of
from schuss.compiler._expr import Apply, Buffer, Load, walk
from schuss.compiler._index import Dim, dims_of
from schuss.compiler._order import expressions
from schuss.insight.compilation._beforehand import copied, fetched, read_once
from schuss.insight.compilation._code import code_of, reduction_of, stores_of
from schuss.insight.compilation._names import BufferNames, loop_names, short_path, written
from schuss.insight.compilation._words import gathers, short_list, words_of

_KINDS = {"row_output": "output", "batch": "data"}


@dataclass(frozen=True)
class Access:
    """An array that a kernel reads or writes.

    Attributes:
        name: what explanations call it. kind: ``"data"`` (the batch's rows of a data set), ``"argument"``,
            ``"variable"``, ``"constant"``, ``"output"`` or ``"temporary"``.
        shape, dtype: of the array; of data those of a batch.
        bytes: how much of it is touched in a step. nbytes: how large it is.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    dtype: np.dtype
    bytes: int
    nbytes: int


@dataclass
class ExplainedKernel:
    """A kernel: a loop nest that does the work of many operations.

    Attributes:
        number: its place in the step, from 1. phase: how many barriers are before it, and one.
        what: in words: for which layers it does what. layers: their paths, ``"backward/…"`` in gradients.
        leader: ``"contraction"``, ``"reduction"``, ``"scan"``, ``"scatter"``, ``"elementwise"``, ``"copy"`` or
            ``"host call"``.
        formula: what the leader computes, in lines; empty for elementwise kernels.
        turns: name and size of each loop around it that runs in order, several kernels in a turn.
        loops: name and size of each loop over results. reduced: of each loop inside, over what is added up.
        by_rows: whether its first loop runs over the rows of the batch.
        chunks, grain: the first loop is divided into so many chunks of so many turns, for any thread; 1: it is not.
        tile: name and number of neighbouring turns of loops over results whose totals are in registers at once.
        vector, lanes: name of the loop of the vectors, and numbers in a vector; None and 1 where there are none.
        block: a long sum goes in blocks of so many turns of its first loops; (): in one.
        rows_of_sum: each turn of the first loop sums over a block of so many of the batch's rows; 0: over all turns inside.
        panels: operands that are copied together before tiles read them, in words. ahead: what is asked for before it is
            needed. once: what a tile reads once for several turns.
        prologue: what is computed on the way in. epilogue: what is computed while results are in registers.
        stores: the lines in which it writes.
        updates: names of the variables that it overwrites in place.
        reads, writes: list of `Access`.
        flops: floating-point operations in a step; exp, sqrt and the like count as one.
        same_code_as: the number of the first kernel with the same machine code; None if it is the first.
        code: the kernel as loops. on_host: whether it is a call of NumPy: slow.
    """

    number: int
    phase: int
    what: str
    layers: list[str]
    leader: str
    formula: list[str] = field(default_factory=list)
    turns: list[tuple[str, int]] = field(default_factory=list)
    loops: list[tuple[str, int]] = field(default_factory=list)
    reduced: list[tuple[str, int]] = field(default_factory=list)
    by_rows: bool = False
    chunks: int = 1
    grain: int = 1
    tile: list[tuple[str, int]] = field(default_factory=list)
    vector: str | None = None
    lanes: int = 1
    block: tuple[int, ...] = ()
    rows_of_sum: int = 0
    panels: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)
    once: list[str] = field(default_factory=list)
    prologue: list[str] = field(default_factory=list)
    epilogue: list[str] = field(default_factory=list)
    stores: list[str] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    reads: list[Access] = field(default_factory=list)
    writes: list[Access] = field(default_factory=list)
    flops: int = 0
    same_code_as: int | None = None
    code: str = ""

    @property
    def on_host(self) -> bool:
        return self.leader == "host call"

    @property
    def bytes_read(self) -> int:
        return sum(access.bytes for access in self.reads)

    @property
    def bytes_written(self) -> int:
        return sum(access.bytes for access in self.writes)

    def __str__(self) -> str:
        return f"# {self.number}  {self.what}\n{self.code}"

    __repr__ = __str__


def explained(
    step: Kernel | HostCall,
    number: int,
    names: BufferNames,
    code: KernelCode | None,
    prefix: str,
    phase: int,
    turns: Sequence[Dim] = (),
) -> ExplainedKernel:
    """The explanation of a step.

    Args:
        step: of the plan. number: its place, from 1. names: of the buffers.
        code: what the backend makes of it. prefix: the model's name, left out of paths.
        phase: of the plan. turns: the variables of the loops around it.
    """
    primitives, scopes = _parts_of_label(step.label)
    updates = [names[b] for b in written(step) if b.kind == "variable"]
    if isinstance(step, HostCall):
        return _host_call(step, number, names, _place(scopes, prefix, updates), primitives, scopes, phase)
    scopes = _in_order(scopes, step)
    place = _place(scopes, prefix, updates)
    leader, operation = _leader(step, primitives)
    prologue, epilogue = _prologue(step, names, leader), _epilogue(step)
    letters = loop_names(step, names.words)
    done = operation
    if leader in ("elementwise", "copy"):
        done = short_list(_words_of_stores(step, updated=False)) or ("" if updates else operation)
    elif epilogue:
        done = short_list([operation, *epilogue])
    if updates:
        done = " → ".join(part for part in (done, f"{_in_brief(updates)} updated in place") if part)
    return ExplainedKernel(
        number=number,
        phase=phase + 1,
        what=f"{place}: {done}" if place else done,
        layers=scopes,
        leader=leader,
        formula=reduction_of(step, names),
        loops=_named(step.dims, letters),
        reduced=_named(_inner_dims(step), letters),
        by_rows=step.rows,
        chunks=step.chunks,
        grain=step.grain if step.chunks > 1 else step.dims[0].size if step.dims else 1,
        tile=[] if code is None else _tile(step, code, letters),
        vector=None if code is None or code.vector is None else letters.get(code.vector),
        lanes=1 if code is None else code.lanes,
        block=() if code is None else code.block,
        rows_of_sum=step.block,
        panels=copied(step, names, code),
        ahead=fetched(step, names, code),
        once=read_once(step, names, code),
        prologue=prologue,
        epilogue=epilogue,
        stores=stores_of(step, names),
        updates=updates,
        reads=_accesses(step, names, writing=False),
        writes=_accesses(step, names, writing=True),
        turns=[(dim.name, dim.size) for dim in turns],
        flops=_product(frozenset(turns)) * flops_of(step),
        code=code_of(step, names, code, turns),
    )


def _host_call(
    step: HostCall,
    number: int,
    names: BufferNames,
    place: str,
    primitives: list[str],
    scopes: list[str],
    phase: int,
) -> ExplainedKernel:
    operation = primitives[0] if primitives else "function"
    inputs = ", ".join(names[b] for b in step.inputs)
    outputs = ", ".join(names[b] for b in step.outputs)
    return ExplainedKernel(
        number=number,
        phase=phase + 1,
        what=(f"{place}: " if place else "") + f"{operation}, on the host",
        layers=scopes,
        leader="host call",
        stores=[f"{outputs} = {operation}({inputs})"],
        reads=[_access(b, names, b.nbytes) for b in dict.fromkeys(step.inputs)],
        writes=[_access(b, names, b.nbytes) for b in dict.fromkeys(step.outputs)],
        updates=[names[b] for b in written(step) if b.kind == "variable"],
        code=f"{outputs} = numpy_{operation}({inputs})",
    )


def _parts_of_label(label: str) -> tuple[list[str], list[str]]:
    """The primitives and the scopes that the compiler wrote into a label: ``"dot_general add  (dense, sgd)"``."""
    found = re.fullmatch(r"(.*?)(?:  \((.*)\))?", label, re.DOTALL)
    assert found is not None
    scopes = found[2].split(", ") if found[2] else []
    return found[1].split(), scopes


def _in_order(scopes: list[str], kernel: Kernel) -> list[str]:
    """The scopes, first those whose weights the reduction reads: what leads the kernel belongs to them."""
    body = kernel.reduction.body if kernel.reduction is not None else None
    loads = [e for e in walk(body) if isinstance(e, Load)] if body is not None else []
    owners = {e.buffer.name.rpartition("/")[0] for e in loads if e.buffer.kind == "variable"} - {""}
    leading = [s for s in scopes if any(f"/{s}".endswith(f"/{owner}") for owner in owners)]
    return leading + [s for s in scopes if s not in leading]


def _place(scopes: list[str], prefix: str, updates: list[str]) -> str:
    """``"backward of dense_1, dense"``, ``"backward of dense → adam"``: for whom a kernel works."""
    forward = [short_path(s, prefix) for s in scopes if not _is_backward(s)]
    backward = [short_path(s.removeprefix("backward/"), prefix) for s in scopes if _is_backward(s)]
    of = ", ".join(name for name in backward if name != "backward")
    halves = [", ".join(forward), (f"backward of {of}" if of else "backward") if backward else ""]
    return (
        " → ".join(reversed(halves))
        if updates and all(halves)
        else ", ".join(half for half in halves if half)
    )


def _is_backward(scope: str) -> bool:
    return scope.split("/", 1)[0] == "backward"


def _leader(kernel: Kernel, primitives: list[str]) -> tuple[str, str]:
    """What kind of kernel it is, and the word for its main operation."""
    if kernel.scan is not None:
        return "scan", f"running {kernel.scan.kind}"
    if any(store.accumulate for store in kernel.stores):
        return "scatter", "add to rows found by index"
    if kernel.reduction is not None:
        if primitives[:1] == ["dot_general"]:
            return "contraction", "matmul"
        return "reduction", kernel.reduction.kind
    if any(isinstance(e, Apply) for store in kernel.stores for e in walk(store.expr)):
        return "elementwise", "elementwise"
    return "copy", "fill" if not _loads(kernel) else "copy"


def _prologue(kernel: Kernel, names: BufferNames, leader: str) -> list[str]:
    """What is computed inside the reduction (but for the product of a contraction), and reads of rows by their numbers."""
    body = (
        kernel.reduction.body if kernel.reduction is not None else kernel.scan.body if kernel.scan else None
    )
    exprs = expressions(kernel)
    data = dict.fromkeys(e.buffer for e in _loads(kernel) if e.buffer.kind == "batch")
    found = [f"rows of {names[buffer]} straight from the data" for buffer in data]
    tables = dict.fromkeys(names[load.buffer] for expr in exprs for load in gathers(expr))
    found += [f"rows of {table} by index" for table in tables]
    if body is None:
        return found
    operands = (
        body.args
        if leader == "contraction" and isinstance(body, Apply) and body.name == "multiply"
        else (body,)
    )
    words = dict.fromkeys(word for operand in operands for word in words_of(operand))
    return found + list(words)


def _epilogue(kernel: Kernel) -> list[str]:
    """What is done with a total before it leaves the registers, but for updates of variables."""
    if kernel.reduction is None:
        return []
    return _words_of_stores(kernel, updated=False)


def _words_of_stores(kernel: Kernel, updated: bool) -> list[str]:
    words: dict[str, None] = {}
    for store in kernel.stores:
        if (store.buffer.kind == "variable") == updated:
            words.update(dict.fromkeys(words_of(store.expr)))
    return list(words)


def _inner_dims(kernel: Kernel) -> tuple[Dim, ...]:
    if kernel.scan is not None:
        return (kernel.scan.dim,)
    return () if kernel.reduction is None else kernel.reduction.dims


def _named(dims: Sequence[Dim], letters: dict[Dim, str]) -> list[tuple[str, int]]:
    return [(letters[dim], dim.size) for dim in dims]


def _tile(kernel: Kernel, code: KernelCode, letters: dict[Dim, str]) -> list[tuple[str, int]]:
    sizes = dict(code.tile)
    return [(letters[dim], sizes[dim]) for dim in kernel.dims if dim in sizes]


def _loads(kernel: Kernel) -> list[Load]:
    return [e for expr in expressions(kernel) for e in walk(expr) if isinstance(e, Load)]


def _accesses(kernel: Kernel, names: BufferNames, writing: bool) -> list[Access]:
    """What is touched: of each buffer at most as many elements as the loops have different turns for it."""
    most: dict[Buffer, int] = {}
    if writing:
        sizes = [(s.buffer, _product(frozenset().union(*map(dims_of, s.index)))) for s in kernel.stores]
    else:
        sizes = [(load.buffer, _product(load.dims)) for load in _loads(kernel)]
    for buffer, count in sizes:
        most[buffer] = max(most.get(buffer, 0), min(buffer.nbytes, count * buffer.dtype.itemsize))
    ordered = sorted(most.items(), key=lambda entry: -entry[1])
    return [_access(buffer, names, size) for buffer, size in ordered]


def _access(buffer: Buffer, names: BufferNames, size: int) -> Access:
    kind = _KINDS.get(buffer.kind, buffer.kind)
    return Access(names[buffer], kind, buffer.shape, buffer.dtype, size, buffer.nbytes)


def _product(dims: Sequence[Dim] | frozenset[Dim]) -> int:
    size = 1
    for dim in dims:
        size *= dim.size
    return size


def _in_brief(names: list[str]) -> str:
    """``"a, b"``; of many the shortest, which is the weight rather than what an optimizer remembers of it."""
    if len(names) <= 2:
        return ", ".join(names)
    return f"{min(names, key=len)} and {len(names) - 1} more"
