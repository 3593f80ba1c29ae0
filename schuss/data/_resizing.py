"""Resizing of single images of any size, as ``tf.image.resize`` does it (without antialiasing).

Each new row is a sum of a few old ones; so is each new column. In NumPy, which lets other threads work
meanwhile.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

Kernel = Callable[[np.ndarray], np.ndarray]


def _keys(x: np.ndarray) -> np.ndarray:
    """Cubic convolution with a = −1/2 (Keys, 1981), at steps of 1/1024."""
    x = np.floor(x * 1024 + 0.5) / 1024
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _mitchell(x: np.ndarray) -> np.ndarray:
    """The cubic of Mitchell and Netravali (1988) with B = C = 1/3."""
    near = (7 * x - 12) * x * x / 6 + 16 / 18
    far = ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(radius: int) -> Kernel:
    return lambda x: np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


_KERNELS: dict[str, tuple[Kernel, int]] = {
    "bilinear": (lambda x: np.maximum(0, 1 - x), 1),
    "bicubic": (_keys, 2),
    "mitchellcubic": (_mitchell, 2),
    "lanczos3": (_lanczos(3), 3),
    "lanczos5": (_lanczos(5), 5),
    "gaussian": (lambda x: np.where(x < 1.5, np.exp(-2 * x * x), 0), 2),  # σ = 1/2, cut at 3σ
}
INTERPOLATIONS = (
    "bilinear",
    "nearest",
    "bicubic",
    "area",
    "lanczos3",
    "lanczos5",
    "gaussian",
    "mitchellcubic",
)


def resized(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """An image [height, width, channels] in another size; float32, but for ``"nearest"`` in its own dtype."""
    rows, columns = (_parts(n, out, interpolation) for n, out in zip(image.shape, size))
    if interpolation == "nearest":
        return image[rows[0][0]][:, columns[0][0]]
    return _summed(_summed(image, rows, 0), columns, 1)


def _summed(image: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]], axis: int) -> np.ndarray:
    total = None
    for indices, weights in parts:
        part = np.take(image, indices, axis) * (weights[:, None, None] if axis == 0 else weights[:, None])
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total


@functools.lru_cache(256)
def _parts(size: int, out: int, interpolation: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """New line i is the sum over the parts of ``weights[i]`` times old line ``indices[i]``."""
    scale = np.float32(size) / np.float32(out)
    if interpolation == "nearest":
        middle = (np.arange(out, dtype=np.float32) + np.float32(0.5)) * scale
        return [(np.minimum(np.floor(middle).astype(np.int64), size - 1), np.ones(out, np.float32))]
    indices, weights = _covered(size, out) if interpolation == "area" else _near(size, out, interpolation)
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    indices = np.clip(indices, 0, size - 1)
    return [
        (indices[:, k].copy(), weights[:, k].copy()) for k in range(indices.shape[1]) if weights[:, k].any()
    ]


def _near(size: int, out: int, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """Old lines around each new one, weighed by their distance."""
    kernel, radius = _KERNELS[interpolation]
    middle = (np.arange(out, dtype=np.float32) + np.float32(0.5)) * (np.float32(size) / np.float32(out))
    indices = np.floor(middle - np.float32(0.5)).astype(np.int64)[:, None] + np.arange(1 - radius, radius + 1)
    weights = kernel(np.abs(indices.astype(np.float32) + np.float32(0.5) - middle[:, None]))
    return indices, np.where((indices >= 0) & (indices < size), weights, 0)


def _covered(size: int, out: int) -> tuple[np.ndarray, np.ndarray]:
    """Old lines weighed by the part of them that a new one covers."""
    edges = np.arange(out + 1) * (size / out)
    first = np.floor(edges[:-1]).astype(np.int64)
    indices = first[:, None] + np.arange(int(np.ceil(size / out)) + 1)
    shares = np.minimum(indices + 1, edges[1:, None]) - np.maximum(indices, edges[:-1, None])
    return indices, np.where(indices < size, np.maximum(shares, 0), 0)
