"""A plan as one LLVM module: its kernels, and the function that each thread runs over all steps of an epoch.

``run(ptr context, i64 thread)``. The context is a table of 64-bit words (`Word`); pointers to the buffers
follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir

from schuss.backends.cpu._emit import I64, i64
from schuss.backends.cpu._nest import buffers_of, emit_kernel
from schuss.backends.cpu._scalars import POINTER, memory_type
from schuss.backends.cpu._target import Target, host
from schuss.backends.cpu._words import Word
from schuss.compiler import HostCall, Kernel, Plan, structure_of
from schuss.compiler._expr import Buffer
from schuss.utils._garbage import without_collections

_SPINS = 2000  # pauses before a waiting thread yields its core: some 50 µs


@without_collections()
def emit_module(plan: Plan, emit_run: Callable[..., RunFunction] | None = None) -> str:
    """The module's LLVM assembly.

    Args:
        plan: the kernels. emit_run: emits the function that threads run; default: `RunFunction`.
    """
    target = host()
    module = ir.Module(name="schuss")
    module.triple = llvm.get_default_triple()
    functions: dict[str, ir.Function] = {}
    kernels: dict[int, ir.Function] = {}
    for step in plan.steps:
        if isinstance(step, Kernel):
            kernels[id(step)] = _shared_kernel(module, step, functions, target)
    (emit_run or RunFunction)(module, plan, kernels).emit()
    return str(module)


def _shared_kernel(
    module: ir.Module, kernel: Kernel, functions: dict[str, ir.Function], target: Target
) -> ir.Function:
    """The kernel's function; kernels that differ only in where their buffers lie share one."""
    key = structure_of(kernel)
    if key not in functions:
        functions[key] = emit_kernel(module, kernel, f"kernel{len(functions)}", target)
    return functions[key]


class RunFunction:
    """Emits the function that a thread runs. A build that measures overrides `timed`."""

    def __init__(self, module: ir.Module, plan: Plan, kernels: dict[int, ir.Function]):
        self.module, self.plan, self.kernels = module, plan, kernels
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, I64]), "run")
        self.context, self.thread = function.args
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        self.slots = {buffer: n for n, buffer in enumerate(b for b in plan.buffers if b.kind != "temporary")}

    def timed(self, step: Kernel | HostCall | None) -> AbstractContextManager[None]:
        """Stands around the call of a step of the plan and (None) around the wait at a barrier."""
        return nullcontext()

    def word(self, place: int | ir.Value) -> ir.Value:
        index = i64(int(place)) if isinstance(place, int) else place
        return self.b.gep(self.context, [index], source_etype=I64)

    def emit(self) -> None:
        b, plan = self.b, self.plan
        threads = b.load(self.word(Word.THREADS), typ=I64)
        steps = b.load(self.word(Word.STEPS), typ=I64)
        rows = b.load(self.word(Word.ROWS), typ=POINTER)
        arena = b.load(self.word(Word.ARENA), typ=POINTER)
        fixed: dict[Buffer, ir.Value] = {}
        for buffer, slot in self.slots.items():
            fixed[buffer] = b.load(self.word(Word.BUFFERS + slot), typ=POINTER)
        for buffer in plan.buffers:
            if buffer.kind == "temporary":
                fixed[buffer] = b.gep(arena, [i64(max(buffer.offset, 0))], source_etype=ir.IntType(8))
        shares = {
            chunks: self._share(chunks, threads)
            for chunks in {s.chunks for s in plan.steps if isinstance(s, Kernel)}
        }
        before = b.block
        header, body, after = (b.append_basic_block(n) for n in ("steps", "step", "done"))
        b.branch(header)
        b.position_at_end(header)
        step = b.phi(I64)
        step.add_incoming(i64(0), before)
        b.cbranch(b.icmp_signed("<", step, steps), body, after)
        b.position_at_end(body)

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
        phase = 0
        host_index = 0
        for item in plan.steps:
            if item.phase != phase:
                phase = item.phase
                self._barrier(threads)
            if isinstance(item, HostCall):
                self._host_call(item, host_index, step)
                host_index += 1
            else:
                self._call(item, shares[item.chunks], step_rows, pointers)
        parity = b.and_(step, i64(1))
        halt = self.word(b.add(i64(Word.HALT), parity))
        with b.if_then(b.icmp_signed("==", self.thread, i64(0))):
            self._finish_step(step, halt, fixed)
        self._barrier(threads)
        following = b.add(step, i64(1))
        step.add_incoming(following, b.block)
        halted = self._atomic_load(halt)
        b.cbranch(b.icmp_signed("!=", halted, i64(0)), after, header)
        b.position_at_end(after)
        b.ret_void()

    def _share(self, chunks: int, threads: ir.Value) -> tuple[ir.Value, ir.Value]:
        """This thread's part of so many chunks: thread 0 has the first, whatever the number of threads."""
        b = self.b

        def bound(thread: ir.Value) -> ir.Value:
            product = b.add(b.mul(i64(chunks), thread), b.sub(threads, i64(1)))
            return b.udiv(product, threads)

        return bound(self.thread), bound(b.add(self.thread, i64(1)))

    def _call(
        self,
        kernel: Kernel,
        share: tuple[ir.Value, ir.Value],
        rows: ir.Value,
        pointers: dict[Buffer, ir.Value],
    ) -> None:
        b = self.b
        begin, end = share
        with b.if_then(b.icmp_signed("<", begin, end)):
            arguments = [begin, end, rows] + [pointers[buffer] for buffer in buffers_of(kernel)]
            with self.timed(kernel):
                b.call(self.kernels[id(kernel)], arguments)

    def _host_call(self, item: HostCall, index: int, step: ir.Value) -> None:
        b = self.b
        with b.if_then(b.icmp_signed("==", self.thread, i64(0))), self.timed(item):
            type_ = ir.FunctionType(ir.VoidType(), [I64, I64])
            function = b.load(self.word(Word.HOST), typ=POINTER)
            call = b.call(_typed(function, type_), [i64(index), step])
            call.attributes  # noqa: B018  (no tail call: llvmlite's default)

    def _finish_step(self, step: ir.Value, halt: ir.Value, pointers: dict[Buffer, ir.Value]) -> None:
        """Thread 0: look at the loss and the stop flag, count the step, and say whether to go on."""
        b = self.b
        halted = self._atomic_load(self.word(Word.STOP))
        check = self.plan.check
        if check is not None:
            loss = b.load(pointers[check], typ=memory_type(check.dtype))
            finite = b.fcmp_ordered("==", b.fsub(loss, loss), ir.Constant(loss.type, 0.0))
            with b.if_then(b.not_(finite)):
                b.store(step, self.word(Word.FAILED))
            halted = b.select(finite, halted, i64(1))
        self._atomic_store(halted, halt)
        self._atomic_store(b.add(step, i64(1)), self.word(Word.DONE))

    def _atomic_load(self, pointer: ir.Value) -> ir.Value:
        return self.b.load_atomic(pointer, ordering="acquire", align=8, typ=I64)

    def _atomic_store(self, value: ir.Value, pointer: ir.Value) -> None:
        self.b.atomic_rmw("xchg", pointer, value, "acq_rel")  # llvmlite's store_atomic wants typed pointers

    def _barrier(self, threads: ir.Value) -> None:
        function = self.module.globals.get("barrier") or self._emit_barrier()
        with self.timed(None):
            self.b.call(function, [self.context, threads])

    def _emit_barrier(self) -> ir.Function:
        """Wait until all threads are here: count arrivals; the last one starts a new generation, the others
        spin for it."""
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [POINTER, I64]), "barrier")
        function.linkage = "internal"
        function.attributes.add("noinline")
        kept, kept_context = self.b, self.context
        self.context, threads = function.args
        b = self.b = ir.IRBuilder(function.append_basic_block("entry"))
        done, several, last, wait, pause, sleep = (
            function.append_basic_block(n) for n in ("alone", "several", "last", "wait", "pause", "sleep")
        )
        b.cbranch(b.icmp_signed("<=", threads, i64(1)), done, several)
        b.position_at_end(several)
        generation = self._atomic_load(self.word(Word.GENERATION))
        arrived = b.atomic_rmw("add", self.word(Word.ARRIVED), i64(1), "acq_rel")
        b.cbranch(b.icmp_signed("==", arrived, b.sub(threads, i64(1))), last, wait)
        b.position_at_end(last)
        self._atomic_store(i64(0), self.word(Word.ARRIVED))
        self._atomic_store(b.add(generation, i64(1)), self.word(Word.GENERATION))
        b.branch(done)
        b.position_at_end(wait)
        spins = b.phi(I64)
        spins.add_incoming(i64(0), several)
        now = self._atomic_load(self.word(Word.GENERATION))
        with b.if_then(b.icmp_signed("!=", now, generation)):
            b.branch(done)
            b.position_at_end(b.append_basic_block("unreachable"))
        b.cbranch(b.icmp_signed("<", spins, i64(_SPINS)), pause, sleep)
        b.position_at_end(pause)
        self._pause()
        spins.add_incoming(b.add(spins, i64(1)), b.block)
        b.branch(wait)
        b.position_at_end(sleep)
        name = "SwitchToThread" if "windows" in self.module.triple else "sched_yield"
        give_way = self.module.globals.get(name) or ir.Function(
            self.module, ir.FunctionType(ir.IntType(32), []), name
        )
        b.call(give_way, [])
        spins.add_incoming(spins, b.block)
        b.branch(wait)
        b.position_at_end(done)
        b.ret_void()
        self.b, self.context = kept, kept_context
        return function

    def _pause(self) -> None:
        triple = self.module.triple
        if triple.startswith(("x86_64", "i386", "i686")):
            name, args = "llvm.x86.sse2.pause", []
        elif triple.startswith(("aarch64", "arm64")):
            name, args = "llvm.aarch64.hint", [ir.Constant(ir.IntType(32), 1)]
        else:
            return
        function = self.module.globals.get(name) or ir.Function(
            self.module, ir.FunctionType(ir.VoidType(), [a.type for a in args]), name
        )
        self.b.call(function, args)


def _typed(pointer: ir.Value, type_: ir.FunctionType) -> Any:
    """An opaque pointer that llvmlite lets us call."""
    return _FunctionPointer(pointer, type_)


class _FunctionPointer:
    def __init__(self, pointer: ir.Value, type_: ir.FunctionType):
        self.function_type, self.type, self._pointer = type_, POINTER, pointer
        self.calling_convention = ""

    def get_reference(self) -> str:
        return self._pointer.get_reference()
