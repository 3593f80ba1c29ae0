"""Data that comes batch by batch: generators, `PyDataset`s, loaders of other libraries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from schuss.data._ahead import ahead
from schuss.training._arrays import is_frame
from schuss.training._data import Piece, class_weights_of, piece_of, warn_of_end
from schuss.training.py_dataset import PyDataset

_END = object()


def is_batches(x: Any) -> bool:
    """Whether `x` gives batches one after the other, rather than being the data."""
    if isinstance(x, type):
        raise TypeError(f"x is the class {x.__name__}; pass an object of it: {x.__name__}(…).")
    if isinstance(x, PyDataset) or hasattr(x, "__next__"):
        return True
    if isinstance(x, (list, tuple, dict, str, bytes, np.ndarray)) or is_frame(x) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") and not hasattr(x, "toarray")


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """A batch as ``(x, y, sample_weight)``, with None for what it does not have.

    Args:
        data: x, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Example:
        >>> from schuss.utils import unpack_x_y_sample_weight
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    return unpacked(data)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The contrary of `unpack_x_y_sample_weight`: a tuple of what there is, or `x` alone.

    Example:
        >>> from schuss.utils import pack_x_y_sample_weight
        >>> pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


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
        class_weight: class → weight, or None. seed: of the order. text: whether inputs may be text.

    Attributes:
        steps: the number of batches in a pass, None where it is not known.
    """

    def __init__(
        self, batches: Any, shuffle: Any = False, class_weight: Any = None, seed: int = 0, text: bool = False
    ):
        self.batches: Any = batches
        self.shuffle, self.class_weight, self.text = shuffle, class_weight, text
        self._random = np.random.default_rng(seed)
        self._once = hasattr(batches, "__next__")
        self._under_way: Iterator[Any] | None = None
        self._empty = True

    @property
    def steps(self) -> int | None:
        if isinstance(self.batches, PyDataset):
            return self.batches.num_batches
        try:
            return None if self._once else len(self.batches)
        except TypeError:
            return None

    def pieces(self, steps: int | None = None) -> Iterator[Piece]:
        """One pass; or, with `steps`, the next so many batches of the pass under way.

        An epoch ends with the pass, with a warning if there were fewer batches; the next one begins a new
        pass. A generator has only one.

        Raises:
            ValueError: there was no batch at all.
        """
        made, fresh = 0, self._under_way is None
        while True:
            if self._under_way is None:
                self._under_way = iter(self._pass())
            while (data := next(self._under_way, _END)) is not _END:  # held here alone, to be let go of
                yield self._piece(data)
                made += 1
                self._empty = False
                if made == steps:
                    return
            if not self._once:
                self._under_way = None
            if made or fresh or self._once:
                break
            fresh = True  # the last epoch had ended with the last batch
        if self._empty:
            raise ValueError(
                f"The data is empty: {type(self.batches).__name__} gave no batch. It must give at least one."
            )
        if steps is not None or not made:
            warn_of_end(made, steps)

    def peek(self, most: int, size: int) -> list[Piece]:
        """The first batches, which will come again in the next pass: at most so many, of so many bytes.

        Those of a generator are kept, and come before what it gives then.
        """
        if isinstance(self.batches, PyDataset):
            count = self.batches.num_batches
            source: Any = (self.batches[i] for i in range(most if count is None else count))
        else:
            source = iter(self.batches)
        taken, pieces = [], []
        for data in itertools.islice(source, most):
            taken.append(data)
            pieces.append(self._piece(data))
            size -= sum(array.nbytes for array in pieces[-1].arrays)
            if size <= 0:
                break
        if self._once:
            self.batches = itertools.chain(taken, self.batches)
        return pieces

    def restart(self) -> None:
        """The next pass begins at the beginning, but for a generator, which cannot. Threads that make batches
        ahead end."""
        if not self._once:
            self._under_way = None

    def _pass(self) -> Iterator[Any]:
        if not isinstance(self.batches, PyDataset):
            return iter(self.batches)
        count = self.batches.num_batches
        order: Any = itertools.count() if count is None else range(count)
        if self.shuffle and count is not None:
            order = self._random.permutation(count).tolist()
        if self.batches.workers > 1:
            return ahead(
                iter(order), self.batches.__getitem__, self.batches.workers, self.batches.max_queue_size
            )
        return (self.batches[index] for index in order)

    def _piece(self, data: Any) -> Piece:
        x, y, weight = unpacked(data)
        piece = piece_of(x, y, weight, self.text)
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
