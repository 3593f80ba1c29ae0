"""``tf.data.Dataset``: pipelines of elements, evaluated as they are read, in NumPy.

Rows of arrays stay numbers of rows for as long as nothing but their order and choice changes (`shuffle`,
`take`, `repeat`, …), so that `batch` can gather them at once.
"""

# ruff: noqa: ARG004 (TensorFlow's signatures)

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from schuss.compat._eager import EagerTensor, TensorShape, eager, to_tensor
from schuss.compat.tf.arrays import TensorSpec
from schuss.graph import Tensor, Variable, _tree
from schuss.random import draw_seed

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Options"]

AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -1, -2


class Options:
    """Settings of pipelines; they change nothing here."""

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Options:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = Options()
        return self.__dict__[name]


class Dataset:
    """Elements (tensors, or tuples and dicts of them) one after the other, anew at each iteration.

    Example:
        >>> from schuss.compat.tf.data import Dataset
        >>> data = Dataset.range(5).map(lambda x: x * x).batch(2)
        >>> [batch.numpy().tolist() for batch in data]
        [[0, 1], [4, 9], [16]]
    """

    def __init__(
        self,
        elements: Callable[[], Iterator[Any]],
        count: int = UNKNOWN_CARDINALITY,
        spec: Any = None,
        rows: tuple[Any, Callable[[], Iterator[int]]] | None = None,
    ):
        self._elements, self._count, self._spec, self._rows = elements, count, spec, rows

    # Sources ---

    @staticmethod
    def from_tensor_slices(tensors: Any, name: Any = None) -> Dataset:
        """The rows of arrays (of a structure of them) as elements."""
        arrays = _tensors(tensors)
        shapes = [leaf.shape for leaf in _tree.leaves(arrays)]
        if not shapes or any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                "Dataset.from_tensor_slices: all arrays must have the same first size, got shapes "
                f"{list(map(tuple, shapes))}."
            )
        size: int = shapes[0][0]
        spec = _tree.map_structure(lambda x: TensorSpec(x.shape[1:], x.dtype), arrays)
        return _of_rows(arrays, lambda: iter(range(size)), size, spec)

    @staticmethod
    def from_tensors(tensors: Any, name: Any = None) -> Dataset:
        """One element."""
        element = _tensors(tensors)
        return Dataset(lambda: iter([element]), 1, _spec_of(element))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = (),
        output_signature: Any = None,
        name: Any = None,
    ) -> Dataset:
        """What ``generator(*args)`` yields, in the types of the signature."""
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable: a function that returns a generator.")
        signature = output_signature
        if signature is None and output_types is not None:
            signature = _tree.map_structure(lambda dtype: TensorSpec(None, dtype), output_types)

        def elements() -> Iterator[Any]:
            for element in generator(*args):
                yield _tensors(element) if signature is None else _in_types(element, signature)

        return Dataset(elements, UNKNOWN_CARDINALITY, signature)

    @staticmethod
    def range(*args: int, output_type: Any = "int64", name: Any = None) -> Dataset:
        """``range(*args)``."""
        return Dataset.from_tensor_slices(to_tensor(np.arange(*args), output_type))

    @staticmethod
    def zip(*datasets: Any, name: Any = None) -> Dataset:
        """Elements of several data sets side by side, until one ends."""
        parts = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (tuple, list)) else datasets
        counts = [d._count for d in parts]
        finite = [n for n in counts if n != INFINITE_CARDINALITY]
        count = INFINITE_CARDINALITY if not finite else UNKNOWN_CARDINALITY if -2 in finite else min(finite)
        return Dataset(lambda: zip(*parts), count, lambda: tuple(d.element_spec for d in parts))

    # What elements are ---

    @property
    def element_spec(self) -> Any:
        """Shape and type of an element, as `TensorSpec`s."""
        if callable(self._spec):
            self._spec = self._spec()
        if self._spec is None:
            self._spec = _spec_of(next(iter(self)))
        return self._spec

    def cardinality(self) -> Any:
        """The number of elements; −1: no end, −2: not known."""
        return eager(np.asarray(self._count, "int64"))

    def __len__(self) -> int:
        if self._count < 0:
            raise TypeError(f"The dataset is {'infinite' if self._count == -1 else 'of unknown length'}.")
        return self._count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements with NumPy arrays in the place of tensors."""
        return (_tree.map_structure(lambda x: x.numpy(), element) for element in self)

    def __repr__(self) -> str:
        return f"<Dataset element_spec={self.element_spec}>"

    # Order and choice ---

    def _chosen(self, choose: Callable[[Iterator[Any]], Iterator[Any]], count: int) -> Dataset:
        """The elements, or the numbers of the rows, that `choose` makes of them."""
        if self._rows is not None:
            arrays, order = self._rows
            return _of_rows(arrays, lambda: choose(order()), count, self._spec)
        return Dataset(lambda: choose(iter(self)), count, lambda: self.element_spec)

    def shuffle(
        self,
        buffer_size: int,
        seed: Any = None,
        reshuffle_each_iteration: bool | None = None,
        name: Any = None,
    ) -> Dataset:
        """In random order: each element is drawn from a buffer of the next `buffer_size`."""
        if int(buffer_size) < 1:
            raise ValueError(f"Dataset.shuffle: `buffer_size` must be at least 1, got {buffer_size}.")
        size = int(buffer_size)
        seed = draw_seed() if seed is None else int(seed)
        generator = np.random.default_rng(seed)
        fixed = reshuffle_each_iteration is False

        def choose(elements: Iterator[Any]) -> Iterator[Any]:
            return _shuffled(elements, size, np.random.default_rng(seed) if fixed else generator)

        return self._chosen(choose, self._count)

    def take(self, count: int, name: Any = None) -> Dataset:
        """The first `count` elements; −1: all."""
        n = int(count)
        if n < 0:
            return self
        return self._chosen(lambda e: itertools.islice(e, n), n if self._count == -1 else min(n, self._count))

    def skip(self, count: int, name: Any = None) -> Dataset:
        """Without the first `count` elements."""
        n = int(count)
        left = (
            0 if n < 0 and self._count >= 0 else self._count if self._count < 0 else max(0, self._count - n)
        )
        return self._chosen(lambda e: iter(()) if n < 0 else itertools.islice(e, n, None), left)

    def shard(self, num_shards: int, index: int, name: Any = None) -> Dataset:
        """Every `num_shards`-th element, from `index` on."""
        count = self._count if self._count < 0 else len(range(index, self._count, num_shards))
        return self._chosen(lambda e: itertools.islice(e, index, None, num_shards), count)

    def repeat(self, count: int | None = None, name: Any = None) -> Dataset:
        """So many times; without an end for None or −1."""
        times = -1 if count is None else int(count)
        endless = times < 0
        again = self._rows[1] if self._rows is not None else self.__iter__

        def repeated(_: Any = None) -> Iterator[Any]:
            for _number in itertools.count() if endless else range(times):
                empty = True
                for item in again():
                    empty = False
                    yield item
                if empty:
                    return

        total = -1 if endless and self._count else self._count if self._count < 0 else self._count * times
        if self._rows is not None:
            return _of_rows(self._rows[0], repeated, total, self._spec)
        return Dataset(repeated, total, lambda: self.element_spec)

    def concatenate(self, dataset: Dataset, name: Any = None) -> Dataset:
        """These elements, then those of another data set."""
        known = self._count >= 0 and dataset._count >= 0
        count = self._count + dataset._count if known else min(-1, self._count, dataset._count)
        return Dataset(lambda: itertools.chain(self, dataset), count, lambda: self.element_spec)

    def filter(self, predicate: Callable[..., Any], name: Any = None) -> Dataset:
        """The elements for which `predicate` is true."""
        return Dataset(
            lambda: (e for e in self if bool(_applied(predicate, e))), -2, lambda: self.element_spec
        )

    def cache(self, filename: Any = "", name: Any = None) -> Dataset:
        """The elements are computed once, and kept in memory."""
        kept: list[Any] = []
        done = False

        def elements() -> Iterator[Any]:
            nonlocal done
            if done:
                yield from kept
                return
            seen = []
            for element in self:
                seen.append(element)
                yield element
            kept[:], done = seen, True

        return self if self._rows is not None else Dataset(elements, self._count, lambda: self.element_spec)

    def prefetch(self, buffer_size: Any = None, name: Any = None) -> Dataset:
        """The same elements."""
        return self

    def with_options(self, options: Any, name: Any = None) -> Dataset:
        """The same elements."""
        return self

    # Changing elements ---

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Dataset:
        """``map_func(*element)`` of tuples, ``map_func(element)`` of others."""
        return Dataset(lambda: (_tensors(_applied(map_func, e)) for e in self), self._count)

    def enumerate(self, start: int = 0, name: Any = None) -> Dataset:
        """``(number, element)``."""
        return Dataset(
            lambda: ((eager(np.asarray(i, "int64")), e) for i, e in enumerate(self, start)), self._count
        )

    def flat_map(self, map_func: Callable[..., Any], name: Any = None) -> Dataset:
        """The elements of the data sets that `map_func` makes of elements, one after the other."""
        return Dataset(lambda: itertools.chain.from_iterable(_applied(map_func, e) for e in self))

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: Any = None, block_length: Any = None, **_: Any
    ) -> Dataset:
        """The elements of the data sets that `map_func` makes, `block_length` of each of `cycle_length` in turn."""
        cycle = 2 if cycle_length in (None, AUTOTUNE) else int(cycle_length)

        def elements() -> Iterator[Any]:
            sources = iter(self)
            running = [iter(_applied(map_func, e)) for e in itertools.islice(sources, cycle)]
            while running:
                for at, current in list(enumerate(running)):
                    block = list(itertools.islice(current, block_length or 1))
                    yield from block
                    if len(block) < (block_length or 1):
                        fresh = next(sources, None)
                        running[at] = None if fresh is None else iter(_applied(map_func, fresh))
                running = [r for r in running if r is not None]

        return Dataset(elements)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """``transformation_func(self)``."""
        return transformation_func(self)

    def unbatch(self, name: Any = None) -> Dataset:
        """The rows of elements as elements."""

        def elements() -> Iterator[Any]:
            for element in self:
                flat, definition = _tree.flatten(element)
                for row in zip(*flat):
                    yield _tree.unflatten(definition, row)

        return Dataset(elements)

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Dataset:
        """`batch_size` elements stacked; the last batch may be smaller, unless it is dropped."""
        size = int(batch_size)
        if size < 1:
            raise ValueError(f"Dataset.batch: `batch_size` must be at least 1, got {batch_size}.")

        def elements() -> Iterator[Any]:
            arrays, source = (None, iter(self)) if self._rows is None else (self._rows[0], self._rows[1]())
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop_remainder:
                    yield _stacked(group) if arrays is None else _gathered(arrays, np.asarray(group))

        full, rest = divmod(self._count, size)
        count = self._count if self._count < 0 else full + (bool(rest) and not drop_remainder)
        first = size if drop_remainder else None
        return Dataset(elements, count, lambda: _batched_spec(self.element_spec, first))

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: Any = None,
    ) -> Dataset:
        """Batches of arrays of different sizes, filled up (with 0) to the largest."""
        size = int(batch_size)

        def elements() -> Iterator[Any]:
            source = iter(self)
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop_remainder:
                    yield _padded(group, padded_shapes, padding_values)

        full, rest = divmod(self._count, size)
        count = self._count if self._count < 0 else full + (bool(rest) and not drop_remainder)
        return Dataset(elements, count)

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: Any = None,
    ) -> Dataset:
        """Data sets of `size` elements each, beginning `shift` apart."""
        step = size if shift is None else int(shift)

        def elements() -> Iterator[Any]:
            kept = list(self)
            for start in range(0, len(kept), step):
                part = kept[start : start + size * stride : stride]
                if len(part) < size and drop_remainder:
                    return
                yield _window(part)

        return Dataset(elements)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: Any = None) -> Any:
        """``state = reduce_func(state, element)`` over all elements."""
        state = _tensors(initial_state)
        for element in self:
            state = _tensors(reduce_func(state, element))
        return state


def _of_rows(arrays: Any, order: Callable[..., Iterator[int]], count: int, spec: Any) -> Dataset:
    def elements() -> Iterator[Any]:
        for i in order():
            yield _tree.map_structure(lambda x, i=i: eager(np.asarray(x)[i]), arrays)

    return Dataset(elements, count, spec, (arrays, order))


def _window(part: list[Any]) -> Any:
    """A window's elements as a data set; of tuples and dicts a tuple or dict of data sets."""
    flat = [_tree.flatten(element) for element in part]
    columns = [
        Dataset.from_tensor_slices(_stacked(list(column))) for column in zip(*(leaves for leaves, _ in flat))
    ]
    return _tree.unflatten(flat[0][1], columns)


def _shuffled(elements: Iterator[Any], size: int, random: np.random.Generator) -> Iterator[Any]:
    buffer = list(itertools.islice(elements, size))
    for element in elements:
        at = int(random.integers(len(buffer)))
        yield buffer[at]
        buffer[at] = element
    for at in random.permutation(len(buffer)):
        yield buffer[at]


def _tensors(structure: Any) -> Any:
    """A structure with tensors as leaves; lists become one tensor, as in TensorFlow."""
    if isinstance(structure, dict):
        return {key: _tensors(value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        parts = [_tensors(value) for value in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    if structure is None or isinstance(structure, Dataset):
        return structure
    if isinstance(structure, (EagerTensor, Tensor, Variable)) or not hasattr(structure, "to_numpy"):
        return to_tensor(structure)
    if hasattr(structure, "columns"):  # a data frame
        return {str(name): to_tensor(structure[name].to_numpy()) for name in structure.columns}
    return to_tensor(structure.to_numpy())


def _in_types(element: Any, signature: Any) -> Any:
    if isinstance(signature, TensorSpec):
        tensor = to_tensor(element, signature.dtype)
        if signature.shape is not None and not TensorShape(tensor.shape).is_compatible_with(signature.shape):
            raise ValueError(
                f"The generator yielded an element of shape {tuple(tensor.shape)} where an element of shape "
                f"{signature.shape} was expected."
            )
        return tensor
    if isinstance(signature, dict):
        return {key: _in_types(element[key], part) for key, part in signature.items()}
    if len(element) != len(signature):
        raise ValueError(f"The generator yielded {len(element)} parts, the signature has {len(signature)}.")
    return tuple(_in_types(e, part) for e, part in zip(element, signature))


def _applied(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


def _spec_of(element: Any) -> Any:
    return _tree.map_structure(lambda x: TensorSpec(x.shape, x.dtype), element)


def _batched_spec(spec: Any, first: int | None) -> Any:
    return _tree.map_structure(
        lambda s: TensorSpec(None if s.shape is None else (first, *s.shape), s.dtype), spec
    )


def _gathered(arrays: Any, rows: np.ndarray) -> Any:
    return _tree.map_structure(lambda x: eager(np.asarray(x)[rows]), arrays)


def _stacked(group: list[Any]) -> Any:
    try:
        return _tree.map_structure(lambda *xs: eager(np.stack([np.asarray(x) for x in xs])), *group)
    except ValueError as error:
        shapes = [[tuple(x.shape) for x in _tree.leaves(e)] for e in group]
        raise ValueError(
            f"Cannot batch tensors with different shapes: {shapes}. Use padded_batch."
        ) from error


def _padded(group: list[Any], shapes: Any, fills: Any) -> Any:
    flat, definition = zip(*map(_tree.flatten, group))
    wanted = [None] * len(flat[0]) if shapes is None else _shape_leaves(shapes)
    filling = _tree.leaves(fills) if fills is not None else [0]
    filling = filling * len(flat[0]) if len(filling) == 1 else filling
    columns = []
    for column, shape, fill in zip(zip(*flat), wanted, filling):
        largest = tuple(max(sizes) for sizes in zip(*(x.shape for x in column)))
        target = largest if shape is None else tuple(
            n if s is None or s == -1 else s for n, s in zip(largest, shape)
        )  # fmt: skip
        out = np.full((len(column), *target), fill, column[0].dtype)
        for i, x in enumerate(column):
            if any(n > m for n, m in zip(x.shape, target)):
                raise ValueError(
                    f"padded_batch: an element of shape {tuple(x.shape)} is larger than {target}."
                )
            out[(i, *map(slice, x.shape))] = np.asarray(x)
        columns.append(eager(out))
    return _tree.unflatten(definition[0], columns)


def _shape_leaves(shapes: Any) -> list[Any]:
    """The shapes of a structure of shapes."""
    if isinstance(shapes, dict):
        return [leaf for key in sorted(shapes) for leaf in _shape_leaves(shapes[key])]
    if isinstance(shapes, (list, tuple)) and any(isinstance(s, (list, tuple)) for s in shapes):
        return [leaf for part in shapes for leaf in _shape_leaves(part)]
    return [tuple(shapes)]
