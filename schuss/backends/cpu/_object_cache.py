"""Machine code kept on disk between runs, and the plans it was made of, under the hash of all that they were made from.

A file is written whole or not at all, checked when it is read, and thrown away where anything is wrong with it; whatever
goes wrong with the disk, the program is compiled as if there were no cache. The folder is for its owner alone, since what
it holds is run. Of too many files, those that were not used for longest are removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schuss.utils._folders import cache_folder

CODE, PLAN = ".o", ".plan"  # what a file holds
_MAGIC = b"schuss objects 2\n"
_SWITCH = "SCHUSS_OBJECT_CACHE"
_LIMIT = 128 << 20  # bytes
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class CacheInfo:
    """What is in the cache: its folder, whether it is in use, how many programs, how many bytes of at most how many."""

    folder: Path
    enabled: bool
    programs: int
    size: int
    limit: int = _LIMIT


def key_of(parts: Iterable[str]) -> str:
    """The name under which the code made from `parts` is kept."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()


def load(key: str, suffix: str = CODE) -> bytes | None:
    """The code (or the plan) of that name, if it is there and whole."""
    if not _enabled():
        return None
    path = _path(key, suffix)
    try:
        with _owned(path.parent):
            content = path.read_bytes()
        head, digest, code = (
            content[: len(_MAGIC)],
            content[len(_MAGIC) :][:_DIGEST],
            content[len(_MAGIC) + _DIGEST :],
        )
        if head != _MAGIC or hashlib.sha256(code).digest() != digest:
            path.unlink()
            return None
        os.utime(path)  # used just now
    except OSError:
        return None
    return code


def store(key: str, code: bytes, suffix: str = CODE) -> None:
    """Keep code (or a plan) under a name; if that cannot be done, do nothing."""
    if not _enabled():
        return
    path = _path(key, suffix)
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _owned(path.parent):
            _write_whole(path, _MAGIC + hashlib.sha256(code).digest() + code)
            _trim(path.parent)


def info() -> CacheInfo:
    """What is in the cache now."""
    files = _files(_folder())
    programs = sum(path.suffix != PLAN for path, _, _ in files)
    return CacheInfo(_folder(), _enabled(), programs, sum(size for _, size, _ in files))


def clear() -> int:
    """Remove all of it. Returns how many programs there were."""
    removed = 0
    for path, _, _ in _files(_folder()):
        with contextlib.suppress(OSError):
            path.unlink()
            removed += path.suffix != PLAN
    return removed


def _enabled() -> bool:
    return os.environ.get(_SWITCH, "").strip().lower() not in ("0", "off", "false", "no")


def _folder() -> Path:
    return cache_folder() / "objects"


def _path(key: str, suffix: str) -> Path:
    return _folder() / f"{key}{suffix}"


@contextlib.contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Go on only if nobody but this user can have put files into the folder."""
    state = folder.stat()
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
        raise PermissionError(f"{folder} can be written by others.")
    yield


def _write_whole(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _files(folder: Path) -> list[tuple[Path, int, float]]:
    """The cache's files: path, size, time of the last use."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((CODE, PLAN, ".part")):
                with contextlib.suppress(OSError):
                    state = entry.stat()
                    found.append((Path(entry.path), state.st_size, state.st_mtime))
    return found


def _trim(folder: Path) -> None:
    """Remove what was not used for longest, until a tenth of the limit is free again."""
    files = _files(folder)
    total = sum(size for _, size, _ in files)
    if total <= _LIMIT:
        return
    for path, size, _ in sorted(files, key=lambda file: file[2]):
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size
        if total <= _LIMIT * 9 // 10:
            return
