"""Sizes that depend on what is not known before the model runs: polynomials in the names of the open axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

Term = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """A sum of products, ``3·batch·time + 1``: for each product its names and the whole number before it."""

    terms: tuple[tuple[Term, int], ...]

    def __add__(self, other: AnySize) -> AnySize:
        total = dict(self.terms)
        for term, factor in terms_of(other):
            total[term] = total.get(term, 0) + factor
        return sum_of(total)

    def __mul__(self, other: AnySize) -> AnySize:
        total: dict[Term, int] = {}
        for a, n in self.terms:
            for b, m in terms_of(other):
                term = tuple(sorted((*a, *b)))
                total[term] = total.get(term, 0) + n * m
        return sum_of(total)

    def __sub__(self, other: AnySize) -> AnySize:
        return self + other * -1

    def __rsub__(self, other: AnySize) -> AnySize:
        return self * -1 + other

    __radd__, __rmul__ = __add__, __mul__

    def __str__(self) -> str:
        parts = ["·".join(([] if n == 1 and term else [str(n)]) + list(term)) for term, n in self.terms]
        return " + ".join(parts)


AnySize = int | Size


def terms_of(size: AnySize) -> Sequence[tuple[Term, int]]:
    return size.terms if isinstance(size, Size) else (((), size),)


def sum_of(terms: Mapping[Term, int]) -> AnySize:
    """The size with these terms: an int where no name is left."""
    left = tuple(sorted((term, n) for term, n in terms.items() if n))
    if not left:
        return 0
    return left[0][1] if len(left) == 1 and left[0][0] == () else Size(left)


def product(sizes: Sequence[AnySize]) -> AnySize:
    return reduce(lambda a, b: a * b, sizes, 1)


def as_ints(sizes: Sequence[AnySize]) -> tuple[int, ...] | None:
    """The sizes, if none has a name in it."""
    ints = tuple(size for size in sizes if isinstance(size, int))
    return ints if len(ints) == len(sizes) else None


class Samples:
    """The sizes of the open axes with which a model is traced: enough of them to tell which polynomial, without powers of
    a name, a size in the traces is, and one more to see whether it is one.

    Args:
        names: of the open axes. first: a size for each.
    """

    def __init__(self, names: Sequence[str], first: Sequence[int]):
        self.names = list(names)
        self.points: list[dict[str, int]] = []
        for chosen in _subsets(range(len(names))):
            self.points.append({name: n + 2 * (i in chosen) for i, (name, n) in enumerate(zip(names, first))})
        if names:
            self.points.append({name: n + 5 + i for i, (name, n) in enumerate(zip(names, first))})
        self._terms: list[Term] = [tuple(names[i] for i in chosen) for chosen in _subsets(range(len(names)))]
        rows = [[prod(point[name] for name in term) for term in self._terms] for point in self.points]
        self._rows = np.array(rows, dtype=float)

    def fitted(self, values: Sequence[float]) -> AnySize | None:
        """The size that has these values in the traces; None if none has."""
        if all(value == values[0] for value in values):
            return int(values[0]) if values[0] == int(values[0]) else None
        found = np.linalg.lstsq(self._rows, np.array(values, dtype=float), rcond=None)[0]
        factors = [round(factor) for factor in found]
        if any(abs(self._rows[i] @ factors - value) > 1e-6 * abs(value) for i, value in enumerate(values)):
            return None
        return sum_of(dict(zip(self._terms, factors, strict=True)))


def _subsets(items: Any) -> list[tuple[int, ...]]:
    items = list(items)
    return [chosen for n in range(len(items) + 1) for chosen in combinations(items, n)]
