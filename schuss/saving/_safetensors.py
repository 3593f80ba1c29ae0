"""Weights in safetensors files: plain arrays by name, which other programs read without HDF5, and without running code.

An array is called as in Keras's weights files, ``layers/dense/vars/0``; what it is in the model, ``dense/kernel``, stands in
the file's metadata.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

SUFFIX = ".safetensors"
Stores = Mapping[str, Mapping[str, np.ndarray]]


class TensorsFile:
    """An open file, seen as `WeightsFile` is: `shapes`, path of the part of the model → key → shape; and `read`."""

    def __init__(self, file: object, shown: str):
        self._file, self._shown = file, shown
        self._names: dict[str, dict[str, str]] = {}
        self.shapes: dict[str, dict[str, tuple[int, ...]]] = {}
        for name in sorted(file.keys()):  # type: ignore[attr-defined]
            path, between, key = name.rpartition("vars/")
            if not between or (path and not path.endswith("/")):
                raise ValueError(
                    f"{shown} has an array {name!r}, which is no weight of a model: names like 'layers/dense/vars/0' "
                    "were expected. Files of other libraries can be read with the package safetensors, and set with "
                    "layer.set_weights."
                )
            shape = tuple(file.get_slice(name).get_shape())  # type: ignore[attr-defined]
            self.shapes.setdefault(path.rstrip("/"), {})[key] = shape
            self._names.setdefault(path.rstrip("/"), {})[key] = name

    def read(self, path: str) -> dict[str, np.ndarray]:
        """The arrays of a part of the model."""
        return {
            key: self._file.get_tensor(name)  # type: ignore[attr-defined]
            for key, name in self._names.get(path, {}).items()
        }


def content_of(stores: Stores, meanings: Mapping[str, str]) -> bytes:
    """A file's content.

    Args:
        stores: path of the part of the model → key → array. meanings: of arrays' names in the file, for people.
    """
    arrays = {
        name_of(path, key): np.asarray(array, order="C")
        for path, store in stores.items()
        for key, array in store.items()
    }
    _package("save_weights")
    from safetensors.numpy import save

    return save(arrays, {"format": "keras", **meanings})


def name_of(path: str, key: str) -> str:
    """What an array is called in the file."""
    return f"{path}/vars/{key}" if path else f"vars/{key}"


@contextlib.contextmanager
def tensors_in(path: Path, shown: str) -> Iterator[TensorsFile]:
    """The weights in a file.

    Raises:
        ModuleNotFoundError: the package safetensors is not installed. OSError: it may not be read.
        ValueError: it is not such a file, is damaged, or has other arrays than weights of models.
    """
    safetensors = _package("load_weights")
    open(path, "rb").close()  # what is wrong with the path, Python says better
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            yield TensorsFile(file, shown)
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{shown} cannot be read as a safetensors file: it is not one, or was cut off while it was written or "
            f"copied ({error}). The model is unchanged."
        ) from None


def _package(user: str) -> ModuleType:
    try:
        import safetensors
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{user}: '.safetensors' files need the package `safetensors`, which is not installed: "
            "pip install 'schuss[safetensors]'."
        ) from None
    return safetensors
