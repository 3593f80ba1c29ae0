"""`schuss.profile`: any model's steps, kernel by kernel, and the model is left as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss.backends.cpu import _limits
from schuss.bench import Profile, profile

X = np.random.default_rng(0).standard_normal((100, 20)).astype("float32")
Y = np.eye(5, dtype="float32")[np.arange(100) % 5]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_SECONDS", 1e-4)
    monkeypatch.setattr(_limits, "_REPEATS", 2)
    monkeypatch.setattr(_limits, "_MOST_COPIED", 1 << 20)


def classifier(**arguments: Any) -> schuss.Sequential:
    model = schuss.Sequential(
        [
            schuss.Input((20,)),
            schuss.layers.Dense(16, activation="relu"),
            schuss.layers.Dropout(0.5),
            schuss.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"], **arguments)
    return model


def test_it_is_a_public_name() -> None:
    assert schuss.profile is profile


@pytest.mark.parametrize("what", ["train", "test", "predict"])
def test_each_kind_of_step(what: str) -> None:
    found = profile(classifier(), X, None if what == "predict" else Y, 32, what=what, seconds=0.0)
    assert (found.what, found.batch) == (what, 32)
    products = 2 * 32 * (20 * 16 + 16 * 5)
    assert found.flops > (3 * products - 2 * 32 * 20 * 16 if what == "train" else products)
    assert len(found.rows) == len(found.program.kernels) > 0
    assert found.share_of_peak > 0
    assert sum(row.share for row in found.rows) + found.waiting <= 1.05
    assert all(row.bytes_per_second > 0 for row in found.rows)


def test_the_model_is_left_as_it_was() -> None:
    model = classifier()
    model.fit(X, Y, verbose=0)
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy().copy() for variable in variables]
    profile(model, X, Y, 32, seconds=0.0)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_what_is_printed() -> None:
    text = str(profile(classifier(), X, Y, 32, seconds=0.0, threads=1))
    assert text.startswith("train step of 32 rows on 1 thread: ")
    assert "32×16, sum of 20" in text
    assert "─ the step's end ─" in text
    assert "GFLOP/s on 1 thread, " in text
    assert max(map(len, text.splitlines())) <= 140


def test_several_inputs_and_batches_from_a_generator() -> None:
    a, b = schuss.Input((20,)), schuss.Input((3,))
    model = schuss.Model([a, b], schuss.layers.Dense(1)(schuss.layers.Concatenate()([a, b])))
    model.compile(optimizer="sgd", loss="mse")
    batches = iter([([X[:8], X[:8, :3]], X[:8, :1])])
    assert profile(model, batches, seconds=0.0).batch == 8


def test_what_cannot_be_profiled_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="must be 'train', 'test' or 'predict', got 'fit'"):
        profile(classifier(), X, Y, what="fit")
    with pytest.raises(ValueError, match=r"must call `compile\(\)` before `profile\(\)`"):
        profile(schuss.Sequential([schuss.layers.Dense(1)]), X, Y)
    with pytest.raises(ValueError, match="runs on the reference evaluator"):
        profile(classifier(run_eagerly=True), X, Y)
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")
    with pytest.raises(ValueError, match="SCHUSS_BACKEND=cpu"):
        profile(classifier(), X, Y)


def test_its_repr_is_short() -> None:
    found = profile(classifier(), X, what="predict", seconds=0.0)
    assert isinstance(found, Profile)
    assert repr(found) == f"<Profile of a predict step: {len(found.rows)} kernels; print shows it>"
