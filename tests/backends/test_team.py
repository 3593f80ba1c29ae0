"""Threads that come into a run and leave it between its steps."""

from __future__ import annotations

import random

import numpy as np
import pytest

import schuss
from schuss.backends.cpu import _program
from schuss.backends.cpu._pace import Pace

X = np.random.default_rng(0).normal(size=(2000, 48)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 5, 2000)
RANDOM = random.Random(3)


class Restless(Pace):
    """Wants another number of threads at every look."""

    @property
    def trying(self) -> bool:
        return True

    def note(self, size: int, steps: int, seconds: float, late: int, now: float) -> int:
        self.size = RANDOM.randint(1, self.most)
        return self.size


def trained(threads: int, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    monkeypatch.setenv("SCHUSS_NUM_THREADS", str(threads))
    schuss.utils.set_random_seed(12)
    model = schuss.Sequential(
        [
            schuss.Input((48,)),
            schuss.layers.Dense(150, activation="relu"),
            schuss.layers.Dropout(0.3),
            schuss.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, LABELS, batch_size=64, epochs=20, verbose=0)
    return model.get_weights()


def test_the_same_bits_while_threads_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "cpu")
    expected = trained(1, monkeypatch)
    monkeypatch.setattr(_program, "Pace", Restless)
    monkeypatch.setattr(_program, "GLANCE", 0.0001)
    monkeypatch.setattr(_program, "_INLINE_WORK", 0)
    for a, b in zip(expected, trained(5, monkeypatch), strict=True):
        np.testing.assert_array_equal(a, b)
