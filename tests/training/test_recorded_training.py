"""The recorded training of Keras's: every step's loss, and the weights at the end."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schuss.callbacks import Callback
from schuss.saving import deserialize_keras_object

RECORDED = Path(__file__).parents[1] / "recorded"
CASES = [
    case
    for case in json.loads((RECORDED / "training.json").read_text())["cases"]
    if (RECORDED / case["model"]).exists()
]
ARRAYS = np.load(RECORDED / "training.npz")
WITHOUT_GRADIENT = {
    ("001", 3)
}  # a bias ahead of a batch normalization: what there is of a gradient is rounding


class Losses(Callback):
    """The loss of every step, from the running mean in the logs."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self._total = 0.0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        total = (logs or {})["loss"] * (batch + 1)
        self.losses.append(total - (self._total if batch else 0.0))
        self._total = total


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_step(case: dict[str, Any]) -> None:
    with zipfile.ZipFile(RECORDED / case["model"]) as archive:
        config = json.loads(archive.read("config.json"))
    model = deserialize_keras_object(config)
    model.compile_from_config(config["compile_config"])

    def arrays(name: str) -> Any:
        names = sorted(n for n in case["arrays"] if n.startswith(name) and n[len(name) :].isdigit())
        found = [ARRAYS[f"{case['id']}/{n}"] for n in names]
        return found[0] if len(found) == 1 else found

    weights = [ARRAYS[f"{case['id']}/weight{i}"] for i in range(len(case["weights"]))]
    model.set_weights(weights)
    recorder = Losses()
    model.fit(
        arrays("x"),
        arrays("y"),
        batch_size=case["batch_size"],
        epochs=case["epochs"],
        shuffle=case["shuffle"],
        verbose=0,
        callbacks=[recorder],
    )
    np.testing.assert_allclose(recorder.losses, ARRAYS[f"{case['id']}/loss"], rtol=1e-4)
    for i, weight in enumerate(model.get_weights()):
        after = ARRAYS[f"{case['id']}/after.weight{i}"]
        # Adam divides by √v: where gradients are hardly more than rounding, their order of summation shows.
        tolerance = 1e-2 if (case["id"], i) in WITHOUT_GRADIENT else 1e-3
        assert np.abs(weight - after).max() <= tolerance * np.abs(after).max()
