"""Whole models and weights in Keras's older HDF5 format, ``.h5``, as Keras 2 wrote it and Keras 3 still does."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.saving._files import replacing
from schuss.saving._hdf5 import array_in, opened, read_array, require_hard_link
from schuss.saving.serialization import deserialize_from_file, serialize_keras_object

SUFFIXES = (".h5", ".hdf5")
_OWN = "top_level_model_weights"
_LARGEST_ATTRIBUTE = 64_000  # bytes; HDF5 keeps attributes in headers of 64 KB


def save_legacy(model: Any, path: Path, include_optimizer: bool = True) -> None:
    """Write the model's config, weights, and what it was compiled with, to an ``.h5`` file."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "3.15.0", "schuss"
        described = serialize_keras_object(model)
        config = {"class_name": described["class_name"], "config": described["config"]}
        file.attrs["model_config"] = json.dumps(config)
        _write_layers(file.create_group("model_weights"), model)
        training = described.get("compile_config")
        if training and include_optimizer:
            optimizer = training.pop("optimizer")
            training["optimizer_config"] = {key: optimizer[key] for key in ("class_name", "config")}
            file.attrs["training_config"] = json.dumps(training)
            if model.optimizer.built:
                _write_weights(file.create_group("optimizer_weights"), model.optimizer.variables)
    with replacing(path) as temporary, open(temporary, "wb") as target:
        target.write(content.getbuffer())


def _write_layers(group: Any, model: Any) -> None:
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        _write_weights(group.create_group(layer.name), _weights_of(layer))
    _write_weights(group.create_group(_OWN), model._own_variables())


def _write_weights(group: Any, variables: list[Variable]) -> None:
    names: list[str] = []
    for variable in variables:
        taken = variable.path in names
        names.append(f"{variable.path}_{len(names)}" if taken else variable.path)
        group[names[-1]] = variable.numpy()
    _write_names(group, "weight_names", names)


def _write_names(group: Any, key: str, names: list[str]) -> None:
    """A list of names as an attribute, or, if it is too long for one, as ``key0``, ``key1``, …"""
    encoded = np.array([name.encode() for name in names])
    if encoded.nbytes <= _LARGEST_ATTRIBUTE:
        group.attrs[key] = encoded if names else np.array([], dtype="S1")
        return
    parts = -(-encoded.nbytes // _LARGEST_ATTRIBUTE)
    for i, part in enumerate(np.array_split(encoded, parts)):
        group.attrs[f"{key}{i}"] = part


def _read_names(group: Any, key: str) -> list[str]:
    if key in group.attrs:
        found = list(group.attrs[key])
    else:
        found, i = [], 0
        while f"{key}{i}" in group.attrs:
            found += list(group.attrs[f"{key}{i}"])
            i += 1
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]


def _weights_of(layer: Any) -> list[Variable]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def load_legacy(
    path: Path, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in an ``.h5`` file.

    Raises:
        ValueError: it is no such file, has only weights, is damaged, or has parts that are not known here.
    """
    shown = str(path)
    with opened(path, shown) as file:
        if "model_config" not in file.attrs:
            raise ValueError(
                f"{shown} does not hold a whole model, but only weights: use model.load_weights for it."
            )
        texts = [file.attrs["model_config"], file.attrs.get("training_config") if compile else None]
        state = [array for _, array in _weights_in(file, "optimizer_weights", shown)] if texts[1] else []
    config, training = (None if text is None else _json(text, shown) for text in texts)
    model = deserialize_from_file(config, custom_objects, safe_mode, shown)
    load_legacy_weights(model, path)
    if training:
        training["optimizer"] = training.pop("optimizer_config", None)
        training = {key: value for key, value in training.items() if key != "sample_weight_mode"}
        _compile(model, training, custom_objects, state)
    return model


def _compile(
    model: Any, training: dict[str, Any], custom_objects: dict[str, Any] | None, state: list[np.ndarray]
) -> None:
    from schuss.saving.registration import CustomObjectScope

    with CustomObjectScope(custom_objects):
        model.compile_from_config(training)
    if not state or model.optimizer is None:
        return
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    if [array.shape for array in state] != [tuple(v.shape) for v in model.optimizer.variables]:
        warnings.warn(
            f'The state of optimizer "{model.optimizer.name}" in the file does not fit it; it starts anew.',
            stacklevel=3,
        )
        return
    model.optimizer.set_weights(state)


def _json(text: Any, shown: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{shown} is damaged: its config is not JSON ({error}).") from None
    if not isinstance(config, dict):
        raise ValueError(f"{shown} does not hold a model: its config describes no object.")
    return config


def load_legacy_weights(model: Any, path: Path, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Read the weights of the model's layers from an ``.h5`` file: by their order, or by their names.

    Raises:
        ValueError: it is no such file, or has the weights of another model. The model is unchanged then.
    """
    shown = str(path)
    with opened(path, shown) as file:
        place = "model_weights" if "layer_names" not in file.attrs and "model_weights" in file else ""
        root = file
        if place:
            require_hard_link(file, place, place, shown)
            root = file[place]
        stored = [(name, _weights_in(root, name, shown)) for name in _read_names(root, "layer_names")]
        own = _weights_in(root, _OWN, shown)
    pairs = _pairs(model, [(name, arrays) for name, arrays in stored if arrays], by_name, shown)
    if own:
        pairs.append((model.name, model._own_variables(), own))
    _assign(model, pairs, skip_mismatch, shown)


def _weights_in(root: Any, name: str, shown: str) -> list[tuple[str, np.ndarray]]:
    """The arrays of a layer, with their names."""
    if name not in root:
        return []
    require_hard_link(root, name, name, shown)
    arrays: list[tuple[str, np.ndarray]] = []
    for weight in _read_names(root[name], "weight_names"):
        group, rest = root[name], weight.split("/")
        for step in rest[:-1]:
            require_hard_link(group, step, f"{name}/{weight}", shown)
            group = group[step]
        item = array_in(group, rest[-1], f"{name}/{weight}", shown)
        arrays.append((weight, read_array(item, f"{name}/{weight}", shown)))
    return arrays


def _pairs(
    model: Any, stored: list[tuple[str, list[tuple[str, np.ndarray]]]], by_name: bool, shown: str
) -> list[tuple[str, list[Variable], list[tuple[str, np.ndarray]]]]:
    if by_name:
        layers = {layer.name: layer for layer in model.layers}
        return [(name, _weights_of(layers[name]), arrays) for name, arrays in stored if name in layers]
    layers_with = [layer for layer in model.layers if layer.weights]
    if len(layers_with) != len(stored):
        raise ValueError(
            f'{shown} has the weights of another model than "{model.name}"; nothing was loaded. The model has '
            f"{len(layers_with)} layers with weights ({', '.join(layer.name for layer in layers_with)}), the file "
            f"{len(stored)} ({', '.join(name for name, _ in stored)})."
        )
    return [(layer.name, _weights_of(layer), arrays) for layer, (_, arrays) in zip(layers_with, stored)]


def _assign(
    model: Any,
    pairs: list[tuple[str, list[Variable], list[tuple[str, np.ndarray]]]],
    skip_mismatch: bool,
    shown: str,
) -> None:
    fitting: list[tuple[Variable, np.ndarray]] = []
    for name, variables, arrays in pairs:
        if [v.shape for v in variables] == [array.shape for _, array in arrays]:
            fitting += [(v, array) for v, (_, array) in zip(variables, arrays)]
            continue
        expected = ", ".join(f"{v.name} {v.shape}" for v in variables) or "no weights"
        found = ", ".join(f"{weight} {array.shape}" for weight, array in arrays) or "no weights"
        text = f'layer "{name}" expects {expected}, but the file has {found}.'
        if not skip_mismatch:
            raise ValueError(
                f'{shown} has the weights of another model than "{model.name}"; nothing was loaded: {text} '
                "skip_mismatch=True loads what fits."
            )
        warnings.warn(f"load_weights: {text} It is left as it is.", stacklevel=5)
    for variable, array in fitting:
        variable.assign(array)
