"""`fit` and `predict` of Keras, or of Schuss, whose names are the same."""

from __future__ import annotations

import importlib
import time
from typing import Any

from . import Run, builder
from ._data import data_of
from .keras_stack import stack


def run_of(workload: dict[str, Any], library: str) -> Run:
    """`library`: ``"keras"`` or ``"schuss"``."""
    x, y = data_of(workload)
    model = compiled_model(workload, importlib.import_module(library))
    if workload["kind"] == "train":
        return lambda: model.fit(x, y, batch_size=workload["batch"], epochs=1, verbose=0)

    def predict() -> Any:
        return model.predict(x, batch_size=workload["batch"], verbose=0)

    if library == "schuss":
        return predict
    return _quicker(predict, lambda: model.predict_on_batch(x))


def compiled_model(workload: dict[str, Any], keras: Any) -> Any:
    """The workload's model, of `keras` or `schuss`."""
    layers = builder(MODELS, workload, "Keras")(workload, keras.layers)
    outputs = inputs = keras.Input(
        tuple(workload["inputs"]), dtype="int32" if "words" in workload else "float32"
    )
    for layer in layers:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=_OPTIMIZERS[workload["optimizer"]](keras.optimizers), loss=workload["loss"])
    return model


def dense(workload: dict[str, Any], layers: Any) -> list[Any]:
    """The layers of a dense network."""
    return [layers.Dense(units, activation=activation) for units, activation in workload["layers"]]


MODELS = {"dense": dense, "stack": stack}
_OPTIMIZERS = {
    "sgd": lambda optimizers: optimizers.SGD(0.01),
    "momentum": lambda optimizers: optimizers.SGD(0.01, momentum=0.9),
    "adam": lambda optimizers: optimizers.Adam(1e-3),
}


def _quicker(*runs: Run) -> Run:
    """Of several ways to do the same the one that takes less time, once they are warm."""

    def seconds(run: Run) -> float:
        taken = []
        for _ in range(5):
            begin = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begin)
        return min(taken)

    return min(runs, key=seconds)
