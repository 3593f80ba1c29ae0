"""PyDataset: data that a user's object makes batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class PyDataset:
    """Base class of data sets that give a batch for each index. Also known as ``Sequence``.

    Subclasses define ``__len__``, the number of batches in an epoch, and ``__getitem__(i)``, which returns
    batch i: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``, arrays with the same number of rows.

    Args:
        workers: int, 1. More: so many threads call ``__getitem__`` ahead of its use.
        use_multiprocessing: taken for Keras's sake; threads are used.
        max_queue_size: int, 10. How many batches may be waiting, with several workers.

    Example:
        >>> import numpy as np, schuss
        >>> class Squares(schuss.utils.PyDataset):
        ...     def __len__(self):
        ...         return 4
        ...     def __getitem__(self, index):
        ...         x = np.random.default_rng(index).normal(size=(8, 1)).astype("float32")
        ...         return x, x ** 2
        >>> Squares().num_batches
        4
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self.workers, self.use_multiprocessing, self.max_queue_size = (
            workers,
            use_multiprocessing,
            max_queue_size,
        )

    def __getattr__(self, name: str) -> Any:
        defaults = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}
        if name in defaults:  # a subclass that does not call super().__init__()
            return defaults[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getitem__(self, index: int) -> Any:
        """Batch number `index`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define __getitem__(index), which returns a batch."
        )

    @property
    def num_batches(self) -> int | None:
        """The number of batches in an epoch; None (a subclass may say so) for a data set without end."""
        count = getattr(self, "__len__", None)
        if count is None:
            raise NotImplementedError(f"{type(self).__name__} must define __len__(), the number of batches.")
        return int(count())

    def on_epoch_begin(self) -> None:
        """Called at the beginning of each epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of each epoch."""

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        index = 0
        while count is None or index < count:
            yield self[index]
            index += 1


Sequence = PyDataset
"""The older name."""
