"""What the processor can do at most, measured: multiply-adds in registers, and copying."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schuss.backends.cpu._machine import Machine
from schuss.backends.cpu._target import host
from schuss.backends.cpu._threads import num_threads, run_together

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_SECONDS = 2e-3  # of one measurement: less than a time slice
_REPEATS = 40  # of which each thread's best counts: what others on the machine take away is no limit of it
_LONGEST = 0.1  # seconds of all repeats, where that leaves a few
_FEW = 5
_USUAL = 0.25  # of the repeats are quicker than what is usual: others on the machine slow more down than that
_UNROLLED = 4  # vectors copied in one turn of the loop
_MOST_COPIED = 256 << 20


@dataclass(frozen=True)
class Limits:
    """The most that the processor does, in float32 and in bytes (read and written) a second.

    Attributes:
        threads: how many `all_flops`, `memory` and `cache` are of, together.
        one_flops: floating-point operations a second of one thread: fused multiply-adds (each two), in vectors, on
            enough accumulators that none waits for another.
        all_flops: of all threads.
        memory: copying between arrays that are larger than the last cache, `memory_bytes` together.
        cache: copying within the second-level cache, `cache_bytes` for each thread.
    """

    threads: int
    one_flops: float
    all_flops: float
    memory: float
    memory_bytes: int
    cache: float
    cache_bytes: int


def measure_limits(threads: int | None = None) -> Limits:
    """Measure them; takes about half a second.

    Args:
        threads: default: as many as programs use.
    """
    threads = threads or num_threads()
    second, last = _cache_size(2) or 512 << 10, _cache_size(3) or _cache_size(2) or 32 << 20
    memory_bytes = min(max(4 * last, 128 << 20), _MOST_COPIED)
    cache_bytes = second // 2
    multiply_add, copy = _MultiplyAdd(), _Copy()
    return Limits(
        threads=threads,
        one_flops=multiply_add.rate(1),
        all_flops=multiply_add.rate(threads),
        memory=copy.rate(threads, memory_bytes // threads),
        memory_bytes=memory_bytes,
        cache=copy.rate(threads, cache_bytes),
        cache_bytes=cache_bytes,
    )


def copy_rate(threads: int, size: int) -> float:
    """Bytes a second that so many threads usually read and write, together, copying within `size` bytes each. Not the most:
    a thread is quickest while the others happen not to use the memory that they share.

    Args:
        threads: at least 1. size: of both arrays of a thread, together; at least some thousand.
    """
    return _Copy().rate(threads, size, _USUAL)


class _MultiplyAdd:
    """Independent chains of ``total = a · a + total`` in registers."""

    def __init__(self) -> None:
        target = host()
        lanes, chains = target.lanes(4), target.registers * 3 // 4
        self._operations = 2 * lanes * chains
        self._machine = Machine(_multiply_add_assembly(lanes, chains))
        self._function = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(self._machine.run)

    def rate(self, threads: int) -> float:
        """Operations a second of so many threads."""
        operands = np.ones((threads, host().lanes(4)), np.float32)

        def call(thread: int, turns: int) -> None:
            self._function(turns, operands[thread].ctypes.data)

        return self._operations * _turns_a_second(call, threads)


class _Copy:
    """Copying from one array to another, again and again; each thread has two of its own."""

    def __init__(self) -> None:
        self._lanes = host().lanes(4)
        self._machine = Machine(_copy_assembly(self._lanes))
        self._function = ctypes.CFUNCTYPE(
            None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64
        )(self._machine.run)

    def rate(self, threads: int, size: int, quantile: float = 0.0) -> float:
        """Bytes a second that so many threads read and write, each in `size` bytes; see `_turns_a_second`."""
        length = size // 8 // (self._lanes * _UNROLLED) * self._lanes * _UNROLLED
        arrays = [np.ones((2, length), np.float32) for _ in range(threads)]

        def call(thread: int, turns: int) -> None:
            target, source = arrays[thread]
            self._function(turns, target.ctypes.data, source.ctypes.data, length)

        return 8 * length * _turns_a_second(call, threads, quantile)


def _turns_a_second(call: Callable[[int, int], None], threads: int, quantile: float = 0.0) -> float:
    """How often a second the threads, at once, do what ``call(thread, turns)`` does `turns` times; all together.

    Args:
        quantile: of the repeats which one counts: from 0, the quickest of each thread, to 1.
    """

    def taken_by_each(turns: int, repeats: int, quantile: float) -> np.ndarray:
        seconds = np.full((repeats, threads), np.inf)

        def task(thread: int) -> None:
            for repeat in range(repeats):
                begun = time.perf_counter()
                call(thread, turns)
                seconds[repeat, thread] = time.perf_counter() - begun

        run_together(task, threads).wait()
        return np.quantile(seconds, quantile, axis=0)

    turns = 1
    while (taken := taken_by_each(turns, 3, 0.0).max()) < _SECONDS / 4:
        turns *= 4
    each = taken / turns
    turns = max(1, round(_SECONDS / each))
    repeats = min(_REPEATS, max(_FEW, int(_LONGEST / (turns * each))))
    return float((turns / taken_by_each(turns, repeats, quantile)).sum())


def _multiply_add_assembly(lanes: int, chains: int) -> str:
    vector, each = f"<{lanes} x float>", range(chains)
    name = f"@llvm.fmuladd.v{lanes}f32"
    lines = [
        f"declare {vector} {name}({vector}, {vector}, {vector})",
        "define void @run(i64 %turns, ptr %p) {",
        "entry:",
        f"  %a = load {vector}, ptr %p, align 4",
        *(f"  %s{k} = load volatile {vector}, ptr %p, align 4" for k in each),  # not to be known as equal
        "  br label %loop",
        "loop:",
        "  %turn = phi i64 [0, %entry], [%next, %loop]",
        *(f"  %t{k} = phi {vector} [%s{k}, %entry], [%u{k}, %loop]" for k in each),
        *(f"  %u{k} = call {vector} {name}({vector} %a, {vector} %a, {vector} %t{k})" for k in each),
        "  %next = add i64 %turn, 1",
        "  %more = icmp slt i64 %next, %turns",
        "  br i1 %more, label %loop, label %end",
        "end:",
        *(f"  store volatile {vector} %u{k}, ptr %p, align 4" for k in each),
        "  ret void",
        "}",
    ]
    return "\n".join(lines)


def _copy_assembly(lanes: int) -> str:
    vector, each = f"<{lanes} x float>", range(_UNROLLED)
    lines = [
        "define void @run(i64 %turns, ptr %target, ptr %source, i64 %length) {",
        "entry:",
        "  br label %again",
        "again:",
        "  %turn = phi i64 [0, %entry], [%next, %done]",
        "  br label %loop",
        "loop:",
        "  %i = phi i64 [0, %again], [%j, %loop]",
        *(f"  %i{k} = add i64 %i, {k * lanes}" for k in each),
        *(f"  %s{k} = getelementptr float, ptr %source, i64 %i{k}" for k in each),
        *(f"  %t{k} = getelementptr float, ptr %target, i64 %i{k}" for k in each),
        *(f"  %v{k} = load volatile {vector}, ptr %s{k}, align 4" for k in each),
        *(f"  store volatile {vector} %v{k}, ptr %t{k}, align 4" for k in each),
        f"  %j = add i64 %i, {_UNROLLED * lanes}",
        "  %inside = icmp slt i64 %j, %length",
        "  br i1 %inside, label %loop, label %done",
        "done:",
        "  %next = add i64 %turn, 1",
        "  %more = icmp slt i64 %next, %turns",
        "  br i1 %more, label %again, label %end",
        "end:",
        "  ret void",
        "}",
    ]
    return "\n".join(lines)


def _cache_size(level: int) -> int | None:
    """Bytes of the data cache of this level, as Linux tells; None where nobody does."""
    for folder in sorted(_CACHES.glob("index*")):
        try:
            kind, found, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
        except OSError:
            continue
        if int(found) == level and kind != "Instruction":
            return int(size.rstrip("KMG")) << {"K": 10, "M": 20, "G": 30}.get(size[-1], 0)
    return None
