"""``get_file``: a file from the network, kept on this machine, and unpacked on request."""

from __future__ import annotations

import os
import shutil
import tarfile
import urllib.parse
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from schuss.utils._download import DownloadError, download, given_folder, has_hash
from schuss.utils._folders import cache_folder


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file, downloaded from `origin` unless it is here already.

    Args:
        fname: the file's name; default: the last part of `origin`.
        origin: its address.
        untar, md5_hash: old forms of `extract` and `file_hash`.
        file_hash: SHA-256 or MD5 of the content, checked where given.
        cache_subdir: folder below `cache_dir`, or an absolute path.
        hash_algorithm: ``"sha256"``, ``"md5"`` or ``"auto"``: told by the length of the hash.
        extract: unpack a tar or zip archive, and return the folder.
        archive_format: ``"tar"``, ``"zip"``, a list of them, ``"auto"`` for both, None for none.
        cache_dir: default: ``SCHUSS_CACHE``, else ``~/.cache/schuss``. A file in the folder ``SCHUSS_DATASETS``
            is taken first.
        force_download: download it even if it is here.

    Raises:
        ValueError: no address, a name with folders in it, or an archive with members outside of it.
        DownloadError: it is not here and cannot be downloaded.
    """
    if origin is None:
        raise ValueError('Please specify the "origin" argument (URL of the file to download).')
    if hash_algorithm not in ("auto", "md5", "sha256"):
        raise ValueError(f"`hash_algorithm` must be 'auto', 'md5' or 'sha256', got {hash_algorithm!r}.")
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name:
        raise ValueError(f"{origin!r} has no file name in it. Please specify the `fname` argument.")
    if os.sep in name or name in (".", ".."):
        raise ValueError(
            f"Paths are not accepted as the `fname` argument, only a file's name; the folder is said by "
            f"`cache_dir`. Received: fname={fname}"
        )
    expected = file_hash or md5_hash
    folder = (Path(cache_dir).expanduser() if cache_dir else cache_folder()) / cache_subdir
    unpack = extract or untar
    stem = name.partition(".")[0] if fname else name
    path = folder / (name if not unpack or "." in (fname or "") else f"{stem}_archive")
    given = given_folder()
    if given is not None and not force_download and (given / name).is_file():
        path = given / name
    elif force_download or not path.is_file() or not has_hash(path, expected):
        path.unlink(missing_ok=True)
        download(origin, path, expected)
    if not unpack:
        return str(path)
    target = folder / (f"{stem}_extracted" if "." in (fname or "") else stem)
    return str(_unpacked(path, target, ["tar"] if untar else archive_format, force_download))


def _unpacked(path: Path, target: Path, formats: Any, again: bool) -> Path:
    """The folder with an archive's members; made whole or not at all."""
    formats = (
        {"auto": ["tar", "zip"], None: []}.get(formats, formats) if not isinstance(formats, list) else formats
    )
    formats = [formats] if isinstance(formats, str) else formats
    if target.is_dir() and not again and target.stat().st_mtime >= path.stat().st_mtime:
        return target
    fresh = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        if "tar" in formats and tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(fresh, filter="data")
        elif "zip" in formats and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _require_inside(archive)
                archive.extractall(fresh)
        else:
            raise ValueError(
                f"{path} is not an archive ({' or '.join(formats) or 'no format'} was expected)."
            )
        shutil.rmtree(target, ignore_errors=True)
        os.replace(fresh, target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _require_inside(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise ValueError(
                f"{archive.filename} cannot be unpacked: its member {name!r} lies outside of it."
            )


__all__ = ["DownloadError", "get_file"]
