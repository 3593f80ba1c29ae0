"""Data as it comes: arrays, generators and folders of files as batches. In: where the data is. Out: a
`Dataset`, whose batches are NumPy arrays, made by threads ahead of their use. Knows no model. Imported at
first use."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "AUTOTUNE": "dataset",
    "Dataset": "dataset",
    "audio_dataset_from_directory": "audio",
    "image_dataset_from_directory": "images",
    "split_dataset": "splitting",
    "text_dataset_from_directory": "texts",
    "timeseries_dataset_from_array": "timeseries",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"schuss.data.{_HOMES[name]}"), name)
    from schuss.utils._names import missing_name

    raise missing_name(__name__, "name", name, sorted(_HOMES))


def __dir__() -> list[str]:
    return sorted(_HOMES)
