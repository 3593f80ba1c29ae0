"""Record what Keras's `fit`, `evaluate` and `predict` give, for tests/recorded/fits.json and fits.npz.

``KERAS_BACKEND=torch python tools/record_keras_training.py``: small models, every case without shuffling.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS / "training"))

from recorded_fits import arguments, build  # noqa: E402

SGD = ["SGD", {"learning_rate": 0.1}]
DENSE = [["Dense", {"units": 6, "activation": "tanh"}]]
SOFTMAX, LINEAR = [["out", 3, "softmax"]], [["out", 1, "linear"]]
TWO = [["a", 3, "softmax"], ["b", 1, "linear"]]
SPARSE = "sparse_categorical_crossentropy"


def case(heads: Any, compile: dict[str, Any], fit: dict[str, Any], layers: Any = DENSE) -> dict[str, Any]:
    compile = {"optimizer": SGD, **compile}
    return {
        "features": 4,
        "layers": layers,
        "heads": heads,
        "compile": compile,
        "fit": {"batch_size": 8, "epochs": 2, **fit},
    }


CASES = {
    "partial_batch": case(SOFTMAX, {"loss": SPARSE, "metrics": ["accuracy", "sparse_categorical_crossentropy"]}, {"y": "@labels"}),
    "labels_as_column": case(SOFTMAX, {"loss": SPARSE, "metrics": ["acc"]}, {"y": "@labels_column"}),
    "one_hot": case(
        SOFTMAX, {"loss": "categorical_crossentropy", "metrics": ["mse", "accuracy"]},
        {"y": "@one_hot", "validation_split": 0.25},
    ),
    "sample_weight": case(
        SOFTMAX, {"loss": SPARSE, "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]},
        {"y": "@labels", "sample_weight": "@weights", "validation_split": 0.2},
    ),
    "class_weight": case(
        SOFTMAX, {"loss": SPARSE, "weighted_metrics": ["accuracy"]}, {"y": "@labels", "class_weight": {"0": 2.0, "2": 0.5}}
    ),
    "class_weight_one_hot": case(
        SOFTMAX, {"loss": "categorical_crossentropy"}, {"y": "@one_hot", "class_weight": {"1": 3.0}}
    ),
    "regularized": case(
        LINEAR, {"loss": "mse", "metrics": ["mae"], "optimizer": ["Adam", {"learning_rate": 0.01}]}, {"y": "@target"},
        [["Dense", {"units": 6, "activation": "relu", "kernel_regularizer": "l2", "activity_regularizer": "l1"}]],
    ),
    "binary": case(
        [["out", 1, "sigmoid"]], {"loss": "binary_crossentropy", "metrics": ["accuracy"]}, {"y": "@binary"}
    ),
    "logits": case(
        [["out", 3, "linear"]],
        {"loss": {"class": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}, "metrics": ["accuracy"]},
        {"y": "@labels", "epochs": 3, "initial_epoch": 1},
    ),
    "two_outputs": case(
        TWO, {"loss": [SPARSE, "mse"], "loss_weights": [1.0, 0.25], "metrics": [["accuracy"], ["mae", "mse"]],
              "weighted_metrics": [["accuracy"], []]},
        {"y": ["@labels", "@target"], "validation_split": 0.2},
    ),
    "two_outputs_weighted": case(
        TWO, {"loss": {"a": SPARSE, "b": "mae"}, "metrics": {"a": ["accuracy"]}},
        {"y": ["@labels", "@target"], "sample_weight": ["@weights", "@weights2"]},
    ),
    "one_loss_of_two": case(TWO, {"loss": [SPARSE, None]}, {"y": ["@labels", "@target"]}),
    "validation_data": case(
        LINEAR, {"loss": "mae", "metrics": ["mse"]},
        {"y": "@target", "epochs": 4, "validation_data": ["@x2", "@target2", "@weights_of_x2"], "validation_freq": 2,
         "validation_batch_size": 4},
    ),
    "clipped": case(
        LINEAR, {"loss": "huber", "optimizer": ["SGD", {"learning_rate": 0.5, "momentum": 0.9, "global_clipnorm": 0.1}]},
        {"y": "@target"},
    ),
    "averaged": case(
        LINEAR, {"loss": "mse", "optimizer": ["Adam", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.8}]},
        {"y": "@target"},
    ),
    "accumulated": case(
        LINEAR, {"loss": "mse", "optimizer": ["SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}]},
        {"y": "@target", "epochs": 3},
    ),
    "normalized": case(
        SOFTMAX, {"loss": SPARSE}, {"y": "@labels"}, [*DENSE, ["BatchNormalization", {"momentum": 0.7}]]
    ),
}  # fmt: skip


def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 3, 20).astype("int32")
    floats = {name: rng.normal(size=shape).astype("float32") for name, shape in
              (("x", (20, 4)), ("target", (20, 1)), ("x2", (10, 4)), ("target2", (10, 1)))}  # fmt: skip
    weights = {name: rng.uniform(0.2, 2, n).astype("float32") for name, n in
               (("weights", 20), ("weights2", 20), ("weights_of_x2", 10))}  # fmt: skip
    return {
        **floats, **weights, "labels": labels, "labels_column": labels[:, None],
        "one_hot": np.eye(3, dtype="float32")[labels], "binary": (labels == 1).astype("float32"),
    }  # fmt: skip


def main(folder: Path) -> None:
    arrays = data()
    given = dict(arrays)
    for index, (name, spec) in enumerate(CASES.items()):
        keras.utils.set_random_seed(index)
        model = build(keras, spec)
        start = [np.asarray(w) for w in model.get_weights()]
        history = model.fit(given["x"], shuffle=False, verbose=0, **arguments(spec, given))
        y = arguments(spec, given)["y"]
        evaluated = model.evaluate(given["x"], y, batch_size=8, verbose=0)
        spec["history"] = history.history
        spec["evaluated"] = evaluated if isinstance(evaluated, list) else [evaluated]
        for i, (before, after) in enumerate(zip(start, model.get_weights(), strict=True)):
            arrays[f"{name}/before{i}"], arrays[f"{name}/after{i}"] = before, np.asarray(after)
    (folder / "fits.json").write_text(
        json.dumps({"source": f"Keras {keras.__version__}", "cases": CASES}, indent=1)
    )
    np.savez_compressed(folder / "fits.npz", **arrays)


if __name__ == "__main__":
    main(TESTS / "recorded")
