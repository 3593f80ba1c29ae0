"""Downloading files: resumed where they were interrupted, checked, and never half there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class DownloadError(OSError):
    """A file is neither on this machine nor to be had from its address."""


def given_folder() -> Path | None:
    """The folder with data sets that the user names by ``SCHUSS_DATASETS``."""
    named = os.environ.get("SCHUSS_DATASETS")
    return Path(named).expanduser() if named else None


def hash_of(path: Path, algorithm: str = "sha256") -> str:
    """The file's hash, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def has_hash(path: Path, expected: str | None) -> bool:
    """Whether the file's content is the expected one; its SHA-256 or MD5 is known, or nothing (None)."""
    return expected is None or hash_of(path, _algorithm(expected)) == expected.lower()


def _algorithm(expected: str) -> str:
    return {32: "md5", 64: "sha256"}.get(len(expected)) or _refuse(expected)


def _refuse(expected: str) -> Any:
    raise ValueError(f"A file's hash must be its SHA-256 (64 digits) or MD5 (32 digits), got {expected!r}.")


def download(url: str, path: Path, expected: str | None = None) -> None:
    """Download to `path`. Only a whole, right file gets that name; one cut short is continued next time.

    Args:
        url: where the file is. path: where to put it; folders are made.
        expected: SHA-256 or MD5 that it must have, where that is known.

    Raises:
        DownloadError: says what happened, and what to do without a network.
    """
    from schuss.utils._transfer import fetch_all  # Python's network: not for what is here already

    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.open("ab").close()
    except OSError as error:
        raise DownloadError(
            f"{path.name} cannot be kept in {path.parent} ({error.strerror}). Set SCHUSS_CACHE to a folder that "
            "can be written."
        ) from error
    with _alone(part):
        if path.is_file() and has_hash(path, expected):
            return  # another process was faster
        for attempt in (1, 2):
            resumed = part.stat().st_size > 0
            fetch_all(url, part, path.name)
            if has_hash(part, expected):
                os.replace(part, path)
                return
            found = hash_of(part, _algorithm(expected or ""))
            part.write_bytes(b"")
            if attempt == 2 or not resumed:
                part.unlink()
                raise DownloadError(
                    f"What {url} gave is not {path.name}: its hash is {found}, expected {expected}. Something "
                    "between here and there changes the file; try again, or from another network."
                )


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Within the block no other process writes the file (where the system has such locks)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with part.with_name(part.name + ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        part.open("ab").close()
        try:
            yield
        finally:
            Path(lock.name).unlink(missing_ok=True)
