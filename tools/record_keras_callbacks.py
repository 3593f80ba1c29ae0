"""Record what Keras's EarlyStopping, ReduceLROnPlateau and ModelCheckpoint decide, for
tests/recorded/callbacks.json.

``KERAS_BACKEND=torch python tools/record_keras_callbacks.py``; a stand-in for a model writes down what is
asked of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np


class Model:
    """The part of a model that callbacks use."""

    def __init__(self) -> None:
        self.optimizer, self.stop_training, self.weights = keras.optimizers.SGD(0.1), False, [0]
        self.metrics: list[Any] = []
        self.saved: list[str] = []

    def get_weights(self) -> list[int]:
        return list(self.weights)

    def set_weights(self, weights: list[int]) -> None:
        self.weights = list(weights)

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(str(path))


def run(callback: Any, values: list[float], batches: int) -> dict[str, Any]:
    """What happens to the model in epochs whose ``val_loss`` is given; its only weight is the number of
    epochs."""
    model, rates = Model(), []
    callback.set_params({})
    callback.set_model(model)
    callback.on_train_begin({})
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            callback.on_train_batch_end(batch, {"loss": value, "val_loss": value})
        model.weights = [epoch + 1]
        callback.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(model.optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end({})
    return {"epochs": len(rates), "rates": rates, "weights": model.weights, "saved": model.saved}


def cases(rng: np.random.Generator) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for mode in ("min", "max", "auto"):
        for patience in (0, 1, 3):
            for extra in (
                {},
                {"min_delta": 0.2},
                {"baseline": 0.4},
                {"start_from_epoch": 2},
                {"restore_best_weights": True},
                {"restore_best_weights": True, "baseline": 0.2},
                {"restore_best_weights": True, "min_delta": 0.3},
            ):
                made.append(
                    {"class": "EarlyStopping", "config": {"mode": mode, "patience": patience, **extra}}
                )
        for patience in (0, 1, 2):
            for extra in (
                {},
                {"cooldown": 2},
                {"min_delta": 0.3},
                {"min_lr": 0.04},
                {"factor": 0.3, "cooldown": 1},
            ):
                config = {"mode": mode, "patience": patience, "factor": 0.5, **extra}
                made.append({"class": "ReduceLROnPlateau", "config": config})
        for extra in (
            {},
            {"save_best_only": True},
            {"save_best_only": True, "initial_value_threshold": 0.5},
            {"save_freq": 2},
            {"save_freq": 3, "save_best_only": True},
        ):
            path = "{epoch:02d}-{val_loss:.2f}.weights.h5"
            config = {"filepath": path, "mode": mode, "save_weights_only": True, **extra}
            made.append({"class": "ModelCheckpoint", "config": config})
    for case in made:
        case["values"] = [round(float(v), 2) for v in rng.random(9)]
    return made


def main(folder: Path) -> None:
    recorded = cases(np.random.default_rng(5))
    for case in recorded:
        callback = getattr(keras.callbacks, case["class"])(**case["config"])
        case["result"] = run(callback, case["values"], batches=3)
    text = ",\n".join(json.dumps(case) for case in recorded)
    (folder / "callbacks.json").write_text(
        f'{{"source": "Keras {keras.__version__}", "cases": [\n{text}\n]}}\n'
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "tests" / "recorded")
