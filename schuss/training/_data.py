"""Data sets whose rows lie in memory (or on disk, as memory maps): cut into steps, shuffled, split; never
copied."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.training._arrays import as_arrays, column_names, names_of
from schuss.utils._cached import cached_property

DEFAULT_BATCH = 32


class Counted:
    """An iterable of pieces that counts the steps of those that were asked for."""

    def __init__(self, pieces: Iterable[Piece]):
        self._pieces, self.steps = pieces, 0

    def __iter__(self) -> Iterator[Piece]:
        for piece in self._pieces:
            self.steps += piece.steps
            yield piece


@dataclass
class Piece:
    """Some steps with batches of one size: in step s, the rows ``rows[s*batch : (s+1)*batch]`` of every
    array."""

    structure: Any
    rows: np.ndarray
    batch: int
    steps: int

    @property
    def arrays(self) -> list[np.ndarray]:
        return _tree.leaves(self.structure)

    def split(self, size: int | None, first: int | None = None, start: int = 0) -> Iterator[Piece]:
        """The piece from step `start` on, in parts of at most `size` steps (the first of at most `first`);
        whole for None."""
        count = first or size or self.steps
        while start < self.steps:
            count = min(count, self.steps - start)
            rows = self.rows[start * self.batch : (start + count) * self.batch]
            yield Piece(self.structure, rows, self.batch, count)
            start, count = start + count, size or self.steps


class ArrayData:
    """Inputs, labels and weights as arrays of one length.

    Args:
        x, y, sample_weight: nested structures of arrays.
        batch_size: int; see `cut`. shuffle: True, False or ``"batch"`` (the order of batches, not of rows).
        seed: of the order of rows.
        text: whether inputs may be text.

    Attributes:
        structure: ``(x, y, sample_weight)``. size: the number of rows. columns: names of the columns of
            frames.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int = DEFAULT_BATCH,
        shuffle: Any = False,
        seed: int = 0,
        text: bool = False,
    ):
        self.columns = {"x": column_names(x), "y": column_names(y)}
        self.structure = _arrays(x, y, sample_weight, text)
        self.size = _common_length(self.structure)
        self.batch_size, self.shuffle = batch_size, shuffle
        self._seed = seed
        self._rest = np.empty(0, np.int64)

    @cached_property
    def _random(self) -> np.random.Generator:
        return np.random.default_rng(self._seed)

    @property
    def steps(self) -> int:
        """The number of batches in a pass, with the last, smaller one."""
        return -(-self.size // self.batch_size)

    def cut(self, batch_size: int | None, steps: int | None) -> None:
        """Set the size of the batches: the given one; else such that there are `steps` batches; else 32."""
        of_steps = -(-self.size // steps) if steps else DEFAULT_BATCH
        self.batch_size = batch_size or of_steps

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """The first rows, and the last `fraction` of them, as two data sets on the same memory.

        Raises:
            ValueError: nothing would be left for one of them.
        """
        at = int(np.floor(self.size * (1.0 - fraction)))
        if at == 0 or at == self.size:
            raise ValueError(
                f"Training data contains {self.size} samples, which is not sufficient to split it into a "
                "validation and "
                f"training set as specified by `validation_split={fraction}`. Either provide more data, or a "
                "different "
                "value for the `validation_split` argument."
            )
        return self._part(slice(0, at)), self._part(slice(at, self.size))

    def _part(self, rows: slice) -> ArrayData:
        part = object.__new__(ArrayData)
        part.__dict__.update(self.__dict__)
        part.structure = _tree.map_structure(lambda array: array[rows], self.structure)
        part.size = rows.stop - rows.start
        return part

    def pieces(self, steps: int | None = None) -> Iterator[Piece]:
        """One pass; or, with `steps`, the next so many batches of the pass under way.

        An epoch of some steps goes on where the last one stopped, and ends with the pass: if it has fewer
        batches left, with a warning. The next one begins a new pass.
        """
        rows = self._rest if steps is not None and self._rest.size else self._order()
        count = len(rows) if steps is None else steps * self.batch_size
        rows, self._rest = rows[:count], rows[count:]
        made = -(-len(rows) // self.batch_size)
        if steps is not None and made < steps:
            warn_of_end(made, steps)
        yield from self._cut(rows)

    def restart(self) -> None:
        """The next pass begins at the beginning."""
        self._rest = np.empty(0, np.int64)

    def first_piece(self) -> Piece:
        """The first rows, as many as in a batch."""
        count = min(self.batch_size, self.size)
        return Piece(self.structure, np.arange(count, dtype=np.int64), count, 1)

    def _order(self) -> np.ndarray:
        if self.shuffle == "batch":
            full = self.size // self.batch_size * self.batch_size
            batches = self._random.permutation(full // self.batch_size)
            rows = (batches[:, None] * self.batch_size + np.arange(self.batch_size)).reshape(-1)
            return np.concatenate([rows, np.arange(full, self.size)]).astype(np.int64)
        if self.shuffle:
            return self._random.permutation(self.size).astype(np.int64, copy=False)
        return np.arange(self.size, dtype=np.int64)

    def _cut(self, rows: np.ndarray) -> Iterator[Piece]:
        full = rows.size // self.batch_size
        if full:
            yield Piece(self.structure, rows[: full * self.batch_size], self.batch_size, full)
        left = rows.size - full * self.batch_size
        if left:
            yield Piece(self.structure, np.ascontiguousarray(rows[-left:]), left, 1)

    def begin_epoch(self) -> None:
        """Nothing to do: arrays do not change between epochs."""

    def end_epoch(self) -> None:
        """Nothing to do: arrays do not change between epochs."""


def warn_of_end(made: int, steps: int | None) -> None:
    """A warning that there were fewer batches than were asked for."""
    wanted = "" if steps is None else f" after {made} of {steps} steps"
    warnings.warn(
        f"Your input ran out of data{wanted}. Make sure that it gives at least `steps_per_epoch * epochs` "
        "batches: a generator, which can be read only once, has to go on for so long; other data begin "
        "anew in the next epoch.",
        stacklevel=2,
    )


def _common_length(structure: tuple[Any, Any, Any]) -> int:
    """The number of rows, which all arrays share."""
    sizes = [len(leaf) for leaf in _tree.leaves(structure)]
    if not _tree.leaves(structure[0]):
        raise ValueError("There is no data: x is None or empty.")
    if len(set(sizes)) > 1:
        named = zip(names_of(structure), sizes, strict=True)
        text = ", ".join(f"{name} has {size} rows" for name, size in named)
        raise ValueError(
            f"Data cardinality is ambiguous: all arrays must have the same number of samples, but {text}. "
            "Row i of y belongs to row i of x."
        )
    if sizes[0] == 0:
        raise ValueError("The data is empty: x has 0 rows.")
    return sizes[0]


def class_weights_of(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """A weight for each sample: that of its class, 1 for classes that are not mentioned.

    Args:
        y: integer labels [n] or [n, 1], or one-hot labels [n, classes].
        class_weight: class → weight.

    Raises:
        ValueError: labels of several outputs, or weights that are no dict.
    """
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"`class_weight` must be a dict from class to weight, like {{0: 1.0, 1: 5.0}}, got "
            f"{class_weight!r}."
        )
    for label, weight in class_weight.items():
        if isinstance(label, str) or not isinstance(weight, (int, float, np.number)):
            raise ValueError(
                "`class_weight` must be a dict from class (an integer) to weight (a number), got the entry "
                f"{label!r}: {weight!r}."
            )
    leaves = _tree.leaves(y)
    if not leaves:
        raise ValueError("`class_weight` needs labels: pass y.")
    if len(leaves) != 1:
        raise ValueError(
            f"`class_weight` is only supported for models with a single output; y has {len(leaves)} arrays. "
            "Use "
            "`sample_weight`."
        )
    labels = leaves[0]
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] != 1 else labels[..., 0]
    labels = np.rint(labels).astype(np.int64)
    weights = np.ones(labels.shape, np.float32)
    for label, weight in class_weight.items():
        weights[labels == int(label)] = weight
    return weights


def _arrays(x: Any, y: Any, sample_weight: Any, text: bool) -> tuple[Any, Any, Any]:
    return as_arrays(x, "x", text), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")


def piece_of(x: Any, y: Any = None, sample_weight: Any = None, text: bool = False) -> Piece:
    """One batch as a piece of one step."""
    structure = _arrays(x, y, sample_weight, text)
    size = _common_length(structure)
    return Piece(structure, np.arange(size, dtype=np.int64), size, 1)
