"""Reductions, which remove axes, and running totals, which keep them."""

from __future__ import annotations

import numpy as np

from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import ANY, NUMBER, check_axes, check_kind, fail


def _without(x: Spec, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for axis, n in enumerate(x.shape) if axis not in axes)


def _reduction(name: str, kinds: str, empty: bool) -> Primitive:
    """A primitive that removes axes; `empty`: whether it has a value for no elements."""
    primitive = Primitive(name)

    def rule(x: Spec, axes: tuple[int, ...]) -> Spec:
        check_kind(primitive, kinds, x)
        check_axes(primitive, axes, x)
        if not empty and x.dtype.kind != "b" and any(x.shape[axis] == 0 for axis in axes):
            raise fail(primitive, f"no elements along axes {tuple(axes)}", x)
        return Spec(_without(x, axes), x.dtype)

    shape_rules[primitive] = rule
    return primitive


def _position(name: str) -> Primitive:
    """A primitive that says where along an axis something is, as int32."""
    primitive = Primitive(name)

    def rule(x: Spec, axis: int) -> Spec:
        check_kind(primitive, ANY, x)
        check_axes(primitive, (axis,), x)
        if x.shape[axis] == 0:
            raise fail(primitive, f"no elements along axis {axis}", x)
        return Spec(_without(x, (axis,)), np.dtype("int32"))

    shape_rules[primitive] = rule
    return primitive


def _running(name: str) -> Primitive:
    """A primitive that keeps a running total along an axis."""
    primitive = Primitive(name)

    def rule(x: Spec, axis: int, reverse: bool = False) -> Spec:
        check_kind(primitive, NUMBER, x)
        check_axes(primitive, (axis,), x)
        return x

    shape_rules[primitive] = rule
    return primitive


reduce_sum_p = _reduction("reduce_sum", NUMBER, empty=True)
reduce_prod_p = _reduction("reduce_prod", NUMBER, empty=True)
reduce_max_p = _reduction("reduce_max", ANY, empty=False)
reduce_min_p = _reduction("reduce_min", ANY, empty=False)
argmax_p = _position("argmax")
argmin_p = _position("argmin")
cumsum_p = _running("cumsum")
cumprod_p = _running("cumprod")
cummax_p = _running("cummax")
