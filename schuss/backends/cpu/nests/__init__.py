"""Kernels as LLVM functions: ``void kernel(i64 begin, i64 end, ptr rows, i64 turn0, …, ptr buffer0, …)``, for chunks begin
≤ c < end, in the given turns of the loops around.

In: a kernel. Out: a function of an LLVM module. Everything is emitted as explicit vectors, so that an element goes through
the same instructions wherever it stands: results have the same bits for any division of the work.
"""

from __future__ import annotations

import llvmlite.ir as ir

from schuss.backends.cpu._emit import I64, ExpressionEmitter
from schuss.backends.cpu._scalars import POINTER
from schuss.backends.cpu._target import Target
from schuss.backends.cpu.nests._across import Across
from schuss.backends.cpu.nests._along import Points, Rows
from schuss.backends.cpu.nests._loops import Loops
from schuss.backends.cpu.nests._plain import Accumulating, Elementwise, Scanning
from schuss.backends.cpu.nests._tiles import Tiling, best_vector_dim, block_of, choose, lanes_for
from schuss.compiler import Kernel
from schuss.compiler._expr import Buffer, Load, walk
from schuss.compiler._order import expressions

__all__ = ["Tiling", "best_vector_dim", "block_of", "buffers_of", "choose", "emit_kernel", "lanes_for"]


def buffers_of(kernel: Kernel) -> list[Buffer]:
    """The buffers that the kernel touches, in the order in which it takes their pointers."""
    found: dict[Buffer, None] = {}
    for expr in expressions(kernel):
        for e in walk(expr):  # type: ignore[arg-type]
            if isinstance(e, Load):
                found.setdefault(e.buffer)
    for store in kernel.stores:
        found.setdefault(store.buffer)
    if kernel.partial is not None:
        found.setdefault(kernel.partial)
    return list(found)


def emit_kernel(module: ir.Module, kernel: Kernel, name: str, target: Target) -> ir.Function:
    """The kernel as a function of `module`."""
    buffers, turns = buffers_of(kernel), len(kernel.given)
    type_ = ir.FunctionType(ir.VoidType(), [I64, I64, POINTER] + [I64] * turns + [POINTER] * len(buffers))
    function = ir.Function(module, type_, name)
    function.linkage = "internal"
    function.attributes.add("nounwind")
    function.attributes.add("noinline")
    for argument in (function.args[2], *function.args[3 + turns :]):
        argument.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    pointers = dict(zip(buffers, function.args[3 + turns :], strict=True))
    emitter = ExpressionEmitter(builder, pointers, function.args[2], target)
    emitter.place.update(zip(kernel.given, function.args[3:], strict=False))
    _nest(kernel, emitter, target, function.args[0], function.args[1]).emit()
    builder.ret_void()
    return function


def _nest(kernel: Kernel, e: ExpressionEmitter, target: Target, begin: ir.Value, end: ir.Value) -> Loops:
    if any(s.accumulate for s in kernel.stores):
        return Accumulating(kernel, e, target, begin, end)
    if kernel.scan is not None:
        return Scanning(kernel, e, target, begin, end)
    if kernel.reduction is None:
        return Elementwise(kernel, e, target, begin, end)
    plan = choose(kernel, target)
    shape = Rows if plan.rows_in_lanes else Points if plan.along_reduction else Across
    return shape(kernel, e, target, begin, end, plan)
