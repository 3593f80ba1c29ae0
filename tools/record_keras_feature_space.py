"""Record what Keras's FeatureSpace makes of a small table, and a file of it.

    KERAS_BACKEND=tensorflow python tools/record_keras_feature_space.py    # Keras 3 with TensorFlow

Writes tests/recorded/models/saved_feature_space.keras and its figures.
"""

from __future__ import annotations

import random
from pathlib import Path

import keras
import numpy as np
from keras.utils import FeatureSpace

FOLDER = Path(__file__).parent.parent / "tests" / "recorded" / "models"
ROWS = 90


def table() -> dict[str, list]:
    draw = random.Random(0)
    return {
        "plain": [draw.gauss(0, 1) for _ in range(ROWS)],
        "scaled": [draw.randrange(9) for _ in range(ROWS)],
        "normal": [draw.gauss(5, 2) for _ in range(ROWS)],
        "bins": [draw.random() ** 2 for _ in range(ROWS)],
        "number": [draw.choice([3, 5, 5, 9, -7]) for _ in range(ROWS)],
        "word": [draw.choice(["a", "b", "b", "über", "c d"]) for _ in range(ROWS)],
        "hashed_word": [draw.choice(["x", "y", "z"]) for _ in range(ROWS)],
        "hashed_number": [draw.randrange(100) for _ in range(ROWS)],
    }


def space() -> FeatureSpace:
    return FeatureSpace(
        {
            "plain": "float",
            "scaled": FeatureSpace.float_rescaled(scale=0.5, offset=1.0),
            "normal": "float_normalized",
            "bins": FeatureSpace.float_discretized(num_bins=4),
            "number": "integer_categorical",
            "word": FeatureSpace.string_categorical(max_tokens=5, num_oov_indices=2),
            "hashed_word": FeatureSpace.string_hashed(num_bins=4),
            "hashed_number": "integer_hashed",
        },
        crosses=[
            ("word", "number"),
            FeatureSpace.cross(("hashed_word", "hashed_number"), crossing_dim=6),
        ],
        crossing_dim=5,
        hashing_dim=7,
    )


def main() -> None:
    data, made = table(), space()
    made.adapt(data)
    made.save(FOLDER / "saved_feature_space.keras")
    figures = {f"x_{name}": np.array(column) for name, column in data.items()}
    np.savez_compressed(
        FOLDER / "saved_feature_space.npz", allow_pickle=False, y=np.array(made(data)), **figures
    )
    print(keras.__version__, made.get_encoded_features().shape)


if __name__ == "__main__":
    main()
