"""Primitives whose result depends on positions: counting, gathering, adding at places, sorting."""

from __future__ import annotations

from typing import Any

from schuss.graph._dtypes import as_dtype
from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import INTEGER, NUMBER, check_axes, check_kind, fail

iota_p = Primitive("iota")
gather_p = Primitive("gather")
scatter_add_p = Primitive("scatter_add")
sort_p = Primitive("sort", several_results=True)


def _iota(shape: tuple[int, ...], dtype: Any, axis: int) -> Spec:
    spec = Spec(tuple(shape), as_dtype(dtype))
    check_kind(iota_p, NUMBER, spec)
    check_axes(iota_p, (axis,), spec)
    return spec


def _check_indices(primitive: Primitive, x: Spec, indices: tuple[Spec, ...]) -> None:
    if len(indices) != x.ndim or x.ndim == 0:
        raise fail(
            primitive, f"needs one index array for each of the {x.ndim} axes (at least one)", x, *indices
        )
    check_kind(primitive, INTEGER, *indices)
    if any(i.shape != indices[0].shape for i in indices):
        raise fail(primitive, "the index arrays must have equal shapes", x, *indices)


def _gather(x: Spec, *indices: Spec) -> Spec:
    _check_indices(gather_p, x, indices)
    if x.size == 0 and indices[0].size > 0:
        raise fail(gather_p, "cannot take elements of an empty array", x, *indices)
    return Spec(indices[0].shape, x.dtype)


def _scatter_add(x: Spec, updates: Spec, *indices: Spec) -> Spec:
    check_kind(scatter_add_p, NUMBER, x)
    _check_indices(scatter_add_p, x, indices)
    if updates.shape != indices[0].shape or updates.dtype != x.dtype:
        raise fail(
            scatter_add_p,
            "updates must have the shape of the indices and the dtype of the array",
            x,
            updates,
            *indices,
        )
    return x


def _sort(*operands: Spec, axis: int, descending: bool = False) -> list[Spec]:
    if any(y.shape != operands[0].shape for y in operands):
        raise fail(sort_p, "keys and values must have equal shapes", *operands)
    check_axes(sort_p, (axis,), operands[0])
    return list(operands)


shape_rules[iota_p] = _iota
shape_rules[gather_p] = _gather
shape_rules[scatter_add_p] = _scatter_add
shape_rules[sort_p] = _sort
