"""What all loop nests share: opening loops, vectors with a masked end, storing, folding."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu._emit import ExpressionEmitter, i64
from schuss.backends.cpu._scalars import emit, is_vector, multiply_add, number
from schuss.backends.cpu._target import Target
from schuss.backends.cpu.nests._tiles import Tiling
from schuss.compiler import Kernel, Store
from schuss.compiler._expr import Apply, Expr, Load
from schuss.compiler._index import Dim


class Loops:
    """A kernel's loop nest, for chunks (or strips) begin ≤ c < end. Subclasses emit one shape each.

    `bounds`: between which values a dim runs, where that is not all of it. `strip`: the number of the one strip that a
    divided sum adds, if it goes strip by strip.
    """

    def __init__(self, kernel: Kernel, e: ExpressionEmitter, target: Target, begin: ir.Value, end: ir.Value):
        self.kernel, self.e, self.target = kernel, e, target
        self.bounds: dict[Dim, tuple[ir.Value, ir.Value]] = {}
        self.strip = begin if kernel.block and kernel.strip else None
        for n, dim in enumerate(kernel.dims):
            low, high = i64(0), i64(dim.size)
            b = e.builder
            if n == 0 and self.strip is not None:
                low = b.udiv(self.strip, i64(kernel.block // kernel.strip))
                high = b.add(low, i64(1))
            elif n == 0 and kernel.chunks > 1:
                low = b.mul(begin, i64(kernel.unit))
                stop = b.mul(end, i64(kernel.unit))
                high = self.smaller(stop, i64(dim.size))
            self.bounds[dim] = (low, high)

    def open_outputs(self, stack: ExitStack, tiled: tuple[Dim | None, ...]) -> None:
        """Open a loop for each output dim that no tile lies over."""
        self.open(stack, [d for d in self.kernel.dims if d not in tiled])
        if self.kernel.reduction is not None:
            self.bounds.update(self.turns(self.kernel.reduction.dims))

    def turns(self, reduced: tuple[Dim, ...]) -> dict[Dim, tuple[ir.Value, ir.Value]]:
        """Between which values reduced dims run at the present point, where that is not all of them."""
        span, b = self.kernel.span, self.e.builder
        if not span:
            return {}
        low = b.mul(self.e.place[self.kernel.dims[0]] if self.strip is None else self.strip, i64(span))
        return {reduced[0]: (low, self.smaller(b.add(low, i64(span)), i64(reduced[0].size)))}

    def smaller(self, x: ir.Value, y: ir.Value) -> ir.Value:
        return self.e.builder.select(self.e.builder.icmp_signed("<", x, y), x, y)

    def emit(self) -> None:
        """Emit the nest where the builder stands."""
        raise NotImplementedError

    def open(self, stack: ExitStack, dims: tuple[Dim, ...] | list[Dim]) -> None:
        """Open a loop for each dim."""
        for dim in dims:
            self.e.place[dim] = stack.enter_context(
                self.e.loop(*self.bounds.get(dim, (i64(0), i64(dim.size))))
            )

    def is_split(self, dim: Dim) -> bool:
        return self.kernel.chunks > 1 and dim is self.kernel.dims[0]

    def over_vectors(self, dim: Dim, lanes: int, body: Callable[[], None]) -> None:
        """Run `body` for vectors of `lanes` along `dim`, the last one masked."""
        e = self.e
        e.vector, e.lanes, e.mask = dim, lanes, None
        low, high = self.bounds.get(dim, (i64(0), i64(dim.size)))
        if self.is_split(dim):
            count = e.builder.sub(high, low)
            whole = e.builder.and_(count, i64(-lanes))
            middle = e.builder.add(low, whole)
        else:
            middle = i64(dim.size // lanes * lanes)
        if self.is_split(dim) or dim.size >= lanes:
            with e.loop(low, middle, lanes) as i:
                e.place[dim] = i
                body()
        if self.is_split(dim):
            if self.kernel.unit % lanes or dim.size % lanes:
                with e.condition(e.builder.icmp_signed("<", middle, high)):
                    e.place[dim] = middle
                    e.mask = e.dynamic_mask(e.builder.sub(high, middle)) if lanes > 1 else None
                    body()
        elif dim.size % lanes:
            e.place[dim] = middle
            e.fresh()
            e.mask = e.tail_mask(dim.size % lanes)
            body()
        e.vector, e.lanes, e.mask = None, 1, None
        e.fresh()

    def store_all(self, stores: list[Store]) -> None:
        """Evaluate everything, then write: an expression may read the old value of what another store
        replaces."""
        values = [self.e.expression(s.expr) for s in stores]
        for store, value in zip(stores, values, strict=True):
            self.e.store(store.buffer, store.index, value)

    def allocate(self, type_: ir.Type) -> ir.Value:
        """A variable in a register (LLVM's mem2reg puts it there)."""
        b = self.e.builder
        with b.goto_entry_block():
            return b.alloca(type_)

    def combine(self, kind: str, total: ir.Value, body: Expr) -> ir.Value:
        """``kind(total, body)`` at the current place; sums of products are fused multiply-adds."""
        e = self.e
        if (
            kind == "sum"
            and isinstance(body, Apply)
            and body.name == "multiply"
            and body.dtype.kind == "f"
            and body.dtype.itemsize > 2
        ):
            a, b = e.expression(body.args[0]), e.expression(body.args[1])
            if is_vector(total):
                a, b = e.spread(a), e.spread(b)
            return multiply_add(e.builder, a, b, total, self.target.fma)
        value = e.expression(body)
        if is_vector(total):
            value = e.spread(value)
        return self.fold(kind, total, value, body.dtype)

    def fold(self, kind: str, total: ir.Value, value: ir.Value, dtype: np.dtype) -> ir.Value:
        name = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}[kind]
        return emit(self.e.builder, name, [total, value], [dtype, dtype], dtype, ())


class Reducing(Loops):
    """A loop nest that reduces, tiled as `plan` says."""

    def __init__(
        self,
        kernel: Kernel,
        e: ExpressionEmitter,
        target: Target,
        begin: ir.Value,
        end: ir.Value,
        plan: Tiling,
    ):
        super().__init__(kernel, e, target, begin, end)
        assert kernel.reduction is not None
        self.plan, self.reduction = plan, kernel.reduction
        first = kernel.stores[0]
        self._sum = Load(first.buffer, first.index)

    def so_far(self, start: ir.Value) -> ir.Value:
        """What the sum at the present point was after the strip before; `start` in the first strip of a block, and where
        there are no strips."""
        if self.strip is None:
            return start
        e, strips = self.e, i64(self.kernel.block // self.kernel.strip)
        before = e.expression(self._sum)
        return e.builder.select(
            e.builder.icmp_signed("==", e.builder.urem(self.strip, strips), i64(0)), start, before
        )

    def with_so_far(self, total: ir.Value) -> ir.Value:
        """The total at the present point, of this strip and those before."""
        if self.strip is None:
            return total
        before = self.so_far(number(total.type, 0))
        return self.fold("sum", before, total, self.reduction.body.dtype)


def identity(kind: str, dtype: np.dtype) -> float | int:
    """What the reduction of nothing is."""
    if kind in ("sum", "prod"):
        return int(kind == "prod")
    smallest = kind in ("max", "argmax")
    if dtype.kind == "f":
        return float("-inf") if smallest else float("inf")
    if dtype.kind == "b":
        return int(not smallest)
    info = np.iinfo(dtype)
    return int(info.min if smallest else info.max)
