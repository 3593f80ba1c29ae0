"""Data that comes batch by batch: generators, `PyDataset`s, loaders of other libraries."""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from schuss.training._arrays import is_frame
from schuss.training._data import Piece, class_weights_of, piece_of
from schuss.training.py_dataset import PyDataset


def is_batches(x: Any) -> bool:
    """Whether `x` gives batches one after the other, rather than being the data."""
    if isinstance(x, PyDataset) or hasattr(x, "__next__"):
        return True
    if isinstance(x, (list, tuple, dict, str, bytes, np.ndarray)) or is_frame(x) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") and not hasattr(x, "toarray")


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """A batch as ``(x, y, sample_weight)``: what is not a tuple (or list) of one to three entries is `x`."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"A batch must be x, (x, y) or (x, y, sample_weight); got a tuple of {len(data)}. Several inputs "
            "go into one "
            "list or dict: ([x1, x2], y)."
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


class BatchData:
    """Batches from an iterator, an iterable or a `PyDataset`.

    Args:
        batches: where they come from. shuffle: the order of a `PyDataset`'s batches.
        class_weight: class → weight, or None. seed: of the order.

    Attributes:
        steps: the number of batches in a pass, None where it is not known.
    """

    def __init__(self, batches: Any, shuffle: Any = False, class_weight: Any = None, seed: int = 0):
        self.batches, self.shuffle, self.class_weight = batches, shuffle, class_weight
        self._random = np.random.default_rng(seed)
        self._once = hasattr(batches, "__next__")
        self._under_way: Iterator[Any] | None = None

    @property
    def steps(self) -> int | None:
        if isinstance(self.batches, PyDataset):
            return self.batches.num_batches
        try:
            return None if self._once else len(self.batches)
        except TypeError:
            return None

    def pieces(self, steps: int | None = None) -> Iterator[Piece]:
        """One pass; with `steps` so many batches, going on where the last call stopped.

        An iterable that ends early begins again; a generator cannot, so there will be fewer, with a warning.
        """
        made = 0
        while steps is None or made < steps:
            fresh, before = self._under_way is None, made
            if self._under_way is None:
                self._under_way = iter(self._pass())
            for data in self._under_way:
                yield self._piece(data)
                made += 1
                if made == steps:
                    return
            if not self._once:
                self._under_way = None
            if steps is None and made:
                return
            if self._once or (fresh and made == before):
                wanted = "" if steps is None else f" after {made} of {steps} steps"
                warnings.warn(
                    f"Your input ran out of data{wanted}. A generator can be read only once: make it go on "
                    "for "
                    "`steps_per_epoch * epochs` batches, or use a schuss.utils.PyDataset.",
                    stacklevel=2,
                )
                return

    def _pass(self) -> Iterator[Any]:
        if not isinstance(self.batches, PyDataset):
            return iter(self.batches)
        count = self.batches.num_batches
        order: Any = itertools.count() if count is None else range(count)
        if self.shuffle and count is not None:
            order = self._random.permutation(count).tolist()
        if self.batches.workers > 1:
            return _prefetched(self.batches, iter(order))
        return (self.batches[index] for index in order)

    def _piece(self, data: Any) -> Piece:
        x, y, weight = unpacked(data)
        piece = piece_of(x, y, weight)
        if self.class_weight is None:
            return piece
        if weight is not None:
            raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
        x, y, _ = piece.structure
        return Piece((x, y, class_weights_of(y, self.class_weight)), piece.rows, piece.batch, 1)

    def begin_epoch(self) -> None:
        if isinstance(self.batches, PyDataset):
            self.batches.on_epoch_begin()

    def end_epoch(self) -> None:
        if isinstance(self.batches, PyDataset):
            self.batches.on_epoch_end()


def _prefetched(dataset: PyDataset, order: Iterator[int]) -> Iterator[Any]:
    """The batches in order, made by several threads ahead of their use."""
    with ThreadPoolExecutor(dataset.workers, thread_name_prefix="schuss-data") as pool:
        ahead = itertools.islice(order, max(1, dataset.max_queue_size))
        waiting = deque(pool.submit(dataset.__getitem__, index) for index in ahead)
        try:
            while waiting:
                batch = waiting.popleft().result()
                for index in itertools.islice(order, 1):
                    waiting.append(pool.submit(dataset.__getitem__, index))
                yield batch
        finally:
            for future in waiting:
                future.cancel()
