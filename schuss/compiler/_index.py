"""Index: where in an array an expression reads, as an affine function of loop variables (and, where it must
be, more)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schuss.utils._cached import cached_property


@dataclass(frozen=True, eq=False)
class Dim:
    """A loop variable that runs over ``range(size)``. Two dims are the same only if they are one object."""

    name: str
    size: int

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Split:
    """Coordinate `axis` of the row-major position `flat` in an array of `shape`:
    ``flat // stride % shape[axis]``."""

    flat: Index
    shape: tuple[int, ...]
    axis: int

    def __repr__(self) -> str:
        return f"({self.flat})@{self.shape}[{self.axis}]"


@dataclass(frozen=True)
class Dynamic:
    """An index known only at run time: the value of an integer expression, clamped to ``[0, size)``."""

    expr: Any
    size: int

    def __repr__(self) -> str:
        return f"clamp({self.expr})"


@dataclass(frozen=True)
class Index:
    """``Σ coefficient · atom + offset``, the atoms being dims, splits and dynamic indices."""

    terms: tuple[tuple[Any, int], ...] = ()
    offset: int = 0

    @cached_property
    def dims(self) -> frozenset[Dim]:
        """The loop variables on which it depends."""
        found: set[Dim] = set()
        for atom, _ in self.terms:
            if isinstance(atom, Dim):
                found.add(atom)
            elif isinstance(atom, Split):
                found |= atom.flat.dims
            else:
                found |= atom.expr.dims
        return frozenset(found)

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.terms, self.offset + other)
        sums: dict[Any, int] = dict(self.terms)
        for atom, coefficient in other.terms:
            sums[atom] = sums.get(atom, 0) + coefficient
        return Index(tuple((a, c) for a, c in sums.items() if c), self.offset + other.offset)

    def __mul__(self, factor: int) -> Index:
        if factor == 0:
            return Index()
        return Index(tuple((a, c * factor) for a, c in self.terms), self.offset * factor)

    @property
    def dim(self) -> Dim | None:
        """The dim, if the index is just that."""
        if (
            len(self.terms) == 1
            and self.terms[0][1] == 1
            and self.offset == 0
            and isinstance(self.terms[0][0], Dim)
        ):
            return self.terms[0][0]
        return None

    def __repr__(self) -> str:
        parts = [f"{c}*{a}" if c != 1 else str(a) for a, c in self.terms]
        if self.offset or not parts:
            parts.append(str(self.offset))
        return "+".join(parts)


def of_dim(dim: Dim) -> Index:
    return Index() if dim.size == 1 else Index(((dim, 1),))


def constant(value: int) -> Index:
    return Index((), value)


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Row-major strides in elements."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return tuple(strides)


def linear(index: Iterable[Index], shape: Sequence[int]) -> Index:
    """The row-major position of an element; splits of one position over neighbouring axes join again."""
    index, shape = tuple(index), tuple(shape)
    strides = strides_of(shape)
    flat, axis = Index(), 0
    while axis < len(index):
        joined, count = _joined(index[axis:], shape[axis:])
        flat = flat + joined * strides[axis + count - 1]
        axis += count
    return flat


def joined(index: tuple[Index, ...], shape: tuple[int, ...]) -> Index | None:
    """The position in the whole array, if it is split over its axes."""
    flat, count = _joined(index, shape) if index else (Index(), 0)
    return flat if count == len(index) and count > 1 else None


def _joined(index: tuple[Index, ...], shape: tuple[int, ...]) -> tuple[Index, int]:
    """The position along the first axes, and how many these are: as many as one position is split over, else one."""
    alone = index[0], 1
    lead = next((axis for axis, i in enumerate(index) if shape[axis] != 1 or i.terms), len(index))
    first = _split_of(index[lead]) if lead < len(index) else None
    if first is None or first.axis != lead:
        return alone
    count, offset = len(first.shape), 0
    if count > len(index) or first.shape[1:] != shape[1:count] or (lead and first.shape[0] != shape[0]):
        return alone
    for axis, stride in enumerate(strides_of(first.shape)):
        if first.shape[axis] == 1:
            if index[axis].terms:
                return alone
        elif _split_of(index[axis]) != Split(first.flat, first.shape, axis):
            return alone
        offset += index[axis].offset * stride
    return first.flat + offset, count


def _split_of(index: Index) -> Split | None:
    """The split, if the index is one (and a constant)."""
    if len(index.terms) == 1 and index.terms[0][1] == 1 and isinstance(index.terms[0][0], Split):
        return index.terms[0][0]
    return None


def reshaped(index: tuple[Index, ...], old: tuple[int, ...], new: tuple[int, ...]) -> tuple[Index, ...]:
    """The index into an array of shape `new` of the element that has `index` in the same data seen with shape
    `old`.

    Axes are matched in groups of equal products, so that adding, removing, merging unit axes stays affine.
    """
    result: list[Index] = []
    i = j = 0
    while i < len(old) or j < len(new):
        olds, news = [i] if i < len(old) else [], [j] if j < len(new) else []
        p = old[i] if olds else 1
        q = new[j] if news else 1
        i, j = i + len(olds), j + len(news)
        while p != q:
            if p < q:
                olds.append(i)
                p *= old[i]
                i += 1
            else:
                news.append(j)
                q *= new[j]
                j += 1
        result.extend(_regrouped([index[a] for a in olds], [old[a] for a in olds], [new[b] for b in news]))
    return tuple(result)


def _regrouped(index: list[Index], old: list[int], new: list[int]) -> list[Index]:
    if sum(n != 1 for n in new) == 0:
        return [Index() for _ in new]
    flat = linear(index, old)
    if sum(n != 1 for n in new) == 1:
        return [flat if n != 1 else Index() for n in new]
    kept = [(component, n) for component, n in zip(index, old, strict=True) if n != 1]
    if [n for _, n in kept] == [n for n in new if n != 1]:
        components = iter(component for component, _ in kept)
        return [next(components) if n != 1 else Index() for n in new]
    if not flat.terms:
        position, result = flat.offset, []
        for stride, n in zip(strides_of(new), new, strict=True):
            result.append(constant(position // stride % n))
        return result
    return [Index(((Split(flat, tuple(new), axis), 1),)) if n != 1 else Index() for axis, n in enumerate(new)]


def dims_of(index: Index) -> frozenset[Dim]:
    """The loop variables on which the index depends."""
    return index.dims


def stride_along(index: Index, dim: Dim) -> int | None:
    """By how much the index grows when `dim` grows by one; None if that is not a constant."""
    stride = 0
    for atom, coefficient in index.terms:
        if atom is dim:
            stride = coefficient
        elif not isinstance(atom, Dim) and dim in dims_of(Index(((atom, 1),))):
            return None
    return stride
