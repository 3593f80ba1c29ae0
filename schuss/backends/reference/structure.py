"""Primitives that move elements, in NumPy."""

from __future__ import annotations

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import reference_rules

Ints = tuple[int, ...]


def _broadcast_in_dim(x: np.ndarray, shape: Ints, dims: Ints) -> np.ndarray:
    aligned = [1] * len(shape)
    for n, d in zip(x.shape, dims, strict=True):
        aligned[d] = n
    return np.broadcast_to(x.reshape(aligned), shape)


def _slice(x: np.ndarray, start: Ints, limit: Ints, strides: Ints | None = None) -> np.ndarray:
    return x[tuple(map(slice, start, limit, (1,) * x.ndim if strides is None else strides))]


def _pad(x: np.ndarray, value: np.ndarray, low: Ints, high: Ints, interior: Ints | None = None) -> np.ndarray:
    interior = (0,) * x.ndim if interior is None else interior
    inside = [n + max(n - 1, 0) * gap for n, gap in zip(x.shape, interior, strict=True)]
    padded = np.full([a + n + b for a, n, b in zip(low, inside, high, strict=True)], value, x.dtype)
    padded[tuple(slice(a, a + n, gap + 1) for a, n, gap in zip(low, inside, interior, strict=True))] = x
    return padded


def _windows(x: np.ndarray, axes: Ints, sizes: Ints, strides: Ints, dilations: Ints) -> np.ndarray:
    steps = [x.strides[axis] * dilation for axis, dilation in zip(axes, dilations, strict=True)]
    shape, between = list(x.shape), list(x.strides)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        shape[axis] = (shape[axis] - (size - 1) * dilation - 1) // stride + 1
        between[axis] *= stride
    return np.lib.stride_tricks.as_strided(x, (*shape, *sizes), (*between, *steps), writeable=False)


reference_rules |= {
    p.broadcast_in_dim_p: _broadcast_in_dim,
    p.reshape_p: lambda x, shape: x.reshape(shape),
    p.transpose_p: lambda x, permutation: x.transpose(permutation),
    p.slice_p: _slice,
    p.pad_p: _pad,
    p.concatenate_p: lambda *operands, axis: np.concatenate(operands, axis),
    p.reverse_p: lambda x, axes: np.flip(x, axes),
    p.windows_p: _windows,
}
