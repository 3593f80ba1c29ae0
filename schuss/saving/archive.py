"""Whole models in ``.keras`` files, as Keras 3 writes and reads them: structure, weights, how they were
compiled, the optimizer's state."""

from __future__ import annotations

import datetime
import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

from schuss.saving._files import open_archive, read_member, replacing, shown_name
from schuss.saving.assets import assets_of, give_assets
from schuss.saving.legacy import SUFFIXES, load_legacy, save_legacy
from schuss.saving.serialization import deserialize_sharing, serialize_sharing
from schuss.saving.weights import WEIGHTS_NAME, read_weights, weights_bytes

_CONFIG, _METADATA, _ASSETS = "config.json", "metadata.json", "assets/"
_FORMAT = "3.15.0"  # the version of Keras whose format this is


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    *,
    include_optimizer: bool = True,
    save_format: str | None = None,
) -> None:
    """Write a model to a ``.keras`` file: its structure, its weights, what it was compiled with, the state of
    its optimizer. Keras 3 reads it, too.

    The file is written beside its place and moved there when it is complete.

    Args:
        model: built, as a rule; one that is not has no weights to write (a warning says so).
        filepath: a path that ends in ``.keras``, or a binary file object. One that ends in ``.h5`` makes a file
            of Keras's older format.
        overwrite: replace an existing file; otherwise an error. Default True.
        zipped: accepted as in Keras; folders instead of files (False) are not supported.
        include_optimizer: False: leave out of an ``.h5`` file what the model was compiled with.
        save_format: accepted for older programs; the file's name decides. ``"tf"`` is not supported.

    Raises:
        ValueError: the name ends differently.
        FileExistsError: it exists, and `overwrite` is False.
        OSError: it cannot be written; a file that was there before is unchanged.
        TypeError: the model has parts without `get_config`.
    """
    if save_format not in (None, "keras", "h5"):
        raise ValueError(f"save_model: save_format={save_format!r} is not supported; use 'keras' or 'h5'.")
    if zipped is False:
        raise ValueError("save_model: zipped=False, a folder instead of a file, is not supported.")
    if not model.built:
        warnings.warn(
            f'Model "{model.name}" is not built, so it is saved without weights. Call it on data, or '
            "build(input_shape) it, first.",
            stacklevel=3,
        )
    if hasattr(filepath, "write"):
        _write(model, filepath)
        return
    path = Path(filepath)
    legacy = path.suffix in SUFFIXES and not path.name.endswith(".weights.h5")
    if path.suffix != ".keras" and not legacy:
        raise ValueError(
            f"save_model: the file name must end in '.keras', got {str(filepath)!r}. (For weights alone, use "
            "model.save_weights('name.weights.h5').)"
        )
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Give another name, or overwrite=True.")
    if legacy:
        save_legacy(model, path, include_optimizer)
        return
    with replacing(path) as temporary, open(temporary, "wb") as file:
        _write(model, file)


def _write(model: Any, file: Any) -> None:
    config = json.dumps(serialize_sharing(model))
    saved = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    weights, assets = weights_bytes(model), assets_of(model)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_METADATA, json.dumps({"keras_version": _FORMAT, "date_saved": saved}))
        archive.writestr(_CONFIG, config)
        with archive.open(WEIGHTS_NAME, "w", force_zip64=True) as member:
            member.write(weights)
        for path, content in assets.items():
            archive.writestr(_ASSETS + path, content)


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model that `save_model`, or Keras 3's, wrote.

    Args:
        filepath: a ``.keras`` file, or a binary file object of one; also an ``.h5`` file of Keras's older
            format.
        custom_objects: name → class or function, for those of the user's that are not registered.
        compile: compile the model as it was when it was saved. Default True.
        safe_mode: refuse lambda functions, whose code would come from the file. Default True.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such file, is damaged, or has parts that are not known here.

    Example:
        >>> import os, tempfile, schuss
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(3)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.keras")
        ...     model.save(path)
        ...     again = schuss.models.load_model(path)
        >>> bool((again.get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    if not hasattr(filepath, "read"):
        path = Path(filepath)
        _require_model_file(path)
        if path.suffix in SUFFIXES:
            return load_legacy(path, custom_objects, compile, safe_mode)
    with open_archive(filepath) as archive:
        return _read(archive, shown_name(filepath), custom_objects, compile, safe_mode)


def _require_model_file(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"load_model: there is no file {str(path)!r}.")
    if path.is_dir() or path.suffix not in (".keras", *SUFFIXES):
        raise ValueError(
            f"load_model: expected a file whose name ends in '.keras' (or '.h5'), got {str(path)!r}. Other formats "
            "(TensorFlow's SavedModel folders) are not supported: load the model with Keras 3 and "
            "save it with model.save('name.keras')."
        )


def _read(
    archive: zipfile.ZipFile,
    shown: str,
    custom_objects: dict[str, Any] | None,
    compile: bool,
    safe_mode: bool,
) -> Any:
    config = _config_in(archive, shown)
    if not compile:
        config.pop("compile_config", None)
    model = deserialize_sharing(config, custom_objects, safe_mode, shown)
    if not (hasattr(model, "built") and hasattr(model, "variables")):
        raise ValueError(f"{shown} does not hold a model or layer, but a {type(model).__name__}.")
    read_weights(model, io.BytesIO(read_member(archive, WEIGHTS_NAME, shown)), shown)
    names = [name for name in archive.namelist() if name.startswith(_ASSETS) and not name.endswith("/")]
    give_assets(model, {name[len(_ASSETS) :]: read_member(archive, name, shown) for name in names}, shown)
    return model


def _config_in(archive: zipfile.ZipFile, shown: str) -> dict[str, Any]:
    try:
        config = json.loads(read_member(archive, _CONFIG, shown))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{shown} is damaged: {_CONFIG} is not JSON ({error}).") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"{shown} does not hold a model: {_CONFIG} describes no object.")
    return config
