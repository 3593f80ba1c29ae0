"""Products that sum: matmul and its relatives. All become `dot_general`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.ops._operands import axis_of, broadcast, convert, promoted, reshaped, value
from schuss.ops.elementwise import multiply, subtract

__all__ = ["cross", "dot", "inner", "kron", "matmul", "outer", "tensordot", "vdot"]


def widened(arrays: Sequence[Any]) -> list[Any]:
    """int8 arrays as int32, which holds sums of their products; others as they are."""
    return [convert(x, "int32") for x in arrays] if all(x.dtype == np.int8 for x in arrays) else list(arrays)


def contracted(
    x: Any,
    y: Any,
    contract: tuple[Sequence[int], Sequence[int]],
    batch: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Any:
    """`dot_general` of two arrays of one dtype; of bools: whether any product is true."""
    pairs = (tuple(contract[0]), tuple(contract[1])), (tuple(batch[0]), tuple(batch[1]))
    if x.dtype.kind == "b":
        return convert(contracted(convert(x, "int32"), convert(y, "int32"), *pairs), "bool")
    return p.dot_general_p.bind(x, y, contract=pairs[0], batch=pairs[1])


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes; other axes broadcast, vectors count as row (x1) and column
    (x2).

    Args:
        x1: [..., n, k] or [k]. x2: [..., k, m] or [k].

    Returns:
        [..., n, m]; without n or m for vectors. Of two int8 arrays int32, as the sums would not fit.

    Raises:
        ValueError: scalars, or sizes k that differ.

    Example:
        >>> from schuss import ops
        >>> ops.matmul(ops.array([[1.0, 2.0]]), ops.array([[3.0], [4.0]])).tolist()
        [[11.0]]
    """
    x, y = widened(promoted(x1, x2))
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError(f"matmul: scalars have no product; use multiply. Received: {x.shape} and {y.shape}")
    y_rows = max(y.ndim - 2, 0)
    if x.shape[-1] != y.shape[y_rows]:
        raise ValueError(
            f"matmul: the last axis of x1, of shape {tuple(x.shape)}, must have the size of axis "
            f"{y_rows - y.ndim} of "
            f"x2, of shape {tuple(y.shape)}: {x.shape[-1]} is not {y.shape[y_rows]}."
        )
    if y.ndim <= 2:  # no batch axes in y: one product with all rows of x
        return contracted(x, y, ((x.ndim - 1,), (y_rows,)))
    if x.ndim == 1:  # the batch axes are y's
        return contracted(y, x, ((y_rows,), (0,)))
    try:
        stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise ValueError(
            f"matmul: the leading axes of {tuple(x.shape)} and {tuple(y.shape)} do not broadcast."
        ) from None
    x = broadcast(x, (*stack, *x.shape[-2:]))
    y = broadcast(y, (*stack, *y.shape[-2:]))
    axes, n = tuple(range(len(stack))), len(stack)
    return contracted(x, y, ((n + 1,), (n,)), (axes, axes))


def dot(x1: Any, x2: Any) -> Any:
    """``Σₖ x1[…, k] x2[…, k, m]``; with a scalar the plain product.

    For matrices this is `matmul`; for more axes the result has all other axes of x1, then those of x2.
    """
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return multiply(x, y)
    rows = max(y.ndim - 2, 0)
    return _checked("dot", x, y, (x.ndim - 1,), (rows,))


def inner(x1: Any, x2: Any) -> Any:
    """``Σₖ x1[…, k] x2[…, k]``; with a scalar the plain product."""
    x, y = promoted(x1, x2)
    if x.ndim == 0 or y.ndim == 0:
        return multiply(x, y)
    return _checked("inner", x, y, (x.ndim - 1,), (y.ndim - 1,))


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of the products of all elements."""
    x, y = promoted(x1, x2)
    x, y = reshaped(x, (prod(x.shape),)), reshaped(y, (prod(y.shape),))
    return _checked("vdot", x, y, (0,), (0,))


def outer(x1: Any, x2: Any) -> Any:
    """``y[i, j] = x1[i] x2[j]`` of the flattened arrays."""
    x, y = promoted(x1, x2)
    return multiply(reshaped(x, (prod(x.shape), 1)), reshaped(y, (1, prod(y.shape))))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes.

    Args:
        x1, x2: arrays.
        axes: int n: the last n of x1 with the first n of x2; or a pair of axes, or of sequences of axes.

    Returns:
        The other axes of x1, then those of x2.

    Example:
        >>> from schuss import ops
        >>> ops.tensordot(ops.ones((2, 3)), ops.ones((3, 4)), axes=1).shape
        (2, 4)
    """
    x, y = promoted(x1, x2)
    if isinstance(axes, (int, np.integer)):
        if axes > min(x.ndim, y.ndim):
            raise ValueError(f"tensordot: {axes} axes of {tuple(x.shape)} and {tuple(y.shape)} are too many.")
        return _checked("tensordot", x, y, tuple(range(x.ndim - int(axes), x.ndim)), tuple(range(int(axes))))
    left, right = (tuple(side) if isinstance(side, (tuple, list)) else (side,) for side in axes)
    return _checked(
        "tensordot",
        x,
        y,
        tuple(axis_of(a, x.ndim, "tensordot") for a in left),
        tuple(axis_of(a, y.ndim, "tensordot") for a in right),
    )


def _checked(name: str, x: Any, y: Any, x_axes: tuple[int, ...], y_axes: tuple[int, ...]) -> Any:
    if [x.shape[a] for a in x_axes] != [y.shape[a] for a in y_axes]:
        raise ValueError(
            f"{name}: axes {x_axes} of x1, of shape {tuple(x.shape)}, and {y_axes} of x2, of shape "
            f"{tuple(y.shape)}, "
            "must have equal sizes."
        )
    return contracted(x, y, (x_axes, y_axes))


def kron(x1: Any, x2: Any) -> Any:
    """The Kronecker product: blocks ``x1[i, j] · x2``."""
    x, y = promoted(x1, x2)
    ndim = max(x.ndim, y.ndim)
    x = reshaped(x, (1,) * (ndim - x.ndim) + tuple(x.shape))
    y = reshaped(y, (1,) * (ndim - y.ndim) + tuple(y.shape))
    wide = multiply(
        reshaped(x, [n for size in x.shape for n in (size, 1)]),
        reshaped(y, [n for size in y.shape for n in (1, size)]),
    )
    return reshaped(wide, [a * b for a, b in zip(x.shape, y.shape, strict=True)])


def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The cross product of vectors of 3 (or 2) components along an axis.

    Args:
        x1, x2: arrays; other axes broadcast. axisa, axisb: where the vectors lie. axisc: where the result's
            do.
        axis: all three at once.

    Returns:
        Vectors of 3 components; for two vectors of 2 the scalar third component.
    """
    from schuss.ops.shaping import moveaxis, stack

    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = promoted(value(x1), value(x2))
    x, y = moveaxis(x, axisa, -1), moveaxis(y, axisb, -1)
    if x.shape[-1] not in (2, 3) or y.shape[-1] not in (2, 3):
        raise ValueError(f"cross: vectors need 2 or 3 components. Received: shapes {x1.shape} and {x2.shape}")
    a = [x[..., i] for i in range(x.shape[-1])]
    b = [y[..., i] for i in range(y.shape[-1])]
    third = subtract(multiply(a[0], b[1]), multiply(a[1], b[0]))
    if len(a) == len(b) == 2:
        return third
    zero = np.zeros((), x.dtype)
    a, b = (v if len(v) == 3 else [*v, zero] for v in (a, b))
    first = subtract(multiply(a[1], b[2]), multiply(a[2], b[1]))
    second = subtract(multiply(a[2], b[0]), multiply(a[0], b[2]))
    return moveaxis(stack([first, second, third], axis=-1), -1, axisc)
