"""A loss that is no number: said where and why, and the model as it was before that step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.errors import NonFiniteLossError

pytestmark = pytest.mark.usefixtures("backend")
RNG = np.random.default_rng(1)
X = RNG.normal(size=(40, 4)).astype("float32")
Y = X[:, :1].copy()


class Log(layers.Layer):
    def call(self, x: Any) -> Any:
        return ops.log(x)


class Root(layers.Layer):
    """Whose slope at 0 is infinite, while its value is not."""

    def call(self, x: Any) -> Any:
        return ops.sqrt(x)


def steep(rate: float) -> schuss.Sequential:
    schuss.utils.set_random_seed(2)
    model = schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(5, "relu", name="hidden"), layers.Dense(1, name="out")], name="net"
    )
    model.compile(schuss.optimizers.SGD(rate), "mse")
    return model


def after_steps(model: schuss.Sequential, steps: int, x: np.ndarray = X) -> list[np.ndarray]:
    for start in range(0, 8 * steps, 8):
        model.train_on_batch(x[start : start + 8], Y[start : start + 8])
    return model.get_weights()


def test_too_large_a_learning_rate() -> None:
    model = steep(30.0)
    with pytest.raises(
        NonFiniteLossError, match=r"The loss became (NaN|infinite) in epoch 1, step \d: first in"
    ) as caught:
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    error = caught.value
    assert isinstance(error, FloatingPointError)
    assert "The model is as it was before that step." in str(error)
    assert "Often the learning rate (30) is too large: try 3." in str(error)
    steps = error.step - 1
    assert steps >= 1
    assert int(model.optimizer.iterations.numpy()) == steps
    for a, b in zip(model.get_weights(), after_steps(steep(30.0), steps), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)


def test_the_epoch_is_counted_and_earlier_ones_stay() -> None:
    model = steep(0.01)
    model.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    reached = model.get_weights()

    class Jump(schuss.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = 1e-8 if epoch == 0 else 3e38

    with pytest.raises(NonFiniteLossError, match=r"in epoch 2, step 1"):
        model.fit(X, 100 * Y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=[Jump()])
    for a, b in zip(reached, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_unscaled_inputs_are_pointed_out() -> None:
    with pytest.raises(NonFiniteLossError, match=r"The inputs go from -\d+.*layers\.Rescaling"):
        steep(1.0).fit(1000 * X, Y, batch_size=8, verbose=0)


@pytest.mark.parametrize("hooks", [False, True])
def test_the_layer_that_makes_it(hooks: bool) -> None:
    x = np.abs(X) + 1
    x[25] = -1
    model = schuss.Sequential([schuss.Input((4,)), Log(name="my_log"), layers.Dense(1)], name="net")
    model.compile(schuss.optimizers.SGD(0.001), "mse")
    callbacks = (
        [schuss.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if hooks else []
    )
    with pytest.raises(
        NonFiniteLossError, match=r"in epoch 1, step 4: first in layer 'net/my_log', .* 'log'"
    ) as caught:
        model.fit(x, Y, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks)
    assert (caught.value.epoch, caught.value.step) == (1, 4)
    assert (caught.value.layer, caught.value.primitive) == ("net/my_log", "log")
    assert int(model.optimizer.iterations.numpy()) == 3
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_before_anything_was_learned_the_learning_rate_is_not_blamed() -> None:
    model = schuss.Sequential([schuss.Input((4,)), Log(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(NonFiniteLossError, match="No weight had been changed yet") as caught:
        model.fit(X, Y, verbose=0)
    assert "learning rate" not in str(caught.value)


def test_a_gradient_that_is_infinite_while_the_loss_is_not() -> None:
    """The update of step 2 makes the weights NaN; the loss shows it in step 3. The model goes back to before
    step 2."""
    x = np.abs(X[:, :1])
    x[10] = 0
    model = schuss.Sequential(
        [schuss.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones"), Root(name="root")]
    )
    model.compile(schuss.optimizers.SGD(0.001), "mse")
    with pytest.raises(
        NonFiniteLossError, match=r"loss was still finite, but its gradient .* epoch 1, step 2.*root"
    ) as caught:
        model.fit(x, np.abs(Y) + 1, batch_size=8, shuffle=False, verbose=0)
    assert "backpropagation" in str(caught.value)
    assert np.isfinite(model.get_weights()[0]).all()
    assert int(model.optimizer.iterations.numpy()) == 1


def test_a_memory_of_gradients_that_overflows() -> None:
    """Adam's mean of squares becomes infinite in step 2; loss and weights stay finite."""
    x = X.copy()
    x[10] = 1e25
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("adam", "mae")
    with pytest.raises(
        NonFiniteLossError, match=r"the optimizer's memory of gradients, infinite in epoch 1, step 2"
    ):
        model.fit(x, Y, batch_size=8, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 1
    assert all(np.isfinite(v.numpy()).all() for v in model.optimizer.variables)
    model.fit(X, Y, verbose=0)


def test_terminate_on_nan_ends_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    model = steep(1e30)
    history = model.fit(
        X, Y, batch_size=8, epochs=5, verbose=0, callbacks=[schuss.callbacks.TerminateOnNaN()]
    )
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_one_batch() -> None:
    model = steep(1e30)
    model.train_on_batch(X, Y)
    with pytest.raises(NonFiniteLossError, match="step 1"):
        model.train_on_batch(X, Y)


@pytest.mark.parametrize("hooks", [False, True])
def test_an_error_on_the_host_leaves_whole_steps(hooks: bool) -> None:
    """A learning rate that is a Python function, which fails in the third step."""
    calls = []

    def rate() -> float:
        calls.append(0)
        if len(calls) == 4:  # the first was when the step was traced
            raise OSError("no more rates")
        return 0.01

    model, other = steep(0.01), steep(0.01)
    model.compile(schuss.optimizers.SGD(rate), "mse")
    callbacks = (
        [schuss.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if hooks else []
    )
    with pytest.raises(OSError, match="no more rates"):
        model.fit(X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks)
    for a, b in zip(model.get_weights(), after_steps(other, 2), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert int(model.optimizer.iterations.numpy()) == 2
