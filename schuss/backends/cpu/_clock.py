"""The processor's clock, read by compiled code."""

from __future__ import annotations

import time
from collections.abc import Callable

import llvmlite.binding as llvm
import llvmlite.ir as ir

from schuss.backends.cpu._emit import I64

_LOOKS = 5


def read_clock(b: ir.IRBuilder) -> ir.Value:
    """Emit a look at a counter that runs at a constant rate, the same on all cores. Takes some 20 ns.

    On x86 the time stamp counter; on ARM the system counter (that of cycles is closed to programs there).

    Raises:
        NotImplementedError: a processor of another kind.
    """
    triple = llvm.get_default_triple()
    if triple.startswith(("x86_64", "i386", "i686")):
        return b.call(_declared(b, "llvm.readcyclecounter", []), [])
    if triple.startswith(("aarch64", "arm64")):
        function = _declared(b, "llvm.read_volatile_register.i64", [ir.MetaDataType()])
        return b.call(function, [b.module.add_metadata(["cntvct_el0"])])
    raise NotImplementedError(f"Profiles are made on x86 and ARM processors; this one is {triple}.")


def _declared(b: ir.IRBuilder, name: str, arguments: list[ir.Type]) -> ir.Function:
    return b.module.globals.get(name) or ir.Function(b.module, ir.FunctionType(I64, arguments), name)


def ticks_per_second(clock: Callable[[], int], since: tuple[int, int]) -> float:
    """The counter's rate, from two looks at it and at Python's clock.

    Args:
        clock: reads the counter. since: what `both` gave at the first look.
    """
    ticks, nanoseconds = both(clock)
    return (ticks - since[0]) / (nanoseconds - since[1]) * 1e9


def both(clock: Callable[[], int]) -> tuple[int, int]:
    """The counter, and `time.perf_counter_ns` at the same time: of some looks the one that took least."""
    looks = []
    for _ in range(_LOOKS):
        before = time.perf_counter_ns()
        ticks = clock()
        after = time.perf_counter_ns()
        looks.append((after - before, ticks, (before + after) // 2))
    _, ticks, nanoseconds = min(looks)
    return ticks, nanoseconds
