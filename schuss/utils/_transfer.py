"""Bytes from the network, gone on with where a connection broke."""

from __future__ import annotations

import http.client
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schuss.utils._download import DownloadError, given_folder

_BLOCK = 1 << 16
_TIMEOUT = 30.0
_TRIES = 5


def fetch_all(url: str, part: Path, name: str) -> None:
    """Everything, going on after broken connections as long as they bring something.

    Args:
        url: where it is. part: the file to which what it lacks is added. name: the file's name, for people.

    Raises:
        DownloadError: it is not to be had.
    """
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
