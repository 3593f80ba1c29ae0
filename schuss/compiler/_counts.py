"""What a kernel has to do in a step, counted from its loops: arithmetic, and memory that it touches."""

from __future__ import annotations

from collections.abc import Iterable

from schuss.compiler._expr import Apply, Buffer, Expr, Load, walk
from schuss.compiler._index import Dim
from schuss.compiler._kernel import HostCall, Kernel
from schuss.compiler._order import expressions

_NO_ARITHMETIC = {"select", "convert", "compare", "is_finite"}


def flops_of(kernel: Kernel | HostCall) -> int:
    """Floating-point operations: a multiply-add is two, every other primitive, `exp` and `divide` too, one. Of a kernel in
    loops those of one turn.

    What depends on some of the loops only counts once for each of their turns. Host calls are not counted.
    """
    if isinstance(kernel, HostCall):
        return 0
    count = sum(
        _turns(e.dims.difference(kernel.given))
        for e in _distinct(kernel)
        if isinstance(e, Apply) and _is_arithmetic(e)
    )
    for part, inner in _totals(kernel):
        if part.dtype.kind == "f":
            count += _turns((*kernel.dims[1 if kernel.block else 0 :], *inner))  # blocks are parts of `inner`
    return count


def bytes_of(kernel: Kernel | HostCall) -> tuple[int, int]:
    """Bytes of distinct memory that a step of the kernel reads, and that it writes; in loops, in one turn."""
    if isinstance(kernel, HostCall):
        return sum(b.nbytes for b in kernel.inputs), sum(b.nbytes for b in kernel.outputs)
    read: dict[Buffer, int] = {}
    written: dict[Buffer, int] = {}
    for load in _distinct(kernel):
        if isinstance(load, Load):
            _touch(read, load.buffer, _turns(load.dims.difference(kernel.given)))
    every = _turns((*kernel.dims, *([kernel.scan.dim] if kernel.scan else [])))
    for store in kernel.stores:
        _touch(written, store.buffer, every)
        if store.accumulate:
            _touch(read, store.buffer, every)
    return sum(read.values()), sum(written.values())


def _distinct(kernel: Kernel) -> list[Expr]:
    return list({id(e): e for root in expressions(kernel) for e in walk(root)}.values())


def _is_arithmetic(expr: Apply) -> bool:
    return expr.dtype.kind == "f" and expr.name not in _NO_ARITHMETIC


def _totals(kernel: Kernel) -> list[tuple[Expr, tuple[Dim, ...]]]:
    """What is summed up (or multiplied, compared), and the loops over which."""
    found = []
    if kernel.reduction is not None:
        found.append((kernel.reduction.body, kernel.reduction.dims))
    if kernel.scan is not None:
        found.append((kernel.scan.body, (kernel.scan.dim,)))
    return found


def _turns(dims: Iterable[Dim]) -> int:
    count = 1
    for dim in dims:
        count *= dim.size
    return count


def _touch(table: dict[Buffer, int], buffer: Buffer, elements: int) -> None:
    size = table.get(buffer, 0) + elements * buffer.dtype.itemsize
    table[buffer] = min(size, buffer.nbytes)
