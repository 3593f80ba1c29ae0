"""LLVM assembly → machine code in memory, by way of the cache on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import llvmlite
import llvmlite.binding as llvm

from schuss.backends.cpu import _object_cache
from schuss.backends.cpu._sources import sources_digest
from schuss.backends.cpu._target import host, target_machine
from schuss.compiler import Plan, structure_of_plan

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


class Machine:
    """Machine code in memory.

    Args:
        assembly: LLVM's; or what makes it, which is called only if the code is not on disk.
        structure: text that says all that the assembly is made from, besides the processor and the compiler's sources.
            Default: the assembly itself.

    Attributes:
        run: the address of the assembly's function ``run``.
    """

    def __init__(self, assembly: str | Callable[[], str], structure: str | None = None):
        self._assembly = assembly
        code = _code(assembly, structure or _text(assembly))
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.run: int = self._engine.get_function_address("run")

    def address(self, name: str) -> int:
        """Where another of the assembly's functions, or a variable, lies."""
        return self._engine.get_global_value_address(name) or self._engine.get_function_address(name)

    def assembly(self) -> str:
        """The machine code as text."""
        machine = target_machine()
        return machine.emit_assembly(_optimised(_text(self._assembly), machine))


def machine_of(plan: Plan) -> Machine:
    """A plan's machine code."""

    def emit() -> str:
        from schuss.backends.cpu._module import emit_module  # most programs find their code on disk

        return emit_module(plan)

    return Machine(emit, structure_of_plan(plan))


def _text(assembly: str | Callable[[], str]) -> str:
    return assembly if isinstance(assembly, str) else assembly()


def _code(assembly: str | Callable[[], str], structure: str) -> bytes:
    """The object file: from the cache, if the very same was compiled before."""
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
    code = _object_cache.load(key)
    if code is None:
        machine = target_machine()
        code = machine.emit_object(_optimised(_text(assembly), machine))
        _object_cache.store(key, code)
    return code


def _optimised(assembly: str, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(assembly)
    passes = llvm.create_new_module_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return module
