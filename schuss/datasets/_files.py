"""Finding and reading the files of data sets."""

from __future__ import annotations

import codecs
import io
import os
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from schuss.utils._download import DownloadError, download, given_folder, has_hash
from schuss.utils._folders import cache_folder

__all__ = ["KERAS_URL", "DownloadError", "get_file", "read_npz", "read_pickles", "split"]

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    pickle.UnpicklingError,
)
"""What reading a file that is not what it should be may raise."""


def get_file(name: str, url: str, expected: str | None = None) -> Path:
    """The path of a data set's file, downloaded if it is not here yet.

    Args:
        name: the file's name; or the absolute path of a file that is here.
        url: where it is to be had.
        expected: its SHA-256 or MD5, where that is known; not asked of files that the user provides.

    Raises:
        DownloadError: it is not here and cannot be downloaded; says what to do.
        ValueError: a name with folders in it.
    """
    if os.path.isabs(name) and os.path.isfile(name):
        return Path(name)
    if os.path.basename(name) != name or name in ("", ".", ".."):
        raise ValueError(
            f"`path` must be a file's name within the cache, or the absolute path of an existing file, got {name!r}."
        )
    given = given_file(name)
    if given is not None:
        return given
    path = cached_path(name)
    if not path.is_file() or not has_hash(path, expected):
        download(url, path, expected)
    return path


def given_file(name: str) -> Path | None:
    """The file in the folder that the user names by ``SCHUSS_DATASETS``; None if it is not there."""
    folder = given_folder()
    return folder / name if folder is not None and (folder / name).is_file() else None


def cached_path(name: str) -> Path:
    """Where a data set's file is kept between runs."""
    return cache_folder() / "datasets" / name


def read_members(path: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The files of a tar archive whose names `wanted` is true for, by the last part of their names, sorted."""
    try:
        with tarfile.open(path) as archive:
            found = {
                os.path.basename(member.name): file.read()
                for member in archive
                if member.isfile() and wanted(member.name) and (file := archive.extractfile(member))
            }
        return dict(sorted(found.items()))
    except _DAMAGED as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ValueError:
    """The error for a file that cannot be read."""
    text = f"no {error} in it" if isinstance(error, KeyError) else error
    return ValueError(
        f"{path} is not the file it should be ({text}). Delete it, so that it is downloaded again."
    )


def read_npz(path: Path, *names: str) -> list[np.ndarray]:
    """Arrays from an ``.npz`` file by name, without running any code from it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [_read_npy(archive, f"{name}.npy") for name in names]
    except _DAMAGED as error:
        raise damaged(path, error) from error


def _read_npy(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of numbers, or of lists (which NumPy writes as a pickle).

    Numbers go piece by piece to their place: the whole of them as bytes would be as large again.
    """
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, _, dtype = read_header[version](file)
        if not dtype.hasobject:
            file.seek(0)
            return np.lib.format.read_array(file, allow_pickle=False)
        content = io.BytesIO(file.read())
    return np.asarray(_ArraysOnly(content, encoding="bytes").load(), object).reshape(shape)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays, bytes, strings, numbers and their containers; nothing else."""

    _ALLOWED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.ndarray.__reduce__(np.empty(0))[0],
        ("numpy._core.multiarray", "_reconstruct"): np.ndarray.__reduce__(np.empty(0))[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which data has no use for")
        return self._ALLOWED[module, name]


def read_pickles(path: Path, members: list[str]) -> list[dict[bytes, Any]]:
    """Pickled dictionaries of arrays from a tar archive, without unpacking it or running any code from it."""
    batches = []
    try:
        with tarfile.open(path) as archive:
            for name in members:
                file = archive.extractfile(name)
                if file is None:
                    raise ValueError(f"{name} is no file")
                batch = _ArraysOnly(io.BytesIO(file.read()), encoding="bytes").load()
                if not isinstance(batch, dict):
                    raise ValueError(f"{name} holds a {type(batch).__name__}, not a dict")
                batches.append(batch)
    except _DAMAGED as error:
        raise damaged(path, error) from error
    return batches


def split(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Any:
    """``(x_train, y_train), (x_test, y_test)`` after a shuffle by `seed`, as Keras does it."""
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be in [0, 1), got {test_split}.")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
