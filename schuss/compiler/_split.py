"""Dividing sums over the batch's rows: each thread sums over the rows that it has made itself.

The gradient of a weight is a sum over all rows of the batch, which several threads have made. To fetch them from the other
cores' caches can take longer than to add them up. Where the result is small against what it is made of, the sum is divided
into a fixed number of blocks of rows: one kernel adds up each block, next to the kernels that make its rows; after the
barrier another adds the blocks' sums, and does the rest (the update). The division is part of the program, so its results
have the same bits on any number of threads.
"""

from __future__ import annotations

from math import prod

from schuss.compiler._expr import Buffer, Load, Reduced, walk
from schuss.compiler._index import Dim, of_dim
from schuss.compiler._kernel import Kernel, Reduction, Step, Store, leaves

_LEAST = 1024  # elements from other threads that make it worth while
_LARGER = 4  # how many times what is read must be as much as the sums of the blocks
_FEW = 8  # of which one at most is read: nothing that counts
_MULTIPLE = 8  # rows of a block, so that tiles fit


def split_sums(steps: list[Step], batch: int, parts: int) -> tuple[list[Step], int]:
    """Divide the sums for which it pays.

    Args:
        steps: the kernels. batch: how many rows there are. parts: how many blocks there should be, about.

    Returns:
        The kernels, and the rows of a block; 0 if nothing was divided.
    """
    rows = -(-batch // (max(parts, 1) * _MULTIPLE)) * _MULTIPLE
    if rows >= batch:
        return steps, 0
    blocks = -(-batch // rows)
    kernels = [step for step in steps if isinstance(step, Kernel)]
    by_rows = [k for k in leaves(steps) if isinstance(k, Kernel) and k.rows and k.dims[0].size == batch]
    made = {s.buffer for k in by_rows for s in k.stores if s.buffer.kind == "temporary"}
    sums = {id(k): _rows_read(k, batch, made) for k in kernels if not k.rows}
    chosen = {key for key, read in sums.items() if read}
    changed = True
    while changed:  # what another kernel fetches all the same is no gain
        fetched = {b for k in kernels if not k.rows and id(k) not in chosen for b in _fetched(k)}
        paying = {id(k) for k in kernels if id(k) in chosen and _pays(k, sums[id(k)] - fetched, blocks)}
        changed, chosen = paying != chosen, paying
    if not chosen:
        return steps, 0
    found: list[Step] = []
    for step in steps:
        found.extend(
            _divided(step, rows, blocks) if isinstance(step, Kernel) and id(step) in chosen else [step]
        )
    return found, rows


def _fetched(kernel: Kernel) -> set[Buffer]:
    """What the kernel reads, if it has turns enough to read more than a few places of it."""
    exprs, dims = [store.expr for store in kernel.stores], kernel.dims
    if kernel.reduction is not None:
        exprs, dims = [*exprs, kernel.reduction.body], (*dims, *kernel.reduction.dims)
    turns = prod(dim.size for dim in dims)
    read = {e.buffer for expr in exprs for e in walk(expr) if isinstance(e, Load)}
    return {buffer for buffer in read if turns * _FEW >= prod(buffer.shape)}


def _rows_read(kernel: Kernel, batch: int, made: set[Buffer]) -> set[Buffer]:
    """What the kernel reads of the batch's rows, if it is a sum over them that can be divided."""
    reduction = kernel.reduction
    if reduction is None or reduction.kind != "sum" or not kernel.dims or not reduction.dims:
        return set()
    row = reduction.dims[0]
    if row.size != batch or reduction.body.dtype.kind != "f" or any(s.accumulate for s in kernel.stores):
        return set()
    loads = [e for e in walk(reduction.body) if isinstance(e, Load) and e.buffer in made]
    return set() if any(of_dim(row) not in e.index for e in loads) else {e.buffer for e in loads}


def _pays(kernel: Kernel, read: set[Buffer], blocks: int) -> bool:
    """Whether what the kernel reads of the rows is much more than the blocks' sums."""
    elements = sum(buffer.nbytes // buffer.dtype.itemsize for buffer in read)
    results = 1
    for dim in kernel.dims:
        results *= dim.size
    return elements >= max(_LEAST, _LARGER * blocks * results)


def _divided(kernel: Kernel, rows: int, blocks: int) -> tuple[Kernel, Kernel]:
    """The kernel that sums each block, and the one that adds the blocks' sums and goes on."""
    assert kernel.reduction is not None
    store, dtype = kernel.stores[0], kernel.reduction.body.dtype
    sums = Buffer(f"sums of {store.buffer.name}", (blocks, *store.buffer.shape), dtype, "temporary")
    block, number = Dim("b", blocks), Dim("n", blocks)
    work, _, scopes = kernel.label.partition("  ")
    label = work.split(" ")[0] + (f"  {scopes}" if scopes else "")
    total = Store(sums, (of_dim(block), *store.index), Reduced(dtype, frozenset(kernel.dims)))
    first = Kernel((block, *kernel.dims), [total], kernel.reduction, block=rows, label=label)
    added = Reduction("sum", (number,), Load(sums, (of_dim(number), *store.index)))
    return first, Kernel(kernel.dims, kernel.stores, added, label=kernel.label)
