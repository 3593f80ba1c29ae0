"""Dataset: elements one after the other, anew at each iteration, made as they are read or ahead of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from schuss.data._ahead import ahead, cores
from schuss.data._elements import (
    ElementSpec,
    applied,
    as_elements,
    gathered,
    interleaved,
    padded,
    row,
    shuffled,
    stacked,
)
from schuss.graph import _tree
from schuss.random import draw_seed

AUTOTUNE, ENDLESS, UNKNOWN = -1, -1, -2
_AHEAD = 2  # elements that wait with prefetch(AUTOTUNE)
_PER_WORKER = 4  # elements of a map that wait for each of its threads


class _Rows(NamedTuple):
    """Elements that are rows of arrays: which, only their numbers say, until they are read."""

    arrays: Any
    order: Callable[[], Iterator[int]]


class Dataset:
    """Elements (arrays, or tuples and dicts of them) one after the other, anew at each iteration.

    What the methods return is a data set again; nothing is computed before it is iterated over. `fit` takes
    one whose elements are batches ``x``, ``(x, y)`` or ``(x, y, sample_weight)``. The methods are those of
    ``tf.data.Dataset``; elements are NumPy arrays. The order of elements never depends on the number of
    threads.

    Attributes:
        class_names: the classes in the order of their numbers, of data sets from folders; else None.
        file_paths: the files, in the order before local shuffling, of data sets from folders; else None.

    Example:
        >>> import schuss
        >>> data = schuss.data.Dataset.range(5).map(lambda x: x * x).batch(2)
        >>> [batch.tolist() for batch in data]
        [[0, 1], [4, 9], [16]]
    """

    class_names: list[str] | None = None
    file_paths: list[str] | None = None
    _batch_size: int | None = None
    _in_memory: bool = False
    _spec_type: ClassVar[Any] = ElementSpec

    def __init__(
        self,
        elements: Callable[[], Iterator[Any]],
        count: int = UNKNOWN,
        spec: Any = None,
        rows: _Rows | None = None,
    ):
        self._elements, self._count, self._spec, self._rows = elements, count, spec, rows

    # What functions and loops of the user get, and what becomes of their results; others have own tensors.

    def _shown(self, element: Any) -> Any:
        return element

    @staticmethod
    def _taken(structure: Any) -> Any:
        return as_elements(structure)

    # Sources ---

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Self:
        """The rows of arrays (of a structure of them) as elements.

        Raises:
            ValueError: the arrays have different numbers of rows, or there are none.
        """
        arrays = _tree.map_structure(np.asarray, cls._taken(tensors))
        shapes = [leaf.shape for leaf in _tree.leaves(arrays)]
        if not shapes or any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                "Dataset.from_tensor_slices: all arrays must have the same first size, got shapes "
                f"{list(map(tuple, shapes))}."
            )
        size: int = shapes[0][0]
        spec = _tree.map_structure(lambda x: cls._spec_type(x.shape[1:], x.dtype), arrays)
        return cls._of_rows(_Rows(arrays, lambda: iter(range(size))), size, spec)

    @classmethod
    def from_tensors(cls, tensors: Any) -> Self:
        """One element."""
        element = cls._taken(tensors)
        return cls(lambda: iter([element]), 1)

    @classmethod
    def from_generator(cls, generator: Callable[..., Any], args: Any = ()) -> Self:
        """What ``generator(*args)`` yields."""
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable: a function that returns a generator.")
        return cls(lambda: (cls._taken(element) for element in generator(*args)))

    @classmethod
    def range(cls, *args: int) -> Self:
        """The numbers of ``range(*args)``, as int64."""
        return cls.from_tensor_slices(np.arange(*args, dtype=np.int64))

    @classmethod
    def zip(cls, *datasets: Any) -> Self:
        """Elements of several data sets side by side, until one ends."""
        parts = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (tuple, list)) else datasets
        counts = [part._count for part in parts]
        finite = [n for n in counts if n != ENDLESS]
        count = ENDLESS if not finite else UNKNOWN if UNKNOWN in finite else min(finite)
        return cls(
            lambda: zip(*(part._elements() for part in parts)),
            count,
            lambda: tuple(part.element_spec for part in parts),
        )

    # What elements are ---

    @property
    def element_spec(self) -> Any:
        """Shape and dtype of an element's arrays. Where it is not known, the first element is made."""
        if callable(self._spec):
            self._spec = self._spec()
        if self._spec is None:
            first = next(self._elements())
            self._spec = _tree.map_structure(lambda x: self._spec_type(x.shape, x.dtype), first)
        return self._spec

    def cardinality(self) -> Any:
        """The number of elements; −1: no end, −2: not known."""
        return self._count

    def __len__(self) -> int:
        if self._count < 0:
            raise TypeError(
                f"The dataset is {'infinite' if self._count == ENDLESS else 'of unknown length'}."
            )
        return self._count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return map(self._shown, self._elements())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as NumPy arrays; numbers as NumPy's numbers."""
        return (_tree.map_structure(lambda x: np.asarray(x)[()], e) for e in self._elements())

    def __repr__(self) -> str:
        return f"<Dataset element_spec={self.element_spec}>"

    # Order and choice ---

    def shuffle(
        self, buffer_size: int, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Self:
        """In random order: each element is drawn from a buffer of the next `buffer_size`.

        Args:
            buffer_size: int ≥ 1. seed: int or None.
            reshuffle_each_iteration: False: in the same order each time. Default True.
        """
        if int(buffer_size) < 1:
            raise ValueError(f"Dataset.shuffle: `buffer_size` must be at least 1, got {buffer_size}.")
        size = int(buffer_size)
        seed = draw_seed() if seed is None else int(seed)
        generator = np.random.default_rng(seed)
        fixed = reshuffle_each_iteration is False

        def choose(elements: Iterator[Any]) -> Iterator[Any]:
            return shuffled(elements, size, np.random.default_rng(seed) if fixed else generator)

        return self._chosen(choose, self._count)

    def take(self, count: int) -> Self:
        """The first `count` elements; −1: all."""
        n = int(count)
        if n < 0:
            return self
        left = n if self._count == ENDLESS else min(n, self._count)
        return self._chosen(lambda e: itertools.islice(e, n), left)

    def skip(self, count: int) -> Self:
        """Without the first `count` elements; −1: without any."""
        n = int(count)
        left = self._count if self._count < 0 else 0 if n < 0 else max(0, self._count - n)
        return self._chosen(lambda e: iter(()) if n < 0 else itertools.islice(e, n, None), left)

    def shard(self, num_shards: int, index: int) -> Self:
        """Every `num_shards`-th element, from `index` on."""
        count = self._count if self._count < 0 else len(range(index, self._count, num_shards))
        return self._chosen(lambda e: itertools.islice(e, index, None, num_shards), count)

    def repeat(self, count: int | None = None) -> Self:
        """So many times; without an end for None or −1."""
        times = -1 if count is None else int(count)
        again = self._elements if self._rows is None else self._rows.order

        def repeated() -> Iterator[Any]:
            for _ in itertools.count() if times < 0 else range(times):
                empty = True
                for item in again():
                    empty = False
                    yield item
                if empty:
                    return

        total = ENDLESS if times < 0 and self._count else self._count * (times if self._count > 0 else 1)
        if self._rows is not None:
            return self._of_rows(_Rows(self._rows.arrays, repeated), total, self._spec)
        return self._derived(repeated, total, lambda: self.element_spec)

    def concatenate(self, dataset: Dataset) -> Self:
        """These elements, then those of another data set."""
        known = self._count >= 0 and dataset._count >= 0
        count = self._count + dataset._count if known else min(-1, self._count, dataset._count)
        return self._derived(
            lambda: itertools.chain.from_iterable(part._elements() for part in (self, dataset)),
            count,
            lambda: self.element_spec,
        )

    def filter(self, predicate: Callable[..., Any]) -> Self:
        """The elements for which `predicate` is true."""
        return self._derived(
            lambda: (e for e in self._elements() if bool(applied(predicate, self._shown(e)))),
            UNKNOWN,
            lambda: self.element_spec,
        )

    # Making elements ahead of their use, and keeping them ---

    def cache(self, filename: Any = "") -> Self:
        """The elements are made once, and kept in memory (also if a file is named)."""
        kept: list[Any] = []
        done = False

        def elements() -> Iterator[Any]:
            nonlocal done
            if done:
                yield from kept
                return
            seen = []
            for element in self._elements():
                seen.append(element)
                yield element
            kept[:], done = seen, True

        if self._rows is not None:
            return self
        return self._like(elements)

    def prefetch(self, buffer_size: Any = AUTOTUNE) -> Self:
        """A thread makes up to `buffer_size` elements ahead of their use: while `fit` trains on one batch,
        the next ones are read and decoded. What lies in memory anyway is left as it is.

        Args:
            buffer_size: int; −1 (``AUTOTUNE``): 2.
        """
        limit = _AHEAD if buffer_size is None or int(buffer_size) < 0 else int(buffer_size)
        if limit == 0 or self._in_memory:
            return self
        return self._like(lambda: ahead(self._elements(), lambda element: element, 1, limit))

    # Changing elements ---

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: Any = None,
    ) -> Self:
        """``map_func(*element)`` of tuples, ``map_func(element)`` of others.

        Args:
            map_func: function of arrays that gives arrays, or tuples and dicts of them.
            num_parallel_calls: int: so many threads call it, ahead of the results' use; −1 (``AUTOTUNE``):
                one for each core; None: none. The order stays in any case.
        """

        def function(element: Any) -> Any:
            return self._taken(applied(map_func, self._shown(element)))

        return self._made_by(function, num_parallel_calls)

    def _made_by(self, function: Callable[[Any], Any], workers: Any = None, spec: Any = None) -> Self:
        """``function(element)``, by `workers` threads."""
        if workers is None:
            return self._derived(lambda: map(function, self._elements()), self._count, spec)
        count = cores() if int(workers) < 0 else int(workers)
        if count < 1:
            raise ValueError(f"Dataset.map: `num_parallel_calls` must be at least 1, got {workers}.")
        return self._derived(
            lambda: ahead(self._elements(), function, count, _PER_WORKER * count), self._count, spec
        )

    def enumerate(self, start: int = 0) -> Self:
        """``(number, element)``."""
        return self._derived(
            lambda: ((np.asarray(i, np.int64), e) for i, e in enumerate(self._elements(), start)), self._count
        )

    def flat_map(self, map_func: Callable[..., Any]) -> Self:
        """The elements of the data sets that `map_func` makes of elements, one after the other."""
        return self._derived(lambda: itertools.chain.from_iterable(self._inner(map_func)))

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: Any = None, block_length: Any = None, **_: Any
    ) -> Self:
        """The elements of the data sets that `map_func` makes, `block_length` of each of `cycle_length` in turn."""
        cycle = 2 if cycle_length in (None, AUTOTUNE) else int(cycle_length)
        return self._derived(lambda: interleaved(self._inner(map_func), cycle, block_length or 1))

    def _inner(self, map_func: Callable[..., Any]) -> Iterator[Iterator[Any]]:
        return (applied(map_func, self._shown(element))._elements() for element in self._elements())

    def apply(self, transformation_func: Callable[[Self], Any]) -> Any:
        """``transformation_func(self)``."""
        return transformation_func(self)

    def unbatch(self) -> Self:
        """The rows of elements as elements."""

        def elements() -> Iterator[Any]:
            for element in self._elements():
                flat, definition = _tree.flatten(element)
                for each in zip(*(np.asarray(x)[..., None] if x.ndim == 1 else x for x in flat)):
                    rows = (e.reshape(x.shape[1:]) for e, x in zip(each, flat))
                    yield _tree.unflatten(definition, rows)

        return self._derived(elements)

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
    ) -> Self:
        """`batch_size` elements stacked; the last batch may be smaller, unless it is dropped.

        Raises:
            ValueError: the elements have different shapes, where the batch is made.
        """
        rows = self._rows
        if rows is None:
            return self._grouped(batch_size, drop_remainder, self._elements, stacked)
        made = self._grouped(
            batch_size, drop_remainder, rows.order, lambda group: gathered(rows.arrays, group)
        )
        made._in_memory = True
        return made

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
    ) -> Self:
        """Batches of arrays of different sizes, filled up (with 0) to the largest, or to `padded_shapes`."""
        made = self._grouped(
            batch_size,
            drop_remainder,
            self._elements,
            lambda group: padded(group, padded_shapes, padding_values),
        )
        if padded_shapes is not None or self._spec is None or callable(self._spec):
            made._spec = None  # which sizes differ, is not known
        return made

    def _grouped(
        self,
        batch_size: int,
        drop_remainder: bool,
        source: Callable[[], Iterator[Any]],
        together: Callable[[list[Any]], Any],
    ) -> Self:
        """Batches that `together` makes of so many of `source`."""
        size = int(batch_size)
        if size < 1:
            raise ValueError(f"Dataset.batch: `batch_size` must be at least 1, got {batch_size}.")

        def elements() -> Iterator[Any]:
            following = source()
            while group := list(itertools.islice(following, size)):
                if len(group) == size or not drop_remainder:
                    yield together(group)

        full, rest = divmod(self._count, size)
        count = self._count if self._count < 0 else full + (bool(rest) and not drop_remainder)
        first = size if drop_remainder else None
        made = self._derived(elements, count, lambda: self._batched_spec(first))
        made._batch_size = size
        return made

    def _batched_spec(self, first: int | None) -> Any:
        return _tree.map_structure(
            lambda s: self._spec_type(None if s.shape is None else (first, *s.shape), s.dtype),
            self.element_spec,
        )

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False
    ) -> Self:
        """Data sets of `size` elements each, beginning `shift` apart; of tuples, tuples of data sets."""
        step = size if shift is None else int(shift)

        def elements() -> Iterator[Any]:
            kept = list(self._elements())
            for start in range(0, len(kept), step):
                part = kept[start : start + size * stride : stride]
                if len(part) < size and drop_remainder:
                    return
                flat, definition = zip(*map(_tree.flatten, part))
                columns = [self.from_tensor_slices(stacked(list(column))) for column in zip(*flat)]
                yield _tree.unflatten(definition[0], columns)

        return self._derived(elements)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """``state = reduce_func(state, element)`` over all elements."""
        state = self._taken(initial_state)
        for element in self:
            state = self._taken(reduce_func(self._shown(state), element))
        return self._shown(state)

    # How data sets are made of others ---

    @classmethod
    def _of_rows(cls, rows: _Rows, count: int, spec: Any) -> Self:
        made = cls(lambda: (row(rows.arrays, i) for i in rows.order()), count, spec, rows)
        made._in_memory = True
        return made

    def _derived(self, elements: Callable[[], Iterator[Any]], count: int = UNKNOWN, spec: Any = None) -> Self:
        made = type(self)(elements, count, spec)
        made.class_names, made.file_paths = self.class_names, self.file_paths
        return made

    def _like(self, elements: Callable[[], Iterator[Any]], count: int | None = None) -> Self:
        """Elements as these: of the same kind and in batches of the same size."""
        made = self._derived(elements, self._count if count is None else count, lambda: self.element_spec)
        made._batch_size = self._batch_size
        return made

    def _chosen(self, choose: Callable[[Iterator[Any]], Iterator[Any]], count: int) -> Self:
        """The elements, or the numbers of the rows, that `choose` makes of them."""
        if self._rows is None:
            return self._like(lambda: choose(self._elements()), count)
        arrays, order = self._rows
        made = self._of_rows(_Rows(arrays, lambda: choose(order())), count, self._spec)
        made.class_names, made.file_paths = self.class_names, self.file_paths
        return made
