"""`train_step`, `test_step` and `predict_step` of one's own: traced and compiled as the built-in ones are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.autodiff import gradients
from schuss.errors import NonFiniteLossError
from schuss.utils import unpack_x_y_sample_weight

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype("float32")
Y = (X @ RNG.normal(size=(6, 2))).astype("float32")
WEIGHTS = RNG.uniform(size=40).astype("float32")


class Guide(schuss.Model):
    """The step of Keras's guide, written with `schuss.autodiff`."""

    def train_step(self, data: Any) -> Any:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self.optimizer.apply(gradients(loss, self.trainable_variables), self.trainable_variables)
        return self.measured(loss, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Any:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        return self.measured(self.compute_loss(x, y, y_pred, sample_weight), y, y_pred, sample_weight)

    def measured(self, loss: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=ops.shape(y)[0])
            else:
                metric.update_state(y, y_pred, sample_weight=sample_weight)
        return {metric.name: metric.result() for metric in self.metrics}


class Super(schuss.Model):
    """What the built-in steps return, and more."""

    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "more": ops.sum(data[0])}

    def test_step(self, data: Any) -> Any:
        return super().test_step(data)


def built(cls: Any) -> Any:
    schuss.utils.set_random_seed(1)
    inputs = schuss.Input((6,))
    hidden = layers.Dense(5, activation="tanh", kernel_regularizer="l2")(inputs)
    hidden = layers.Dropout(0.3)(layers.BatchNormalization()(hidden))
    made = cls(inputs, layers.Dense(2)(hidden))
    made.compile("adam", "mse", metrics=["mae"])
    return made


@pytest.mark.parametrize("cls", [Guide, Super])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_same_numbers_as_the_built_in_step(cls: Any, backend: str, weights: Any) -> None:
    ours, own = built(schuss.Model), built(cls)
    schuss.utils.set_random_seed(2)
    arguments = {
        "sample_weight": weights,
        "epochs": 2,
        "batch_size": 16,
        "validation_split": 0.2,
        "verbose": 0,
    }
    expected = ours.fit(X, Y, **arguments).history
    schuss.utils.set_random_seed(2)
    found = own.fit(X, Y, **arguments).history
    assert set(found) - {"more"} == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5)
    for a, b in zip(own.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(own.evaluate(X, Y, verbose=0), ours.evaluate(X, Y, verbose=0), rtol=1e-5)


def test_on_batch() -> None:
    ours, own = built(schuss.Model), built(Guide)
    np.testing.assert_allclose(own.train_on_batch(X, Y), ours.train_on_batch(X, Y), rtol=1e-5)
    found, expected = own.test_on_batch(X, Y, return_dict=True), ours.test_on_batch(X, Y, return_dict=True)
    assert found == pytest.approx(expected, rel=1e-5)


class Tracked(schuss.Model):
    """Nothing but x, an own tracker, an own optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(6)
        self.tracker = schuss.metrics.Mean(name="distance")

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    @property
    def metrics(self) -> list[Any]:
        return [self.tracker]

    def train_step(self, data: Any) -> Any:
        distance = ops.mean(ops.square(self(data) - data))
        self.rule.apply(gradients(distance, self.trainable_variables), self.trainable_variables)
        self.tracker.update_state(distance)
        return {"distance": self.tracker.result()}

    def predict_step(self, data: Any) -> Any:
        return {"twice": 2 * self(data), "input": data}


def tracked() -> Tracked:
    made = Tracked()
    made.compile(optimizer=None)
    made.rule = schuss.optimizers.SGD(0.1)
    return made


def test_own_metrics_are_reset_by_epochs() -> None:
    made = tracked()
    found = made.fit(X, epochs=3, batch_size=40, verbose=0).history
    assert list(found) == ["distance"]
    assert found["distance"][2] < found["distance"][1] < found["distance"][0]
    assert int(made.rule.iterations.numpy()) == 3


def test_own_prediction() -> None:
    made = tracked()
    found = made.predict(X, batch_size=16, verbose=0)
    np.testing.assert_allclose(found["twice"], 2 * np.asarray(made(X)), rtol=1e-5)
    np.testing.assert_array_equal(found["input"], X)


def test_values_of_the_last_step_where_there_are_no_metrics() -> None:
    class Last(schuss.Sequential):
        def train_step(self, data: Any) -> Any:
            return {"sum": ops.sum(data[0]), "const": 3.0}

    made = Last([schuss.Input((6,)), layers.Dense(2)])
    made.compile(optimizer="sgd")
    seen = []
    observer = schuss.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(logs["sum"])
    )
    found = made.fit(X, Y, shuffle=False, batch_size=30, verbose=0, callbacks=[observer]).history
    np.testing.assert_allclose(seen, [X[:30].sum(), X[30:].sum()], rtol=1e-4)
    assert found["sum"] == [seen[-1]]
    assert found["const"] == [3.0]


def test_steps_outside_of_a_trace() -> None:
    ours, own = built(schuss.Model), built(schuss.Model)
    logs = own.train_step((X, Y))
    assert float(logs["loss"]) == pytest.approx(ours.train_on_batch(X, Y)[0], rel=1e-5)
    assert set(own.test_step((X, Y))) == {"loss", "mae"}
    for a, b in zip(own.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_loss_that_is_no_number_stops_the_step() -> None:
    class Root(schuss.Sequential):
        def train_step(self, data: Any) -> Any:
            loss = ops.mean(ops.sqrt(ops.sum(self(data[0]) - 1e6, axis=1)))
            self.optimizer.apply(gradients(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    made = Root([schuss.Input((6,)), layers.Dense(2)])
    made.compile(optimizer="sgd")
    before = made.get_weights()
    with pytest.raises(NonFiniteLossError, match="sqrt"):
        made.fit(X, Y, verbose=0)
    for a, b in zip(made.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_signature_and_wrong_result() -> None:
    class State(schuss.Sequential):
        def train_step(self, state: Any, data: Any) -> Any:
            return {}

    class Number(schuss.Sequential):
        def train_step(self, data: Any) -> Any:
            return 1.0

    for cls, message in ((State, r"State.train_step must take one argument"), (Number, "must return a dict")):
        made = cls([schuss.Input((6,)), layers.Dense(2)])
        made.compile("sgd", "mse")
        with pytest.raises(TypeError, match=message):
            made.fit(X, Y, verbose=0)
