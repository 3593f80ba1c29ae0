"""The processor at hand, as LLVM reports it: vector width, registers, features; and LLVM's set-up."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

_MOST_PARTS = 8
_TWO_WIDE_UNITS = (  # multiply two vectors of 64 bytes in a cycle; laptops' and Zen 4 do one
    "skylake-avx512",
    "cascadelake",
    "cooperlake",
    "icelake-server",
    "sapphirerapids",
    "emeraldrapids",
    "graniterapids",
    "graniterapids-d",
    "diamondrapids",
    "znver5",
)


@dataclass(frozen=True)
class Target:
    """`vector_bytes`: size of a vector register; `registers`: how many; `fma`: has fused multiply-add;
    `multiply_adds`: how many vectors a core multiplies and adds in a cycle, at least."""

    cpu: str
    features: str
    vector_bytes: int
    registers: int
    fma: bool

    @property
    def multiply_adds(self) -> int:
        if self.vector_bytes < 64 or self.cpu in _TWO_WIDE_UNITS:
            return 2
        is_new_server = "+amx-tile" in self.features.split(",")  # which LLVM may not know by name yet
        return 2 if is_new_server else 1

    def lanes(self, itemsize: int) -> int:
        return max(1, self.vector_bytes // itemsize)


@cache
def host() -> Target:
    """The processor that this program runs on."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    triple = llvm.get_default_triple()
    if (
        features.get("avx512f")
        and features.get("avx512vl")
        and features.get("avx512dq")
        and features.get("avx512bw")
    ):
        size, registers = 64, 32
    elif features.get("avx"):
        size, registers = 32, 16
    elif "aarch64" in triple or "arm64" in triple:
        size, registers = 16, 32
    else:
        size, registers = 16, 16
    fma = bool(features.get("fma")) or "aarch64" in triple or "arm64" in triple
    return Target(llvm.get_host_cpu_name(), features.flatten(), size, registers, fma)


def target_machine() -> Any:
    """A new LLVM target machine for the host (they must not be shared between engines)."""
    target = host()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=target.features, opt=2, reloc="default", codemodel="jitdefault", jit=True
    )


def parts() -> int:
    """Into how many parts work is divided: one for each core of the machine, up to eight, however many threads there will
    be, so that results do not depend on these."""
    return max(1, min(os.cpu_count() or 1, _MOST_PARTS))
