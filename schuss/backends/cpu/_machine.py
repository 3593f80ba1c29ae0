"""LLVM assembly → machine code in memory, by way of the cache on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import astuple

import llvmlite
import llvmlite.binding as llvm

from schuss.backends.cpu import _object_cache
from schuss.backends.cpu._sources import sources_digest
from schuss.backends.cpu._target import host, target_machine
from schuss.compiler import Plan

# A process that is forked while another thread compiles would wait for ever for that thread to let go of LLVM's lock.
_lock = getattr(llvm.ffi.lib, "_lock", None)
if _lock is not None and hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.__enter__, after_in_parent=_lock.__exit__, after_in_child=_lock.__exit__)


class Machine:
    """Machine code in memory.

    Args:
        assembly: LLVM's; or what gives it, in one or several modules, and is called only if the code is not on disk.
        structure: text that says all that the assembly is made from, besides the processor and the compiler's sources.
            Default: the assembly itself.

    Attributes:
        run: the address of the assembly's function ``run``.
    """

    def __init__(self, assembly: str | Callable[[], Iterable[str]], structure: str | None = None):
        self._assembly = assembly
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        for code in _code(assembly, structure or "".join(_modules(assembly))):
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.run: int = self._engine.get_function_address("run")

    def address(self, name: str) -> int:
        """Where another of the assembly's functions, or a variable, lies."""
        return self._engine.get_global_value_address(name) or self._engine.get_function_address(name)

    def assembly(self) -> str:
        """The machine code as text."""
        from schuss.backends.cpu._objects import assembly_of

        return "\n".join(map(assembly_of, _modules(self._assembly)))


def machine_of(plan: Plan, digest: str) -> Machine:
    """A plan's machine code. `digest`: a hash of the plan's structure."""

    def emit() -> Iterable[str]:
        from schuss.backends.cpu._module import emit_modules  # most programs find their code on disk

        return emit_modules(plan)

    return Machine(emit, digest)


def _modules(assembly: str | Callable[[], Iterable[str]]) -> Iterable[str]:
    return [assembly] if isinstance(assembly, str) else assembly()


def _code(assembly: str | Callable[[], Iterable[str]], structure: str) -> list[bytes]:
    """The object files: from the cache, if the very same was compiled before."""
    version = ".".join(map(str, llvm.llvm_version_info))
    key = _object_cache.key_of(
        (
            structure,
            sources_digest(),
            *map(str, astuple(host())),
            llvm.get_default_triple(),
            llvmlite.__version__,
            version,
        )
    )
    kept = _object_cache.load(key)
    if kept is not None:
        return _apart(kept)
    from schuss.backends.cpu._objects import objects_of

    objects = objects_of(_modules(assembly))
    _object_cache.store(key, _joined(objects))
    return objects


def _joined(objects: list[bytes]) -> bytes:
    """The objects in one piece, each after its length."""
    return b"".join(len(code).to_bytes(8, "little") + code for code in objects)


def _apart(content: bytes) -> list[bytes]:
    objects, place = [], 0
    while place < len(content):
        end = place + 8 + int.from_bytes(content[place : place + 8], "little")
        objects.append(content[place + 8 : end])
        place = end
    return objects
