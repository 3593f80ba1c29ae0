"""Windows that overlap: what neighbouring rows of a tile, or neighbouring turns of its loops, read in common.

Row i of a convolution's tile multiplies x[i + t] in turn t of the window's loop, and row i + 1 reads the same one turn
earlier. If a tile takes several turns at once, such an element is read once and stays in a register for all of them: 16
rows and 3 turns read 18 elements, not 48. So does the gradient of the kernel, whose rows are the window's places and
whose turns are the image's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from schuss.compiler import Kernel
from schuss.compiler._expr import Load, walk
from schuss.compiler._index import Dim, dims_of, stride_along

_WORTH = 1 << 20  # products from which on it pays: the machine code is some three times as long
_MOST_TURNS = 7  # of a window's loop
_TURNS = (4, 2)  # of a loop over an image


@dataclass(frozen=True)
class Overlap:
    """A tile takes `times` turns of `dim` at once, each `apart` further than the one before; one further, a row reads of
    `load` what the row `spread` further reads now. The tile's rows are `groups` of neighbours, `spread` apart."""

    load: Load
    dim: Dim
    apart: int
    times: int
    spread: int = 1
    groups: int = 1

    def rows(self, count: int) -> list[int]:
        """The numbers of a tile's `count` rows, from its first."""
        block = count // self.groups
        return [group * self.spread + n for group in range(self.groups) for n in range(block)]

    def shared(self, row: int, turn: int) -> tuple[int, int]:
        """Where the row reads in this turn: equal for what is read in common. In this order, what is in registers is
        used up soon."""
        place = row + turn * self.spread
        return place % self.spread, place

    def reads(self, count: int) -> float:
        """How many elements `count` rows read in a turn."""
        block, spread = count / self.groups, self.times - 1
        return (
            block * (self.groups + spread) / self.times if self.groups > 1 else (count + spread) / self.times
        )


def overlaps_of(kernel: Kernel, vector: Dim, row: Dim, blocked: int) -> list[Overlap]:
    """What tiles of vectors along `vector` may share down `row`. `blocked`: how many of the first reduced loops are cut
    into blocks."""
    reduction = kernel.reduction
    assert reduction is not None
    if math.prod(dim.size for dim in (*kernel.dims, *reduction.dims)) < _WORTH:
        return []
    loads = {
        x for x in walk(reduction.body) if isinstance(x, Load) and row in x.dims and vector not in x.dims
    }
    if len(loads) != 1:
        return []
    (load,) = loads
    if load.buffer.kind == "batch" and dims_of(load.index[0]) & {row, *reduction.dims[blocked:]}:
        return []
    down = stride_along(load.position, row)
    if not down or down < 0:
        return []
    for dim in reversed(reduction.dims[blocked:]):
        along = stride_along(load.position, dim)
        if along and along > 0:
            found = _window(load, dim, along, down) or _places(load, dim, along, row, down)
            if found:
                return found
    return []


def _window(load: Load, dim: Dim, along: int, down: int) -> list[Overlap]:
    """`dim` goes through windows, the rows through an image."""
    apart = down // along
    if down % along or dim.size % apart:
        return []
    times = dim.size // apart
    return [Overlap(load, dim, apart, times)] if 1 < times <= _MOST_TURNS else []


def _places(load: Load, dim: Dim, along: int, row: Dim, down: int) -> list[Overlap]:
    """`dim` goes through an image, the rows through a window's places."""
    spread = along // down
    if along % down or row.size % spread or not 1 < row.size // spread <= _MOST_TURNS:
        return []
    groups = row.size // spread
    return [Overlap(load, dim, 1, times, spread, groups) for times in _TURNS if dim.size % times == 0]
