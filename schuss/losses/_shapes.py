"""Bringing labels, predictions and weights to shapes that fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import floatx, is_float


def squeeze_or_expand_to_same_rank(x1: Any, x2: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """The two with equal ranks, where they differ by one last axis of size 1.

    The longer one loses that axis; but against a vector (``[n]`` with ``[n, 1]``) the vector gains it, so
    that the result keeps a sample axis. Anything else comes back as it is.

    Args:
        x1, x2: arrays.
        expand_rank_1: whether vectors gain the axis; default True.
    """
    if x2.ndim > x1.ndim:
        x2, x1 = squeeze_or_expand_to_same_rank(x2, x1, expand_rank_1)
        return x1, x2
    if x1.ndim != x2.ndim + 1 or x1.shape[-1] != 1:
        return x1, x2
    if x2.ndim == 1 and expand_rank_1:
        return x1, ops.expand_dims(x2, -1)
    return ops.squeeze(x1, axis=-1), x2


def operands(function: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions as float arrays of one dtype and one rank, in this order.

    Args:
        function: the loss's name, for the message.

    Raises:
        ValueError: the shapes do not broadcast against each other.
    """
    y_pred = float_array(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    require_broadcast(f"{function}: `y_true` and `y_pred` must have the same shape", y_true, y_pred)
    return y_true, y_pred


def same_shape_operands(function: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """`operands`, of which neither is repeated to the shape of the other.

    Raises:
        ValueError: the shapes differ.
    """
    y_true, y_pred = operands(function, y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"{function}: `y_true` and `y_pred` must have the same shape. "
            f"Received: shapes {tuple(y_true.shape)} and {tuple(y_pred.shape)}."
        )
    return y_true, y_pred


def float_array(x: Any) -> Any:
    """`x` as an array of a float dtype: its own, floatx for integers and booleans."""
    x = ops.convert_to_tensor(x)
    return x if is_float(x.dtype) else ops.cast(x, floatx())


def require_broadcast(message: str, x1: Any, x2: Any) -> None:
    """A ValueError with `message` and both shapes unless they broadcast against each other."""
    try:
        np.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
    except ValueError:
        raise ValueError(f"{message}. Received: shapes {tuple(x1.shape)} and {tuple(x2.shape)}.") from None
