"""Callbacks that decide something: the same decisions as Keras's, over random courses of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schuss import callbacks
from schuss.optimizers import SGD

CASES = json.loads((Path(__file__).parents[1] / "recorded" / "callbacks.json").read_text())["cases"]


class Model:
    """The part of a model that callbacks use."""

    def __init__(self) -> None:
        self.optimizer, self.stop_training, self.weights = SGD(0.1), False, [0]
        self.saved: list[str] = []

    def get_weights(self) -> list[int]:
        return list(self.weights)

    def set_weights(self, weights: list[int]) -> None:
        self.weights = list(weights)

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['class']}-{case['config']['mode']}")
def test_same_decisions(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model, rates = Model(), []
    callback = getattr(callbacks, case["class"])(**case["config"])
    called = callbacks.CallbackList([callback], model=model)
    called.on_train_begin()
    for epoch, value in enumerate(case["values"]):
        called.on_epoch_begin(epoch)
        for batch in range(3):
            called.on_train_batch_end(batch, {"loss": value, "val_loss": value})
        model.weights = [epoch + 1]
        called.on_epoch_end(epoch, {"val_loss": value})
        rates.append(float(model.optimizer.learning_rate.numpy()))
        if model.stop_training:
            break
    called.on_train_end()
    got = {"epochs": len(rates), "rates": rates, "weights": model.weights, "saved": model.saved}
    assert got == case["result"]
