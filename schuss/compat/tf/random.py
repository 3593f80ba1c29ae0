"""``tf.random``: random numbers with TensorFlow's signatures. The numbers are not TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.compat._eager import eager, to_tensor
from schuss.graph import as_dtype, is_float
from schuss.utils import set_random_seed

__all__ = ["categorical", "normal", "set_seed", "shuffle", "truncated_normal", "uniform"]


def set_seed(seed: int) -> None:
    """Seed everything that draws."""
    set_random_seed(int(seed))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Normally distributed numbers."""
    return eager(random.normal(_shape(shape), mean, stddev, as_dtype(dtype).name, seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Any:
    """Normally distributed numbers within two standard deviations."""
    return eager(random.truncated_normal(_shape(shape), mean, stddev, as_dtype(dtype).name, seed))


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Uniformly distributed numbers in [minval, maxval); maxval is 1 by default, and needed for integers."""
    dtype = as_dtype(dtype).name
    if is_float(dtype):
        maxval = 1 if maxval is None else maxval
        return eager(random.uniform(_shape(shape), minval, maxval, dtype, seed))
    if maxval is None:
        raise ValueError(f"Must specify maxval for integer dtype {dtype}")
    return eager(random.randint(_shape(shape), minval, maxval, dtype, seed))


def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """The rows of a tensor in random order."""
    return eager(random.shuffle(to_tensor(value), axis=0, seed=seed))


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int64", seed: Any = None, name: Any = None
) -> Any:
    """Classes drawn with the probabilities softmax(logits), [rows, num_samples]."""
    return eager(ops.cast(random.categorical(to_tensor(logits), num_samples, seed=seed), dtype or "int64"))


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.asarray(shape).reshape(-1))
