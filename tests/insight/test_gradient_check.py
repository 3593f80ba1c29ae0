"""gradient_check: right gradients agree with finite differences, wrong ones are found, kinks are told from both."""

import json

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    MultiHeadAttention,
    SimpleRNN,
)


def rng():
    return np.random.default_rng(0)


def model_of(shape, *layers, loss="mse", optimizer="sgd"):
    model = schuss.Sequential([Input(shape), *layers, Dense(2, name="last")], name="net")
    model.compile(optimizer, loss)
    return model


def checked(model, shape, rows=6, **kwargs):
    return schuss.gradient_check(
        model, rng().normal(size=(rows, *shape)), rng().normal(size=(rows, 2)), **kwargs
    )


class Attention(Layer):
    def build(self, shape):
        self.heads = MultiHeadAttention(2, 3)

    def call(self, x):
        return ops.mean(self.heads(x, x), axis=1)


RIGHT = {
    "dense": ((5,), lambda: [Dense(8, activation="gelu"), Dropout(0.4)]),
    "images": (
        (8, 8, 2),
        lambda: [Conv2D(4, 3, activation="relu"), BatchNormalization(), MaxPooling2D(2), Flatten()],
    ),
    "gru": ((5, 3), lambda: [GRU(4)]),
    "lstm": ((5, 3), lambda: [LSTM(4)]),
    "attention": ((5, 3), lambda: [Attention()]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_agree(name):
    shape, layers = RIGHT[name]
    model = model_of(shape, *layers())
    check = checked(model, shape, elements=5)
    assert check.ok, str(check)
    assert max(w.error for w in check.weights if "zero" not in w.note) < 2e-5
    assert {w.name for w in check.weights} == {w.path for w in model.trainable_variables}


def test_in_double_precision_they_agree_to_eight_digits():
    before = schuss.floatx()
    schuss.set_floatx("float64")
    try:
        check = checked(model_of((4,), Dense(5, activation="tanh"), Dense(3, activation="softmax")), (4,))
    finally:
        schuss.set_floatx(before)
    assert check.tolerance == 1e-7
    assert check.ok
    assert check.error < 1e-8


class Wrong(Layer):
    """Its gradient is said to be twice what it is."""

    def call(self, x):
        @schuss.custom_gradient
        def doubled(x):
            return ops.sin(x), lambda dy: 2.0 * dy * ops.cos(x)

        return doubled(x)


class Stopped(Layer):
    def call(self, x):
        return x + ops.stop_gradient(ops.square(x))


@pytest.mark.parametrize(("layer", "word"), [(Wrong, "custom_gradient"), (Stopped, "stop_gradient")])
def test_a_wrong_gradient_is_found_with_its_layer(layer, word):
    check = checked(model_of((4,), Dense(3, name="before"), layer(name="odd")), (4,))
    by_name = {w.name: w for w in check.weights}
    assert not check.ok
    assert by_name["net/last/kernel"].verdict == "agrees"
    assert by_name["net/before/kernel"].verdict == "differs"
    assert word in by_name["net/before/kernel"].note
    assert "odd" in by_name["net/before/kernel"].note
    assert "differ" in str(check)


def test_what_lies_at_a_kink_is_said_and_not_compared():
    model = model_of((2,), Dense(1, activation="relu", name="kinked", kernel_initializer="zeros"))
    check = checked(model, (2,))
    kinked = next(w for w in check.weights if w.name == "net/kinked/bias")  # z = 0 exactly
    assert kinked.verdict == "kinks"
    assert kinked.kinks == 1
    assert check.ok


def test_a_kink_beside_the_weight_is_stepped_around():
    model = model_of((1,), Dense(1, activation="relu", name="near"))
    x, y = np.ones((1, 1)), np.ones((1, 2))
    model.layers[0].set_weights([np.full((1, 1), 1e-6), np.zeros(1)])
    model.layers[1].set_weights([np.ones((1, 2)), np.zeros(2)])
    check = schuss.gradient_check(model, x, y)
    near = next(w for w in check.weights if w.name == "net/near/kernel").elements[0]
    assert not near.kink
    assert near.step < 1e-6
    assert near.difference == pytest.approx(near.backpropagation, rel=1e-4)


def test_kinks_within_loops_are_seen_from_outside():
    model = model_of((3, 2), SimpleRNN(2, activation="relu", kernel_initializer="zeros", name="rnn"))
    model.layers[0].set_weights([np.zeros((2, 2)), np.eye(2), np.zeros(2)])
    check = schuss.gradient_check(model, np.ones((2, 3, 2)), np.ones((2, 2)))
    assert next(w for w in check.weights if w.name.endswith("rnn_cell/bias")).verdict == "kinks"
    assert check.ok


def test_a_weight_that_does_not_matter_is_zero():
    model = model_of((4,), Dense(3, name="before"), BatchNormalization())
    check = checked(model, (4,))
    bias = next(w for w in check.weights if w.name == "net/before/bias")
    assert bias.verdict == "agrees"
    assert "zero" in bias.note


def test_nothing_changes():
    model = model_of((5,), Dense(8, activation="relu"), BatchNormalization(), Dropout(0.5), optimizer="adam")
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [v.numpy().copy() for v in variables]
    checked(model, (5,))
    for variable, array in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), array)


def test_weights_of_samples_and_how_many_elements():
    model = model_of((5,))
    x, y = rng().normal(size=(6, 5)), rng().normal(size=(6, 2))
    check = schuss.gradient_check(model, x, y, np.array([0, 0, 0, 0, 0, 1.0]), elements=4)
    assert check.ok
    assert [len(w.elements) for w in check.weights] == [4, 2]
    same = schuss.gradient_check(model, x, y, np.array([0, 0, 0, 0, 0, 1.0]), elements=4)
    assert [e.index for e in check.weights[0].elements] == [e.index for e in same.weights[0].elements]


def test_a_compiled_evaluation_gives_the_same(monkeypatch):
    from schuss.insight.explanation import _check

    shape, layers = RIGHT["images"]
    model = model_of(shape, *layers())
    slow = checked(model, shape, elements=3)
    monkeypatch.setattr(_check, "_PATIENCE", 0.0)
    fast = checked(model, shape, elements=3)
    assert fast.ok
    for a, b in zip(slow.weights, fast.weights, strict=True):
        for one, other in zip(a.elements, b.elements, strict=True):
            assert one.difference == pytest.approx(other.difference, rel=1e-4, abs=1e-7)


def test_as_data_and_as_a_table():
    check = checked(model_of((3,)), (3,))
    made = json.loads(json.dumps(check.to_dict()))
    assert made["ok"] is True
    assert made["weights"][0]["elements"][0]["index"] == [0, 0]
    assert "last/kernel" in check._repr_html_()
    assert "agrees" in str(check)


def test_bad_arguments_are_refused():
    model = model_of((3,))
    with pytest.raises(ValueError, match="`elements` must be an integer of at least 1"):
        checked(model, (3,), elements=0)
    with pytest.raises(ValueError, match="`step` must be a positive number"):
        checked(model, (3,), step=-1.0)
    with pytest.raises(ValueError, match="`tolerance` must be a positive number"):
        checked(model, (3,), tolerance=0.0)
    with pytest.raises(TypeError, match="gradient_check: expected a model"):
        schuss.gradient_check("model", None)
