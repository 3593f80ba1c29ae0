"""Strips: some rows go through several kernels, one after the other, while they are in a core's cache.

Between two barriers each thread takes its rows of the batch through one kernel after the other. Where these rows are more
than its second cache holds, each kernel would fetch from memory what the one before has just written there. So kernels that
follow one another take a strip of the rows, then the next one. Sums over a thread's rows do so, too: they go on from what
they were after the strip before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from schuss.compiler._expr import Load, walk
from schuss.compiler._kernel import Kernel, Step
from schuss.compiler._order import row_of, rows_of_chunk, touches

_HELD = 512 * 1024  # bytes that stay in the second cache
_MOST = 2  # times as much, from which on a strip is no gain any more
_TALL = 8  # rows of a tile, about
_USES = 512  # how often a matrix is used for a strip, at least: its panels must be worth while


def set_strips(steps: list[Step], parts: int) -> None:
    """Say which kernels take strips.

    Args:
        steps: in order, with their phases and chunks. parts: how many threads share the rows, about.
    """
    for rows, group in groupby(steps, key=_rows):
        kernels = [kernel for kernel in group if isinstance(kernel, Kernel)]
        if rows is not None and any(_bytes_of_row(k) * row_of(k).size > parts * _HELD for k in kernels):
            _divide(kernels)


def together(steps: Iterable[Step]) -> Iterator[list[Any]]:
    """The steps, those that take strips together in one list."""
    for key, group in groupby(steps, key=lambda step: (_rows(step), getattr(step, "strip", 0))):
        if key[1]:
            yield list(group)
        else:
            yield from ([step] for step in group)


def _rows(step: Step) -> object:
    """Which rows it goes over, if it may take strips; equal for steps that may do so together."""
    if not isinstance(step, Kernel) or step.chunks == 1:
        return None
    rows = rows_of_chunk(step)
    return rows and (step.phase, *rows)


def _bytes_of_row(kernel: Kernel) -> int:
    """Of all that the kernel reads and writes of a row."""
    reads, writes = touches(kernel)
    rows = row_of(kernel).size
    return sum(b.nbytes // rows for b in reads | writes if b.shape[:1] == (rows,))


def _least(kernel: Kernel) -> int:
    """How many rows a strip has at least: many, where a row is one of few uses of a matrix, one lane of a vector, or one of
    few turns of a sum, which is fetched and put back for each strip."""
    if kernel.block and kernel.reduction is not None:
        return -(-_USES // math.prod(dim.size for dim in kernel.reduction.dims[1:]))
    row, *others = kernel.dims
    if not others:
        return _USES
    if kernel.reduction is None:
        return 1
    shared = [e for e in walk(kernel.reduction.body) if isinstance(e, Load) and row not in e.dims]
    uses = [math.prod(d.size for d in others if d not in load.dims) for load in shared]
    return max([-(-_USES // n) for n in uses], default=1)


def _divide(kernels: list[Kernel]) -> None:
    """Let kernels that follow one another take strips, as many of them together as the cache allows."""
    group: list[Kernel] = []
    row = least = 0
    for kernel in kernels:
        wider, more = max(row, _bytes_of_row(kernel)), max(least, _least(kernel))
        if wider * more > _MOST * _HELD:
            _set_strip(group, row, least)
            group, wider, more = [], _bytes_of_row(kernel), _least(kernel)
        group, row, least = [*group, kernel], wider, more
    _set_strip(group, row, least)


def _set_strip(kernels: list[Kernel], row: int, least: int) -> None:
    """Let the kernels take strips of as many rows, of so many bytes, as the cache holds; of the least that there may be, if
    it holds fewer."""
    if len(kernels) < 2:
        return
    grain = kernels[0].block or kernels[0].grain
    fitting = [n for n in range(least, grain + 1) if grain % n == 0 and (n < _TALL or n % _TALL == 0)]
    if fitting and row * fitting[0] <= _MOST * _HELD:
        rows = max([n for n in fitting if n * row <= _HELD], default=fitting[0])
        for kernel in kernels:
            kernel.strip = rows
