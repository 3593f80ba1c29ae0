"""Callbacks that look on between runs: each step's loss, and nothing else is different."""

import numpy as np
import pytest

import schuss
from schuss.callbacks._run_observer import RunObserver
from schuss.layers import Dense, Dropout, Input


class Observer(RunObserver):
    def __init__(self, length=None):
        super().__init__()
        self.length, self.losses, self.begun, self.failed = length, [], [], []

    @property
    def run_length(self):
        return self.length

    def on_run_begin(self, done, structure, rows):
        self.begun.append((done, len(rows)))

    def on_run_end(self, done, losses, failed):
        self.losses.append(losses.copy())
        self.failed.append(failed)


class Losses(schuss.callbacks.Callback):
    """The loss of each batch, from the means that batch hooks are told."""

    def __init__(self):
        super().__init__()
        self.means = []

    def on_train_batch_end(self, batch, logs=None):
        self.means.append(logs["loss"])


class Own(schuss.Sequential):
    def train_step(self, data):
        x, y = data
        loss = schuss.ops.mean(schuss.ops.square(self(x, training=True) - y))
        weights = self.trainable_variables
        self.optimizer.apply(schuss.autodiff.gradients(loss, weights), weights)
        return {"loss": loss, "double": 2 * loss}


def trained(*callbacks, model=schuss.Sequential, rows=70, **fit):
    schuss.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, 5)).astype("float32"), rng.normal(size=(rows, 1)).astype("float32")
    made = model([Input((5,)), Dense(8, "relu"), Dropout(0.2), Dense(1)])
    made.compile("adam", "mse")
    history = made.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=list(callbacks), **fit)
    return made, history


@pytest.mark.parametrize("model", [schuss.Sequential, Own])
@pytest.mark.parametrize("length", [None, 1, 3])
def test_each_loss_is_told_and_the_weights_are_the_same(model, length):
    observer = Observer(length)
    watched, history = trained(observer, model=model)
    plain, expected = trained(model=model)
    for a, b in zip(watched.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history.history == expected.history
    losses = np.concatenate(observer.losses)
    assert losses.shape == (10,)
    if model is schuss.Sequential:
        sizes = np.array([16, 16, 16, 16, 6])
        np.testing.assert_allclose(history.history["loss"], losses.reshape(2, 5) @ sizes / 70, rtol=1e-5)
    else:
        np.testing.assert_allclose(history.history["loss"], losses[[4, 9]], rtol=1e-6)


def test_runs_are_as_long_as_the_observer_says():
    observer = Observer(3)
    trained(observer)
    assert [len(losses) for losses in observer.losses][-3:] == [3, 1, 1]
    assert observer.begun[-3:] == [(0, 16), (3, 16), (4, 6)]
    assert max(len(losses) for losses in observer.losses) == 3


def test_beside_callbacks_that_want_batches():
    observer, hooks = Observer(), Losses()
    trained(observer, hooks)
    losses = np.concatenate(observer.losses)[:5]
    sizes = np.array([16, 16, 16, 16, 6])
    np.testing.assert_allclose(hooks.means[:5], np.cumsum(losses * sizes) / np.cumsum(sizes), rtol=1e-5)


def test_a_run_that_fails_says_so():
    observer = Observer()
    model = schuss.Sequential([Input((1,)), Dense(1)])
    model.compile(schuss.optimizers.SGD(1e30), "mse")
    x = np.ones((64, 1), "float32")
    with pytest.raises(schuss.errors.NonFiniteLossError):
        model.fit(x, x, batch_size=8, verbose=0, callbacks=[observer])
    assert observer.failed[-1]
    assert not any(observer.failed[:-1])
