"""Files written whole or not at all, and zip archives read with care."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError, OverflowError)
_LARGE = 1 << 30
_GREATEST_EXPANSION = 100  # Keras stores without compression; deflate reaches 1000 only on constant bytes


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place if the block succeeds, and is removed if not.

    A link keeps pointing to where it did, and a file's permissions are kept. What a process that was killed has left of
    an earlier attempt is removed.

    Raises:
        OSError: the file cannot be written (no such folder, no permission, no space). What was there before
            is unchanged.
    """
    target = Path(os.path.realpath(path))
    mode = _mode_for(path, target)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except FileNotFoundError:
        raise FileNotFoundError(f"Cannot write {path}: there is no folder {target.parent}.") from None
    except PermissionError:
        raise PermissionError(f"Cannot write {path}: no permission to write in {target.parent}.") from None
    _lock(handle)
    if fcntl is None:
        os.close(handle)
    temporary = Path(name)
    _remove_left_behind(target, temporary)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(mode)
        os.replace(temporary, target)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        what = f"{os.strerror(error.errno)}, so it cannot be written. What was there before is unchanged"
        raise OSError(error.errno, what, str(path)) from None
    finally:
        if fcntl is not None:
            os.close(handle)
        temporary.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    """Whether nobody else is writing the file; then it is ours as long as `handle` is open and this process lives."""
    if fcntl is None:
        return True  # Windows does not remove files that are open
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove_left_behind(target: Path, own: Path) -> None:
    """Remove temporary files for `target` that nobody writes any more."""
    pattern = re.compile(re.escape(f".{target.name}.") + r"[a-z0-9_]{8}\.part")
    with contextlib.suppress(OSError):
        for name in filter(pattern.fullmatch, os.listdir(target.parent)):
            if name != own.name:
                _remove_if_unlocked(target.parent / name)


def _remove_if_unlocked(path: Path) -> None:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        if _lock(file.fileno()):
            path.unlink(missing_ok=True)


def _mode_for(path: Path, target: Path) -> int:
    """The permissions of the new file: the old one's, else what the process gives new files."""
    try:
        old = target.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(f"Cannot write {path}: it is a folder. Give the name of a file.")
    if not stat.S_ISREG(old.st_mode):
        raise OSError(f"Cannot write {path}: it is not a regular file.")
    return stat.S_IMODE(old.st_mode)


@contextlib.contextmanager
def open_archive(source: Any) -> Iterator[zipfile.ZipFile]:
    """A zip archive (a path or a binary file object), open for `read_member`.

    Raises:
        OSError: it is not there, or cannot be opened. ValueError: it is not a zip archive, or damaged.
    """
    with contextlib.nullcontext(source) if hasattr(source, "read") else open(source, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGED as error:
            raise ValueError(
                f"{shown_name(source)} is not a .keras file: it is empty, no zip archive, or was cut off ({error})."
            ) from None
        with archive:
            _require_proportion(archive, shown_name(source))
            yield archive


def _require_proportion(archive: zipfile.ZipFile, shown: str) -> None:
    """A ValueError if the archive would grow out of all proportion: its members may share their bytes."""
    claimed, stored = sum(info.file_size for info in archive.infolist()), _size(archive)
    if claimed > _LARGE and claimed > _GREATEST_EXPANSION * stored:
        raise ValueError(
            f"{shown}: what it contains claims to be {claimed:,} bytes, packed into {stored:,}. Such a file is not read."
        )


def _size(archive: zipfile.ZipFile) -> int:
    file: Any = archive.fp
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(place)
    return size


def shown_name(source: Any) -> str:
    """How messages call a file: by its path, if it has one."""
    return "The file" if hasattr(source, "read") else str(source)


def read_member(archive: zipfile.ZipFile, name: str, shown: str) -> bytes:
    """A file of an archive, in memory. Nothing is ever unpacked to a path that the archive names.

    Raises:
        ValueError: it is missing, damaged, encrypted, or would grow to a size out of all proportion.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(
            f"{shown} is not a .keras file, or is incomplete: it does not contain {name}."
        ) from None
    if info.file_size > _LARGE and info.file_size > _GREATEST_EXPANSION * info.compress_size:
        raise ValueError(
            f"{shown}: {name} claims to be {info.file_size:,} bytes, packed into {info.compress_size:,}. Such a file is "
            "not read."
        )
    try:
        return archive.read(info)
    except _DAMAGED as error:
        raise ValueError(f"{shown} is damaged: {name} cannot be read ({error}).") from None
