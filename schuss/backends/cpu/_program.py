"""Programs: compiled graphs with the memory they work in, and runs of them over many steps."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.backends._description import KernelCode
from schuss.backends.cpu._call import Call
from schuss.backends.cpu._machine import Machine, machine_of
from schuss.backends.cpu._memory import require_memory
from schuss.backends.cpu._pace import GLANCE, Pace
from schuss.backends.cpu._plans import planned
from schuss.backends.cpu._target import parts
from schuss.backends.cpu._threads import num_cores, num_threads, start
from schuss.backends.cpu._words import Word
from schuss.compiler import HostCall, Kernel, Plan
from schuss.compiler._expr import Buffer
from schuss.graph import Graph

_ALONE_WORK = 400_000  # a step of less work than this (some 4 µs) is not worth a second thread
_ROW_WORK = 500  # a row of the batch, beside what is done with it: it lies anywhere in memory
_INLINE_WORK = 20_000_000  # a run of less work than this (some 0.1 ms) is done at once by the calling thread
_PAUSE_WORK = 5000  # work done alone in the time of a pause
_WITHOUT_END = 2**62
_LOOK = 0.05  # seconds between two looks at how a run goes
_RUN_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
_HOST_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)


def compile_graph(
    graph: Graph, batch_inputs: int = 0, row_outputs: Sequence[bool] | None = None, check: int | None = None
) -> CpuProgram:
    """Machine code for a graph. See `schuss.backends.compile`.

    Raises:
        MemoryError: its temporaries do not fit into the memory that is available.
    """
    made, digest = planned(graph, batch_inputs, row_outputs or (), check, parts())
    require_memory(made)
    return CpuProgram(made, machine_of(made, digest))


class CpuProgram:
    """A compiled graph.

    Args:
        plan: its kernels. machine: their machine code.

    Attributes:
        plan: the kernels it was made from; ``print`` shows them.
        batch: rows in a batch, 0 where there are no batch inputs.
        row_outputs: for each output, whether a run writes its rows one batch after the other.
    """

    def __init__(self, plan: Plan, machine: Machine):
        self.plan = plan
        self.batch = plan.batch
        self.row_outputs = tuple(b.kind == "row_output" for b in plan.outputs)
        self.machine = machine
        self.function = _RUN_TYPE(self.machine.run)
        self._fixed = [b for b in plan.buffers if b.kind != "temporary"]
        self.host_calls = [s for s in plan.leaves if isinstance(s, HostCall)]
        self.work = plan.work + _ROW_WORK * self.batch + 10**6 * len(self.host_calls)
        self._most_threads = max([1] + [s.chunks for s in plan.leaves if isinstance(s, Kernel)])
        self._arenas: list[np.ndarray] = []
        self._known_pace: Pace | None = None

    def threads(self, wanted: int | None = None) -> int:
        """On how many threads a run goes: all, but one for a step so small that meeting would cost more than
        it saves."""
        count = wanted or num_threads()
        return 1 if self.work < _ALONE_WORK else min(count, self._most_threads)

    def describe(self) -> list[KernelCode | None]:
        """The shape of the machine code of each of the plan's steps; None for host calls."""
        from schuss.backends.cpu._describe import describe  # it brings what emits code

        return describe(self.plan)

    def __call__(self, *arrays: Any) -> list[np.ndarray]:
        """One step: the outputs for these inputs."""
        values = [np.asarray(a, b.dtype, order="C") for a, b in zip(arrays, self._inputs(), strict=True)]
        outputs = [np.empty(b.shape, b.dtype) for b in self.plan.outputs]
        count = len(self.plan.batch_inputs)
        run = self.start(values[:count], np.arange(max(self.batch, 1)), 1, values[count:], outputs)
        run.result()
        return outputs

    def _inputs(self) -> list[Buffer]:
        return self.plan.batch_inputs + self.plan.arguments

    def start(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: Sequence[np.ndarray] = (),
        outputs: Sequence[np.ndarray] = (),
        threads: int | None = None,
        inline: bool | None = None,
    ) -> Run:
        """Run `steps` steps; see `schuss.backends`.

        Returns at once, unless the whole run is so short (or `inline` is true) that the calling thread does
        it itself. With `inline` false, it goes on exactly `threads` threads, however small it is.
        """
        arrays = self.arrays_of(data, rows, steps, arguments, outputs)
        run = self.run(arrays, rows, steps)
        if inline is None:
            inline = self.work * steps < _INLINE_WORK
            count, pace = self.threads(threads), None if threads else self._pace()
        else:
            count, pace = threads or num_threads(), None
        if inline:
            run.go_inline()
        else:
            run.go(pace.size if pace else count, pace)
        return run

    def _pace(self) -> Pace | None:
        """Who says how many threads a run has; None where one is enough."""
        most = self.threads()
        if most == 1:
            return None
        if self._known_pace is None or self._known_pace.most != most:
            self._known_pace = Pace(most, num_cores())
        return self._known_pace

    def prepare(self) -> Call | None:
        """A single step, prepared for many calls; None if it is not so short that the calling thread should do it
        alone."""
        return Call(self) if self.work < _INLINE_WORK else None

    def arrays_of(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: Sequence[np.ndarray],
        outputs: Sequence[np.ndarray],
    ) -> dict[Buffer, np.ndarray]:
        """The array of every buffer; shapes, dtypes and layout must be what was compiled, since machine code
        cannot check."""
        plan = self.plan
        found: dict[Buffer, np.ndarray] = {}
        if data:
            if rows.dtype != np.int64 or not rows.flags.c_contiguous or rows.size < steps * self.batch:
                raise ValueError(f"rows must be contiguous int64 with at least {steps * self.batch} entries.")
            length = min(len(d) for d in data)
            used = rows[: steps * self.batch]
            if used.size and (used.min() < 0 or used.max() >= length):
                raise ValueError(f"rows must be in [0, {length}), got {used.min()} … {used.max()}.")
        for kind, buffers, arrays in (
            ("data set", plan.batch_inputs, data),
            ("argument", plan.arguments, arguments),
            ("output", plan.outputs, outputs),
        ):
            if len(arrays) != len(buffers):
                raise ValueError(f"Expected {len(buffers)} {kind} arrays, got {len(arrays)}.")
            for buffer, array in zip(buffers, arrays, strict=True):
                shape = buffer.shape
                if buffer.kind in ("batch", "row_output"):
                    shape = (len(array), *shape[1:])
                if array.dtype != buffer.dtype or array.shape != shape or not array.flags.c_contiguous:
                    raise ValueError(
                        f"{kind} {buffer.name}: expected contiguous {buffer.dtype}{list(shape)}, got "
                        f"{array.dtype}{list(array.shape)}."
                    )
                if buffer.kind == "row_output" and len(array) < steps * self.batch:
                    raise ValueError(
                        f"{kind} {buffer.name}: {len(array)} rows are too few for {steps} steps."
                    )
                found[buffer] = array
        variables = iter(plan.variables)
        for buffer in plan.buffers:
            if buffer.kind == "variable":
                array = next(variables).array
                if array.shape != buffer.shape or array.dtype != buffer.dtype:
                    raise ValueError(
                        f"Variable {buffer.name!r} has changed its shape or dtype since it was compiled."
                    )
                found[buffer] = array
            elif buffer.kind == "constant":
                if not buffer.array.flags.c_contiguous:
                    buffer.array = np.ascontiguousarray(buffer.array)
                found[buffer] = buffer.array
        return found

    def run(self, arrays: dict[Buffer, np.ndarray], rows: np.ndarray, steps: int) -> Run:
        """A run that has not begun, on arrays that have been checked."""
        return Run(self, arrays, rows, steps)

    def take_arena(self) -> np.ndarray:
        try:
            return self._arenas.pop()
        except IndexError:
            require_memory(self.plan)  # others may have taken it since the plan was made
            return np.zeros(self.plan.arena_bytes + 64, np.uint8)

    def give_arena(self, arena: np.ndarray) -> None:
        self._arenas.append(arena)


class Run:
    """A program under way. The main thread stays in Python: it may wait, watch `steps_done`, or `stop`."""

    def __init__(self, program: CpuProgram, arrays: dict[Buffer, np.ndarray], rows: np.ndarray, steps: int):
        self.program, self.steps = program, steps
        self._rows = rows
        self._arena = program.take_arena()
        self._finished: threading.Event | None = None
        self._pace: Pace | None = None
        self._size = 1
        self._called: list[None] = []
        self._since = self._ended = 0.0
        self._noted = self._late = 0
        self.error: BaseException | None = None
        self.error_step = 0
        self._memory = np.zeros(Word.BUFFERS + len(program._fixed) + 16, np.int64)
        shift = -(self._memory.ctypes.data // 8) % 8
        self._context = context = self._memory[shift:]
        self.address: int = context.ctypes.data
        start = self._arena.ctypes.data
        context[Word.STEPS] = steps
        context[Word.ROWS] = rows.ctypes.data
        context[Word.ARENA] = start + -start % 64
        if program.host_calls:
            self._host = _HOST_TYPE(self._call_host)
            context[Word.HOST] = ctypes.cast(self._host, ctypes.c_void_p).value or 0
        context[Word.LIMIT] = 1
        context[Word.FAILED] = -1
        self.point_at(arrays)

    def point_at(self, arrays: dict[Buffer, np.ndarray]) -> None:
        """Let it work on these arrays, which have been checked."""
        self._arrays = arrays
        fixed = self.program._fixed
        self._context[Word.BUFFERS : Word.BUFFERS + len(fixed)] = [arrays[b].ctypes.data for b in fixed]

    def start_anew(self) -> None:
        """As if it had not run."""
        self.error = None
        self._context[Word.STOP] = 0
        self._context[Word.FAILED] = -1

    def go(self, threads: int, pace: Pace | None = None) -> None:
        """Start on worker threads: so many, all from the first step to the last one; or, with a pace, as many as have
        come and as it says from time to time."""
        self._context[Word.LIMIT] = threads
        self._context[Word.PATIENCE] = _WITHOUT_END if pace is None else self.program.work // _PAUSE_WORK
        self._finished = threading.Event()
        self._pace, self._size = pace, threads
        self._since = time.perf_counter()
        start(self._lead)  # first, as nobody must wait for one who does not come
        self._call_helpers(threads - 1)

    def _lead(self) -> None:
        self.program.function(self.address, 0)
        self._ended = time.perf_counter()
        assert self._finished is not None
        self._finished.set()

    def _call_helpers(self, count: int) -> None:
        for _ in range(count):
            self._called.append(None)
            start(self._help)

    def _help(self) -> None:
        self._called.pop()
        self.program.function(self.address, 1)

    def _keep_pace(self) -> None:
        """Tell the pace how the run goes, and let it have as many threads as that says."""
        pace = self._pace
        if pace is None or self.steps_done == self._noted:
            return
        done, late, here = self.steps_done, int(self._context[Word.LATE]), int(self._context[Word.JOINED]) + 1
        now = self._ended or time.perf_counter()
        if here == self._size:
            self._size = pace.note(here, done - self._noted, now - self._since, late - self._late, now)
        self._noted, self._late, self._since = done, late, now
        self._context[Word.LIMIT] = self._size
        if not self._ended:
            self._call_helpers(self._size - here - len(self._called))

    def go_inline(self) -> None:
        """Run now, on this thread."""
        self.program.function(self.address, 0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds; whether the run has finished. Raises what a host call raised."""
        if not self._has_ended(timeout):
            return False
        if self._arena is not None:
            self.program.give_arena(self._arena)
            self._arena = None
        if self.error is not None:
            raise self.error
        return True

    def _has_ended(self, timeout: float | None) -> bool:
        """Whether it ends within so many seconds, in which it keeps its pace."""
        if self._finished is None:
            return True
        until = math.inf if timeout is None else time.perf_counter() + timeout
        while True:
            look = GLANCE if self._pace is not None and self._pace.trying else _LOOK
            if self._finished.wait(max(0.0, min(look, until - time.perf_counter()))):
                self._keep_pace()
                return True
            self._keep_pace()
            if time.perf_counter() >= until:
                return False

    def result(self) -> None:
        """Wait until the end."""
        while not self.wait(0.1):
            pass

    @property
    def steps_done(self) -> int:
        return int(self._context[Word.DONE])

    @property
    def failed_step(self) -> int | None:
        """The step whose check was not finite; the run stopped after it."""
        step = int(self._context[Word.FAILED])
        return None if step < 0 else step

    def stop(self) -> None:
        """Let the run end after the step under way."""
        self._context[Word.STOP] = 1

    def _call_host(self, index: int, step: int) -> None:
        try:
            call = self.program.host_calls[index]
            results = call.function(*[self._view(b, step) for b in call.inputs])
            for buffer, result in zip(call.outputs, results, strict=True):
                self._view(buffer, step)[...] = result
        except BaseException as error:
            self.error, self.error_step = error, step
            self.stop()

    def _view(self, buffer: Buffer, step: int) -> np.ndarray:
        """The buffer's memory as an array (a batch: a copy of its rows)."""
        batch = self.program.batch
        if buffer.kind == "temporary":
            start = self._context[Word.ARENA] - self._arena.ctypes.data + buffer.offset  # type: ignore[union-attr]
            return self._arena[start : start + buffer.nbytes].view(buffer.dtype).reshape(buffer.shape)  # type: ignore[index]
        array = self._arrays[buffer]
        if buffer.kind == "batch":
            return array[self._rows[step * batch : (step + 1) * batch]]
        return array[step * batch : (step + 1) * batch] if buffer.kind == "row_output" else array
