"""Data sets to learn with. In: a name. Out: NumPy arrays, as Keras's ``load_data`` gives them.

A file is looked for in the folder that ``SCHUSS_DATASETS`` names, then in the cache, then downloaded (checked
by its SHA-256 where that is known) into the cache: ``SCHUSS_CACHE``, else ``~/.cache/schuss``.
"""

from typing import Any

from schuss.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
    spoken_digits,
    tinyshakespeare,
)
from schuss.utils._names import missing_name

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
    "spoken_digits",
    "tinyshakespeare",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "data set", name, __all__)
