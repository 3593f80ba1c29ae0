"""Weights in HDF5 files, in Keras 3's layout: a group for each layer, at the path that leads to it from the
model."""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.layers._state import Holder
from schuss.random import SeedGenerator
from schuss.saving import _safetensors
from schuss.saving._files import open_archive, read_member, replacing
from schuss.saving._hdf5 import WeightsFile, weights_in
from schuss.saving.legacy import SUFFIXES, load_legacy_weights
from schuss.utils._names import to_snake_case
from schuss.utils._uids import unique_name

WEIGHTS_NAME = "model.weights.h5"
"""The name of the weights' file in a ``.keras`` archive."""

_SUFFIX = ".weights.h5"
AnyFile = WeightsFile | _safetensors.TensorsFile


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
    """Write the model's weights, and its optimizer's variables, to a file: ``.weights.h5``, which Keras 3 reads, too, or
    ``.safetensors``.

    The file is written beside its place and moved there when it is complete.

    Raises:
        ValueError: the name ends in neither; the model has no weights yet.
        FileExistsError: it exists, and `overwrite` is False.
        OSError: it cannot be written; a file that was there before is unchanged.
    """
    path = Path(filepath)
    if max_shard_size is not None:
        raise ValueError("save_weights: `max_shard_size` is not supported; weights are written to one file.")
    if not path.name.endswith((_SUFFIX, _safetensors.SUFFIX)):
        raise ValueError(
            f"save_weights: the file name must end in {_SUFFIX!r} or {_safetensors.SUFFIX!r}, got {str(filepath)!r}."
        )
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Give another name, or overwrite=True.")
    if not model.built:
        raise ValueError(
            f'Model "{model.name}" is not built, so it has no weights to save. Call it on data, or build(input_shape) '
            "it, first."
        )
    plain = path.name.endswith(_safetensors.SUFFIX)
    content = _tensors_bytes(model) if plain else weights_bytes(model)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)


def _tensors_bytes(model: Any) -> bytes:
    stores: dict[str, dict[str, np.ndarray]] = {}
    meanings: dict[str, str] = {}
    for path, part in parts_of(model):
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        stores[path] = {key: np.asarray(array) for key, array in store.items()}
        own = part._stored_variables() if isinstance(part, Holder) else []
        meanings.update(
            (_safetensors.name_of(path, str(n)), v.path) for n, v in enumerate(own) if str(n) in store
        )
    return _safetensors.content_of(stores, meanings)


def weights_bytes(model: Any) -> memoryview:
    """The content of a weights file. It is made in memory, because HDF5 may crash where a disk is full."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path, part in parts_of(model):
            store: dict[str, Any] = {}
            part.save_own_variables(store)
            group = file.require_group(f"{path}/vars" if path else "vars")
            if isinstance(getattr(part, "name", None), str):
                group.attrs["name"] = part.name
            for key, array in store.items():
                group[key] = np.asarray(array)
    return content.getbuffer()


def parts_of(model: Any) -> Iterator[tuple[str, Any]]:
    """Everything that has variables of its own, with its path in the file, as Keras 3 finds it.

    A functional or sequential model's parts are ``layers/dense``, ``layers/dense_1``, … (classes, counted);
    others go by the attributes that hold them, in alphabetical order, private ones last; those in lists and
    dicts by class within. What is found by several paths goes by the first.
    """
    yield from _parts(model, "", set())


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
            yield from _parts_in(child, below, seen, set())


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    if getattr(part, "_function", None) is not None:
        yield "layers", part.layers
    names = set(dir(part)) - _library_attributes()
    for name in sorted(names, key=lambda name: f"~{name}" if name.startswith("_") else name):
        try:
            yield name, getattr(part, name)
        except Exception:  # a property that does not work now holds nothing
            continue


@functools.cache
def _library_attributes() -> frozenset[str]:
    """Attributes that every layer or model has, apart from the two that lead to parts of a model."""
    from schuss.layers import Layer
    from schuss.models import Model, Sequential

    own = {
        name for example in (Layer(name="x"), Model(name="x"), Sequential(name="x")) for name in dir(example)
    }
    return frozenset(own - {"layers", "optimizer"})


def _parts_in(container: Any, path: str, seen: set[int], containers: set[int]) -> Iterator[tuple[str, Any]]:
    if id(container) in containers:
        return
    containers.add(id(container))
    taken: set[str] = set()
    for item in container.values() if isinstance(container, dict) else container:
        if _is_part(item):
            kind = getattr(item, "_serialized_class_name", type(item).__name__)
            yield from _parts(item, f"{path}/{unique_name(to_snake_case(kind), taken)}", seen)
        elif isinstance(item, (list, dict, tuple)):
            yield from _parts_in(item, f"{path}/{unique_name('container', taken)}", seen, containers)


def _is_part(value: Any) -> bool:
    return (
        not isinstance(value, type)
        and hasattr(value, "save_own_variables")
        and hasattr(value, "load_own_variables")
    )


def load_weights(
    model: Any, filepath: Any, skip_mismatch: bool = False, objects_to_skip: Any = None, by_name: Any = None
) -> None:
    """Read weights that `save_weights`, or Keras 3's, wrote. All is read and checked before the model is
    changed.

    Args:
        model: built. filepath: a ``.weights.h5``, ``.safetensors`` or ``.keras`` file.
        skip_mismatch: leave what does not fit as it is, with a warning.
        objects_to_skip: layers (or the optimizer) that are left as they are.
        by_name: for files of Keras's older format, ``.h5``: find layers by their names, not by their order.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not such a file, is truncated, or has the weights of another model.
    """
    path = Path(filepath)
    legacy = path.suffix in SUFFIXES and not path.name.endswith(_SUFFIX)
    if by_name is not None and not legacy:
        raise ValueError("load_weights: `by_name` is only for files of Keras's older format, '.h5'.")
    plain = path.name.endswith(_safetensors.SUFFIX)
    if not legacy and not path.name.endswith((_SUFFIX, _safetensors.SUFFIX, ".keras")):
        raise ValueError(
            f"load_weights: the file name must end in {_SUFFIX!r}, '.safetensors', '.keras' or '.h5', got "
            f"{str(filepath)!r}. Other formats (TensorFlow checkpoints) are not supported: load the model with "
            "Keras 3 and save it with model.save_weights('name.weights.h5')."
        )
    if not path.exists():
        raise FileNotFoundError(f"load_weights: there is no file {str(path)!r}.")
    if not model.built:
        raise ValueError(
            f'Model "{model.name}" is not built, so it has no weights to load into. Call it on data, or '
            "build(input_shape) it, first."
        )
    if legacy:
        load_legacy_weights(model, path, bool(by_name), skip_mismatch)
        return
    if plain:
        with _safetensors.tensors_in(path, str(path)) as file:
            stored = _stored(model, file, str(path), skip_mismatch, objects_to_skip or ())
        _assign(model, stored)
        return
    source: Any = path
    if path.name.endswith(".keras"):
        with open_archive(path) as archive:
            source = io.BytesIO(read_member(archive, WEIGHTS_NAME, str(path)))
    read_weights(model, source, str(path), skip_mismatch, objects_to_skip or ())


def read_weights(
    model: Any, source: Any, shown: str, skip_mismatch: bool = False, objects_to_skip: Any = ()
) -> None:
    """Give the parts of `model` their arrays from a path or binary file object; all or, on an error,
    nothing."""
    with weights_in(source, shown) as file:
        stored = _stored(model, file, shown, skip_mismatch, objects_to_skip)
    _assign(model, stored)


def _stored(
    model: Any, file: AnyFile, shown: str, skip_mismatch: bool, objects_to_skip: Any
) -> list[tuple[Any, dict[str, np.ndarray]]]:
    """The parts of the model, and their arrays in the file."""
    skipped = {id(part) for part in objects_to_skip}
    parts = [(path, part) for path, part in parts_of(model) if id(part) not in skipped]
    misfits = _misfits(parts, file)
    surplus = _surplus(model, file)
    if (misfits or surplus) and not skip_mismatch:
        raise ValueError(_refusal(model, shown, misfits, surplus))
    stores = {path: file.read(path) for path, _ in parts if path not in misfits}
    for text in misfits.values():
        warnings.warn(f"load_weights: {text} It is left as it is.", stacklevel=5)
    return [(part, stores[path]) for path, part in parts if path in stores]


def _assign(model: Any, stored: list[tuple[Any, dict[str, np.ndarray]]]) -> None:
    kept = [(variable, variable.numpy()) for variable in _all_variables(model)]
    try:
        for part, store in stored:
            if isinstance(part, (Holder, SeedGenerator)):
                part.load_own_variables(store)
            elif store:
                _load_optimizer(model, part, store)
    except Exception:
        for variable, array in kept:
            variable.assign(array)
        raise


def _all_variables(model: Any) -> list[Variable]:
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(optimizer.variables if optimizer is not None else ())]


def _misfits(parts: list[tuple[str, Any]], file: AnyFile) -> dict[str, str]:
    """Path → what is wrong between a layer and the arrays at its place, for those that do not fit."""
    texts = ((path, _misfit(part, path, file.shapes.get(path, {}))) for path, part in parts)
    return {path: text for path, text in texts if text}


def _surplus(model: Any, file: AnyFile) -> list[str]:
    """Where the file has weights for which the model has no layer."""
    known = {path for path, _ in parts_of(model)}
    return [
        path
        for path, store in file.shapes.items()
        if store and path not in known and not path.startswith("optimizer") and "seed_generator" not in path
    ]


def _misfit(part: Any, path: str, store: dict[str, tuple[int, ...]]) -> str | None:
    """What is wrong between a layer and the shapes at its place; None where they fit."""
    if not isinstance(part, Holder) or type(part).load_own_variables is not Holder.load_own_variables:
        return None
    variables = part._stored_variables()
    keys = _numbered(store)
    shapes = [store[key] for key in keys]
    if [v.shape for v in variables] == shapes and keys == [str(i) for i in range(len(keys))]:
        return None
    expected = ", ".join(f"{v.name} {v.shape}" for v in variables) or "no weights"
    found = ", ".join(f"{key}: {shape}" for key, shape in zip(keys, shapes)) or "no weights"
    count = f"{len(variables)} weight(s) ({expected}), but the file has {len(shapes)} ({found})"
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


def _numbered(store: Any) -> list[str]:
    """The names of a store's arrays: "0", "1", …, "10", then those that are no numbers."""
    return sorted(store, key=lambda key: (0, int(key), key) if key.isdecimal() else (1, 0, key))


def _load_optimizer(model: Any, optimizer: Any, store: dict[str, np.ndarray]) -> None:
    if not optimizer.built and len(store) > len(optimizer.variables):
        optimizer.build(model.trainable_variables)
    keys = _numbered(store)
    fits = keys == [str(i) for i in range(len(optimizer.variables))]
    if not fits or any(store[key].shape != v.shape for key, v in zip(keys, optimizer.variables)):
        warnings.warn(
            f'load_weights: the state of optimizer "{optimizer.name}" is left as it is: it has '
            f"{len(optimizer.variables)} variables, and those in the file ({len(store)}) do not fit them.",
            stacklevel=5,
        )
        return
    optimizer.load_own_variables(store)
