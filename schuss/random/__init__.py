"""Random numbers. In: shapes and seeds. Out: arrays, functions of nothing but the seed, in a trace and
outside.

Every number is made by Threefry from a key (seed and counter) and its place in the array, never from hidden
state.
"""

from typing import Any

from schuss.random._functions import (
    beta,
    binomial,
    categorical,
    dropout,
    gamma,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from schuss.random._seed import SeedGenerator, draw_seed, global_seed_generator, key_from
from schuss.utils._names import missing_name

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "draw_seed",
    "dropout",
    "gamma",
    "global_seed_generator",
    "key_from",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "function", name, __all__)
