"""keras.ops.math: log-sum-exp, segments, top-k membership, windows over sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Tensor
from schuss.graph.primitives import scatter_add_p
from schuss.ops.activations import as_float

__all__ = [
    "cdist",
    "extract_sequences",
    "in_top_k",
    "logsumexp",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
]


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """``log Σ exp(x)``, shifted by the maximum so that nothing overflows.

    Args:
        x: array. axis: int, tuple, or None for all (default). keepdims: keep reduced axes with size 1;
            default False.

    Example:
        >>> from schuss import ops
        >>> round(float(ops.logsumexp(ops.array([1000.0, 1000.0]))), 3)
        1000.693
    """
    x = as_float(x)
    axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
    top = ops.stop_gradient(ops.max(x, axis=axis, keepdims=True))
    # where all are −∞ (or one is ∞) the shift would make ∞ − ∞
    top = ops.where(ops.isfinite(top), top, ops.zeros_like(top))
    total = ops.add(ops.log(ops.sum(ops.exp(ops.subtract(x, top)), axis=axis, keepdims=True)), top)
    if keepdims:
        return total
    return ops.reshape(total, ()) if axis is None else ops.squeeze(total, axis=axis)


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """``y[k] = Σ data[i]`` over the i with ``segment_ids[i] == k``.

    Args:
        data: array. segment_ids: integers whose shape is the beginning of data's; ids outside of
            ``[0, num_segments)`` are left out.
        num_segments: default: the largest id plus one (only outside of a trace).
        sorted: taken for Keras's sake.

    Returns:
        [num_segments, …], the rest of data's shape.

    Raises:
        ValueError: shapes do not fit, or `num_segments` is missing in a trace.

    Example:
        >>> from schuss import ops
        >>> ops.segment_sum(ops.array([1, 2, 10, 20]), ops.array([0, 0, 1, 1]), 2).tolist()
        [3, 30]
    """
    data, ids, n = _segments("segment_sum", data, segment_ids, num_segments)
    zeros = ops.zeros((n, *data.shape[1:]), dtype=data.dtype)
    places = [ops.broadcast_to(ops.reshape(ids, (-1,) + (1,) * (data.ndim - 1)), data.shape)]
    for axis in range(1, data.ndim):
        shape = [1] * data.ndim
        shape[axis] = data.shape[axis]
        index = ops.reshape(ops.arange(data.shape[axis], dtype=ids.dtype), shape)
        places.append(ops.broadcast_to(index, data.shape))
    return scatter_add_p.bind(zeros, data, *places)


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """``y[k] = max data[i]`` over the i with ``segment_ids[i] == k``; −∞ (the smallest integer) for an empty
    segment.

    Args, Returns, Raises:
        as for `segment_sum`.
    """
    low = -np.inf if _is_float(data) else _integer_limits(data).min
    return _masked_segments("segment_max", ops.max, low, data, segment_ids, num_segments)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """``y[k] = min data[i]`` over the i with ``segment_ids[i] == k``; ∞ (the largest integer) for an empty
    segment.

    Args, Returns, Raises:
        as for `segment_sum`.
    """
    high = np.inf if _is_float(data) else _integer_limits(data).max
    return _masked_segments("segment_min", ops.min, high, data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """``y[k] = Π data[i]`` over the i with ``segment_ids[i] == k``; 1 for an empty segment.

    Args, Returns, Raises:
        as for `segment_sum`.
    """
    return _masked_segments("segment_prod", ops.prod, 1, data, segment_ids, num_segments)


def _masked_segments(name: str, reduce: Any, neutral: Any, data: Any, segment_ids: Any, n: int | None) -> Any:
    data, ids, n = _segments(name, data, segment_ids, n)
    here = ops.equal(ops.reshape(ids, (1, -1)), ops.reshape(ops.arange(n, dtype=ids.dtype), (-1, 1)))
    here = ops.reshape(here, (*here.shape, *(1,) * (data.ndim - 1)))
    return ops.cast(reduce(ops.where(here, data, ops.full_like(data, neutral)), axis=1), data.dtype)


def _segments(name: str, data: Any, segment_ids: Any, n: int | None) -> tuple[Any, Any, int]:
    """data as [items, …], ids as [items], and the number of segments."""
    data, ids = ops.convert_to_tensor(data), ops.convert_to_tensor(segment_ids)
    if tuple(data.shape[: ids.ndim]) != tuple(ids.shape) or not ids.ndim:
        raise ValueError(
            f"{name}: the shape of `segment_ids` must be the beginning of data's. "
            f"Received: data.shape={tuple(data.shape)}, segment_ids.shape={tuple(ids.shape)}"
        )
    if n is None:
        if isinstance(ids, Tensor):
            raise ValueError(
                f"{name}: `num_segments` must be given while a function is traced (shapes are static)."
            )
        n = int(np.max(ids)) + 1 if ids.size else 0
    data = ops.reshape(data, (ids.size, *data.shape[ids.ndim :]))
    return data, ops.reshape(ids, (-1,)), n


def _is_float(x: Any) -> bool:
    return ops.convert_to_tensor(x).dtype.kind == "f"


def _integer_limits(x: Any) -> np.iinfo:
    return np.iinfo(ops.convert_to_tensor(x).dtype)


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether fewer than `k` predictions are larger than the target's.

    Args:
        targets: integers [batch]. predictions: [batch, classes]. k: how many predictions count.

    Returns:
        bool [batch].

    Example:
        >>> from schuss import ops
        >>> ops.in_top_k(ops.array([2, 0]), ops.array([[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]]), k=2).tolist()
        [True, False]
    """
    targets, predictions = ops.convert_to_tensor(targets), ops.convert_to_tensor(predictions)
    classes = predictions.shape[-1]
    mine = ops.equal(ops.expand_dims(targets, -1), ops.arange(classes, dtype=targets.dtype))
    score = ops.sum(ops.where(mine, predictions, ops.zeros_like(predictions)), axis=-1, keepdims=True)
    larger = ops.sum(ops.cast(ops.greater(predictions, score), "int32"), axis=-1)
    return ops.logical_and(ops.any(mine, axis=-1), ops.less(larger, k))


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows over the last axis: ``y[…, i, j] = x[…, i·stride + j]``.

    Args:
        x: [..., n]. sequence_length: of a window. sequence_stride: from one window's start to the next one's.

    Returns:
        [..., 1 + (n − length) // stride, length].

    Example:
        >>> from schuss import ops
        >>> ops.extract_sequences(ops.array([1, 2, 3, 4, 5, 6]), 3, 2).tolist()
        [[1, 2, 3], [3, 4, 5]]
    """
    x = ops.convert_to_tensor(x)
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride, dtype="int32")
    return ops.take(x, starts[:, None] + np.arange(sequence_length, dtype="int32"), axis=-1)


def cdist(x: Any, y: Any) -> Any:
    """Euclid's distances of all pairs of vectors: ``d[…, i, j] = ‖x[…, i] − y[…, j]‖``.

    Args:
        x: [..., m, d]. y: [..., n, d].

    Returns:
        [..., m, n].

    Example:
        >>> from schuss import ops
        >>> ops.cdist(ops.array([[0.0, 0.0]]), ops.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[5.0, 1.0]]
    """
    x, y = as_float(x), as_float(y)  # bytes, too: their differences would wrap around
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"cdist: expected x [..., m, d] and y [..., n, d]. Received: x.shape={tuple(x.shape)}, "
            f"y.shape={tuple(y.shape)}"
        )
    return ops.norm(ops.subtract(ops.expand_dims(x, -2), ops.expand_dims(y, -3)), axis=-1)
