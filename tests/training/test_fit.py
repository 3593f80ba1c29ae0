"""fit, evaluate, predict, and what runs on single batches: they agree with each other and with the arithmetic
by hand."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers, ops

pytestmark = pytest.mark.usefixtures("backend")
RNG = np.random.default_rng(3)
X = RNG.normal(size=(22, 4)).astype("float32")
LABELS = RNG.integers(0, 3, 22)
TARGET = RNG.normal(size=(22, 1)).astype("float32")


def classifier(optimizer: Any = "sgd", **compile: Any) -> schuss.Sequential:
    schuss.utils.set_random_seed(5)
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(6, "tanh"), layers.Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **compile})
    return model


def linear(optimizer: Any = None, loss: Any = "mse") -> schuss.Sequential:
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer or schuss.optimizers.SGD(0.1), loss)
    return model


def test_gradient_descent_by_hand() -> None:
    """W ← W − α ∂J/∂W for J = 1/n Σ (y − ŷ)², full batches."""
    model = linear()
    model.fit(X, TARGET, batch_size=22, epochs=3, shuffle=False, verbose=0)
    w, b = np.zeros((4, 1)), np.zeros(1)
    for _ in range(3):
        error = X @ w + b - TARGET
        w, b = w - 0.1 * 2 / 22 * X.T @ error, b - 0.1 * 2 / 22 * error.sum(0)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-4)
    np.testing.assert_allclose(model.get_weights()[1], b, rtol=1e-4)


def test_half_mse_is_half_the_step() -> None:
    a, b = linear(schuss.optimizers.SGD(0.1), "half_mse"), linear(schuss.optimizers.SGD(0.05), "mse")
    for model in (a, b):
        model.fit(X, TARGET, batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_allclose(a.get_weights()[0], b.get_weights()[0], rtol=1e-5)


def test_batches_by_hand_are_fit() -> None:
    """fit without shuffling = train_on_batch for every batch, the last, smaller one included."""
    a, b = classifier("adam"), classifier("adam")
    a.fit(X, LABELS, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for start in range(0, 22, 8):
            b.train_on_batch(X[start : start + 8], LABELS[start : start + 8])
    for wa, wb in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(wa, wb, rtol=1e-5, atol=1e-7)
    assert int(a.optimizer.iterations.numpy()) == 6


def test_evaluate_and_predict_agree() -> None:
    model = classifier()
    predictions = model.predict(X, batch_size=8, verbose=0)
    assert isinstance(predictions, np.ndarray)
    assert predictions.shape == (22, 3)
    np.testing.assert_allclose(predictions, model.predict_on_batch(X), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(predictions, np.asarray(model(X)), rtol=1e-5, atol=1e-7)
    loss = -np.log(predictions[np.arange(22), LABELS]).mean()
    accuracy = (predictions.argmax(1) == LABELS).mean()
    np.testing.assert_allclose(
        model.evaluate(X, LABELS, batch_size=8, verbose=0), [loss, accuracy], rtol=1e-5
    )
    np.testing.assert_allclose(model.test_on_batch(X, LABELS), [loss, accuracy], rtol=1e-5)
    as_dict = model.evaluate(X, LABELS, verbose=0, return_dict=True)
    assert list(as_dict) == ["accuracy", "loss"]
    assert type(as_dict["loss"]) is float


def test_validation_is_evaluation_of_the_last_rows() -> None:
    model = classifier()
    history = model.fit(X, LABELS, validation_split=0.25, verbose=0, epochs=2)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    val_loss, val_accuracy = model.evaluate(X[16:], LABELS[16:], verbose=0)
    np.testing.assert_allclose(history.history["val_loss"][-1], val_loss, rtol=1e-5)
    np.testing.assert_allclose(history.history["val_accuracy"][-1], val_accuracy, rtol=1e-5)
    assert history.epoch == [0, 1]
    assert model.history is history


def test_some_steps_of_validation_are_the_first_ones() -> None:
    model = classifier(schuss.optimizers.SGD(0.0))
    history = model.fit(
        X, LABELS, validation_split=0.5, validation_steps=2, validation_batch_size=4, epochs=3, verbose=0
    )
    expected = model.evaluate(X[11:19], LABELS[11:19], verbose=0, return_dict=True)["loss"]
    np.testing.assert_allclose(history.history["val_loss"], [expected] * 3, rtol=1e-5)


def test_labels_for_the_outputs_with_a_loss_alone() -> None:
    x = schuss.Input((4,))
    model = schuss.Model(x, [layers.Dense(3, "softmax", name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", ["sparse_categorical_crossentropy", None])
    expected = model.evaluate(X, [LABELS, TARGET], verbose=0)
    for y in ([LABELS], LABELS, [LABELS, None]):
        np.testing.assert_allclose(model.evaluate(X, y, verbose=0), expected, rtol=1e-6)


def test_hooks_come_after_steps_per_execution_steps() -> None:
    """Also where the last, smaller batch belongs to such a group."""
    calls = []
    hook = schuss.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: calls.append(("begin", batch)),
        on_train_batch_end=lambda batch, logs: calls.append(("end", batch)),
    )
    model = classifier(steps_per_execution=2)
    model.fit(X, LABELS, batch_size=6, verbose=0, callbacks=[hook])
    assert calls == [("begin", 0), ("end", 1), ("begin", 2), ("end", 3)]


def test_weights_of_two_repeat_a_row() -> None:
    a, b = linear(loss=schuss.losses.MeanSquaredError(reduction="sum")), None
    b = linear(loss=schuss.losses.MeanSquaredError(reduction="sum"))
    a.optimizer.learning_rate = b.optimizer.learning_rate = 0.001
    weights = np.where(np.arange(22) == 3, 2.0, 1.0)
    a.fit(X, TARGET, batch_size=22, sample_weight=weights, verbose=0)
    rows = [*range(22), 3]
    b.fit(X[rows], TARGET[rows], batch_size=23, verbose=0)
    np.testing.assert_allclose(a.get_weights()[0], b.get_weights()[0], rtol=1e-4)


def test_a_seed_repeats_everything() -> None:
    def run(seed: int) -> list[np.ndarray]:
        schuss.utils.set_random_seed(seed)
        model = schuss.Sequential(
            [schuss.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(3, "softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X, LABELS, batch_size=4, epochs=2, verbose=0)
        return model.get_weights()

    for a, b in zip(run(1), run(1), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(run(1)[0], run(2)[0])


def test_shuffling_reaches_every_row_once() -> None:
    class Seen(layers.Layer):
        def build(self, shape: Any) -> None:
            self.count = self.add_weight(shape=(22,), initializer="zeros", trainable=False, name="count")
            self.scale = self.add_weight(shape=(), name="scale", initializer="ones")

        def call(self, x: Any) -> Any:
            self.count.assign_add(ops.sum(ops.one_hot(ops.cast(x[:, 0], "int32"), 22), axis=0))
            return x * self.scale

    x = np.arange(22, dtype="float32")[:, None]
    for shuffle in (True, "batch", False):
        layer = Seen()
        model = schuss.Sequential([schuss.Input((1,)), layer])
        model.compile("sgd", "mae")
        model.fit(x, x, batch_size=4, epochs=3, shuffle=shuffle, verbose=0)
        np.testing.assert_array_equal(layer.count.numpy(), np.full(22, 3))


def test_an_epoch_of_some_steps_goes_on_where_the_last_stopped() -> None:
    a, b = linear(), linear()
    a.fit(X, TARGET, batch_size=11, epochs=4, steps_per_epoch=1, shuffle=False, verbose=0)
    b.fit(X, TARGET, batch_size=11, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(a.get_weights()[0], b.get_weights()[0])


def test_dropout_only_in_training() -> None:
    model = schuss.Sequential([schuss.Input((4,)), layers.Dropout(0.9)])
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)


def test_frozen_layers_stay() -> None:
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    model.layers[0].trainable = False
    first, second = model.layers[0].get_weights()[0], model.layers[1].get_weights()[0]
    model.fit(X, LABELS, verbose=0)
    np.testing.assert_array_equal(first, model.layers[0].get_weights()[0])
    assert not np.array_equal(second, model.layers[1].get_weights()[0])


def test_a_changed_learning_rate_counts_at_once() -> None:
    model = linear()
    model.fit(X, TARGET, verbose=0)
    before = model.get_weights()[0]
    model.optimizer.learning_rate = 0.0
    model.fit(X, TARGET, verbose=0)
    np.testing.assert_array_equal(before, model.get_weights()[0])


def test_models_are_built_by_the_first_batch() -> None:
    class Net(schuss.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.out = layers.Dense(5, "relu"), layers.Dense(3, "softmax")

        def call(self, x: Any, training: bool = False) -> Any:
            return self.out(self.hidden(x))

    for model in (Net(), schuss.Sequential([layers.Dense(5, "relu"), layers.Dense(3, "softmax")])):
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(X, LABELS, epochs=30, verbose=0)
        assert history.history["loss"][-1] < history.history["loss"][0]
        assert len(model.weights) == 4
        assert model.predict(X, verbose=0).shape == (22, 3)


def test_images_of_bytes_stay_bytes(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (22, 5, 5)).astype("uint8")
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")

    def model() -> schuss.Sequential:
        schuss.utils.set_random_seed(1)
        model = schuss.Sequential([
            schuss.Input((5, 5)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, "softmax")
        ])  # fmt: skip
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    losses = [model().fit(x, LABELS, verbose=0, shuffle=False).history["loss"]
              for x in (images, mapped, images.astype("float64"))]  # fmt: skip
    np.testing.assert_allclose(losses[1], losses[0])
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-5)


def test_several_inputs_and_outputs() -> None:
    a, b = schuss.Input((4,), name="a"), schuss.Input((2,), name="b")
    joined = layers.Concatenate()([a, b])
    model = schuss.Model(
        [a, b], {"p": layers.Dense(3, "softmax", name="p")(joined), "q": layers.Dense(1)(joined)}
    )
    model.compile("sgd", {"p": "sparse_categorical_crossentropy", "q": "mse"}, metrics={"p": ["accuracy"]})
    y = {"p": LABELS, "q": TARGET}
    for x in ([X, X[:, :2]], {"a": X, "b": X[:, :2]}):
        history = model.fit(x, y, verbose=0, batch_size=8)
        assert list(history.history) == ["loss", "p_accuracy", "p_loss", "q_loss"]
        found = model.predict(x, batch_size=8, verbose=0)
        assert {key: value.shape for key, value in found.items()} == {"p": (22, 3), "q": (22, 1)}
    values = model.evaluate([X, X[:, :2]], y, verbose=0, return_dict=True)
    np.testing.assert_allclose(values["loss"], values["p_loss"] + values["q_loss"], rtol=1e-5)


def test_own_loss_and_own_metrics() -> None:
    class Net(schuss.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1, kernel_initializer="zeros")
            self.seen = schuss.metrics.Sum(name="seen")

        def call(self, x: Any) -> Any:
            self.add_loss(0.5 * ops.mean(x * 0.0 + 1.0))
            return self.dense(x)

        def compute_loss(
            self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True
        ) -> Any:
            self.seen.update_state(ops.ones(y_pred.shape[0]))
            return super().compute_loss(x, y, y_pred, sample_weight, training) * 2.0

        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            return {**results, "largest": ops.max(y)}

    model = Net()
    model.compile(schuss.optimizers.SGD(0.0), "mse", metrics=["mae"])
    history = model.fit(X, TARGET, batch_size=11, shuffle=False, verbose=0).history
    assert sorted(history) == ["largest", "loss", "mae", "seen"]
    np.testing.assert_allclose(history["loss"], [2 * (np.square(TARGET).mean() + 0.5)], rtol=1e-5)
    np.testing.assert_allclose(history["largest"], [TARGET[11:].max()], rtol=1e-6)
    assert history["seen"] == [22.0]


def test_a_loss_of_ones_own_and_none() -> None:
    model = linear(loss=lambda y_true, y_pred: ops.square(y_true - y_pred))
    np.testing.assert_allclose(model.evaluate(X, TARGET, verbose=0), np.square(TARGET).mean(), rtol=1e-5)
    model = linear(loss=None)
    with pytest.raises(ValueError, match="No loss to compute"):
        model.fit(X, TARGET, verbose=0)


def test_run_eagerly_is_the_same_slowly() -> None:
    a, b = classifier(), classifier(run_eagerly=True)
    for model in (a, b):
        model.fit(X, LABELS, shuffle=False, verbose=0)
    np.testing.assert_allclose(a.get_weights()[0], b.get_weights()[0], rtol=1e-5, atol=1e-7)


def test_crossentropy_by_shape() -> None:
    for y, units, activation in (
        (LABELS, 3, "softmax"),
        (np.eye(3)[LABELS], 3, "softmax"),
        (LABELS == 1, 1, "sigmoid"),
    ):
        model = schuss.Sequential([schuss.Input((4,)), layers.Dense(units, activation)])
        model.compile("sgd", "crossentropy", metrics=["accuracy", "crossentropy"])
        loss, _, crossentropy = model.evaluate(X, y, verbose=0)
        np.testing.assert_allclose(loss, crossentropy, rtol=1e-5)


@pytest.mark.parametrize(
    ("activation", "loss"),
    [("softmax", "sparse_categorical_crossentropy"), ("sigmoid", "binary_crossentropy")],
)
def test_wild_first_guesses_can_be_unlearned(activation: str, loss: str) -> None:
    """Bytes as they are, not brought to [0, 1]: the first probabilities are 0 and 1."""
    schuss.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    y = np.arange(512) % 2
    x = rng.integers(0, 256, size=(512, 50), dtype="uint8")
    x[:, :25] //= 1 + y[:, None].astype("uint8")
    units = 2 if activation == "softmax" else 1
    model = schuss.Sequential([layers.Dense(units, activation=activation, kernel_initializer="ones")])
    model.compile(schuss.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    if activation == "softmax":
        model.build((None, 50))
        model.set_weights([np.float32([[1.0, -1.0]] * 50), np.zeros(2, "float32")])  # sure of class 0
    assert model.fit(x, y, epochs=60, verbose=0).history["accuracy"][-1] > 0.9


def test_on_batch_results() -> None:
    model = classifier(metrics=None)
    assert isinstance(model.train_on_batch(X, LABELS), float)
    assert list(model.train_on_batch(X, LABELS, class_weight={0: 2.0}, return_dict=True)) == ["loss"]
    assert model.test_on_batch(X, LABELS) == model.test_on_batch(X, LABELS)


def test_compile_config_there_and_back() -> None:
    model = classifier(schuss.optimizers.Adam(0.02), loss_weights=[0.5])
    other = classifier()
    other.compile_from_config(model.get_compile_config())
    assert type(other.optimizer) is schuss.optimizers.Adam
    assert float(other.optimizer.learning_rate.numpy()) == np.float32(0.02)
    assert other.fit(X, LABELS, verbose=0).history.keys() == {"loss", "accuracy"}


def test_copies_of_a_model_have_their_own_weights() -> None:
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)])
    before = model.predict(X, verbose=0)
    twin = copy.deepcopy(model)
    model.set_weights([np.zeros((4, 3)), np.zeros(3)])
    np.testing.assert_array_equal(twin.predict(X, verbose=0), before)


def test_layers_changed_after_training_count() -> None:
    model = classifier(metrics=None)
    model.fit(X, LABELS, verbose=0)
    assert model.predict(X, verbose=0).shape == (22, 3)
    model.pop()
    model.add(layers.Dense(2))
    assert model.predict(X, verbose=0).shape == (22, 2)
