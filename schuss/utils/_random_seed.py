"""One seed for everything that draws."""

from __future__ import annotations

import random

import numpy as np


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy's global generator and the library's: a program then repeats exactly.

    Args:
        seed: an integer ≥ 0, below 2³².

    Raises:
        ValueError: not an integer, or out of range.

    Example:
        >>> import schuss
        >>> schuss.utils.set_random_seed(1)
        >>> a = schuss.random.normal((2,))
        >>> schuss.utils.set_random_seed(1)
        >>> bool((a == schuss.random.normal((2,))).all())
        True
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(f"Expected `seed` to be an integer from 0 to 2**32 - 1. Received: seed={seed!r}")
    from schuss.random import global_seed_generator

    generator = global_seed_generator()  # made at its first use, and then with a seed drawn from `random`
    random.seed(int(seed))
    np.random.seed(int(seed))
    generator.reset(int(seed))
