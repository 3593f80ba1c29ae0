"""Powers of the frequencies of real signals, by products with constant matrices: a discrete Fourier transform of
N = P·Q numbers as one of P and one of Q (Cooley, Tukey, 1965), which compiled steps compute as products."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from schuss import ops

_SMALL = 128  # numbers of a signal that one product transforms quickest


def powers(frames: Any) -> tuple[Any, np.ndarray]:
    """``|Σₙ x[n] exp(−2πikn/N)|²`` for k = 0 … N/2, in an order that is quick to make.

    Args:
        frames: floats ``[…, N]``.

    Returns:
        The powers ``[…, places]``, and the place of each k.
    """
    length = int(frames.shape[-1])
    p = _outer_length(length)
    if p == 1:
        cosines, sines = (part.astype(frames.dtype) for part in _waves(length, length // 2 + 1))
        parts = ops.square(ops.matmul(frames, cosines)), ops.square(ops.matmul(frames, sines))
        return ops.add(*parts), np.arange(length // 2 + 1)
    q, kept = length // p, p // 2 + 1
    lead = frames.shape[:-1]
    x = ops.reshape(frames, (-1, p, q))  # x[Q·a + b] at [a, b]
    turn, cosines, sines, last = (part.astype(frames.dtype) for part in _stages(p, q))
    real, imaginary = ops.matmul(turn[:kept], x), ops.matmul(turn[kept:], x)  # [c, b]
    turned = ops.concatenate(
        [real * cosines - imaginary * sines, real * sines + imaginary * cosines], axis=-1
    )
    y = ops.matmul(turned, last)  # k = c + P·d at [c, d]
    squares = ops.square(y[..., :q]) + ops.square(y[..., q:])
    return ops.reshape(squares, (*lead, kept * q)), _places(length, p)


def _outer_length(length: int) -> int:
    """The factor P with which both products together are smallest; 1 where one product is."""
    if length <= _SMALL:
        return 1
    factors = [p for p in range(2, length) if length % p == 0]
    p = min(factors, key=lambda p: p + 2 * length // p, default=1)
    return p if p + 2 * length // p < length // 2 else 1


@functools.lru_cache(maxsize=16)
def _waves(length: int, frequencies: int) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary parts of exp(−2πikn/N), [n, k]."""
    products = np.outer(np.arange(length), np.arange(frequencies)) % length
    angles = 2 * np.pi / length * products
    return np.cos(angles), -np.sin(angles)


@functools.lru_cache(maxsize=16)
def _stages(p: int, q: int) -> tuple[np.ndarray, ...]:
    """The first transform [2c, a]; its turning [c, b], real and imaginary; the second [2b, 2d]."""
    kept = p // 2 + 1
    first = [part.T for part in _waves(p, kept)]
    turning = [part[:q, :kept].T for part in _waves(p * q, kept)]
    cosines, sines = _waves(q, q)
    return np.concatenate(first), *turning, np.block([[cosines, sines], [-sines, cosines]])


def _places(length: int, p: int) -> np.ndarray:
    """Where each k is: k = c + P·d, or, where c is in the half left out, that of N − k, whose power is the same."""
    k = np.arange(length // 2 + 1)
    k = np.where(k % p <= p // 2, k, (length - k) % length)
    return k % p * (length // p) + k // p
