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
            address = h5py.h5o.get_info(group.id).addr
            if address in seen:  # a group in itself
                continue
            seen.add(address)
            for name in group:
                below = f"{path}/{name}" if path else name
                self._require_hard_link(group, name, below)
                item = group[name]
                if not isinstance(item, h5py.Group):
                    continue
                if name == "vars":
                    self._add(path, item)
                else:
                    pending.append((below, item))

    def _add(self, path: str, group: Any) -> None:
        import h5py

        datasets: dict[str, Any] = {}
        for key in group:
            below = f"{path}/vars/{key}"
            self._require_hard_link(group, key, below)
            item = group[key]
            if not isinstance(item, h5py.Dataset):
                raise ValueError(f"{self._shown}: {below} is not an array.")
            if item.external or item.is_virtual:
                raise ValueError(
                    f"{self._shown}: the array {below} lies in another file. Such files are not read."
                )
            if item.dtype.kind not in "biuf" or item.shape is None:
                kind = f"of {item.dtype}" if item.shape is not None else "empty"
                raise ValueError(f"{self._shown}: {below} is not an array of numbers, but {kind}.")
            datasets[key] = item
        self._datasets[path] = datasets
        self.shapes[path] = {key: tuple(item.shape) for key, item in datasets.items()}

    def _require_hard_link(self, group: Any, name: str, below: str) -> None:
        import h5py

        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(
                f"{self._shown}: {below} is a link to another place or file. Such files are not read."
            )

    def read(self, path: str) -> dict[str, np.ndarray]:
        """The arrays of a part of the model.

        Raises:
            ValueError: an array's shape is out of all proportion to what is stored of it.
        """
        arrays: dict[str, np.ndarray] = {}
        for key, item in self._datasets.get(path, {}).items():
            size = math.prod(item.shape) * item.dtype.itemsize
            if size > _LARGE and size > _GREATEST_EXPANSION * item.id.get_storage_size():
                raise ValueError(
                    f"{self._shown}: {path}/vars/{key} claims the shape {item.shape} ({size:,} bytes), of which "
                    f"{item.id.get_storage_size():,} bytes are stored. Such a file is not read."
                )
            arrays[key] = np.asarray(item[()])
        return arrays


@contextlib.contextmanager
def weights_in(source: Any, shown: str) -> Iterator[WeightsFile]:
    """The weights in an HDF5 file (a path or a binary file object), open for reading.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is not such a file, is damaged, or not to be trusted.
    """
    import h5py

    if not hasattr(source, "read"):
        open(source, "rb").close()  # what is wrong with the path, Python says better
    try:
        with h5py.File(source, "r") as file:
            weights = WeightsFile(file, shown)
            if not weights.shapes:
                raise ValueError(f"{shown} is an HDF5 file, but not one of weights: it has no `vars` groups.")
            yield weights
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            f"{shown} cannot be read as a weights file: it is not HDF5, or was cut off while it was written or "
            f"copied ({error}). The model is unchanged."
        ) from None
