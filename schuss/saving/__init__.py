"""Objects as configs, models and weights as files. In: layers and models. Out: dicts, HDF5 and ``.keras``
archives; no code from a file is run, unless the user says ``safe_mode=False``."""

import importlib
from typing import TYPE_CHECKING, Any

from schuss.saving.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from schuss.saving.archive import load_model, save_model
    from schuss.saving.weights import load_weights, save_weights

_LAZY = {
    "load_model": "archive",
    "load_weights": "weights",
    "save_model": "archive",
    "save_weights": "weights",
}


def __getattr__(name: str) -> Any:  # files need layers, and layers need configs
    if name in _LAZY:
        return getattr(importlib.import_module(f"schuss.saving.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'schuss.saving' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})


__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
