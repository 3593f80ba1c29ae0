"""Elements: arrays, or tuples and dicts of them; stacked to batches, padded, put into another order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import _tree


@dataclass(frozen=True)
class ElementSpec:
    """Shape (with None for unknown sizes; None: unknown) and dtype of an array in an element."""

    shape: tuple[int | None, ...] | None
    dtype: Any


def as_elements(structure: Any) -> Any:
    """A structure with arrays as leaves. Lists become one array, Python's floats float32."""
    if isinstance(structure, dict):
        return {key: as_elements(value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        parts = [as_elements(value) for value in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    if structure is None:
        return None
    if isinstance(structure, str):
        return np.array(structure, object)
    array = np.asarray(structure)
    if array.dtype == np.float64 and not hasattr(structure, "dtype"):
        return array.astype(np.float32)
    return array.astype(object) if array.dtype.kind == "U" and not hasattr(structure, "dtype") else array


def applied(function: Callable[..., Any], element: Any) -> Any:
    """``function(*element)`` of a tuple, ``function(element)`` of anything else."""
    return function(*element) if isinstance(element, tuple) else function(element)


def row(arrays: Any, index: int) -> Any:
    """Row `index` of each array."""
    return _tree.map_structure(lambda x: x[index : index + 1].reshape(x.shape[1:]), arrays)


def gathered(arrays: Any, rows: list[int]) -> Any:
    """These rows of each array."""
    return _tree.map_structure(lambda x: x[np.asarray(rows)], arrays)


def stacked(group: list[Any]) -> Any:
    """Elements of one shape as a batch."""
    try:
        return _tree.map_structure(lambda *xs: np.stack([np.asarray(x) for x in xs]), *group)
    except ValueError as error:
        shapes = [[tuple(x.shape) for x in _tree.leaves(e)] for e in group]
        raise ValueError(
            f"Cannot batch tensors with different shapes: {shapes}. Use padded_batch."
        ) from error


def padded(group: list[Any], shapes: Any, fills: Any) -> Any:
    """Elements as a batch, filled up to `shapes`; to the largest one for None."""
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
        columns.append(out)
    return _tree.unflatten(definition[0], columns)


def _shape_leaves(shapes: Any) -> list[Any]:
    """The shapes of a structure of shapes."""
    if isinstance(shapes, dict):
        return [leaf for key in sorted(shapes) for leaf in _shape_leaves(shapes[key])]
    if isinstance(shapes, (list, tuple)) and any(isinstance(s, (list, tuple)) for s in shapes):
        return [leaf for part in shapes for leaf in _shape_leaves(part)]
    return [tuple(shapes)]


def shuffled(elements: Iterator[Any], size: int, random: np.random.Generator) -> Iterator[Any]:
    """Each element is drawn from the next `size`."""
    buffer = list(itertools.islice(elements, size))
    for element in elements:
        at = int(random.integers(len(buffer)))
        yield buffer[at]
        buffer[at] = element
    for at in random.permutation(len(buffer)):
        yield buffer[at]


def interleaved(sources: Iterator[Iterator[Any]], cycle: int, block: int) -> Iterator[Any]:
    """`block` elements of each of `cycle` iterators in turn; where one ends, the next takes its place."""
    running: list[Iterator[Any]] = list(itertools.islice(sources, cycle))
    while running:
        left = []
        for current in running:
            elements = list(itertools.islice(current, block))
            yield from elements
            following = current if len(elements) == block else next(sources, None)
            if following is not None:
                left.append(following)
        running = left
