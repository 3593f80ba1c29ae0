"""HDF5 files of weights, read with care: arrays that lie in the file itself, and of the size that is stored."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

_LARGE = 1 << 30
_GREATEST_EXPANSION = 1000


class WeightsFile:
    """The groups ``…/vars`` of an open file; nothing is read before it is asked for.

    Args:
        file: an open ``h5py.File``. shown: its name, for messages.

    Attributes:
        shapes: path of the part of the model → key → shape of the array.

    Raises:
        ValueError: links to other files or places, something that is not an array of numbers.
    """

    def __init__(self, file: Any, shown: str):
        self._file, self._shown = file, shown
        self.shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        self._datasets: dict[str, dict[str, Any]] = {}
        self._find_groups()
        self.shapes = {path: self.shapes[path] for path in sorted(self.shapes)}

    def _find_groups(self) -> None:
        import h5py

        seen: set[Any] = set()
        pending: list[tuple[str, Any]] = [("", self._file)]
        while pending:
            path, group = pending.pop()
            if group in seen:  # it is found a second time, perhaps within itself
                continue
            seen.add(group)
            for name in group:
                below = f"{path}/{name}" if path else name
                require_hard_link(group, name, below, self._shown)
                item = group[name]
                if not isinstance(item, h5py.Group):
                    continue
                if name == "vars":
                    self._add(path, item)
                else:
                    pending.append((below, item))

    def _add(self, path: str, group: Any) -> None:
        datasets = {key: array_in(group, key, f"{path}/vars/{key}", self._shown) for key in group}
        self._datasets[path] = datasets
        self.shapes[path] = {key: tuple(item.shape) for key, item in datasets.items()}

    def read(self, path: str) -> dict[str, np.ndarray]:
        """The arrays of a part of the model.

        Raises:
            ValueError: an array's shape is out of all proportion to what is stored of it.
        """
        return {
            key: read_array(item, f"{path}/vars/{key}", self._shown)
            for key, item in self._datasets.get(path, {}).items()
        }


def require_hard_link(group: Any, name: str, place: str, shown: str) -> None:
    """A ValueError if something in a group is only a link to another place or file."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{shown}: {place} is a link to another place or file. Such files are not read.")


def array_in(group: Any, name: str, place: str, shown: str) -> Any:
    """The array of that name in a group, not read yet.

    Raises:
        ValueError: it is no array, not one of numbers, or lies in another file.
    """
    import h5py

    require_hard_link(group, name, place, shown)
    item = group[name]
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{shown}: {place} is not an array.")
    if item.external or item.is_virtual:
        raise ValueError(f"{shown}: the array {place} lies in another file. Such files are not read.")
    if item.dtype.kind not in "biuf" or item.shape is None:
        kind = f"of {item.dtype}" if item.shape is not None else "empty"
        raise ValueError(f"{shown}: {place} is not an array of numbers, but {kind}.")
    return item


def read_array(item: Any, place: str, shown: str) -> np.ndarray:
    """The array's values; a ValueError if its shape is out of all proportion to what is stored."""
    size = math.prod(item.shape) * item.dtype.itemsize
    stored = item.id.get_storage_size()
    if size > _LARGE and size > _GREATEST_EXPANSION * stored:
        raise ValueError(
            f"{shown}: {place} claims the shape {item.shape} ({size:,} bytes), of which {stored:,} bytes are stored. "
            "Such a file is not read."
        )
    return np.asarray(item[()])


@contextlib.contextmanager
def opened(source: Any, shown: str) -> Iterator[Any]:
    """An HDF5 file (a path or a binary file object), open for reading.

    Raises:
        OSError: it is not there, or may not be read. ValueError: it is not such a file, or is damaged.
    """
    import h5py

    if not hasattr(source, "read"):
        open(source, "rb").close()  # what is wrong with the path, Python says better
    try:
        with h5py.File(source, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            f"{shown} cannot be read as a weights file: it is not HDF5, or was cut off while it was written or "
            f"copied ({error}). The model is unchanged."
        ) from None


@contextlib.contextmanager
def weights_in(source: Any, shown: str) -> Iterator[WeightsFile]:
    """The weights in an HDF5 file of Keras 3's layout; raises as `opened` does.

    Raises:
        ValueError: it has no weights, or is not to be trusted.
    """
    with opened(source, shown) as file:
        weights = WeightsFile(file, shown)
        if not weights.shapes:
            raise ValueError(f"{shown} is an HDF5 file, but not one of weights: it has no `vars` groups.")
        yield weights
