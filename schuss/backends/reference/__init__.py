"""What every primitive means, in NumPy. In: graphs or arrays. Out: arrays. The measure for every other
backend."""

from schuss.backends.reference import (
    contraction,
    control,
    elementwise,
    indexing,
    random,
    reduction,
    structure,
)
from schuss.backends.reference._evaluate import evaluate, evaluate_all

__all__ = [
    "contraction",
    "control",
    "elementwise",
    "evaluate",
    "evaluate_all",
    "indexing",
    "random",
    "reduction",
    "structure",
]
