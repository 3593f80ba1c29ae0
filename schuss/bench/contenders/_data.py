"""Random rows and labels, the same for everybody."""

from __future__ import annotations

from typing import Any

import numpy as np


def data_of(workload: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """As many rows as an epoch has, and labels as the loss takes them: one-hot for categorical cross-entropy, numbers of
    classes for the sparse one. Rows are float32; where the workload says how many `words` there are, numbers of words."""
    rng = np.random.default_rng(0)
    rows, outputs = workload["batch"] * workload["steps"], workload["outputs"]
    if "words" in workload:
        x = rng.integers(0, workload["words"], (rows, *workload["inputs"]), dtype="int32")
    else:
        x = rng.standard_normal((rows, *workload["inputs"]), dtype="float32")
    if workload["loss"] == "sparse_categorical_crossentropy":
        return x, rng.integers(0, outputs, (rows, *workload.get("places", ())), dtype="int32")
    if workload["loss"] == "categorical_crossentropy":
        return x, np.eye(outputs, dtype="float32")[rng.integers(0, outputs, rows)]
    if workload["loss"] == "binary_crossentropy":
        return x, rng.integers(0, 2, (rows, outputs)).astype("float32")
    return x, rng.standard_normal((rows, outputs), dtype="float32")
