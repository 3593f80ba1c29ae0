"""Callbacks one by one, with a stand-in for a model."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from schuss import callbacks
from schuss.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from schuss.optimizers import SGD, schedules


def a_model(**attributes: Any) -> Any:
    return SimpleNamespace(optimizer=SGD(0.1), stop_training=False, metrics=[], **attributes)


def train(callback: Any, logs: list[dict[str, Any]], model: Any = None) -> History:
    """The calls of a training run whose epochs end with `logs`."""
    called = CallbackList([callback], add_history=True, model=model or a_model(), epochs=len(logs))
    called.on_train_begin()
    for epoch, epoch_logs in enumerate(logs):
        called.on_epoch_begin(epoch)
        called.on_train_batch_begin(0)
        called.on_train_batch_end(0, epoch_logs)
        called.on_epoch_end(epoch, epoch_logs)
        if called.model.stop_training:
            break
    called.on_train_end()
    assert called.history is not None
    return called.history


# The list


def test_hooks_reach_every_callback_in_order() -> None:
    class Recorder(Callback):
        def __init__(self, name: str):
            super().__init__()
            self.name = name

        def __getattribute__(self, hook: str) -> Any:
            if hook.startswith("on_"):
                return lambda *args, **kwargs: seen.append((self.name, hook, args, kwargs))
            return super().__getattribute__(hook)

    seen: list[Any] = []
    called = CallbackList([Recorder("a"), Recorder("b")])
    for hook in callbacks.callback.HOOKS:
        seen.clear()
        if "_batch_" in hook:
            getattr(called, hook)(3, {"loss": 1})
            expected: Any = ((3,), {"logs": {"loss": 1.0}})
        elif "_epoch_" in hook:
            getattr(called, hook)(3, {"loss": 1})
            expected = ((3, {"loss": 1.0}), {})
        else:
            getattr(called, hook)({"loss": 1})
            expected = (({"loss": 1.0},), {})
        assert seen == [("a", hook, *expected), ("b", hook, *expected)]


def test_model_and_params_are_given() -> None:
    callback, model = Callback(), a_model()
    called = CallbackList([callback], add_history=True, model=model, epochs=3, steps=7)
    assert callback.model is model
    assert callback.params == {"epochs": 3, "steps": 7}
    assert model.history is called.history
    late = Callback()
    called.append(late)
    assert late.model is model
    assert late.params == {"epochs": 3, "steps": 7}


def test_logs_are_floats() -> None:
    seen: list[Any] = []
    called = CallbackList([LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs))])
    called.on_epoch_end(0, {"a": np.float32(0.5), "b": np.array(2), "c": 3, "d": [1, 2], "e": "text"})
    assert seen == [{"a": 0.5, "b": 2.0, "c": 3.0, "d": [1, 2], "e": "text"}]
    assert [type(v) for v in seen[0].values()] == [float, float, float, list, str]


@pytest.mark.parametrize(
    ("callback", "train_batches", "test_batches", "predict_batches"),
    [
        (Callback(), False, False, False),
        (History(), False, False, False),
        (EarlyStopping(), False, False, False),
        (TerminateOnNaN(), True, False, False),
        (ModelCheckpoint("a.weights.h5", save_weights_only=True), False, False, False),
        (ModelCheckpoint("a.weights.h5", save_weights_only=True, save_freq=3), True, False, False),
        (LambdaCallback(on_epoch_end=print), False, False, False),
        (LambdaCallback(on_train_batch_end=print), True, False, False),
        (LambdaCallback(on_batch_begin=print), True, False, False),
        (LambdaCallback(on_test_batch_begin=print), False, True, False),
        (LambdaCallback(on_predict_batch_end=print), False, False, True),
    ],
)
def test_who_wants_batches(
    callback: Any, train_batches: bool, test_batches: bool, predict_batches: bool
) -> None:
    called = CallbackList([callback], add_history=True)
    wanted = called.wants_train_batches, called.wants_test_batches, called.wants_predict_batches
    assert wanted == (train_batches, test_batches, predict_batches)


def test_overriding_in_a_subclass_is_seen() -> None:
    class Old(Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((batch, logs))

    class Own(ModelCheckpoint):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None: ...

    seen: list[Any] = []
    called = CallbackList(Old())
    assert called.wants_train_batches
    called.on_train_batch_end(2, {"loss": 1.0})
    assert seen == [(2, {"loss": 1.0})]
    assert CallbackList(Own("a.keras")).wants_train_batches


def test_a_class_is_no_callback() -> None:
    with pytest.raises(TypeError, match=r"must be an instance .* Pass an object: EarlyStopping"):
        CallbackList([EarlyStopping])  # type: ignore[list-item]


# History, logs


def test_history() -> None:
    history = train(Callback(), [{"loss": 1, "val_loss": 2}, {"loss": 0.5}])
    assert history.history == {"loss": [1.0, 0.5], "val_loss": [2.0]}
    assert history.epoch == [0, 1]


@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_logger(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "log.csv"
    logs = [
        {"loss": 1.5, "b": [1, 2], "a": np.float32(2)},
        {"loss": 2, "b": np.array([1.0, 2.0]), "a": 1e-7},
        {"loss": 3},
    ]
    train(CSVLogger(path, separator=separator), logs)
    rows = [
        ["epoch", "a", "b", "loss", "val_a", "val_b", "val_loss"],
        ["0", "2.0", '"""[1, 2]"""', "1.5", "NA", "NA", "NA"],
        ["1", "1e-07", '"""[1.0, 2.0]"""', "2.0", "NA", "NA", "NA"],
        ["2", "NA", "NA", "3.0", "NA", "NA", "NA"],
    ]
    assert path.read_text().splitlines() == [separator.join(row) for row in rows]


def test_csv_logger_appends_and_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"loss": 1, "val_loss": 2}])
    train(CSVLogger(path, append=True), [{"loss": 3, "val_loss": 4, "more": 5}])
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,1.0,2.0", "0,3.0,4.0"]
    train(CSVLogger(path), [{"loss": 5}])
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,5.0,NA"]


def test_lambda_callback_refuses_unknown_hooks() -> None:
    with pytest.raises(ValueError, match=r"'on_epoch_done' is no hook .*'on_epoch_end'"):
        LambdaCallback(on_epoch_done=print)


# The learning rate


def test_learning_rate_scheduler(capsys: pytest.CaptureFixture[str]) -> None:
    history = train(LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=1), [{"loss": 1}] * 2)
    assert history.history["learning_rate"] == pytest.approx([0.05, 0.025])
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.025" in capsys.readouterr().out


def test_learning_rate_scheduler_of_the_epoch_alone() -> None:
    history = train(LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1)), [{"loss": 1}] * 2)
    assert history.history["learning_rate"] == [0.5, 0.25]


@pytest.mark.parametrize("result", [1, None, "a"])
def test_learning_rate_scheduler_wants_a_float(result: Any) -> None:
    with pytest.raises(ValueError, match="must return a float, got"):
        train(LearningRateScheduler(lambda epoch, lr: result), [{"loss": 1}])


def test_errors_within_the_schedule_are_not_hidden() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        train(LearningRateScheduler(lambda epoch, lr: lr + "a"), [{"loss": 1}])


def test_a_scheduled_optimizer_cannot_be_scheduled_again() -> None:
    model = a_model()
    model.optimizer = SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
    with pytest.raises(TypeError, match="comes from ExponentialDecay, so it cannot be set"):
        train(LearningRateScheduler(lambda epoch, lr: 0.1), [{"loss": 1}], model)


def test_an_uncompiled_model_has_no_learning_rate() -> None:
    model = a_model()
    model.optimizer = None
    with pytest.raises(ValueError, match="Was the model compiled"):
        train(LearningRateScheduler(lambda epoch, lr: 0.1), [{"loss": 1}], model)


def test_reduce_lr_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    history = train(ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, verbose=1), [{"loss": 1}] * 3)
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.05])
    assert "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.05" in capsys.readouterr().out


def test_reduce_lr_refuses_a_factor_that_does_not_reduce() -> None:
    with pytest.raises(ValueError, match="`factor` must be less than 1"):
        ReduceLROnPlateau(factor=1.0)


# What is monitored


@pytest.mark.parametrize("cls", [EarlyStopping, ReduceLROnPlateau])
def test_a_missing_quantity_is_warned_of(cls: Any) -> None:
    with pytest.warns(UserWarning, match=r"'val_loss' is not available.*Available: accuracy, loss"):
        train(cls(), [{"loss": 1, "accuracy": 0.5}])


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_accuracy", "max"),
        ("acc", "max"),
        ("out_sparse_accuracy", "max"),
        ("val_mean_absolute_error", "min"),
        ("mse", "min"),
        ("out_loss", "min"),
        ("val_auc", "max"),
        ("recall_1", "max"),
    ],
)
def test_direction_from_the_name(name: str, direction: str) -> None:
    assert EarlyStopping(name).direction() == direction


def test_direction_from_the_metric() -> None:
    callback = EarlyStopping("val_odd")
    inner = SimpleNamespace(name="odd", _direction="up")
    callback.set_model(SimpleNamespace(metrics=[SimpleNamespace(name="compile_metrics", metrics=[inner])]))
    assert callback.direction() == "max"


def test_direction_unknown() -> None:
    with pytest.raises(ValueError, match=r"'odd' is better when it is larger or smaller. Pass mode='max'"):
        train(EarlyStopping("odd"), [{"odd": 1}, {"odd": 2}])


def test_a_wrong_mode_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="`mode` must be 'auto', 'min' or 'max'"):
        assert EarlyStopping(mode="most").mode == "auto"


def test_early_stopping_can_be_used_again() -> None:
    callback = EarlyStopping("loss")
    for _ in range(2):
        history = train(callback, [{"loss": 1}, {"loss": 2}, {"loss": 3}])
        assert history.epoch == [0, 1]
        assert callback.stopped_epoch == 1


# Ends and files


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_terminate_on_nan(loss: float, capsys: pytest.CaptureFixture[str]) -> None:
    history = train(TerminateOnNaN(), [{"loss": 1}, {"loss": loss}, {"loss": 1}])
    assert history.epoch == [0, 1]
    assert "Batch 0: Invalid loss" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="NaN or infinite loss at batch 0"):
        train(TerminateOnNaN(raise_error=True), [{"loss": loss}])


@pytest.mark.parametrize(
    ("path", "weights_only", "message"),
    [("a.h6", False, "must end in .keras or .h5"), ("a.h5", True, "must end in .weights.h5")],
)
def test_checkpoint_endings(path: str, weights_only: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(path, save_weights_only=weights_only)


@pytest.mark.parametrize("save_freq", ["often", 0, -1, 1.5, True])
def test_checkpoint_save_freq(save_freq: Any) -> None:
    with pytest.raises(ValueError, match="`save_freq` must be 'epoch' or an integer >= 1"):
        ModelCheckpoint("a.keras", save_freq=save_freq)


def test_checkpoint_of_the_whole_model(tmp_path: Path) -> None:
    saved: list[str] = []
    model = a_model(save=lambda path, overwrite: saved.append(path))
    train(ModelCheckpoint(tmp_path / "new" / "{epoch}.keras"), [{"loss": 1}] * 2, model)
    assert saved == [str(tmp_path / "new" / "1.keras"), str(tmp_path / "new" / "2.keras")]
    assert (tmp_path / "new").is_dir()


def test_checkpoint_of_a_model_that_cannot_be_saved() -> None:
    with pytest.raises(ValueError, match="Use save_weights_only=True"):
        train(ModelCheckpoint("a.keras"), [{"loss": 1}])


def test_checkpoint_with_a_name_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="Available: epoch, loss"):
        train(ModelCheckpoint("{val_loss}.keras"), [{"loss": 1}])


def test_checkpoint_without_the_monitored_quantity() -> None:
    saved: list[str] = []
    model = a_model(save_weights=lambda path, overwrite: saved.append(path))
    callback = ModelCheckpoint("a.weights.h5", save_weights_only=True, save_best_only=True)
    with pytest.warns(
        UserWarning, match=r"'val_loss' is not available, so every epoch is saved. Available: loss"
    ):
        train(callback, [{"loss": 1}], model)
    assert saved == ["a.weights.h5"]


def test_checkpoint_goes_on_where_the_last_fit_stopped() -> None:
    saved: list[str] = []
    model = a_model(save_weights=lambda path, overwrite: saved.append(path))
    callback = ModelCheckpoint(
        "{loss}.weights.h5", monitor="loss", save_weights_only=True, save_best_only=True
    )
    train(callback, [{"loss": 2}], model)
    train(callback, [{"loss": 3}, {"loss": 1}], model)
    assert saved == ["2.0.weights.h5", "1.0.weights.h5"]


def test_no_warnings_in_a_plain_run() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(EarlyStopping("loss"), [{"loss": 1}])


# Progress


def test_progress_in_a_loop_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    called = CallbackList([], add_progbar=True, model=a_model(), epochs=2, steps=3, verbose=2)
    called.on_train_begin()
    for epoch in range(2):
        called.on_epoch_begin(epoch)
        for batch in range(3):
            called.on_train_batch_begin(batch)
            called.on_train_batch_end(batch, {"loss": 0.5})
        called.on_test_begin()
        called.on_test_batch_end(0, {"loss": 0.25})
        called.on_test_end({"loss": 0.25})
        called.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 0.25})
    called.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2/2 - 3/3 - ")
    assert lines[1].endswith("loss: 0.5000 - val_loss: 0.2500")


def test_progress_is_added_once() -> None:
    logger = callbacks.ProgbarLogger()
    assert CallbackList([[logger], Callback()], add_progbar=True).callbacks[0] is logger
    assert len(CallbackList([[logger], Callback()], add_progbar=True)) == 2
