"""Record what Keras's optimizers within optimizers compute, and short fits, for
tests/recorded/optimizers_wrapping.npz.

Needs Keras 3 with the TensorFlow backend: ``python tools/record_keras_wrapping_optimizers.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS / "optimizers"))

from recorded_wrappers import SHAPES, applied, fit, fitted, gradients  # noqa: E402


def main(folder: Path) -> None:
    arrays: dict[str, Any] = {"source": np.array(f"Keras {keras.__version__}, {keras.backend.backend()}")}
    for name, optimizer in applied(keras.optimizers).items():
        rng = np.random.default_rng(3)
        variables = [
            keras.Variable(np.asarray(rng.normal(size=shape), "float32"), name=key)
            for key, shape in SHAPES.items()
        ]
        for step in range(9):
            if name == "several" or name.startswith("schedule"):  # these do not look for infinities
                found = gradients(rng, 0)
            else:
                found = gradients(rng, step)
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in found], variables)
            for i, variable in enumerate(variables):
                arrays[f"{name}/w{i}.step{step}"] = variable.numpy()
        for i, variable in enumerate(optimizer.variables):
            arrays[f"{name}/state{i}"] = np.asarray(variable.numpy(), "float32")
        arrays[f"{name}/names"] = np.array([variable.name for variable in optimizer.variables])
    for name, make in fitted(keras.optimizers).items():
        history, weights = fit(keras, make())
        arrays[f"fit/{name}/loss"] = np.array(history["loss"], "float32")
        for i, array in enumerate(weights):
            arrays[f"fit/{name}/w{i}"] = np.asarray(array)
    np.savez_compressed(folder / "optimizers_wrapping.npz", **arrays)


if __name__ == "__main__":
    main(TESTS / "recorded")
