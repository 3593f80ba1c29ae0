"""The threads that make a run's steps together: how they come in, meet, and leave, in machine code.

The first thread leads. The others join when they come, at the beginning of a step: nobody waits for a thread that the
system has not started yet. At the end of a step the leader looks at the limit (`Word.LIMIT`), and if it was lowered,
those that are too many leave. Who makes which chunk depends on the number of threads; the bits of the results do not.
"""

from __future__ import annotations

import llvmlite.ir as ir

from schuss.backends.cpu._emit import I64, i64
from schuss.backends.cpu._scalars import POINTER
from schuss.backends.cpu._words import Word

_SPINS = 2000  # pauses before a waiting thread lets others have its core: some 50 µs
_FUTEX = {"x86_64": 202, "aarch64": 98}
_WAIT, _WAKE = 128, 129  # within this process
_STEP_BITS = 48
_OVER = -1


class Team:
    """Emits the threads' dealings with each other.

    Args:
        module: where functions are added. b: the builder of the function that threads run. context: its table of words.
    """

    def __init__(self, module: ir.Module, b: ir.IRBuilder, context: ir.Value):
        self.module, self.b, self.context = module, b, context

    def word(self, place: int | ir.Value) -> ir.Value:
        """The address of a word of the context."""
        index = i64(int(place)) if isinstance(place, int) else place
        return self.b.gep(self.context, [index], source_etype=I64)

    def load(self, pointer: ir.Value) -> ir.Value:
        return self.b.load_atomic(pointer, ordering="acquire", align=8, typ=I64)

    def store(self, value: ir.Value, pointer: ir.Value) -> None:
        self.b.atomic_rmw("xchg", pointer, value, "acq_rel")  # llvmlite's store_atomic wants typed pointers

    def gather(self) -> ir.Value:
        """The leader waits a little for the others. How many threads make the first step."""
        b = self.b
        limit = b.load(self.word(Word.LIMIT), typ=I64)
        patience = b.load(self.word(Word.PATIENCE), typ=I64)
        function = self._function("gather", [POINTER, I64, I64], self._emit_gather)
        return b.call(function, [self.context, limit, patience])

    def _emit_gather(self, limit: ir.Value, patience: ir.Value) -> None:
        b = self.b
        turns = self._loop()
        threads = b.add(self.load(self.word(Word.JOINED)), i64(1))
        enough = b.or_(b.icmp_signed(">=", threads, limit), b.icmp_signed(">=", turns, patience))
        with b.if_then(enough):
            with b.if_then(b.icmp_signed(">", threads, i64(1))):
                self.admit(threads, i64(0))
            b.ret(threads)
        self._idle(turns)

    def join(self) -> tuple[ir.Value, ir.Value, ir.Value]:
        """A thread comes to help and waits for its first step: its number, the step, and how many threads make it;
        which are 0 if the run is over."""
        b = self.b
        thread = b.add(b.atomic_rmw("add", self.word(Word.JOINED), i64(1), "acq_rel"), i64(1))
        function = self._function("join", [POINTER, I64], self._emit_join)
        admitted = b.call(function, [self.context, thread])
        over = b.icmp_signed("<", admitted, i64(0))
        threads = b.select(over, i64(0), b.lshr(admitted, i64(_STEP_BITS)))
        return thread, b.and_(admitted, i64((1 << _STEP_BITS) - 1)), threads

    def _emit_join(self, thread: ir.Value) -> None:
        b = self.b
        turns = self._loop()
        admitted = self.load(self.word(Word.ADMITTED))
        over = b.icmp_signed("<", admitted, i64(0))
        member = b.icmp_signed(">", b.lshr(admitted, i64(_STEP_BITS)), thread)
        with b.if_then(b.or_(over, member)):
            b.ret(admitted)
        self._idle(turns)

    def admit(self, threads: ir.Value, step: ir.Value) -> None:
        """Let in those that make a step of so many threads."""
        b = self.b
        self.store(b.or_(b.shl(threads, i64(_STEP_BITS)), step), self.word(Word.ADMITTED))

    def dismiss(self) -> None:
        """The run is over for all who come now."""
        self.store(i64(_OVER), self.word(Word.ADMITTED))

    def following(self, threads: ir.Value, step: ir.Value) -> ir.Value:
        """How many threads make the next step, after this one of `threads`: those that came meanwhile are taken in, or
        else those above the limit leave."""
        b = self.b
        joined = self.load(self.word(Word.JOINED))
        limit = b.load(self.word(Word.LIMIT), typ=I64)
        here = b.add(joined, i64(1))
        same = b.and_(b.icmp_signed("==", here, threads), b.icmp_signed("<=", threads, limit))
        function = self._function("change", [POINTER, I64, I64, I64], self._emit_change)
        before = b.block
        with b.if_then(b.not_(same), likely=False):
            changed = b.call(function, [self.context, threads, limit, step])
            changing = b.block
        result = b.phi(I64)
        result.add_incoming(threads, before)
        result.add_incoming(changed, changing)
        return result

    def _emit_change(self, threads: ir.Value, limit: ir.Value, step: ir.Value) -> None:
        b = self.b
        admitted = b.and_(self.load(self.word(Word.ADMITTED)), i64((1 << _STEP_BITS) - 1))
        seen = b.icmp_signed("!=", admitted, step)  # those let in for this step may not have looked yet
        joined = self.load(self.word(Word.JOINED))
        here = b.add(joined, i64(1))
        fewer = b.and_(b.icmp_signed("==", here, threads), b.icmp_signed(">", threads, limit))
        with b.if_then(b.not_(b.and_(fewer, seen))):
            b.ret(here)
        self.store(i64(0), self.word(Word.ADMITTED))  # else who comes later would find itself let in
        exchanged = b.cmpxchg(
            self.word(Word.JOINED), joined, b.sub(limit, i64(1)), "acq_rel", failordering="acquire"
        )
        left = b.extract_value(exchanged, 1)
        b.ret(b.select(left, limit, b.add(b.extract_value(exchanged, 0), i64(1))))

    def barrier(self, threads: ir.Value) -> None:
        """Wait until so many threads are here."""
        function = self._function("barrier", [POINTER, I64], self._emit_barrier, ir.VoidType())
        self.b.call(function, [self.context, threads])

    def _emit_barrier(self, threads: ir.Value) -> None:
        """Count arrivals; the last one starts a new generation, the others spin for it, and then sleep."""
        b = self.b
        with b.if_then(b.icmp_signed("<=", threads, i64(1))):
            b.ret_void()
        generation = self.load(self.word(Word.GENERATION))
        arrived = b.atomic_rmw("add", self.word(Word.ARRIVED), i64(1), "acq_rel")
        with b.if_then(b.icmp_signed("==", arrived, b.sub(threads, i64(1)))):
            self.store(i64(0), self.word(Word.ARRIVED))
            b.atomic_rmw("xchg", self.word(Word.GENERATION), b.add(generation, i64(1)), "seq_cst")
            sleeping = b.load_atomic(self.word(Word.SLEEPING), ordering="seq_cst", align=8, typ=I64)
            with b.if_then(b.icmp_signed("!=", sleeping, i64(0)), likely=False):
                self._futex(_WAKE, sleeping)
            b.ret_void()
        turns = self._loop()
        now = self.load(self.word(Word.GENERATION))
        with b.if_then(b.icmp_signed("!=", now, generation)):
            with b.if_then(b.icmp_signed(">=", turns, i64(_SPINS))):
                b.atomic_rmw("add", self.word(Word.LATE), i64(1), "monotonic")
            b.ret_void()
        self._idle(turns, generation)

    def _loop(self) -> ir.Value:
        """Begin an endless loop, which `_idle` closes: how often it has turned."""
        b = self.b
        before = b.block
        header = b.append_basic_block("wait")
        b.branch(header)
        b.position_at_end(header)
        turns = b.phi(I64)
        turns.add_incoming(i64(0), before)
        return turns

    def _idle(self, turns: ir.Value, generation: ir.Value | None = None) -> None:
        """Pause, or, after many turns, let others have the core, if possible until the generation has changed; then
        turn again."""
        b = self.b
        with b.if_else(b.icmp_signed("<", turns, i64(_SPINS))) as (soon, later):
            with soon:
                self._pause()
            with later:
                if generation is not None and self._futex_number() is not None:
                    b.atomic_rmw("add", self.word(Word.SLEEPING), i64(1), "seq_cst")
                    self._futex(_WAIT, generation)
                    b.atomic_rmw("sub", self.word(Word.SLEEPING), i64(1), "seq_cst")
                else:
                    name = "SwitchToThread" if "windows" in self.module.triple else "sched_yield"
                    b.call(self._outside(name, ir.FunctionType(ir.IntType(32), [])), [])
        turns.add_incoming(b.add(turns, i64(1)), b.block)
        b.branch(turns.parent)

    def _futex_number(self) -> int | None:
        """Linux's number of the call; None elsewhere."""
        triple = self.module.triple
        return next((n for cpu, n in _FUTEX.items() if triple.startswith(cpu) and "linux" in triple), None)

    def _futex(self, operation: int, value: ir.Value) -> None:
        """Sleep unless the generation has changed from `value`, or wake so many who sleep."""
        number = self._futex_number()
        if number is not None:
            generation = self.b.ptrtoint(
                self.word(Word.GENERATION), I64
            )  # its low half: both are little-endian
            arguments = [i64(number), generation, i64(operation), value, *[i64(0)] * 3]
            type_ = ir.FunctionType(I64, [I64] * len(arguments))
            self.b.call(self._outside("syscall", type_), arguments)

    def _pause(self) -> None:
        triple = self.module.triple
        if triple.startswith(("x86_64", "i386", "i686")):
            name, args = "llvm.x86.sse2.pause", []
        elif triple.startswith(("aarch64", "arm64")):
            name, args = "llvm.aarch64.hint", [ir.Constant(ir.IntType(32), 1)]
        else:
            return
        type_ = ir.FunctionType(ir.VoidType(), [a.type for a in args])
        self.b.call(self._outside(name, type_), args)

    def _outside(self, name: str, type_: ir.FunctionType) -> ir.Function:
        return self.module.globals.get(name) or ir.Function(self.module, type_, name)

    def _function(self, name: str, types: list[ir.Type], emit, returns: ir.Type = I64) -> ir.Function:
        """The function of that name; `emit` makes its body, from its arguments after the context."""
        if name in self.module.globals:
            return self.module.globals[name]
        function = ir.Function(self.module, ir.FunctionType(returns, types), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        kept = self.b, self.context
        self.b, self.context = ir.IRBuilder(function.append_basic_block("entry")), function.args[0]
        emit(*function.args[1:])
        self.b, self.context = kept
        return function
