"""Record what Keras makes of folders and arrays: tests/recorded/data.json and data.npz.

KERAS_BACKEND=tensorflow python tools/record_keras_data.py [folder]    # in an environment with Keras 3.15, Pillow

The files are made here; tests make the same ones (`tests/data/data_folders.py`).
"""

# ruff: noqa: E402, I001 (the tests' module is found first)

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
HERE = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(HERE / "data"))

import keras
import numpy as np
from data_folders import (
    FOLDERS, IMAGES, SERIES, SPLITS, TARGETS, WINDOWS, image_folder, resizings, split_data, text_folder,
    wav_folder,
)  # fmt: skip


def main(target: Path) -> None:
    arrays: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        image_folder(Path(folder) / "images")
        for name, arguments in resizings().items():
            images = keras.utils.image_dataset_from_directory(Path(folder) / "images", **IMAGES, **arguments)
            arrays[f"images/{name}"] = next(iter(images)).numpy()
        wav_folder(Path(folder) / "sounds")
        for length in (None, 4):
            sounds = keras.utils.audio_dataset_from_directory(
                Path(folder) / "sounds", shuffle=False, output_sequence_length=length
            )
            arrays[f"sounds/{length}"] = next(iter(sounds))[0].numpy()
        text_folder(Path(folder) / "texts")
        found = {name: _texts(Path(folder) / "texts", **arguments) for name, arguments in FOLDERS.items()}
    for name, arguments in WINDOWS.items():
        windows = keras.utils.timeseries_dataset_from_array(
            SERIES, TARGETS if "targets" in name else None, **arguments
        )
        for i, batch in enumerate(windows):
            parts = batch if isinstance(batch, tuple) else (batch,)
            for part, array in zip(("x", "y"), parts, strict=False):
                arrays[f"windows/{name}/{i}/{part}"] = array.numpy()
    for name, arguments in SPLITS.items():
        for side, part in zip(("left", "right"), keras.utils.split_dataset(split_data(), **arguments)):
            arrays[f"splits/{name}/{side}"] = np.array([[float(b), *a] for a, b in part.as_numpy_iterator()])
    np.savez_compressed(target / "data.npz", **arrays)
    (target / "data.json").write_text(json.dumps(found, indent=1) + "\n")


def _texts(folder: Path, **arguments: Any) -> list[Any]:
    """Of each data set the classes, and the texts with their labels, sorted where they were shuffled."""
    made = keras.utils.text_dataset_from_directory(folder, verbose=False, batch_size=3, **arguments)
    sets = []
    for data in made if isinstance(made, (list, tuple)) else [made]:
        rows = [
            [text.decode(), label.tolist()] for x, y in data.as_numpy_iterator() for text, label in zip(x, y)
        ]
        sets.append(
            [data.class_names, len(data), rows if arguments.get("shuffle") is False else sorted(rows)]
        )
    return sets


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "recorded")
