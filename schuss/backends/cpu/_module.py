"""A plan as one LLVM module: its kernels, and the function that each thread runs over all steps of an epoch.

``run(ptr context, i64 role)``: 0 leads the run, others help (`Team`). The context is a table of 64-bit words (`Word`);
pointers to the buffers follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir

from schuss.backends.cpu._emit import I64, counted, i64
from schuss.backends.cpu._scalars import POINTER, memory_type
from schuss.backends.cpu._target import host
from schuss.backends.cpu._team import Team
from schuss.backends.cpu._words import Word
from schuss.backends.cpu.nests import buffers_of, emit_kernel
from schuss.compiler import HostCall, Kernel, Loop, Plan, Step, structure_of
from schuss.compiler._expr import Buffer
from schuss.compiler._index import Dim
from schuss.compiler._order import row_of
from schuss.compiler._strips import together
from schuss.utils._garbage import without_collections

_MOST = 2000  # instructions of a module: some 0.1 s of LLVM's work


def emit_module(plan: Plan, emit_run: Callable[..., RunFunction] | None = None) -> str:
    """The LLVM assembly, as one module.

    Args:
        plan: the kernels. emit_run: emits the function that threads run; default: `RunFunction`.
    """
    (assembly,) = emit_modules(plan, emit_run, most=None)
    return assembly


def emit_modules(
    plan: Plan, emit_run: Callable[..., RunFunction] | None = None, most: int | None = _MOST
) -> Iterator[str]:
    """The LLVM assembly, as modules that can be compiled at the same time; the last one has the function ``run``.

    Args:
        plan, emit_run: as for `emit_module`. most: a module ends with the kernel that brings it to so many instructions;
            None: there is only one.
    """
    target = host()
    module, size = _module(), 0
    functions: dict[str, ir.Function] = {}
    kernels: dict[int, ir.Function] = {}
    with without_collections():
        for step in plan.leaves:
            if not isinstance(step, Kernel):
                continue
            key = structure_of(step)
            if key not in functions:
                if most is not None and size >= most:
                    yield _closed(module)
                    module, size = _module(), 0
                functions[key] = emit_kernel(module, step, f"kernel{len(functions)}", target)
                size += sum(len(block.instructions) for block in functions[key].blocks)
            kernels[id(step)] = functions[key]
        here = {n: f if f.module is module else _declared(module, f) for n, f in kernels.items()}
        (emit_run or RunFunction)(module, plan, here).emit()
        yield str(module)


def _module() -> ir.Module:
    module = ir.Module(name="schuss")
    module.triple = llvm.get_default_triple()
    return module


def _closed(module: ir.Module) -> str:
    """The module's text, its kernels to be called from another."""
    for function in module.functions:
        if function.name.startswith("kernel"):
            function.linkage = ""
    return str(module)


def _declared(module: ir.Module, function: ir.Function) -> ir.Function:
    """The function of another module, to be called from this one; kernels that differ only in where their buffers lie
    share one."""
    return module.globals.get(function.name) or ir.Function(module, function.ftype, function.name)


@dataclass(frozen=True)
class _Now:
    """What the code of a step knows: the step's number, its rows, where buffers lie, this thread's share of so many chunks,
    the number of threads, and the turns of the loops around."""

    step: ir.Value
    rows: ir.Value
    pointers: dict[Buffer, ir.Value]
    shares: dict[int, tuple[ir.Value, ir.Value]]
    threads: ir.Value
    given: dict[Dim, ir.Value]


class RunFunction:
    """Emits the function that a thread runs. A build that measures overrides `timed`."""

    def __init__(self, module: ir.Module, plan: Plan, kernels: dict[int, ir.Function]):
        self.module, self.plan, self.kernels = module, plan, kernels
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, I64]), "run")
        self.context, self.role = function.args
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        self.team = Team(module, self.b, self.context)
        self.thread: ir.Value = self.role
        self.host_calls = {id(s): n for n, s in enumerate(s for s in plan.leaves if isinstance(s, HostCall))}
        self.slots = {buffer: n for n, buffer in enumerate(b for b in plan.buffers if b.kind != "temporary")}

    def timed(self, step: Kernel | HostCall | None) -> AbstractContextManager[None]:
        """Stands around the call of a step of the plan and (None) around the wait at a barrier."""
        return nullcontext()

    def word(self, place: int | ir.Value) -> ir.Value:
        return self.team.word(place)

    def emit(self) -> None:
        b = self.b
        steps = b.load(self.word(Word.STEPS), typ=I64)
        rows = b.load(self.word(Word.ROWS), typ=POINTER)
        fixed = self._pointers()
        leading, helping, group, body, changed, over, left = (
            b.append_basic_block(n)
            for n in ("leading", "helping", "group", "step", "changed", "over", "left")
        )
        b.cbranch(b.icmp_signed("==", self.role, i64(0)), leading, helping)

        b.position_at_end(group)  # comes here whenever the number of threads has changed
        self.thread, first, threads = thread, first, threads = b.phi(I64), b.phi(I64), b.phi(I64)
        shares = {
            chunks: self._share(chunks, threads)
            for chunks in {s.chunks for s in self.plan.leaves if isinstance(s, Kernel)}
        }
        b.branch(body)

        b.position_at_end(leading)
        gathered = self.team.gather()
        _enter(group, b.block, (thread, i64(0)), (first, i64(0)), (threads, gathered))
        b.cbranch(b.icmp_signed(">", steps, i64(0)), group, over)
        b.position_at_end(helping)
        number, admitted, present = self.team.join()
        _enter(group, b.block, (thread, number), (first, admitted), (threads, present))
        b.cbranch(b.icmp_signed(">", present, i64(0)), group, left)

        b.position_at_end(body)
        step = b.phi(I64)
        step.add_incoming(first, group)
        self._step(step, rows, fixed, shares, threads)
        following = b.add(step, i64(1))
        place = self.word(b.add(i64(Word.NEXT), b.and_(step, i64(1))))
        with b.if_then(b.icmp_signed("==", thread, i64(0))):
            going_on = self._finish_step(step, b.icmp_signed("<", following, steps), fixed)
            self.team.store(b.select(going_on, self.team.following(threads, step), i64(0)), place)
            self.team.store(following, self.word(Word.DONE))
        self._barrier(threads)
        now = self.team.load(place)
        step.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("==", now, threads), body, changed)

        b.position_at_end(changed)
        with b.if_then(b.icmp_signed("==", now, i64(0))):
            b.branch(over)
        self.team.barrier(threads)  # all have read what comes next
        grown = b.icmp_signed(">", now, threads)
        with b.if_then(b.and_(b.icmp_signed("==", thread, i64(0)), grown)):
            self.team.admit(now, following)
        _enter(group, b.block, (thread, thread), (first, following), (threads, now))
        b.cbranch(b.icmp_signed("<", thread, now), group, left)

        b.position_at_end(over)
        with b.if_then(b.icmp_signed("==", self.role, i64(0))):
            self.team.dismiss()
        b.branch(left)
        b.position_at_end(left)
        b.ret_void()

    def _pointers(self) -> dict[Buffer, ir.Value]:
        """Where the buffers lie; row outputs: the first step's."""
        b, fixed = self.b, {}
        arena = b.load(self.word(Word.ARENA), typ=POINTER)
        for buffer, slot in self.slots.items():
            fixed[buffer] = b.load(self.word(Word.BUFFERS + slot), typ=POINTER)
        for buffer in self.plan.buffers:
            if buffer.kind == "temporary":
                fixed[buffer] = b.gep(arena, [i64(max(buffer.offset, 0))], source_etype=ir.IntType(8))
        return fixed

    def _step(
        self,
        step: ir.Value,
        rows: ir.Value,
        fixed: dict[Buffer, ir.Value],
        shares: dict[int, tuple[ir.Value, ir.Value]],
        threads: ir.Value,
    ) -> None:
        """This thread's chunks of a step's kernels, and the barriers between them."""
        b, plan = self.b, self.plan
        first_row = b.mul(step, i64(max(plan.batch, 1)))
        step_rows = b.gep(rows, [first_row], source_etype=I64)
        pointers = dict(fixed)
        for buffer in plan.buffers:
            if buffer.kind == "row_output":
                row = 1
                for n in buffer.shape[1:]:
                    row *= n
                start = b.mul(first_row, i64(row))
                pointers[buffer] = b.gep(fixed[buffer], [start], source_etype=memory_type(buffer.dtype))
        self._in_order(plan.steps, _Now(step, step_rows, pointers, shares, threads, {}))

    def _in_order(self, steps: list[Step], now: _Now) -> None:
        """Some steps of the plan, and the barriers between them."""
        phase = 0
        for items in together(steps):
            item = items[0]
            if item.phase != phase:
                phase = item.phase
                self._barrier(now.threads)
            if isinstance(item, HostCall):
                self._host_call(item, self.host_calls[id(item)], now.step)
            elif isinstance(item, Loop):
                self._loop(item, now)
            elif item.strip:
                self._strips(items, now)
            else:
                self._call(item, *now.shares[item.chunks], now)

    def _loop(self, loop: Loop, now: _Now) -> None:
        """The steps of a loop, in every turn."""
        b = self.b
        before = b.block
        body, after = b.append_basic_block("turn"), b.append_basic_block("turned")
        b.branch(body)
        b.position_at_end(body)
        turn = b.phi(I64)
        turn.add_incoming(i64(0), before)
        given = {**now.given, loop.turn: turn, loop.side: b.and_(turn, i64(1))}
        self._in_order(loop.steps, replace(now, given=given))
        if loop.closing:
            self._barrier(now.threads)
        following = b.add(turn, i64(1))
        turn.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, i64(loop.turn.size)), body, after)
        b.position_at_end(after)

    def _share(self, chunks: int, threads: ir.Value) -> tuple[ir.Value, ir.Value]:
        """This thread's part of so many chunks: thread 0 has the first, whatever the number of threads."""
        b = self.b

        def bound(thread: ir.Value) -> ir.Value:
            product = b.add(b.mul(i64(chunks), thread), b.sub(threads, i64(1)))
            return b.udiv(product, threads)

        return bound(self.thread), bound(b.add(self.thread, i64(1)))

    def _strips(self, kernels: list[Kernel], now: _Now) -> None:
        """This thread's rows, strip by strip through all of the kernels."""
        b, first = self.b, kernels[0]
        begin, end = now.shares[first.chunks]
        strips = (first.block or first.grain) // first.strip  # of a chunk; the last one may have fewer
        last, most = b.mul(end, i64(strips)), i64(-(-row_of(first).size // first.strip))
        last = b.select(b.icmp_signed("<", last, most), last, most)
        with counted(b, b.mul(begin, i64(strips)), last) as strip:
            following = b.add(strip, i64(1))
            for kernel in kernels:
                self._call(kernel, strip, following, now)

    def _call(self, kernel: Kernel, begin: ir.Value, end: ir.Value, now: _Now) -> None:
        b = self.b
        with b.if_then(b.icmp_signed("<", begin, end)):
            arguments = [begin, end, now.rows, *(now.given[dim] for dim in kernel.given)]
            arguments += [now.pointers[buffer] for buffer in buffers_of(kernel)]
            with self.timed(kernel):
                b.call(self.kernels[id(kernel)], arguments)

    def _host_call(self, item: HostCall, index: int, step: ir.Value) -> None:
        b = self.b
        with b.if_then(b.icmp_signed("==", self.thread, i64(0))), self.timed(item):
            type_ = ir.FunctionType(ir.VoidType(), [I64, I64])
            function = b.load(self.word(Word.HOST), typ=POINTER)
            call = b.call(_typed(function, type_), [i64(index), step])
            call.attributes  # noqa: B018  (no tail call: llvmlite's default)

    def _finish_step(self, step: ir.Value, more: ir.Value, pointers: dict[Buffer, ir.Value]) -> ir.Value:
        """The leader looks at the loss and the stop flag; whether to go on, if there is more to do."""
        b = self.b
        stopped = self.team.load(self.word(Word.STOP))
        going_on = b.and_(more, b.icmp_signed("==", stopped, i64(0)))
        check = self.plan.check
        if check is not None:
            loss = b.load(pointers[check], typ=memory_type(check.dtype))
            finite = b.fcmp_ordered("==", b.fsub(loss, loss), ir.Constant(loss.type, 0.0))
            with b.if_then(b.not_(finite)):
                b.store(step, self.word(Word.FAILED))
            going_on = b.and_(going_on, finite)
        return going_on

    def _barrier(self, threads: ir.Value) -> None:
        with self.timed(None):
            self.team.barrier(threads)


def _enter(block: ir.Block, source: ir.Block, *values: tuple[Any, ir.Value]) -> None:
    """What the block's phis are when it is entered from `source`."""
    for phi, value in values:
        phi.add_incoming(value, source)


def _typed(pointer: ir.Value, type_: ir.FunctionType) -> Any:
    """An opaque pointer that llvmlite lets us call."""
    return _FunctionPointer(pointer, type_)


class _FunctionPointer:
    def __init__(self, pointer: ir.Value, type_: ir.FunctionType):
        self.function_type, self.type, self._pointer = type_, POINTER, pointer
        self.calling_convention = ""

    def get_reference(self) -> str:
        return self._pointer.get_reference()
