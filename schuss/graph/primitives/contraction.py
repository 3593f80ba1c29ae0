"""Sums of products: matrix products and their relatives."""

from __future__ import annotations

from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import NUMBER, check_axes, check_kind, fail

dot_general_p = Primitive("dot_general")

AxisPairs = tuple[tuple[int, ...], tuple[int, ...]]


def free_axes(ndim: int, contract: tuple[int, ...], batch: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of an operand that are neither contracted nor batch axes."""
    return tuple(axis for axis in range(ndim) if axis not in contract and axis not in batch)


def _dot_general(x: Spec, y: Spec, contract: AxisPairs, batch: AxisPairs) -> Spec:
    check_kind(dot_general_p, NUMBER, x, y)
    if x.dtype != y.dtype:
        raise fail(dot_general_p, "operands must have equal dtypes", x, y)
    for x_axes, y_axes in (contract, batch):
        check_axes(dot_general_p, x_axes, x)
        check_axes(dot_general_p, y_axes, y)
        if [x.shape[a] for a in x_axes] != [y.shape[a] for a in y_axes]:
            raise fail(dot_general_p, f"axes {x_axes} of x and {y_axes} of y must have equal sizes", x, y)
    for side in (0, 1):
        if set(contract[side]) & set(batch[side]):
            raise fail(dot_general_p, f"an axis is contracted and batch axis: {contract}, {batch}", x, y)
    shape = [x.shape[a] for a in batch[0]]
    shape += [x.shape[a] for a in free_axes(x.ndim, contract[0], batch[0])]
    shape += [y.shape[a] for a in free_axes(y.ndim, contract[1], batch[1])]
    return Spec(tuple(shape), x.dtype)


shape_rules[dot_general_p] = _dot_general
