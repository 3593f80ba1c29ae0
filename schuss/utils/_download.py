"""Downloading files: resumed where they were interrupted, checked, and never half there."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BLOCK = 1 << 16
_TIMEOUT = 30.0
_TRIES = 5


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
            _fetch_all(url, part, path.name)
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


def _fetch_all(url: str, part: Path, name: str) -> None:
    """Everything, going on after broken connections as long as they bring something."""
    for attempt in range(_TRIES):
        before = part.stat().st_size
        try:
            _fetch(url, part, name)
            return
        except (OSError, http.client.HTTPException) as error:
            if attempt + 1 < _TRIES and part.stat().st_size > before:
                continue
            if not part.stat().st_size:
                part.unlink()
            raise _explained(url, name, error) from error


def _explained(url: str, name: str, error: Exception) -> DownloadError:
    reason = getattr(error, "reason", None) or error
    if isinstance(error, urllib.error.HTTPError):
        reason = f"the server answered {error.code} {error.reason}"
    folder = given_folder()
    return DownloadError(
        f"The file {name} is not on this machine and could not be downloaded from {url} ({reason}). "
        "Without a network: download that file elsewhere, put it into a folder, and set SCHUSS_DATASETS to the "
        f"folder's path{f' (now {folder}, which has no {name})' if folder else ''}."
    )


def _fetch(url: str, part: Path, name: str) -> None:
    """One request: the file, or what is missing of it."""
    have = part.stat().st_size
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        whole = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range") or "")
        if whole is None or int(whole[1]) != have:  # 416: nothing after these bytes; but is it these?
            part.write_bytes(b"")
            _fetch(url, part, name)
        return
    with response:
        start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range") or "")
        resumed = have > 0 and response.status == 206 and start is not None and int(start[1]) == have
        if response.status == 206 and not resumed:
            raise OSError("the server sent another part of the file than the one asked for")
        length = response.headers.get("Content-Length")
        done = have if resumed else 0
        total = None if length is None else done + int(length)
        with part.open("ab" if resumed else "wb") as file, _progress(name, done, total) as advance:
            while block := response.read(_BLOCK):
                file.write(block)
                done += len(block)
                advance(len(block))
    if total is not None and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes; run again to continue")


@contextmanager
def _progress(name: str, done: int, total: int | None) -> Iterator[Any]:
    """A bar on a terminal, one line elsewhere, on stderr; gives the function that moves it on."""
    if not sys.stderr.isatty():
        size = "" if total is None else f" ({total / 1e6:.1f} MB)"
        print(f"Downloading {name}{size}", file=sys.stderr, flush=True)
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=total, completed=done)
        yield lambda count: progress.advance(task, count)
