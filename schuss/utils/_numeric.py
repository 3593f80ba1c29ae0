"""Small numeric helpers for data: NumPy in, NumPy out."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers as rows of a unit matrix.

    Args:
        x: integers 0 … num_classes − 1, any shape; a last axis of size 1 is dropped.
        num_classes: default (None or 0): the largest plus one.

    Returns:
        float64 array of the shape of `x` with the classes as last axis.

    Raises:
        ValueError: a number is not one of the classes.

    Example:
        >>> from schuss.utils import to_categorical
        >>> to_categorical([0, 2], num_classes=3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    x = np.asarray(x).astype("int64")
    shape = x.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    x = x.reshape(-1)
    n = int(num_classes) if num_classes else int(x.max()) + 1
    if x.size and (x.max() >= n or x.min() < -n):
        raise ValueError(
            f"to_categorical: found the class {x.max() if x.max() >= n else x.min()}, but num_classes={n}: "
            f"expected integers from 0 to {n - 1}."
        )
    rows = np.zeros((x.size, n))
    rows[np.arange(x.size), x] = 1
    return rows.reshape((*shape, n))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """``x / ‖x‖`` along `axis`; zero vectors stay.

    Args:
        x: array. axis: default −1. order: of the norm; default 2.

    Example:
        >>> from schuss.utils import normalize
        >>> normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    from schuss.graph import Tensor, Variable

    if isinstance(x, (Tensor, Variable)):
        from schuss import ops

        return ops.normalize(x, axis=axis, order=order)
    x = np.asarray(x)
    lengths = np.asarray(np.linalg.norm(x, order, axis, keepdims=True))
    lengths[lengths == 0] = 1
    return x / lengths
