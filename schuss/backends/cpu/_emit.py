"""Expressions as LLVM values: loads by affine addresses, vectors along one dim of the loops, masks at its
end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.ir as ir
import numpy as np

from schuss.backends.cpu import _scalars
from schuss.backends.cpu._scalars import (
    POINTER,
    intrinsic,
    is_vector,
    memory_type,
    number,
    register_type,
    splat,
    vector_of,
)
from schuss.backends.cpu._target import Target
from schuss.compiler._expr import Apply, Buffer, Const, Expr, Load, Position, Reduced
from schuss.compiler._index import Dim, Dynamic, Index, Split, dims_of, linear, stride_along, strides_of

I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))


def i64(value: int) -> ir.Constant:
    return ir.Constant(I64, value)


@contextmanager
def counted(b: ir.IRBuilder, start: ir.Value, stop: ir.Value, step: int = 1) -> Iterator[ir.Value]:
    """``for i in range(start, stop, step)``: yields i."""
    before = b.block
    header, body, after = (b.append_basic_block(n) for n in ("loop", "body", "after"))
    b.branch(header)
    b.position_at_end(header)
    counter = b.phi(I64)
    counter.add_incoming(start, before)
    b.cbranch(b.icmp_signed("<", counter, stop), body, after)
    b.position_at_end(body)
    yield counter
    following = b.add(counter, i64(step), flags=("nsw",))
    counter.add_incoming(following, b.block)
    b.branch(header)
    b.position_at_end(after)


class ExpressionEmitter:
    """Emits expressions at the point of the loops where the builder now stands.

    `place`: the value of each open loop's dim; `shift`: a constant added to it (the place within a register
    tile); `vector`: the dim along which values are vectors of `lanes`; `mask`: which lanes are inside, None
    for all.
    """

    def __init__(
        self, builder: ir.IRBuilder, pointers: dict[Buffer, ir.Value], rows: ir.Value, target: Target
    ):
        self.builder, self.pointers, self.rows, self.target = builder, pointers, rows, target
        self.place: dict[Dim, ir.Value] = {}
        self.shift: dict[Dim, int] = {}
        self.vector: Dim | None = None
        self.lanes = 1
        self.mask: ir.Value | None = None
        self.total: ir.Value | None = None
        self.panels: dict[int, Any] = {}  # by the id of the expression: where its vectors lie together
        self._cache: dict[Any, ir.Value] = {}

    def fresh(self) -> None:
        """Forget values: the builder has moved to a block that the earlier ones may not dominate."""
        self._cache = {}

    def _key(self, kind: str, what: Any, dims: frozenset[Dim]) -> tuple[Any, ...]:
        shifts = tuple((d.name, s) for d, s in self.shift.items() if d in dims)
        return (kind, what, shifts, self.vector in dims)

    # -- expressions ---

    def expression(self, expr: Expr) -> ir.Value:
        """The value: a vector if it depends on the vector dim, else a scalar."""
        if isinstance(expr, Reduced):
            assert self.total is not None
            return self.total
        key = self._key("expr", id(expr), expr.dims)
        if key not in self._cache:
            panel = self.panels.get(id(expr))
            self._cache[key] = self._emit(expr) if panel is None else panel.load()
        return self._cache[key]

    def wide(self, expr: Expr) -> ir.Value:
        """The value, spread over the lanes if it is a scalar."""
        return self.spread(self.expression(expr))

    def spread(self, value: ir.Value) -> ir.Value:
        if self.lanes == 1 or self.vector is None or is_vector(value):
            return value
        key = ("splat", id(value))
        if key not in self._cache:
            self._cache[key] = splat(self.builder, value, self.lanes)
            self._cache["held", id(value)] = value  # keeps the id from being used again
        return self._cache[key]

    def _emit(self, expr: Expr) -> ir.Value:
        if isinstance(expr, Const):
            return number(register_type(expr.dtype), expr.value)
        if isinstance(expr, Load):
            return self._load(expr)
        if isinstance(expr, Position):
            value = self.index(expr.index)
            return _scalars.convert(self.builder, value, np.dtype("int64"), expr.dtype)
        assert isinstance(expr, Apply)
        args = [self.expression(a) for a in expr.args]
        if any(is_vector(a) for a in args):
            args = [self.spread(a) for a in args]
        return _scalars.emit(
            self.builder, expr.name, args, [a.dtype for a in expr.args], expr.dtype, expr.params
        )

    # -- indices ---

    def index(self, index: Index) -> ir.Value:
        """The value of an index as i64: a vector if it varies along the vector dim."""
        key = self._key("index", index, dims_of(index))
        if key not in self._cache:
            self._cache[key] = self._index(index)
        return self._cache[key]

    def _index(self, index: Index) -> ir.Value:
        b = self.builder
        total: ir.Value | None = None
        offset = index.offset
        for atom, coefficient in index.terms:
            if isinstance(atom, Dim):
                offset += coefficient * self.shift.get(atom, 0)
                value = self.place[atom]
                if atom is self.vector and self.lanes > 1:
                    value = b.add(self.spread(value), self._lane_numbers())
            elif isinstance(atom, Split):
                value = self._split(atom)
            else:
                value = self._dynamic(atom)
            if coefficient != 1:
                value = b.mul(value, number(value.type, coefficient))
            total = value if total is None else self._sum(total, value)
        if total is None:
            return i64(offset)
        return b.add(total, number(total.type, offset)) if offset else total

    def _sum(self, a: ir.Value, b: ir.Value) -> ir.Value:
        if is_vector(a) != is_vector(b):
            a, b = self.spread(a), self.spread(b)
        return self.builder.add(a, b)

    def _lane_numbers(self) -> ir.Value:
        return ir.Constant(ir.VectorType(I64, self.lanes), list(range(self.lanes)))

    def _split(self, split: Split) -> ir.Value:
        b = self.builder
        value = self.index(split.flat)
        stride, size = strides_of(split.shape)[split.axis], split.shape[split.axis]
        total = 1
        for n in split.shape:
            total *= n
        narrow = total < 2**31
        if narrow:
            value = b.trunc(value, vector_of(I32, value.type.count) if is_vector(value) else I32)
        if stride != 1:
            value = b.udiv(value, number(value.type, stride))
        if split.axis != 0:
            value = b.urem(value, number(value.type, size))
        if narrow:
            value = b.zext(value, vector_of(I64, value.type.count) if is_vector(value) else I64)
        return value

    def _dynamic(self, dynamic: Dynamic) -> ir.Value:
        b = self.builder
        value = self.raw(dynamic)
        last, zero = number(value.type, dynamic.size - 1), number(value.type, 0)
        value = b.select(b.icmp_signed("<", value, zero), zero, value)
        return b.select(b.icmp_signed(">", value, last), last, value)

    def raw(self, dynamic: Dynamic) -> ir.Value:
        """The index as the expression gives it, not clamped."""
        value = self.expression(dynamic.expr)
        return _scalars.convert(self.builder, value, dynamic.expr.dtype, np.dtype("int64"))

    # -- memory ---

    def _load(self, load: Load) -> ir.Value:
        dtype = load.dtype
        along = self._along(load.buffer, load.index, load.position)
        if along == 0:
            value = self.builder.load(
                self.address(load.buffer, load.index, load.position), typ=memory_type(dtype)
            )
        elif along == 1:
            value = self._load_vector(self.address(load.buffer, load.index, load.position), dtype)
        else:
            value = self._gather(load.buffer, load.index, load.position)
        return self._to_register(value, dtype)

    def _along(self, buffer: Buffer, index: tuple[Index, ...], position: Index) -> int | None:
        """The stride along the vector dim, None if the elements lie anywhere."""
        if self.vector is None or self.lanes == 1:
            return 0
        if buffer.kind == "batch" and self.vector in dims_of(index[0]):
            return None
        if self.vector not in dims_of(position):
            return 0
        return stride_along(position, self.vector)

    def _to_register(self, value: ir.Value, dtype: np.dtype) -> ir.Value:
        return self.builder.icmp_unsigned("!=", value, number(value.type, 0)) if dtype.kind == "b" else value

    def _to_memory(self, value: ir.Value, dtype: np.dtype) -> ir.Value:
        if dtype.kind != "b":
            return value
        return self.builder.zext(value, vector_of(I8, value.type.count) if is_vector(value) else I8)

    def origin(self, buffer: Buffer, index: tuple[Index, ...]) -> ir.Value:
        """Where positions count from: the buffer, or for batches the row that the permutation names."""
        pointer = self.pointers[buffer]
        if buffer.kind != "batch":
            return pointer
        key = self._key("row", (id(buffer), index[0]), dims_of(index[0]))
        if key not in self._cache:
            row = self.index(index[0])
            assert not is_vector(row)
            number_ = self.builder.load(self.builder.gep(self.rows, [row], source_etype=I64), typ=I64)
            size = int(np.prod(buffer.shape[1:], dtype=np.int64))
            start = self.builder.mul(number_, i64(size))
            self._cache[key] = self.builder.gep(pointer, [start], source_etype=memory_type(buffer.dtype))
        return self._cache[key]

    def _scalar_place(self, index: Index) -> tuple[ir.Value, int]:
        """A position as a value that does not know the tile, and the constant that the tile adds."""
        offset = index.offset
        rest: list[tuple[Any, int]] = []
        for atom, coefficient in index.terms:
            if isinstance(atom, Dim):
                offset += coefficient * self.shift.get(atom, 0)
            rest.append((atom, coefficient))
        kept_shift, kept_vector = self.shift, self.vector
        if all(isinstance(atom, Dim) for atom, _ in rest):
            self.shift, self.vector = {}, None
            try:
                value = self.index(Index(tuple(rest)))
            finally:
                self.shift, self.vector = kept_shift, kept_vector
            return value, offset
        self.vector = None
        try:
            return self.index(index), 0
        finally:
            self.vector = kept_vector

    def address(self, buffer: Buffer, index: tuple[Index, ...], position: Index) -> ir.Value:
        """Where the element (of the vector: lane 0) lies."""
        element = memory_type(buffer.dtype)
        origin = self.origin(buffer, index)
        value, offset = self._scalar_place(position)
        key = ("address", id(origin), id(value), buffer)
        if key not in self._cache:
            self._cache[key] = self.builder.gep(origin, [value], source_etype=element)
            self._cache["held", id(value)] = value
        address = self._cache[key]
        return self.builder.gep(address, [i64(offset)], source_etype=element) if offset else address

    def _load_vector(self, address: ir.Value, dtype: np.dtype) -> ir.Value:
        type_ = ir.VectorType(memory_type(dtype), self.lanes)
        if self.mask is None:
            return self.builder.load(address, typ=type_, align=dtype.itemsize)
        zero = number(type_, 0)
        alignment = ir.Constant(I32, dtype.itemsize)
        return intrinsic(
            self.builder, "llvm.masked.load", type_, [address, alignment, self.mask, zero], [type_, POINTER]
        )

    def _addresses(self, buffer: Buffer, index: tuple[Index, ...], position: Index) -> ir.Value:
        """The address of every lane's element."""
        b = self.builder
        element = memory_type(buffer.dtype)
        place = self.spread(self.index(position))
        if buffer.kind == "batch" and is_vector(self.index(index[0])):
            size = int(np.prod(buffer.shape[1:], dtype=np.int64))
            where = self._vector_gep(self.rows, self.index(index[0]), I64)
            numbers = self._gather_from(where, I64, 8)
            place = b.add(place, b.mul(numbers, number(place.type, size)))
            return self._vector_gep(self.pointers[buffer], place, element)
        return self._vector_gep(self.origin(buffer, index), place, element)

    def _vector_gep(self, pointer: ir.Value, places: ir.Value, element: ir.Type) -> ir.Value:
        instruction = self.builder.gep(pointer, [places], source_etype=element)
        instruction.type = ir.VectorType(POINTER, self.lanes)
        return instruction

    def _all(self) -> ir.Value:
        return (
            self.mask
            if self.mask is not None
            else ir.Constant(ir.VectorType(I1, self.lanes), [1] * self.lanes)
        )

    def _gather_from(self, addresses: ir.Value, element: ir.Type, align: int) -> ir.Value:
        type_ = ir.VectorType(element, self.lanes)
        args = [addresses, ir.Constant(I32, align), self._all(), number(type_, 0)]
        return intrinsic(self.builder, "llvm.masked.gather", type_, args, [type_, addresses.type])

    def _gather(self, buffer: Buffer, index: tuple[Index, ...], position: Index) -> ir.Value:
        return self._gather_from(
            self._addresses(buffer, index, position), memory_type(buffer.dtype), buffer.dtype.itemsize
        )

    def store(self, buffer: Buffer, index: tuple[Index, ...], value: ir.Value) -> None:
        """Write the value (every lane inside the mask) at the index."""
        b = self.builder
        position = linear(index, buffer.shape)
        along = self._along(buffer, index, position)
        if self.vector is None or self.lanes == 1 or along == 0:
            if is_vector(value):
                raise AssertionError("a vector stored to one place")
            b.store(self._to_memory(value, buffer.dtype), self.address(buffer, index, position))
            return
        value = self._to_memory(self.spread(value), buffer.dtype)
        if along == 1 and self.mask is None:
            b.store(value, self.address(buffer, index, position), align=buffer.dtype.itemsize)
            return
        alignment = ir.Constant(I32, buffer.dtype.itemsize)
        if along == 1:
            address = self.address(buffer, index, position)
            self._call_void("llvm.masked.store", [value, address, alignment, self._all()])
        else:
            addresses = self._addresses(buffer, index, position)
            self._call_void("llvm.masked.scatter", [value, addresses, alignment, self._all()])

    def _call_void(self, name: str, args: list[ir.Value]) -> None:
        intrinsic(self.builder, name, ir.VoidType(), args, [args[0].type, args[1].type])

    def ask(self, address: ir.Value, offset: int = 0, near: int = 3) -> None:
        """Have the memory `offset` bytes after the address brought into all caches (3), or from the second on (2)."""
        if offset:
            address = self.builder.gep(address, [i64(offset)], source_etype=I8)
        flags = [ir.Constant(I32, n) for n in (0, near, 1)]  # to read, data
        intrinsic(self.builder, "llvm.prefetch", ir.VoidType(), [address, *flags], [POINTER])

    # -- control ---

    @contextmanager
    def loop(self, start: ir.Value, stop: ir.Value, step: int = 1) -> Iterator[ir.Value]:
        """``for i in range(start, stop, step)``: yields i."""
        with counted(self.builder, start, stop, step) as counter:
            self.fresh()
            yield counter
        self.fresh()

    @contextmanager
    def condition(self, test: ir.Value) -> Iterator[None]:
        """``if test:``."""
        with self.builder.if_then(test):
            self.fresh()
            yield
        self.fresh()

    def tail_mask(self, count: int) -> ir.Value:
        """A mask of the first `count` lanes."""
        return ir.Constant(ir.VectorType(I1, self.lanes), [int(lane < count) for lane in range(self.lanes)])

    def dynamic_mask(self, count: ir.Value) -> ir.Value:
        return self.builder.icmp_signed("<", self._lane_numbers(), splat(self.builder, count, self.lanes))
