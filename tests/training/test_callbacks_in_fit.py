"""Callbacks in training: which hooks are called when, with which logs, and what they may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import callbacks, layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype("float32")
Y = RNG.integers(0, 3, 12)


@pytest.fixture(autouse=True)
def _reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")


def model(**compile: Any) -> schuss.Sequential:
    schuss.utils.set_random_seed(1)
    made = schuss.Sequential([schuss.Input((4,)), layers.Dense(3, "softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **compile})
    return made


class Diary(callbacks.Callback):
    """Writes down every hook: its name, batch or epoch, and the names in its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[Any, ...]] = []


def _writing(hook: str) -> Any:
    def write(self: Diary, *args: Any, logs: Any = None) -> None:
        *numbers, logs = (
            [*args, logs] if logs is not None or not args or not isinstance(args[-1], dict) else args
        )
        self.entries.append((hook, *numbers, sorted(logs or {})))

    return write


for _hook in callbacks.callback.HOOKS:
    if _hook not in ("on_batch_begin", "on_batch_end"):
        setattr(Diary, _hook, _writing(_hook))

MEASURED = ["accuracy", "loss"]


def _steps(kind: str, count: int) -> list[tuple[Any, ...]]:
    return [
        entry
        for i in range(count)
        for entry in ((f"on_{kind}_batch_begin", i, []), (f"on_{kind}_batch_end", i, MEASURED))
    ]


def test_the_order_of_hooks_is_keras_s() -> None:
    diary, made = Diary(), model()
    made.fit(X, Y, batch_size=8, epochs=2, verbose=0, validation_data=(X, Y), validation_batch_size=5, validation_freq=2,
             callbacks=[diary])  # fmt: skip
    everything = [*MEASURED, "val_accuracy", "val_loss"]
    assert diary.entries == [
        ("on_train_begin", []),
        ("on_epoch_begin", 0, []), *_steps("train", 2), ("on_epoch_end", 0, MEASURED),
        ("on_epoch_begin", 1, []), *_steps("train", 2),
        ("on_test_begin", []), *_steps("test", 3), ("on_test_end", MEASURED),
        ("on_epoch_end", 1, everything),
        ("on_train_end", everything),
    ]  # fmt: skip


def test_the_order_of_hooks_in_evaluate_and_predict() -> None:
    diary, made = Diary(), model()
    made.evaluate(X, Y, batch_size=8, verbose=0, callbacks=[diary])
    assert diary.entries == [("on_test_begin", []), *_steps("test", 2), ("on_test_end", MEASURED)]
    diary.entries.clear()
    made.predict(X, batch_size=8, verbose=0, callbacks=[diary])
    assert diary.entries == [
        ("on_predict_begin", []),
        ("on_predict_batch_begin", 0, []), ("on_predict_batch_end", 0, ["outputs"]),
        ("on_predict_batch_begin", 1, []), ("on_predict_batch_end", 1, ["outputs"]),
        ("on_predict_end", []),
    ]  # fmt: skip


def test_batch_hooks_do_not_change_the_result() -> None:
    plain = model()
    plain.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    watched = model()
    watched.fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[Diary()])
    np.testing.assert_array_equal(plain.get_weights()[0], watched.get_weights()[0])
    assert plain.history.history == watched.history.history


def test_steps_per_execution_makes_hooks_rarer() -> None:
    diary, made = Diary(), model(steps_per_execution=2)
    made.fit(X, Y, batch_size=3, verbose=0, callbacks=[diary])
    assert [e[:2] for e in diary.entries if "batch" in e[0]] == [
        ("on_train_batch_begin", 0), ("on_train_batch_end", 1), ("on_train_batch_begin", 2), ("on_train_batch_end", 3)
    ]  # fmt: skip


def test_logs_of_a_batch_are_running_means() -> None:
    made, seen = model(), []
    made.optimizer.learning_rate = 0.0
    note = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    made.fit(X, Y, batch_size=4, shuffle=False, verbose=0, callbacks=[note])
    parts = [made.evaluate(X[i : i + 4], Y[i : i + 4], verbose=0)[0] for i in (0, 4, 8)]
    np.testing.assert_allclose(seen, [np.mean(parts[: k + 1]) for k in range(3)], rtol=1e-5)


def test_stopping_in_the_middle_of_an_epoch() -> None:
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    made = model()
    history = made.fit(X, Y, batch_size=3, epochs=5, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0]
    assert int(made.optimizer.iterations.numpy()) == 2
    assert made.fit(X, Y, batch_size=3, epochs=1, verbose=0).epoch == [0]  # a new fit begins afresh


def test_callbacks_of_the_library_work_together(tmp_path: Path) -> None:
    made = model()
    history = made.fit(
        X, Y, batch_size=4, epochs=6, verbose=0, validation_split=0.25,
        callbacks=[
            callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)),
            callbacks.CSVLogger(tmp_path / "log.csv"),
            callbacks.ModelCheckpoint(tmp_path / "best.weights.h5", save_best_only=True, save_weights_only=True),
            callbacks.ReduceLROnPlateau(patience=2),
            callbacks.EarlyStopping(monitor="loss", patience=3, restore_best_weights=True),
        ],
    )  # fmt: skip
    assert sorted(history.history) == ["accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"]
    np.testing.assert_allclose(history.history["learning_rate"], 0.1 / np.arange(1, 7), rtol=1e-6)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 7
    best = min(history.history["val_loss"])
    made.load_weights(tmp_path / "best.weights.h5")
    np.testing.assert_allclose(made.evaluate(X[9:], Y[9:], verbose=0)[0], best, rtol=1e-5)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_in_a_callback_leaves_whole_steps(error: type[BaseException]) -> None:
    def fail(batch: int, logs: Any) -> None:
        if batch == 1:
            raise error("here")

    made, other = model(), model()
    with pytest.raises(error, match="here"):
        made.fit(
            X,
            Y,
            batch_size=4,
            shuffle=False,
            verbose=0,
            callbacks=[callbacks.LambdaCallback(on_train_batch_end=fail)],
        )
    for start in (0, 4):
        other.train_on_batch(X[start : start + 4], Y[start : start + 4])
    np.testing.assert_array_equal(made.get_weights()[0], other.get_weights()[0])
    made.fit(X, Y, verbose=0)


def test_initial_epoch_and_validation_epochs() -> None:
    diary = Diary()
    history = model().fit(X, Y, epochs=5, initial_epoch=2, verbose=0, validation_data=(X, Y), validation_freq=[3, 5],
                          callbacks=[diary])  # fmt: skip
    assert history.epoch == [2, 3, 4]
    assert len(history.history["val_loss"]) == 2
    assert [e[1] for e in diary.entries if e[0] == "on_epoch_begin"] == [2, 3, 4]


def test_no_epochs() -> None:
    assert model().fit(X, Y, epochs=0, verbose=0).history == {}
