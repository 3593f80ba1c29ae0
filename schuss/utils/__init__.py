"""Small things that programs need beside networks: seeds, encodings, names. Imported at first use."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "schuss.saving": (
        "CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects "
        "get_registered_name "
        "get_registered_object register_keras_serializable serialize_keras_object"
    ),
    "schuss.config": (
        "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled"
    ),
    "schuss.data": (
        "audio_dataset_from_directory image_dataset_from_directory split_dataset text_dataset_from_directory "
        "timeseries_dataset_from_array"
    ),
    "schuss.graph": "standardize_dtype",
    "schuss.layers.preprocessing.feature_space": "FeatureSpace",
    "schuss.models._plot": "model_to_dot plot_model",
    "schuss.training._batches": "pack_x_y_sample_weight unpack_x_y_sample_weight",
    "schuss.training.py_dataset": "PyDataset Sequence",
    "schuss.utils._config": "Config",
    "schuss.utils._get_file": "get_file",
    "schuss.utils._images": "array_to_img img_to_array load_img save_img",
    "schuss.utils._numeric": "normalize to_categorical",
    "schuss.utils._sequences": "pad_sequences",
    "schuss.utils._progbar": "Progbar",
    "schuss.utils._random_seed": "set_random_seed",
    "schuss.utils._symbolic": "get_source_inputs is_keras_tensor",
    "schuss.utils._uids": "clear_session",
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names.split()}


_MODULES = ("bounding_boxes",)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"schuss.utils.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    from schuss.utils._names import suggestion

    raise AttributeError(f"module 'schuss.utils' has no attribute {name!r}. {suggestion(name, _NAMES)}")


def __dir__() -> list[str]:
    return sorted([*_NAMES, *_MODULES])
