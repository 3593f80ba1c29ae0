"""split_dataset."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from schuss.data._elements import stacked
from schuss.data.dataset import Dataset
from schuss.graph import _tree


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """A data set in two parts: its first and its last samples.

    Args:
        dataset: a `Dataset` (batches are taken apart, and come in the same size again), an array, a list or
            tuple of arrays with the same number of rows, or another iterable of samples with a length (such
            as a data set of PyTorch). All of it is held in memory.
        left_size, right_size: float: share of the samples, 0 to 1; int: their number; None: the others. One
            of the two must be given; samples between both are left out.
        shuffle: default False: whether samples are shuffled before. seed: int or None, of that.
        preferred_backend: taken for Keras's sake.

    Returns:
        Two `Dataset`s of samples (of batches, if `dataset` has batches).

    Raises:
        ValueError: sizes out of range, or a part would be empty; arrays of different lengths.
        TypeError: something that is no data set, or sizes that are no numbers.

    Example:
        >>> import numpy as np, schuss
        >>> left, right = schuss.utils.split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), len(right)
        (8, 2)
    """
    if left_size is None and right_size is None:
        raise ValueError(
            "At least one of the `left_size` or `right_size` must be specified. Received: left_size=None and "
            "right_size=None"
        )
    samples = _samples(dataset)
    if not samples:
        raise ValueError(f"Received an empty dataset: {type(dataset).__name__} has no samples.")
    order = list(range(len(samples)))
    if shuffle:
        random.Random(random.randint(0, 1_000_000) if seed is None else seed).shuffle(order)
    left, right = _sizes(left_size, right_size, len(samples))
    size = dataset._batch_size if isinstance(dataset, Dataset) else None
    return _of([samples[i] for i in order[:left]], size), _of([samples[i] for i in order[-right:]], size)


def _of(samples: list[Any], batch_size: int | None) -> Dataset:
    made = Dataset.from_tensor_slices(stacked(samples))
    return made if batch_size is None else made.batch(batch_size)


def _samples(dataset: Any) -> list[Any]:
    """The samples: arrays, or tuples and dicts of them."""
    if isinstance(dataset, Dataset):
        if dataset._count == -1:
            raise ValueError("split_dataset: the dataset has no end. Take some of it: dataset.take(n).")
        return list((dataset if dataset._batch_size is None else dataset.unbatch())._elements())
    if isinstance(dataset, np.ndarray):
        return list(np.asarray(dataset))
    if isinstance(dataset, (list, tuple)):
        return _rows(dataset)
    if isinstance(dataset, (str, bytes, dict)) or not (
        hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    ):
        raise TypeError(
            "The `dataset` argument must be a `Dataset`, an array or a list/tuple of arrays. Received: "
            f"dataset={dataset} of type {type(dataset)}"
        )
    return [
        _tree.map_structure(np.asarray, tuple(sample) if isinstance(sample, list) else sample)
        for sample in (dataset[i] for i in range(len(dataset)))
    ]


def _rows(arrays: list[Any] | tuple[Any, ...]) -> list[tuple[Any, ...]]:
    for i, array in enumerate(arrays):
        if not isinstance(array, np.ndarray):
            raise ValueError(
                f"Expected a list/tuple of `numpy.ndarray` objects, Received: {type(array)} at index {i}."
            )
        if array.ndim == 0 or len(array) != len(arrays[0]):
            raise ValueError(
                f"Received NumPy arrays with different lengths. Mismatch found at index {i}, Expected "
                f"shape={arrays[0].shape} Received shape={array.shape}. Please provide NumPy arrays of the same "
                "length."
            )
    return list(zip(*arrays))


def _sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    """Both sizes as numbers of samples."""
    given = (("left_size", left), ("right_size", right))
    for name, size in given:
        if size is not None and type(size) not in (int, float):
            raise TypeError(
                f"Invalid `{name}` Type. Expected: int or float or None, Received: type({name})={type(size)}."
            )
    for name, size in given:
        if size is not None and not 0 < size < (total if isinstance(size, int) else 1):
            raise ValueError(
                f"`{name}` should be either a positive integer smaller than {total}, or a float within the "
                f"range `[0, 1]`. Received: {name}={size}"
            )
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(
            "The sum of `left_size` and `right_size` is greater than 1. It must be less than or equal to 1."
        )
    counts = [round(size * total) if isinstance(size, float) else size for size in (left, right)]
    first = total - (counts[1] or 0) if counts[0] is None else counts[0]
    last = total - first if counts[1] is None else counts[1]
    if first + last > total:
        raise ValueError(
            f"The sum of `left_size` and `right_size` should be smaller than the {total}. Received: left_size + "
            f"right_size = {first + last} and total_length = {total}"
        )
    for side, size in (("left", first), ("right", last)):
        if size == 0:
            raise ValueError(
                f"With `dataset` of length={total}, `left_size`={first} and `right_size`={last}. Resulting {side} "
                "side dataset split will be empty. Adjust any of the aforementioned parameters"
            )
    return int(first), int(last)
