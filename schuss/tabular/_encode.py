"""A table as arrays: read once through the encoder, in memory or, if it is large, on disk; divided into parts on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schuss.tabular._encoder import raw_inputs
from schuss.tabular._kinds import Column
from schuss.tabular._sources import Source
from schuss.tabular._target import Target

MOST_BYTES = 1 << 30
"""Arrays that are larger together are kept in files, not in memory."""


class Division:
    """Which rows belong to which part: by chance, of each class the same share. Rows come in pieces.

    Args:
        target: what is predicted. shares: of each part; together 1. seed: of the chance.

    Attributes:
        sizes: rows of each part.
    """

    def __init__(self, target: Target, shares: list[float], seed: int):
        random = np.random.default_rng(seed)
        ends = np.cumsum(shares) / np.sum(shares)
        self._orders: list[np.ndarray] = []
        self._seen = [0] * max(1, len(target.classes))
        for count in target.counts or [target.rows]:
            sizes = np.diff(np.rint(ends * count).astype(int), prepend=0)
            order = np.repeat(np.arange(len(shares), dtype="uint8"), sizes)
            self._orders.append(random.permutation(order))
        self._by_class = bool(target.classes)
        self.sizes = [
            sum(int((order == part).sum()) for order in self._orders) for part in range(len(shares))
        ]

    def parts_of(self, y: np.ndarray) -> np.ndarray:
        """The parts of the next rows, whose classes (or quantities) these are."""
        found = np.zeros(len(y), "uint8")
        for label, order in enumerate(self._orders):
            rows = np.flatnonzero(y == label) if self._by_class else np.arange(len(y))
            start = self._seen[label]
            found[rows] = order[start : start + len(rows)]
            self._seen[label] = start + len(rows)
        return found


@dataclass
class Part:
    """Rows for a network: `x`, its inputs by name, and `y`: classes' numbers (int32 ``[n]``; ``[n, 1]`` float32 for two) or
    standardized quantities (float32 ``[n, 1]``)."""

    x: dict[str, np.ndarray]
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, which: np.ndarray) -> Part:
        return Part({name: values[which] for name, values in self.x.items()}, self.y[which])


@dataclass
class EncodedTable:
    """The parts of a table. `which`: to which one each row with a target belongs, in the order of the table. `folder` holds
    the files of large ones, which are removed with it."""

    parts: list[Part]
    which: np.ndarray
    folder: tempfile.TemporaryDirectory[str] | None = None


def targets(target: Target, y: np.ndarray) -> np.ndarray:
    """Classes' numbers or quantities as a network learns them."""
    if target.task == "regression":
        return ((y - target.mean) / target.deviation).astype("float32")[:, None]
    return y.astype("float32")[:, None] if target.outputs == 1 else y.astype("int32")


def encoded_table(
    source: Source,
    encoder: Any,
    columns: list[Column],
    target: Target,
    shares: list[float],
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> EncodedTable:
    """All rows that have a target, through the encoder.

    Args:
        source: the rows. encoder: of `Encoded`. columns, target: what is read. shares: of the parts. seed: of the division.
        progress: called with the number of rows so far.
    """
    division = Division(target, shares, seed)
    widths = {name: (tensor.shape[1], tensor.dtype) for name, tensor in encoder.output.items()}
    store = _Store(widths, target, division.sizes)
    ends, done, places = [0] * len(shares), 0, []
    for chunk in source.chunks():
        y = target.values(chunk, source.decimal)
        keep = np.flatnonzero(~np.isnan(y))
        done += len(y)
        if not len(keep):
            continue
        raw = {name: values[keep] for name, values in raw_inputs(chunk, columns, source.decimal).items()}
        numbers = encoder.predict(raw, batch_size=4096, verbose=0)
        which, y = division.parts_of(y[keep]), targets(target, y[keep])
        places.append(which)
        for place, part in enumerate(store.parts):
            rows = np.flatnonzero(which == place)
            start, ends[place] = ends[place], ends[place] + len(rows)
            for name, values in numbers.items():
                part.x[name][start : ends[place]] = values[rows]
            part.y[start : ends[place]] = y[rows]
        if progress:
            progress(done)
    return EncodedTable(store.parts, np.concatenate(places), store.folder)


class _Store:
    """Arrays of the sizes that are wanted, in memory or in files of a folder of their own."""

    def __init__(self, widths: dict[str, tuple[int, str]], target: Target, sizes: list[int]):
        row = sum(width * np.dtype(dtype).itemsize for width, dtype in widths.values()) + 4
        self.folder = (
            tempfile.TemporaryDirectory(prefix="schuss-table-") if row * sum(sizes) > MOST_BYTES else None
        )
        dtype = "float32" if target.outputs == 1 else "int32"
        shape = (1,) if target.outputs == 1 else ()
        self.parts = [
            Part(
                {
                    name: self._array(f"{n}-{name}", (size, width), kind)
                    for name, (width, kind) in widths.items()
                },
                self._array(f"{n}-target", (size, *shape), dtype),
            )
            for n, size in enumerate(sizes)
        ]

    def _array(self, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if self.folder is None or not shape[0]:
            return np.zeros(shape, dtype)
        return np.memmap(Path(self.folder.name, f"{name}.bin"), dtype, "w+", shape=shape)
