"""The shapes of a plan's kernels on this processor, for people; as `nests` emits them."""

from __future__ import annotations

from schuss.backends._description import KernelCode
from schuss.backends.cpu import nests
from schuss.backends.cpu._target import Target, host
from schuss.compiler import HostCall, Kernel, Plan, structure_of


def describe(plan: Plan) -> list[KernelCode | None]:
    """For each step of the plan the shape of its code; None for host calls."""
    target = host()
    functions: dict[str, int] = {}
    found: list[KernelCode | None] = []
    for step in plan.steps:
        if isinstance(step, HostCall):
            found.append(None)
        else:
            number = functions.setdefault(structure_of(step), len(functions))
            found.append(_code(step, number, target))
    return found


def _code(kernel: Kernel, function: int, target: Target) -> KernelCode:
    if any(store.accumulate for store in kernel.stores):
        return KernelCode(function)
    if kernel.reduction is None or kernel.scan is not None:
        vector = nests.best_vector_dim(kernel, kernel.dims)
        lanes = 1 if vector is None else nests.lanes_for(kernel, vector, target)
        return KernelCode(function, vector, lanes)
    tiling = nests.choose(kernel, target)
    along = tiling.second if tiling.along_reduction else tiling.vector
    width = tiling.columns if tiling.along_reduction else tiling.columns * tiling.lanes
    pairs = ((tiling.row, tiling.rows), (along, width))
    tile = tuple((dim, min(count, dim.size)) for dim, count in pairs if dim is not None)
    block = None if kernel.partial is None or tiling.along_reduction else nests.BLOCK
    return KernelCode(function, tiling.vector, tiling.lanes, tile, tiling.parts, block)
