"""Whether Keras reads whole models that Schuss wrote: outputs, a further epoch, both formats.

    python tools/exchange_keras_models.py write FOLDER    # in an environment with Schuss
    python tools/exchange_keras_models.py read FOLDER     # in one with Keras 3

The other way is in the tests: ``tools/record_keras_models.py`` and ``tests/saving``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "saving"))

from saved_models import examples, flat

SUFFIXES = ("keras", "h5")
OTHER = {"functions", "subclassed"}  # which cannot be written as .h5


def outputs_of(model: Any, x: Any) -> dict[str, np.ndarray]:
    return {f"output{i}": array for i, array in enumerate(flat(model.predict(x, verbose=0)))}


def figures(model: Any, x: Any, y: Any) -> dict[str, np.ndarray]:
    """Outputs, and the loss of an epoch of training after that."""
    found = outputs_of(model, x)
    loss = model.fit(x, y, batch_size=4, verbose=0, shuffle=False).history["loss"]
    return found | {"loss": np.array(loss)}


def write(folder: Path) -> None:
    schuss = importlib.import_module("schuss")
    for name, make in examples(schuss).items():
        model, x, y = make()
        model.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False)
        for suffix in SUFFIXES if name not in OTHER else SUFFIXES[:1]:
            model.save(folder / f"{name}.{suffix}")
        np.savez(folder / f"{name}.npz", **figures(model, x, y))


def read(folder: Path) -> None:
    keras = importlib.import_module("keras")
    for name, make in examples(keras).items():
        expected = np.load(folder / f"{name}.npz")
        for suffix in SUFFIXES if name not in OTHER else SUFFIXES[:1]:
            _, x, y = make()
            path = folder / f"{name}.{suffix}"
            if (
                suffix == "h5"
            ):  # whose loss "mse" Keras 3.15 does not read back, not from its own files either
                found = outputs_of(keras.models.load_model(path, compile=False), x)
            else:
                found = figures(keras.models.load_model(path), x, y)
            for key, array in found.items():
                np.testing.assert_allclose(array, expected[key], rtol=1e-3, atol=1e-5)
            print(f"{name}.{suffix}: the same")


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
