"""LLVM assembly → object files, on all cores: some threads compile what is there while one still writes the rest.

llvmlite lets one thread at a time into LLVM. LLVM itself wants only that no two threads share a context, a module or a
target machine (https://llvm.org/docs/ProgrammersManual.html, "Threads and LLVM"); here every module has its own. So the
two calls that take long are made beside llvmlite's lock.
"""

from __future__ import annotations

import ctypes
import os
import queue
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite.binding import ffi

from schuss.backends.cpu._target import target_machine
from schuss.backends.cpu._threads import num_threads, run_together

# The kernels come as explicit vectors and tiles, so these few passes do what LLVM's second level of optimisation does, in
# a fifth of its time (docs/benchmarks.md).
_PASSES = (
    "sroa",
    "instruction_combine",
    "simplify_cfg",
    "new_gvn",
    "loop_rotate",
    "instruction_combine",
    "dead_store_elimination",
)

_compiling = threading.RLock()
# A process forked meanwhile would wait for ever for locks within LLVM; for llvmlite's own see `_machine.py`.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_compiling.acquire, after_in_parent=_compiling.release, after_in_child=_compiling.release
    )


def objects_of(assemblies: Iterable[str]) -> list[bytes]:
    """The object file of each module, in order. Each is begun as soon as `assemblies` gives it."""
    with _compiling:
        return _compiled(assemblies)


def _compiled(assemblies: Iterable[str]) -> list[bytes]:
    tasks: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
    objects: dict[int, bytes] = {}
    errors: list[BaseException] = []

    def work(_: int = 0) -> None:
        while (task := tasks.get()) is not None:
            number, assembly = task
            try:
                objects[number] = _object(assembly)
            except BaseException as error:
                errors.append(error)

    helpers: list[threading.Event] = []
    count = 0
    try:
        for assembly in assemblies:
            tasks.put((count, assembly))
            count += 1
            if len(helpers) < num_threads() - 1:
                helpers.append(run_together(work, 1))
    finally:
        for _ in range(len(helpers) + 1):
            tasks.put(None)
    work()
    for helper in helpers:
        helper.wait()
    if errors:
        raise errors[0]
    return [objects[number] for number in range(count)]


def assembly_of(assembly: str) -> str:
    """The processor's own assembly language, for people."""
    machine = target_machine()
    return machine.emit_assembly(_optimised(assembly, machine))


def _object(assembly: str) -> bytes:
    machine = target_machine()
    module = _optimised(assembly, machine)
    with ffi.OutputString() as said:
        memory = _without_lock("LLVMPY_TargetMachineEmitToMemory")(machine, module, 1, said)
        if not memory:
            raise RuntimeError(str(said))
    try:
        return ctypes.string_at(ffi.lib.LLVMPY_GetBufferStart(memory), ffi.lib.LLVMPY_GetBufferSize(memory))
    finally:
        ffi.lib.LLVMPY_DisposeMemoryBuffer(memory)


def _optimised(assembly: str, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(assembly, llvm.create_context())
    passes = llvm.create_new_module_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options())
    _without_lock("LLVMPY_RunNewModulePassManager")(passes, module, builder)
    return module


@cache
def _without_lock(name: str) -> Callable[..., Any]:
    """A function of LLVM's as ctypes calls it."""
    guarded = getattr(ffi.lib, name)
    function = ctypes.CDLL(ffi.lib._name)[name]
    function.argtypes, function.restype = guarded.argtypes, guarded.restype
    return function
