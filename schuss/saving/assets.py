"""Assets: files that layers keep beside their weights, such as vocabularies; as in Keras 3, in folders at the paths
that lead to the layers."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from schuss.saving.weights import parts_of

Files = dict[str, bytes]


def assets_of(model: Any) -> Files:
    """Path → content of all that the model's layers write in `save_assets`: ``"layers/lookup/vocabulary.txt"``."""
    files: Files = {}
    for path, part in parts_of(model):
        if not _has_assets(part):
            continue
        with tempfile.TemporaryDirectory() as folder:
            part.save_assets(folder)
            for file in sorted(Path(folder).rglob("*")):
                if file.is_file():
                    files[str(PurePosixPath(path, file.relative_to(folder).as_posix()))] = file.read_bytes()
    return files


def give_assets(model: Any, files: Files, shown: str) -> None:
    """Let each of the model's layers read its files in `load_assets`.

    Raises:
        ValueError: a layer cannot read them, or a path leads elsewhere. `shown` says from which file they are.
    """
    for path, part in parts_of(model):
        own = {name: content for name, content in files.items() if PurePosixPath(name).is_relative_to(path)}
        if not own or not _has_assets(part):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name, content in own.items():
                target = Path(folder, _safe(PurePosixPath(name).relative_to(path), shown))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            try:
                part.load_assets(folder)
            except (ValueError, TypeError, RuntimeError) as error:
                raise ValueError(
                    f'{shown}: layer "{part.name}" cannot read its files {sorted(own)}: {error}'
                ) from error


def own_stores(model: Any) -> dict[str, dict[str, np.ndarray]]:
    """What layers with assets keep beside variables in weights files: path → name → array."""
    stores: dict[str, dict[str, np.ndarray]] = {}
    for path, part in parts_of(model):
        if _has_assets(part):
            part.save_own_variables(stores.setdefault(path, {}))
    return {path: store for path, store in stores.items() if store}


def give_own_stores(model: Any, stores: dict[str, dict[str, np.ndarray]]) -> None:
    """The contrary of `own_stores`."""
    for path, part in parts_of(model):
        if path in stores:
            part.load_own_variables(stores[path])


def _has_assets(part: Any) -> bool:
    return callable(getattr(part, "save_assets", None)) and callable(getattr(part, "load_assets", None))


def _safe(name: PurePosixPath, shown: str) -> Path:
    """A relative path within a folder."""
    if name.is_absolute() or any(step in ("", "..") or "\\" in step or ":" in step for step in name.parts):
        raise ValueError(f"{shown} is damaged: the path {str(name)!r} leads out of the archive.")
    return Path(*name.parts)
