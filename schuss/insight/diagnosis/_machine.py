"""A small model of this machine, measured in about a second: multiply-adds, copying at three distances, meetings."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from schuss import backends, ops
from schuss.backends.cpu._limits import Limits, copy_rate, measure_limits
from schuss.backends.cpu._target import host
from schuss.graph import Spec, Variable, trace

_MIDDLE = 32 << 20  # bytes that the last cache holds, and the second does not
_RUN_STEPS = 2000
_REPEATS = 15


@dataclass(frozen=True)
class MachineModel:
    """What the predictions are made from.

    Attributes:
        limits: the most that the processor does. copying: pairs of bytes gone round and bytes read and written in a second
            then, by one thread while all do the same. multiply_add: seconds of a vector's, on one thread.
        barrier: seconds of a meeting of all threads. row: seconds to put a row into a random order.
    """

    limits: Limits
    copying: tuple[tuple[int, float], ...]
    multiply_add: float
    barrier: float
    row: float

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
    return MachineModel(limits, copying, multiply_add, _barrier(threads), _row())


def _row() -> float:
    order = np.random.default_rng(0)
    return min(_seconds(lambda: order.permutation(20_000)) for _ in range(_REPEATS)) / 20_000


def _seconds(function: object) -> float:
    begun = time.perf_counter()
    function()  # type: ignore[operator]
    return time.perf_counter() - begun


def _barrier(threads: int) -> float:
    """A meeting: steps that do almost nothing, on all threads, less the same on one."""
    if threads == 1:
        return 0.0
    total = Variable(np.zeros((64, 64), "float32"))

    def step(x: object) -> list[object]:
        total.assign(total.value + ops.sum(x, axis=0))
        return []

    program = backends.compile(trace(step, Spec((64, 64, 64), np.dtype("float32"))), 0)
    x = np.zeros((64, 64, 64), "float32")
    rows = np.zeros(0, np.int64)

    def run(count: int) -> float:
        runs = []
        for _ in range(_REPEATS):
            begun = time.perf_counter()
            program.start([], rows, _RUN_STEPS // 20, [x], [], threads=count, inline=False).result()
            runs.append(time.perf_counter() - begun)
        return min(runs) / (_RUN_STEPS // 20)

    return max(2e-7, (run(threads) - run(1) / threads) / max(program.plan.barriers, 1))
