"""Weights in HDF5 files, in Keras 3's layout: a group for each layer, at the path that leads to it from the
model."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from schuss.layers._state import Holder
from schuss.utils._names import to_snake_case
from schuss.utils._uids import unique_name

_SUFFIX = ".weights.h5"


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the model's weights, and its optimizer's variables, to a file that Keras 3 reads, too.

    The file is written beside its place and moved there when it is complete.

    Raises:
        ValueError: the name does not end in ``.weights.h5``; the model has no weights yet.
        FileExistsError: it exists, and `overwrite` is False.
    """
    path = Path(filepath)
    if not path.name.endswith(_SUFFIX):
        raise ValueError(f"save_weights: the file name must end in {_SUFFIX!r}, got {str(filepath)!r}.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Give another name, or overwrite=True.")
    if not model.built:
        raise ValueError(
            f'Model "{model.name}" is not built, so it has no weights to save. Call it on data, or build(input_shape) '
            "it, first."
        )
    with replacing(path) as temporary:
        write_weights(model, temporary)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place if the block succeeds, and is removed if not."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_weights(model: Any, target: Any) -> None:
    """Write the weights to a path or a binary file object."""
    import h5py

    with h5py.File(target, "w") as file:
        for path, part in parts_of(model):
            store: dict[str, Any] = {}
            part.save_own_variables(store)
            group = file.require_group(f"{path}/vars" if path else "vars")
            if isinstance(getattr(part, "name", None), str):
                group.attrs["name"] = part.name
            for key, array in store.items():
                group[key] = np.asarray(array)


def parts_of(model: Any) -> Iterator[tuple[str, Any]]:
    """Everything that has variables of its own, with its path in the file.

    A functional or sequential model's parts are ``layers/dense``, ``layers/dense_1``, … (classes, counted);
    others go by the attributes that hold them, in alphabetical order, those in lists and dicts by class
    within.
    """
    seen: set[int] = set()
    yield from _parts(model, "", seen)


def _parts(part: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    if not isinstance(part, Holder):
        return
    for name, child in _children(part):
        below = f"{path}/{name}" if path else name
        if _is_part(child):
            yield from _parts(child, below, seen)
        elif isinstance(child, (list, dict, tuple)):
            yield from _parts_in(child, below, seen)


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    has_layers = hasattr(part, "layers") and isinstance(part.layers, list)
    if has_layers and part._function is not None:
        yield "layers", part.layers
    names = {name for name in vars(part) if not name.startswith("_")}
    for name in sorted(names | ({"layers"} if has_layers else set())):
        yield name, part.layers if name == "layers" and has_layers else vars(part).get(name)


def _parts_in(container: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    taken: set[str] = set()
    for item in container.values() if isinstance(container, dict) else container:
        if _is_part(item):
            yield from _parts(item, f"{path}/{unique_name(to_snake_case(type(item).__name__), taken)}", seen)
        elif isinstance(item, (list, dict, tuple)):
            yield from _parts_in(item, f"{path}/{unique_name('container', taken)}", seen)


def _is_part(value: Any) -> bool:
    return (
        not isinstance(value, type)
        and hasattr(value, "save_own_variables")
        and hasattr(value, "load_own_variables")
    )


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Read weights that `save_weights`, or Keras 3's, wrote. All is read and checked before the model is
    changed.

    Args:
        model: built. filepath: a ``.weights.h5`` or ``.keras`` file.
        skip_mismatch: leave what does not fit as it is, with a warning.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a file, is truncated, or has the weights of another model.
    """
    path = Path(filepath)
    if not path.exists():
        raise FileNotFoundError(f"load_weights: there is no file {str(path)!r}.")
    stores = read_stores(path)
    if not model.built:
        raise ValueError(
            f'Model "{model.name}" is not built, so it has no weights to load into. Call it on data, or '
            "build(input_shape) it, first."
        )
    assign_stores(model, stores, str(path), skip_mismatch)


def read_stores(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """The file's arrays: path of the part → key → array."""
    if path.name.endswith(".keras"):
        return _stores_from(io.BytesIO(_weights_in_archive(path)), str(path))
    return _stores_from(path, str(path))


def _weights_in_archive(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read("model.weights.h5")
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{path} is not a .keras file, or is incomplete: {error}.") from None


def _stores_from(source: Any, shown: str) -> dict[str, dict[str, np.ndarray]]:
    import h5py

    stores: dict[str, dict[str, np.ndarray]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group) and (name == "vars" or name.endswith("/vars")):
            arrays = {key: np.asarray(item[key]) for key in item if isinstance(item[key], h5py.Dataset)}
            stores[name[: -len("/vars")] if "/" in name else ""] = arrays

    try:
        with h5py.File(source, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            f"{shown} cannot be read as a weights file: it is not HDF5, or was cut off while it was written "
            "or copied "
            f"({error}). The model is unchanged."
        ) from None
    if not stores:
        raise ValueError(f"{shown} is an HDF5 file, but not one of weights: it has no `vars` groups.")
    return stores


def assign_stores(
    model: Any, stores: dict[str, dict[str, np.ndarray]], shown: str, skip_mismatch: bool
) -> None:
    """Give the parts of `model` their arrays; all or, on an error, nothing."""
    parts = list(parts_of(model))
    misfits = {path: text for path, part in parts if (text := _misfit(part, path, stores.get(path, {})))}
    known = {path for path, _ in parts}
    surplus = [
        path
        for path, store in stores.items()
        if store and path not in known and not path.startswith("optimizer") and "seed_generator" not in path
    ]
    if (misfits or surplus) and not skip_mismatch:
        raise ValueError(_refusal(model, shown, misfits, surplus))
    for text in misfits.values():
        warnings.warn(f"load_weights: {text} It is left as it is.", stacklevel=4)
    kept = [(variable, variable.numpy()) for variable in model.variables]
    try:
        for path, part in parts:
            if path in misfits:
                continue
            if isinstance(part, Holder):
                part.load_own_variables(stores.get(path, {}))
            elif path in stores:
                _load_optimizer(model, part, stores[path])
    except Exception:
        for variable, array in kept:
            variable.assign(array)
        raise


def _misfit(part: Any, path: str, store: dict[str, np.ndarray]) -> str | None:
    """What is wrong between a layer and the arrays at its place; None where they fit."""
    if not isinstance(part, Holder) or type(part).load_own_variables is not Holder.load_own_variables:
        return None
    variables = part._own_variables()
    arrays = [store[key] for key in sorted(store, key=lambda key: int(key) if key.isdigit() else 0)]
    if [v.shape for v in variables] == [array.shape for array in arrays]:
        return None
    expected = ", ".join(f"{v.name} {v.shape}" for v in variables) or "no weights"
    found = ", ".join(str(array.shape) for array in arrays) or "no weights"
    count = f"{len(variables)} weight(s) ({expected}), but the file has {len(arrays)} ({found})"
    hint = "" if part.built else " The layer is not built."
    return f'layer "{part.name}" ({type(part).__name__}, at {path or "the top"}) expects {count}.{hint}'


def _refusal(model: Any, shown: str, misfits: dict[str, str], surplus: list[str]) -> str:
    lines = [f'{shown} has the weights of another model than "{model.name}"; nothing was loaded.']
    lines += [f"  {text}" for text in list(misfits.values())[:5]]
    if len(misfits) > 5:
        lines.append(f"  … and {len(misfits) - 5} more layers.")
    if surplus:
        lines.append(f"  The file has weights for {', '.join(surplus[:5])}, which the model does not have.")
    lines.append("  skip_mismatch=True loads what fits.")
    return "\n".join(lines)


def _load_optimizer(model: Any, optimizer: Any, store: dict[str, np.ndarray]) -> None:
    if not optimizer.built and len(store) > len(optimizer.variables):
        optimizer.build(model.trainable_variables)
    shapes = [store[key].shape for key in sorted(store, key=int)]
    if shapes != [tuple(variable.shape) for variable in optimizer.variables]:
        warnings.warn(
            f'load_weights: the state of optimizer "{optimizer.name}" is left as it is: it has '
            f"{len(optimizer.variables)} variables, and those in the file ({len(shapes)}) do not fit them.",
            stacklevel=5,
        )
        return
    optimizer.load_own_variables(store)
