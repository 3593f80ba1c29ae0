"""The same bits whatever the number of threads, for whole fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers

RNG = np.random.default_rng(6)
X = RNG.normal(size=(200, 48)).astype("float32")
LABELS = RNG.integers(0, 5, 200)
MODELS: dict[str, tuple[Any, list[Any]]] = {
    "dropout": (lambda: schuss.optimizers.Adam(0.01), [layers.Dense, layers.Dropout]),
    "clipped": (lambda: schuss.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5), [layers.Dense]),
    "decayed": (lambda: schuss.optimizers.AdamW(0.01, use_ema=True), [layers.Dense]),
}


def fitted(name: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setenv("SCHUSS_BACKEND", "cpu")
    monkeypatch.setenv("SCHUSS_NUM_THREADS", str(threads))
    schuss.utils.set_random_seed(12)
    optimizer, kinds = MODELS[name]
    hidden = [kind(150, activation="relu") if kind is layers.Dense else kind(0.3) for kind in kinds]
    model = schuss.Sequential([schuss.Input((48,)), *hidden, layers.Dense(5, activation="softmax")])
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, LABELS, batch_size=64, epochs=2, validation_split=0.2, verbose=0).history
    return [*model.get_weights(), *history.values(), model.predict(X, verbose=0)]


@pytest.mark.parametrize("name", MODELS)
def test_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fitted(name, 1, monkeypatch)
    for threads in (2, 3, 5):
        for a, b in zip(expected, fitted(name, threads, monkeypatch), strict=True):
            np.testing.assert_array_equal(a, b)
