"""Gradients of sums of products. For matrices, z = x y: dx = dz yᵀ and dy = xᵀ dz."""

from __future__ import annotations

from typing import Any

from schuss.graph import gradient_rules
from schuss.graph import primitives as p
from schuss.graph.primitives.contraction import AxisPairs, free_axes
from schuss.ops._operands import transposed


def _dot_general(dz: Any, operands: list[Any], z: Any, contract: AxisPairs, batch: AxisPairs) -> list[Any]:
    """dz's axes are batch axes, x's free ones, y's free ones; each product sums over the other operand's free
    axes."""
    x, y = operands
    x_free = free_axes(x.ndim, contract[0], batch[0])
    y_free = free_axes(y.ndim, contract[1], batch[1])
    stack = tuple(range(len(batch[0])))
    dz_x = tuple(range(len(stack), len(stack) + len(x_free)))
    dz_y = tuple(range(len(stack) + len(x_free), dz.ndim))
    dx = p.dot_general_p.bind(dz, y, contract=(dz_y, y_free), batch=(stack, batch[1]))
    dy = p.dot_general_p.bind(x, dz, contract=(x_free, dz_x), batch=(batch[0], stack))
    # The contracted axes come out in the order in which the other operand has them.
    x_axes = (*batch[0], *x_free, *_sorted_as(contract[1], contract[0]))
    y_axes = (*batch[1], *_sorted_as(contract[0], contract[1]), *y_free)
    return [_in_order(dx, x_axes), _in_order(dy, y_axes)]


def _sorted_as(keys: tuple[int, ...], values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(value for _, value in sorted(zip(keys, values, strict=True)))


def _in_order(x: Any, axes: tuple[int, ...]) -> Any:
    """`x`, whose axis i is to become axis ``axes[i]``."""
    return transposed(x, sorted(range(len(axes)), key=axes.__getitem__))


gradient_rules[p.dot_general_p] = _dot_general
