"""Expressions: what a kernel computes at one point of its loops. Equal expressions are one object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.compiler._index import Dim, Dynamic, Index, Split, dims_of, linear
from schuss.utils._cached import cached_property


@dataclass(eq=False)
class Buffer:
    """An array in memory. `kind` says where:

    ``"argument"`` an array that is constant over the run; ``"batch"`` a data set whose rows are gathered, by
    position in the batch; ``"variable"``; ``"constant"``; ``"output"``; ``"row_output"`` (step s writes rows
    from s·B on); ``"temporary"``, in the arena.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    kind: str
    slot: int = 0
    array: Any = None
    offset: int = -1

    @property
    def nbytes(self) -> int:
        size = self.dtype.itemsize
        for n in self.shape:
            size *= n
        return size

    def __repr__(self) -> str:
        return self.name


_FOLLOWING = ("operands", "walked", "position")


class Expr:
    """A scalar value. `dims`: the loop variables on which it depends."""

    dtype: np.dtype
    dims: frozenset[Dim]

    def __getstate__(self) -> dict[str, Any]:
        """Without what follows from the rest."""
        return {key: value for key, value in self.__dict__.items() if key not in _FOLLOWING}

    @cached_property
    def operands(self) -> tuple[Expr, ...]:
        """What it is computed from, the expressions inside dynamic indices included."""
        return ()

    @cached_property
    def walked(self) -> tuple[Expr, ...]:
        """Every expression below (and with) this one, once each, operands first."""
        seen: dict[Expr, None] = {}
        stack: list[tuple[Expr, bool]] = [(self, False)]
        while stack:
            node, done = stack.pop()
            if node in seen:
                continue
            if done or not node.operands:
                seen[node] = None
                continue
            stack.append((node, True))
            stack.extend([(operand, False) for operand in node.operands])
        return tuple(seen)


@dataclass(eq=False)
class Load(Expr):
    """An element of a buffer."""

    buffer: Buffer
    index: tuple[Index, ...]
    dims: frozenset[Dim] = field(init=False)

    def __post_init__(self) -> None:
        self.dims = frozenset().union(*map(dims_of, self.index))

    @property
    def dtype(self) -> np.dtype:  # type: ignore[override]
        return self.buffer.dtype

    @cached_property
    def position(self) -> Index:
        """The element's row-major position; for batch buffers within the row (the first component picks the
        row)."""
        if self.buffer.kind == "batch":
            return linear(self.index[1:], self.buffer.shape[1:])
        return linear(self.index, self.buffer.shape)

    @cached_property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(e for component in self.index for e in _inside(component))

    def __repr__(self) -> str:
        return f"{self.buffer}[{', '.join(map(str, self.index))}]"


@dataclass(eq=False)
class Const(Expr):
    value: Any
    dtype: np.dtype
    dims: frozenset[Dim] = frozenset()

    def __repr__(self) -> str:
        return f"{self.value}"


@dataclass(eq=False)
class Position(Expr):
    """The value of an index, as a number (`iota`)."""

    index: Index
    dtype: np.dtype
    dims: frozenset[Dim] = field(init=False)

    def __post_init__(self) -> None:
        self.dims = dims_of(self.index)

    @cached_property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(_inside(self.index))

    def __repr__(self) -> str:
        return f"position({self.index})"


@dataclass(eq=False)
class Apply(Expr):
    """An elementwise primitive of expressions."""

    name: str
    args: tuple[Expr, ...]
    dtype: np.dtype
    params: tuple[Any, ...] = ()
    dims: frozenset[Dim] = field(init=False)

    def __post_init__(self) -> None:
        self.dims = frozenset().union(*(a.dims for a in self.args)) if self.args else frozenset()

    @cached_property
    def operands(self) -> tuple[Expr, ...]:
        return self.args

    def __repr__(self) -> str:
        params = "".join(f" {p}" for p in self.params)
        return f"{self.name}({', '.join(map(str, self.args))}{params})"


@dataclass(eq=False)
class Reduced(Expr):
    """The result of the kernel's reduction at the point `index` of its output."""

    dtype: np.dtype
    dims: frozenset[Dim]

    def __repr__(self) -> str:
        return "total"


class Interner:
    """Makes expressions; an equal one made before is given again, so that `is` decides equality."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Expr] = {}

    def _get(self, key: tuple[Any, ...], make: Any) -> Any:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = make()
        return found

    def load(self, buffer: Buffer, index: tuple[Index, ...]) -> Load:
        return self._get(("load", buffer, index), lambda: Load(buffer, index))

    def const(self, value: Any, dtype: np.dtype) -> Const:
        key = ("const", np.asarray(value, dtype).tobytes(), dtype)
        return self._get(key, lambda: Const(np.asarray(value, dtype).item(), dtype))

    def position(self, index: Index, dtype: np.dtype) -> Expr:
        if not index.terms:
            return self.const(index.offset, dtype)
        return self._get(("position", index, dtype), lambda: Position(index, dtype))

    def apply(self, name: str, args: tuple[Expr, ...], dtype: np.dtype, params: tuple[Any, ...] = ()) -> Expr:
        return self._get(("apply", name, args, dtype, params), lambda: Apply(name, args, dtype, params))

    def reduced(self, dtype: np.dtype, dims: frozenset[Dim]) -> Reduced:
        return self._get(("reduced", dtype, dims), lambda: Reduced(dtype, dims))


_COSTLY = {
    "exponential": 12,
    "log": 14,
    "tanh": 18,
    "logistic": 16,
    "sine": 20,
    "cosine": 20,
    "erf": 20,
    "power": 40,
    "exponential_minus_one": 16,
    "log_plus_one": 16,
    "divide": 5,
    "sqrt": 5,
    "rsqrt": 6,
    "random_bits": 70,
    "remainder": 8,
    "tan": 30,
    "atan2": 30,
}


def cost_of(name: str) -> int:
    """About how many simple instructions the primitive is."""
    return _COSTLY.get(name, 1)


def walk(expr: Expr) -> tuple[Expr, ...]:
    """Every expression below (and with) this one, once each, operands first."""
    return expr.walked


def rebuilt(
    expr: Expr, change: Callable[[Expr], Expr], make: Interner, known: dict[Expr, Expr] | None = None
) -> Expr:
    """The expression with `change` of each part that is no operation; operations on what changed are made anew.

    Args:
        known: what became of parts, for several expressions that have some in common.
    """
    known = {} if known is None else known
    for e in walk(expr):
        if e in known:
            continue
        if not isinstance(e, Apply):
            known[e] = change(e)
            continue
        args = tuple(known[x] for x in e.args)
        same = all(new is old for new, old in zip(args, e.args))
        known[e] = e if same else make.apply(e.name, args, e.dtype, e.params)
    return known[expr]


def _inside(index: Index) -> list[Expr]:
    found: list[Expr] = []
    for atom, _ in index.terms:
        if isinstance(atom, Dynamic):
            found.append(atom.expr)
        elif isinstance(atom, Split):
            found.extend(_inside(atom.flat))
    return found
