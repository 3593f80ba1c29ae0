"""Random bits: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
2011)."""

from __future__ import annotations

from math import prod

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import reference_rules

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)


def threefry(key: np.ndarray, x0: np.ndarray, x1: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The block of two words that `key` (uint32[2]) makes of each counter (x0, x1), uint32 vectors."""
    first, second = key[:1], key[1:]
    keys = (first, second, first ^ second ^ _PARITY)
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))) ^ x0
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + (keys[(group + 2) % 3] + np.uint32(group + 1))
    return x0, x1


def _random_bits(key: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    counter = np.arange(prod(shape), dtype="uint64")
    high, low = (counter >> np.uint64(32)).astype("uint32"), counter.astype("uint32")
    return threefry(key, high, low)[0].reshape(shape)


reference_rules[p.random_bits_p] = _random_bits
