"""The shapes of a plan's kernels on this processor, for people; as `nests` emits them."""

from __future__ import annotations

from schuss.backends._description import Ahead, KernelCode, Panel, Shared
from schuss.backends.cpu import nests
from schuss.backends.cpu._target import Target, host
from schuss.backends.cpu.nests import _ahead
from schuss.backends.cpu.nests._tiles import turns_of
from schuss.compiler import HostCall, Kernel, Plan, structure_of


def describe(plan: Plan) -> list[KernelCode | None]:
    """For each step of the plan the shape of its code; None for host calls."""
    target = host()
    functions: dict[str, int] = {}
    found: list[KernelCode | None] = []
    for step in plan.leaves:
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
        asked = tuple(Ahead(place, dim, 1) for place, dim, _ in _ahead.loop_asked(kernel))
        return KernelCode(function, vector, lanes, ahead=asked)
    tiling = nests.choose(kernel, target)
    along = tiling.second if tiling.along_reduction else tiling.vector
    width = tiling.columns if tiling.along_reduction else tiling.columns * tiling.lanes
    pairs = ((tiling.row, tiling.rows), (along, width))
    tile = tuple((dim, min(count, dim.size)) for dim, count in pairs if dim is not None)
    block = () if kernel.partial is None or tiling.along_reduction else nests.block_of(kernel)
    panels, ahead = _panels(kernel, tiling), _asked_for(kernel, tiling)
    shared = None
    if tiling.overlap is not None:
        shared = Shared(tiling.overlap.load, tiling.overlap.dim, tiling.overlap.times, tiling.overlap.apart)
    return KernelCode(function, tiling.vector, tiling.lanes, tile, tiling.parts, block, panels, ahead, shared)


def _panels(kernel: Kernel, tiling: nests.Tiling) -> tuple[Panel, ...]:
    row = tiling.row
    if tiling.vector is None or row is None:
        return ()
    shared = (*tiling.inner, row)
    turns, width = turns_of(kernel), min(tiling.columns * tiling.lanes, tiling.vector.size)
    return tuple(Panel(o.expr, shared, turns, width, o.along is not None) for o in tiling.panels)


def _asked_for(kernel: Kernel, tiling: nests.Tiling) -> tuple[Ahead, ...]:
    """What the loop nest of this shape asks for ahead of its use."""
    if tiling.along_reduction and not tiling.rows_in_lanes:
        return ()
    found = []
    if tiling.row is not None and tiling.rows < tiling.row.size:
        found += [Ahead(load, tiling.row, tiling.rows) for load in _ahead.rows_asked(kernel, tiling.row)]
    if not tiling.along_reduction:
        if tiling.vector is not None:
            found += [Ahead(load) for load in _ahead.results_asked(kernel, tiling.vector, tiling.row)]
        if kernel.reduction is not None and kernel.reduction.dims:
            last = kernel.reduction.dims[-1]
            found += [Ahead(load, last, _ahead.TURNS) for load in _ahead.turns_asked(kernel)]
            asked = _ahead.rows_of_tiles_asked(kernel, tiling)
            found += [Ahead(load, last, _ahead.ROW_TURNS) for load in asked]
        found += [Ahead(load, block=True) for load, _ in _ahead.block_asked(kernel, tiling)]
    return tuple(found)
