"""What a backend makes of a kernel, in words that hold for any machine with vectors and registers."""

from __future__ import annotations

from dataclasses import dataclass

from schuss.compiler._index import Dim


@dataclass(frozen=True)
class KernelCode:
    """The shape of a kernel's machine code.

    Attributes:
        function: number of the function; kernels that differ only in where their buffers lie share one.
        vector: the loop whose neighbouring turns are computed in one instruction; None where none is.
        lanes: how many.
        tile: pairs of a loop over results and how many of its turns are computed together, in registers.
        parts: into how many sums a result's sum is divided, to hide the latency of additions.
        block: how long the blocks are into which a long sum is divided; None where it goes in one.
    """

    function: int
    vector: Dim | None = None
    lanes: int = 1
    tile: tuple[tuple[Dim, int], ...] = ()
    parts: int = 1
    block: int | None = None
