"""A small model of this machine, measured in about a second: multiply-adds, copying at four distances, meetings."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from schuss import backends, ops
from schuss.backends.cpu._limits import Limits, copy_rate, measure_limits
from schuss.backends.cpu._target import host
from schuss.graph import Variable, trace

_MIDDLE = 32 << 20  # bytes that the last cache holds, and the second does not
_ROWS = 256  # of matrices that are made by rows and read by columns
_CROSSED = (32, 128)  # their columns, for each thread
_MEETINGS = 2  # in a step of these
_LEAST_BARRIER = 2e-7
_TRIES = 3  # to measure a line: the quickest of each width, since others on the machine can hide it
_LINE = 1e-8  # seconds, if they do
_RUN_STEPS = 100
_RUNS = 40  # threads may share a core in some of them until the system has noticed
_REPEATS = 15
LINE = 64  # bytes that go from core to core together


@dataclass(frozen=True)
class MachineModel:
    """What the predictions are made from.

    Attributes:
        limits: the most that the processor does. copying: pairs of bytes gone round and bytes read and written in a second
            then, by one thread while all do the same. multiply_add: seconds of a vector's, on one thread.
        barrier: seconds of a meeting of all threads. line: seconds in which a cache line comes from the core that wrote it.
        row: seconds to put a row into a random order. loss, others: what the multiply-adds of sums, and
            all other operations, take of what they would if nothing ever waited and each cost what is assumed of it; 1 until
            `_calibration` has measured it.
    """

    limits: Limits
    copying: tuple[tuple[int, float], ...]
    multiply_add: float
    barrier: float
    line: float
    row: float
    loss: float = 1.0
    others: float = 1.0

    def bytes_a_second(self, held: int) -> float:
        """How fast one thread reads and writes when the data that it goes round are so many bytes."""
        sizes, rates = zip(*self.copying)
        return float(np.exp(np.interp(math.log(max(held, 1)), np.log(sizes), np.log(rates))))


@cache
def machine_model() -> MachineModel:
    """The model of this machine, measured at the first call in a process."""
    limits = measure_limits()
    multiply_add = 2 * host().lanes(4) / limits.one_flops
    threads = limits.threads
    between = sorted({4 * threads * limits.cache_bytes, _MIDDLE})
    copying = (
        (threads * limits.cache_bytes, limits.cache / threads),
        *((size, copy_rate(threads, size // threads) / threads) for size in between),
        (limits.memory_bytes, limits.memory / threads),
    )
    return MachineModel(limits, copying, multiply_add, *_meeting(threads), _row())


def _row() -> float:
    order = np.random.default_rng(0)
    return min(_seconds(lambda: order.permutation(20_000)) for _ in range(_REPEATS)) / 20_000


def _seconds(function: object) -> float:
    begun = time.perf_counter()
    function()  # type: ignore[operator]
    return time.perf_counter() - begun


def _meeting(threads: int) -> tuple[float, float]:
    """Seconds of a meeting of all threads, and of each line that a thread reads and another one wrote."""
    if threads == 1:
        return 0.0, 0.0
    tries = [[_crossing(threads, columns) for columns in _CROSSED] for _ in range(_TRIES)]
    (few, small), (many, large) = (min(found) for found in zip(*tries))
    line = (large - small) / (many - few)
    line = line if line > 0 else _LINE
    return max(_LEAST_BARRIER, (small - few * line) / _MEETINGS), line


def _crossing(threads: int, columns: int) -> tuple[float, float]:
    """Steps that make a matrix by rows and sum it up by columns, so that lines go from core to core: how many lines a
    thread reads that others wrote, and what all threads take beyond their share of what one takes."""
    matrix = Variable(np.ones((_ROWS, columns * threads), "float32"))
    sums = Variable(np.zeros(columns * threads, "float32"))

    def step() -> list[object]:
        made = matrix.value * 0.5 + sums.value
        matrix.assign(made)
        sums.assign(ops.sum(made, axis=0) / (2 * _ROWS))  # stays at 1 / 2, so that nothing grows or vanishes
        return []

    program = backends.compile(trace(step), 0)
    lines = matrix.array.nbytes / LINE / threads * (threads - 1) / threads
    return lines, quickest_step(program, threads) - quickest_step(program, 1) / threads


def quickest_step(program: Any, threads: int) -> float:
    """Seconds of a step of a program without inputs, at best."""
    rows, runs = np.zeros(0, np.int64), []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        program.start([], rows, _RUN_STEPS, [], [], threads=threads, inline=False).result()
        runs.append(time.perf_counter() - begun)
    return min(runs) / _RUN_STEPS
