"""What a backend makes of a kernel, in words that hold for any machine with vectors and registers."""

from __future__ import annotations

from dataclasses import dataclass

from schuss.compiler._expr import Expr, Load
from schuss.compiler._index import Dim


@dataclass(frozen=True)
class Panel:
    """A factor of products that is copied together before a column of tiles, which all read the copy.

    Attributes:
        factor: the formula. shared: the loops that the column goes through.
        turns: for how many turns of the reduced loops. width: for how many of the loop of the vectors.
        transposed: whether it lies across the vectors, and is turned on the way.
    """

    factor: Expr
    shared: tuple[Dim, ...]
    turns: int
    width: int
    transposed: bool


@dataclass(frozen=True)
class Ahead:
    """What is asked for before it is needed, so that it comes from memory while something else is computed.

    Attributes:
        load: of what array, at what place. dim: of which loop a later turn will need it; None if it is the present
            one, once its sum is made. turns: how many turns later; 0 without a loop. block: whether it is the next
            block of a long sum that will need it.
    """

    load: Load
    dim: Dim | None = None
    turns: int = 0
    block: bool = False


@dataclass(frozen=True)
class Shared:
    """What several rows of a tile, or several turns of its loops, read in common, so that it is read once.

    Attributes:
        load: of what array. dim: of which reduced loop several turns are taken at once. turns: how many. apart: from each to
            the next.
    """

    load: Load
    dim: Dim
    turns: int
    apart: int = 1


@dataclass(frozen=True)
class KernelCode:
    """The shape of a kernel's machine code.

    Attributes:
        function: number of the function; kernels that differ only in where their buffers lie share one.
        vector: the loop whose neighbouring turns are computed in one instruction; None where none is.
        lanes: how many.
        tile: pairs of a loop over results and how many of its turns are computed together, in registers.
        parts: into how many sums a result's sum is divided, to hide the latency of additions.
        block: how many turns of its first loops are a block of a long sum; () where it goes in one.
        panels: what is copied together first. ahead: what is asked for ahead of its use. shared: what is read once for
            several turns; None: nothing.
    """

    function: int
    vector: Dim | None = None
    lanes: int = 1
    tile: tuple[tuple[Dim, int], ...] = ()
    parts: int = 1
    block: tuple[int, ...] = ()
    panels: tuple[Panel, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    shared: Shared | None = None
