"""Where random numbers begin: seeds, and keys (uint32 pairs) made from a seed and a counter."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Tensor, Variable
from schuss.utils._uids import auto_name


class SeedGenerator:
    """A source of keys: seeded once, a new key at every `next`.

    The state is a variable ``[seed, counter]``, so that a compiled program, too, draws anew in every step.

    Args:
        seed: an integer; None for a different one in every run (see `schuss.utils.set_random_seed`).
        name: default: ``"seed_generator"``, ``"seed_generator_1"``, …

    Attributes:
        state: `Variable`, uint32[2], not trainable.

    Raises:
        ValueError: `seed` is not an integer.

    Example:
        >>> from schuss import random
        >>> seed = random.SeedGenerator(7)
        >>> seed.next().tolist(), seed.next().tolist()
        ([7, 0], [7, 1])
        >>> a, b = random.normal((3,), seed=seed), random.normal((3,), seed=seed)
        >>> bool((a == b).any())
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None):
        if seed is None:
            seed = draw_seed()
        if not is_integer_seed(seed):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed!r}")
        self.name = name or auto_name("seed_generator")
        self._seed = int(seed)
        self.state = Variable(
            key_of(self._seed), dtype="uint32", trainable=False, name="seed_generator_state"
        )
        self.state.path = f"{self.name}/seed_generator_state"

    def next(self, ordered: bool = True) -> Any:
        """A key, uint32[2], different at every call. In a trace: a tensor, and the state is advanced by the
        trace.

        Args:
            ordered: taken for Keras's sake; keys are always drawn in order.
        """
        state = self.state.value
        key = state if isinstance(state, Tensor) else np.array(state)
        self.state.assign(ops.add(key, np.array([0, 1], "uint32")))
        return key

    def reset(self, seed: int) -> None:
        """Begin again, from `seed`."""
        self._seed = int(seed)
        self.state.assign(key_of(self._seed))

    def save_own_variables(self, store: Any) -> None:
        """Write the state into a dict-like `store`, for training to go on from a file with the same numbers."""
        store["0"] = self.state.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote. Another kind of state, as other programs keep it, is left alone."""
        state = np.asarray(store["0"]) if "0" in store else None
        if state is not None and (state.shape, state.dtype) == (self.state.shape, self.state.dtype):
            self.state.assign(state)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


def is_integer_seed(seed: Any) -> bool:
    return isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)


def key_of(seed: int) -> np.ndarray:
    """The key of an integer: ``[seed, 0]``; the bits above the 32nd, and those of negative numbers, are mixed
    in.

    The mixing is MurmurHash3's finalizer (Appleby 2011), which leaves 0 as it is.
    """
    low, high = seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
    high = (high ^ high >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    high = (high ^ high >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return np.array([low ^ high ^ high >> 16, 0], "uint32")


def draw_seed(seed: int | None = None) -> int:
    """`seed`, or, if it is None, the next of the sequence that `schuss.utils.set_random_seed` starts.

    The sequence is that of Python's `random` module, as in Keras.
    """
    return python_random.randint(1, 10**9) if seed is None else int(seed)


_global_generator: SeedGenerator | None = None


def global_seed_generator() -> SeedGenerator:
    """The generator that functions use when they are called with ``seed=None``."""
    global _global_generator
    if _global_generator is None:
        _global_generator = SeedGenerator(name="global_seed_generator")
    return _global_generator


def key_from(seed: Any) -> Any:
    """The key that a `seed` argument stands for.

    Args:
        seed: an integer (always the same key), a `SeedGenerator` (its next key), None (the global generator's
            next), or a key, uint32[2].
    """
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if is_integer_seed(seed):
        return key_of(int(seed))
    if getattr(seed, "shape", None) == (2,) and str(seed.dtype) == "uint32":
        return seed
    raise ValueError(
        "Argument `seed` must be either an integer or an instance of `SeedGenerator`. "
        f"Received: seed={seed!r} (of type {type(seed)})"
    )
