"""How long each kernel takes: a build of the program that reads the clock around each of them."""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu._clock import both, read_clock, ticks_per_second
from schuss.backends.cpu._emit import I64, i64
from schuss.backends.cpu._machine import Machine
from schuss.backends.cpu._module import RunFunction, emit_module
from schuss.backends.cpu._program import CpuProgram
from schuss.backends.cpu._scalars import POINTER
from schuss.compiler import HostCall, Kernel, Plan
from schuss.compiler._counts import bytes_of, flops_of
from schuss.compiler._index import Dim
from schuss.compiler._kernel import counted, meetings

_TABLE, _CLOCK = "times", "clock"
_LINE = 8  # words in a cache line


@dataclass(frozen=True)
class KernelProfile:
    """A kernel in one step.

    Attributes:
        label: the primitives and scopes that it came from. loops: what it runs over, such as ``"32×64, sum of 784"``.
        chunks: how many parts it has. phase: how many barriers are before it. host: whether it is a call of Python.
        calls: of its function, by all threads. seconds: of the thread that took longest.
        thread_seconds: of all threads together.
        flops: floating-point operations; a multiply-add is two. read, written: bytes of distinct memory.
    """

    label: str
    loops: str
    chunks: int
    phase: int
    host: bool
    calls: float
    seconds: float
    thread_seconds: float
    flops: int
    read: int
    written: int


@dataclass(frozen=True)
class BarrierProfile:
    """Waiting at a barrier in one step.

    Attributes:
        phase: of the steps before it. seconds: of the thread that waited longest.
        thread_seconds: of all threads together.
    """

    phase: int
    seconds: float
    thread_seconds: float


@dataclass(frozen=True)
class ProgramProfile:
    """Where the time of a program's step goes.

    Attributes:
        kernels, barriers: in the order of the step; the last barrier is the step's end. threads, steps: of a run.
        seconds: of a step, without clocks. timed_seconds: with them.
    """

    kernels: list[KernelProfile]
    barriers: list[BarrierProfile]
    threads: int
    steps: int
    seconds: float
    timed_seconds: float


class TimedRunFunction(RunFunction):
    """The run function with clocks. What they show is added up in the table `times`: for each thread, for each step of
    the plan and then each barrier, ticks and calls."""

    def __init__(self, module: ir.Module, plan: Plan, kernels: dict[int, ir.Function], threads: int):
        super().__init__(module, plan, kernels)
        self._places = {id(step): n for n, step in enumerate(plan.leaves)}
        self._barriers = 0
        self._stride = stride_of(plan)
        type_ = ir.ArrayType(I64, threads * self._stride)
        self._table = ir.GlobalVariable(module, type_, _TABLE)
        self._table.initializer = ir.Constant(type_, None)
        self._table.align = 8 * _LINE
        self._table.type = (
            POINTER  # llvmlite gives it one of typed pointers, into which nothing can be stored
        )
        clock = ir.Function(module, ir.FunctionType(I64, []), _CLOCK)
        b = ir.IRBuilder(clock.append_basic_block())
        b.ret(read_clock(b))

    @contextmanager
    def timed(self, step: Kernel | HostCall | None) -> Iterator[None]:
        if step is None:
            place = len(self._places) + self._barriers
            self._barriers += 1
        else:
            place = self._places[id(step)]
        b = self.b
        begin = read_clock(b)
        yield
        elapsed = b.sub(read_clock(b), begin)
        row = b.mul(self.thread, i64(self._stride))
        for n, amount in enumerate((elapsed, i64(1))):
            pointer = b.gep(self._table, [b.add(row, i64(2 * place + n))], source_etype=I64)
            b.store(b.add(b.load(pointer, typ=I64), amount), pointer)


def stride_of(plan: Plan) -> int:
    """Words of a thread's part of the table: whole cache lines."""
    return -(-2 * (len(plan.leaves) + 1 + len(list(meetings(plan.steps)))) // _LINE) * _LINE


class Profiler:
    """Measures where a program's time goes.

    Every run begins with the variables as they were when it was made, and so they are left.

    Args:
        program: as compiled. threads: default: as many as a run would have.

    Raises:
        NotImplementedError: a processor that is neither x86 nor ARM.
    """

    def __init__(self, program: CpuProgram, threads: int | None = None):
        self.program, self.threads = program, program.threads(threads)
        plan = program.plan
        emit_run = functools.partial(TimedRunFunction, threads=self.threads)
        self._timed = CpuProgram(plan, Machine(emit_module(plan, emit_run)))
        machine, stride = self._timed.machine, stride_of(plan)
        words = (ctypes.c_int64 * (self.threads * stride)).from_address(machine.address(_TABLE))
        self._table = np.ctypeslib.as_array(words).reshape(self.threads, stride)
        self._clock = ctypes.CFUNCTYPE(ctypes.c_int64)(machine.address(_CLOCK))
        self._variables = [(v.array, v.array.copy()) for v in plan.variables]

    def profile(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: Sequence[np.ndarray] = (),
        outputs: Sequence[np.ndarray] = (),
        seconds: float = 1.0,
    ) -> ProgramProfile:
        """The profile of a run.

        The program and its build with clocks take turns, at least three times each. All figures are of the quickest
        run of each: what other processes take away is not the program's.

        Args:
            data, rows, steps, arguments, outputs: as in `CpuProgram.start`. seconds: for how long to measure.

        Raises:
            ValueError: the program's check fails: a loss that is not finite.
        """
        given = data, rows, steps, arguments, outputs
        self._run(self.program, given), self._run(self._timed, given)
        since = both(self._clock)
        plain: list[float] = []
        found: list[tuple[float, np.ndarray]] = []
        until = time.perf_counter() + seconds
        while len(found) < 3 or time.perf_counter() < until:
            plain.append(self._run(self.program, given))
            self._table[...] = 0
            found.append((self._run(self._timed, given), self._table.copy()))
        tick = 1 / ticks_per_second(self._clock, since)
        timed_seconds, ticks = min(found, key=lambda pair: pair[0])
        pairs = ticks.reshape(self.threads, -1, 2) / steps
        plan = self.program.plan
        kernels = [
            _kernel_profile(step, turns, pairs[:, n, 0] * tick, pairs[:, n, 1])
            for n, (step, turns) in enumerate(counted(plan.steps))
        ]
        barriers = _barrier_profiles(plan, pairs[:, len(kernels) :, 0] * tick)
        return ProgramProfile(kernels, barriers, self.threads, steps, min(plain), timed_seconds)

    def seconds(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: Sequence[np.ndarray] = (),
        outputs: Sequence[np.ndarray] = (),
    ) -> float:
        """How long a step takes, the run's beginning included; arguments as for `profile`."""
        given = data, rows, steps, arguments, outputs
        return min(self._run(self.program, given) for _ in range(3))

    def _run(self, program: CpuProgram, given: tuple[Any, ...]) -> float:
        """Seconds of a step."""
        steps = given[2]
        begun = time.perf_counter()
        run = program.start(*given, threads=self.threads, inline=self.threads == 1)
        run.result()
        taken = (time.perf_counter() - begun) / steps
        for array, before in self._variables:
            array[...] = before
        if run.failed_step is not None:
            raise ValueError(
                f"The loss was not finite in step {run.failed_step}. Profile with data, weights and a learning rate with "
                "which the model can be trained."
            )
        return taken


def _kernel_profile(step: Kernel | HostCall, turns: int, seconds: Any, calls: Any) -> KernelProfile:
    read, written = bytes_of(step)
    return KernelProfile(
        label=step.label,
        loops=(f"{turns} turns of " if turns > 1 else "") + _loops(step)
        if isinstance(step, Kernel)
        else "host",
        chunks=step.chunks if isinstance(step, Kernel) else 1,
        phase=step.phase,
        host=isinstance(step, HostCall),
        calls=float(calls.sum()),
        seconds=float(seconds.max()),
        thread_seconds=float(seconds.sum()),
        flops=turns * flops_of(step),
        read=turns * read,
        written=turns * written,
    )


def _barrier_profiles(plan: Plan, seconds: Any) -> list[BarrierProfile]:
    phases = [*meetings(plan.steps), max((step.phase for step in plan.steps), default=0)]
    return [
        BarrierProfile(phase, float(seconds[:, n].max()), float(seconds[:, n].sum()))
        for n, phase in enumerate(phases)
    ]


def _loops(kernel: Kernel) -> str:
    """``"32×64, sum of 784"``."""
    text = _sizes(kernel.dims)
    if kernel.reduction is not None:
        text += f", {kernel.reduction.kind} of {_sizes(kernel.reduction.dims)}"
    if kernel.scan is not None:
        text += f", {kernel.scan.kind} along {kernel.scan.dim.size}"
    return text


def _sizes(dims: tuple[Dim, ...]) -> str:
    return "×".join(str(dim.size) for dim in dims) or "1"
