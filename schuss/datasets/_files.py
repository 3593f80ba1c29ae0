"""Finding, downloading and reading the files of data sets."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_BLOCK = 1 << 18
_TIMEOUT = 30.0


class DownloadError(OSError):
    """A data set's file is neither on this machine nor to be had from its address."""


def cache_folder() -> Path:
    """Where downloads are kept: ``SCHUSS_CACHE``, else ``XDG_CACHE_HOME/schuss``, else
    ``~/.cache/schuss``."""
    named = os.environ.get("SCHUSS_CACHE")
    if named:
        return Path(named).expanduser() / "datasets"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "schuss" / "datasets"


def get_file(name: str, url: str, sha256: str | None = None) -> Path:
    """The path of a data set's file, downloaded if it is not here yet.

    Args:
        name: the file's name.
        url: where it is to be had.
        sha256: what its content must hash to, where that is known.

    Raises:
        DownloadError: it is not here and cannot be downloaded; says what to do.
    """
    folder = os.environ.get("SCHUSS_DATASETS")
    if folder:
        given = Path(folder).expanduser() / name
        if given.is_file():
            return given
    path = cache_folder() / name
    if path.is_file():
        if sha256 is None or sha256_of(path) == sha256:
            return path
        path.unlink()  # damaged: get it again
    path.parent.mkdir(parents=True, exist_ok=True)
    _download(url, path, sha256)
    return path


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(url: str, path: Path, sha256: str | None) -> None:
    """Download to ``path``; an interrupted download is resumed, and only a whole, right file gets the
    name."""
    part = path.with_name(path.name + ".part")
    for attempt in (1, 2):
        try:
            _fetch(url, part)
        except (urllib.error.URLError, OSError, TimeoutError) as error:
            folder = os.environ.get("SCHUSS_DATASETS")
            raise DownloadError(
                f"The data set {path.name} is not on this machine and could not be downloaded from {url} "
                f"({error}). "
                "Without a network: download that file elsewhere, put it into a folder, and set "
                "SCHUSS_DATASETS to the "
                f"folder's path{f' (now {folder}, which has no {path.name})' if folder else ''}."
            ) from error
        found = sha256_of(part)
        if sha256 is None or found == sha256:
            os.replace(part, path)
            return
        part.unlink()
        if attempt == 2:
            raise DownloadError(
                f"What {url} gave is not {path.name}: its SHA-256 is {found}, expected {sha256}. "
                "Something between here and there changes the file; try again from another network."
            )


def _fetch(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: nothing is left to send
            raise
        return
    with response:
        resumed = have and response.status == 206
        length = int(response.headers.get("Content-Length") or 0)
        start = have if resumed else 0
        _copy(response, part, "ab" if resumed else "wb", start, start + length)


def _copy(response: Any, part: Path, mode: str, start: int, total: int) -> None:
    from rich.progress import BarColumn as Bar
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        Bar(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    done = start
    with Progress(*columns, transient=True) as progress, part.open(mode) as file:
        task = progress.add_task(part.stem, total=total or None, completed=start)
        while block := response.read(_BLOCK):
            file.write(block)
            done += len(block)
            progress.advance(task, len(block))
    if total > start and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes; run again to continue")


def read_npz(path: Path, sha256: str | None = None) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file. Arrays of Python objects (pickles) only if the file is the known
    one."""
    trusted = sha256 is not None
    try:
        with np.load(path, allow_pickle=False) as file:
            names = file.files
            try:
                return {name: file[name] for name in names}
            except ValueError:
                if not trusted:
                    raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        if not trusted or not isinstance(error, ValueError):
            raise ValueError(
                f"{path} is not a readable .npz file ({error}). Delete it, so that it is downloaded again."
            ) from error
    if sha256_of(path) != sha256:
        raise ValueError(
            f"{path} holds Python objects and is not the published file (SHA-256 {sha256}); it is not "
            "opened, since "
            "unpickling an unknown file can run any code."
        )
    with np.load(path, allow_pickle=True) as file:
        return {name: file[name] for name in file.files}


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays, bytes, strings, numbers and their containers; nothing else."""

    _ALLOWED = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which data has no use for")
        return super().find_class(module, name)


def read_pickles(path: Path, members: list[str]) -> list[dict[bytes, Any]]:
    """Pickled dictionaries of arrays from a tar archive, without running any code from it."""
    try:
        with tarfile.open(path) as archive:
            files = [archive.extractfile(name) for name in members]
            return [
                _ArraysOnly(io.BytesIO(file.read()), encoding="bytes").load()
                for file in files
                if file is not None
            ]
    except (tarfile.TarError, KeyError, EOFError, pickle.UnpicklingError, OSError) as error:
        raise ValueError(
            f"{path} is not the archive it should be ({error}). Delete it, so that it is downloaded again."
        ) from error


def split(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Any:
    """``(x_train, y_train), (x_test, y_test)`` after a shuffle by `seed`, as Keras does it."""
    if not 0 <= test_split < 1:
        raise ValueError(f"test_split must be in [0, 1), got {test_split}.")
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
