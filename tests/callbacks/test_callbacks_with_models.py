"""Callbacks within `fit`, `evaluate` and `predict` of a small model: as Keras calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import schuss
from schuss.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LearningRateScheduler,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)
from schuss.callbacks.callback import HOOKS
from schuss.optimizers import SGD, Adam, MultiOptimizer, OptimizerMap

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype("float32")
Y = X[:, :1] * 2.0
START = [RNG.normal(size=shape).astype("float32") for shape in ((4, 1), (1,))]
QUIET: dict[str, Any] = {"batch_size": 8, "shuffle": False, "verbose": 0}


def a_model(optimizer: Any = None) -> Any:
    model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(1)])
    model.compile(optimizer or SGD(0.05), "mse")
    model.set_weights(START)
    return model


class Recorder(Callback):
    """Keeps what it is called with."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        for hook in HOOKS:
            setattr(self, hook, self._keeper(hook))

    def _keeper(self, hook: str) -> Any:
        def keep(*args: Any, logs: Any = None) -> None:
            number = [a for a in args if isinstance(a, int)]
            logs = next((a for a in args if isinstance(a, dict)), logs) or {}
            self.calls.append((hook, *number, *sorted(logs)))

        return keep


def test_order_of_calls_in_fit() -> None:
    seen = Recorder()
    a_model().fit(X, Y, epochs=2, validation_data=(X[:8], Y[:8]), callbacks=[seen], **QUIET)
    epoch = [call for n in range(3) for call in (
        ("on_train_batch_begin", n), ("on_train_batch_end", n, "loss"))]  # fmt: skip
    validation = [("on_test_begin",), ("on_test_batch_begin", 0), ("on_test_batch_end", 0, "loss"),
                  ("on_test_end", "loss")]  # fmt: skip
    expected: list[Any] = [("on_train_begin",)]
    for n in range(2):
        expected += [("on_epoch_begin", n), *epoch, *validation, ("on_epoch_end", n, "loss", "val_loss")]
    assert seen.calls == [*expected, ("on_train_end", "loss", "val_loss")]
    assert seen.params == {"verbose": 0, "epochs": 2, "steps": 3}


def test_order_of_calls_in_predict() -> None:
    seen = Recorder()
    a_model().predict(X[:8], batch_size=8, verbose=0, callbacks=[seen])
    names = ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]
    assert [call[0] for call in seen.calls] == names
    assert seen.calls[2] == ("on_predict_batch_end", 0, "outputs")


def test_a_batch_whose_loss_is_no_number_ends_for_all() -> None:
    seen = Recorder()
    history = a_model(SGD(1e25)).fit(X, Y, epochs=3, callbacks=[TerminateOnNaN(), seen], **QUIET)
    assert history.epoch == [0]
    assert [call[0] for call in seen.calls[-4:]] == [
        "on_train_batch_begin", "on_train_batch_end", "on_epoch_end", "on_train_end"]  # fmt: skip


@pytest.mark.parametrize("callback", [EarlyStopping("odd"), ReduceLROnPlateau("odd")])
def test_a_quantity_that_cannot_be_judged(callback: Any) -> None:
    with pytest.raises(ValueError, match="Pass mode='max' or mode='min'"):
        a_model().fit(X, Y, callbacks=[callback], **QUIET)


@pytest.mark.parametrize("cls", [LearningRateScheduler, ReduceLROnPlateau])
def test_learning_rates_of_several_optimizers(cls: Any) -> None:
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.1, name="a"), {".*bias": Adam(0.2, name="b")}))
    callback: Any = LearningRateScheduler(lambda epoch, lr: lr * 0.5)
    if cls is ReduceLROnPlateau:
        callback = ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=1e9)
    history = a_model(optimizer).fit(X, Y, epochs=2, callbacks=[callback], **QUIET).history
    late = cls is ReduceLROnPlateau  # it reduces at the end of the second epoch, after its logs
    assert history["learning_rate_a"][-1] == pytest.approx(0.1 if late else 0.025)
    assert [float(o.learning_rate) for o in optimizer.optimizers] == pytest.approx(
        [0.1, 0.05] if late else [0.05, 0.025]
    )


# Averages


class Kernel(Callback):
    """The sum of the kernel at the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.sums.append(float(self.model.get_weights()[0].sum()))


def test_averages_are_measured_and_weights_trained() -> None:
    plain, swapped = Kernel(), Kernel()
    optimizer = {"use_ema": True, "ema_momentum": 0.8}
    one, two = a_model(SGD(0.1, **optimizer)), a_model(SGD(0.1, **optimizer))
    given = {"epochs": 3, "validation_data": (X, Y), **QUIET}
    first = one.fit(X, Y, callbacks=[plain], **given).history
    second = two.fit(X, Y, callbacks=[SwapEMAWeights(), swapped], **given).history
    assert first["loss"] == second["loss"]
    assert plain.sums == swapped.sums
    assert first["val_loss"] != second["val_loss"]
    assert second["val_loss"][-1] == pytest.approx(one.evaluate(X, Y, verbose=0), rel=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights()))


@pytest.mark.parametrize("more", [[], [EarlyStopping("loss", min_delta=1e9)]])
def test_averages_stay_between_epochs(more: list[Any]) -> None:
    seen, model = Kernel(), a_model(SGD(0.1, use_ema=True, ema_momentum=0.8))
    history = model.fit(X, Y, epochs=3, callbacks=[SwapEMAWeights(swap_on_epoch=True), seen, *more], **QUIET)
    other = a_model(SGD(0.1, use_ema=True, ema_momentum=0.8))
    expected = other.fit(X, Y, epochs=len(history.epoch), **QUIET).history["loss"]
    assert history.history["loss"] == expected
    assert seen.sums[-1] == float(model.get_weights()[0].sum()) == float(other.get_weights()[0].sum())


def test_predict_leaves_the_weights() -> None:
    model = a_model(SGD(0.1, use_ema=True))
    model.optimizer.build(model.trainable_variables)
    model.predict(X, verbose=0, callbacks=[SwapEMAWeights()])
    assert all(np.array_equal(a, b) for a, b in zip(START, model.get_weights()))


def test_without_averages() -> None:
    with pytest.raises(ValueError, match="Make it with use_ema=True"):
        a_model().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])


# Backups


class Interruption(Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 3:
            raise RuntimeError("interrupted")


@pytest.mark.parametrize(("save_freq", "first"), [("epoch", 3), (2, 2)])
def test_training_goes_on_after_an_interruption(tmp_path: Path, save_freq: Any, first: int) -> None:
    folder = tmp_path / "backup"
    with pytest.raises(RuntimeError, match="interrupted"):
        a_model(Adam(0.05)).fit(
            X, Y, epochs=6, callbacks=[BackupAndRestore(folder, save_freq), Interruption()], **QUIET
        )
    assert sorted(path.name for path in folder.iterdir()) == ["latest.weights.h5", "training_metadata.json"]
    model = a_model(Adam(0.05))
    history = model.fit(X, Y, epochs=6, callbacks=[BackupAndRestore(folder, save_freq)], **QUIET)
    assert history.epoch == list(range(first, 6))
    assert not folder.exists()
    if save_freq == "epoch":
        whole = a_model(Adam(0.05))
        whole.fit(X, Y, epochs=6, **QUIET)
        assert all(np.array_equal(a, b) for a, b in zip(whole.get_weights(), model.get_weights()))
    assert model.fit(X, Y, epochs=1, **QUIET).epoch == [0]


def test_the_backup_before_is_used_if_the_last_is_broken(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="interrupted"):
        a_model().fit(
            X, Y, epochs=6, callbacks=[BackupAndRestore(tmp_path, double_checkpoint=True), Interruption()],
            **QUIET,
        )  # fmt: skip
    (tmp_path / "latest.weights.h5").write_bytes(b"broken")
    callback = BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    assert a_model().fit(X, Y, epochs=6, callbacks=[callback], **QUIET).epoch == [2, 3, 4, 5]
    assert (tmp_path / "latest.weights.h5").exists()


def test_wrong_backups() -> None:
    with pytest.raises(ValueError, match="`backup_dir` must name a folder"):
        BackupAndRestore("")
    with pytest.raises(ValueError, match="`save_freq` must be 'epoch' or an integer >= 1"):
        BackupAndRestore("a", save_freq=0)


def test_progress_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    logger = ProgbarLogger()
    a_model().fit(X, Y, epochs=2, callbacks=[logger], batch_size=8, verbose=2)
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not logger.wants("on_train_batch_end")
