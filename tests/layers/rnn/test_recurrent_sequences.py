"""Masks, states from batch to batch, dropout, the user's own cells, whole models: what recorded figures do not show."""

from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import backends, layers, ops
from schuss.graph import Spec, trace
from schuss.layers._masks import get_mask

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(4, 5, 3)).astype("float32")
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
MODELS = Path(__file__).parent.parent.parent / "recorded" / "models"


class Total(layers.Layer):
    """A cell: the running sum of its inputs; its output is twice that."""

    state_size = 3

    def call(self, inputs, states):
        total = ops.add(states[0], inputs)
        return ops.multiply(total, 2.0), [total]


class Leaky(layers.Layer):
    """A cell with weights, dropout and a state given not in a list."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units
        self.dropout = layers.Dropout(0.5, seed=3)

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs, states, training=False):
        state = ops.add(ops.multiply(states[0], 0.5), ops.matmul(inputs, self.kernel))
        return self.dropout(ops.tanh(state), training=training), state

    def get_config(self):
        return {**super().get_config(), "units": self.units}


# Masks ---


def test_masked_steps_are_as_if_they_were_not_there():
    layer = layers.LSTM(2)
    y = layer(X, mask=MASK)
    for row in range(4):
        kept = X[row : row + 1, MASK[row]]
        expected = layer(kept)[0] if kept.shape[1] else np.zeros(2)
        np.testing.assert_allclose(y[row], expected, atol=1e-6)


def test_outputs_of_masked_steps_are_those_before():
    y = layers.RNN(Total(), return_sequences=True)(np.ones((1, 5, 3)), mask=np.array([[0, 1, 0, 0, 1]]))
    assert y[0, :, 0].tolist() == [0, 2, 2, 2, 4]
    zeros = layers.RNN(Total(), return_sequences=True, zero_output_for_mask=True)
    assert zeros(np.ones((1, 5, 3)), mask=np.array([[0, 1, 0, 0, 1]]))[0, :, 0].tolist() == [0, 2, 0, 0, 4]


def test_masks_go_on_with_sequences_only():
    x = layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    several = {"return_sequences": True, "return_state": True}
    assert get_mask(layers.GRU(2)(x)) is None
    y, state = layers.GRU(2, **several)(x)
    assert get_mask(y).tolist() == [[True, True, False]]
    assert get_mask(state) is None
    ahead, back, *states = layers.Bidirectional(layers.GRU(2, **several), merge_mode=None)(x)
    assert get_mask(ahead).tolist() == get_mask(back).tolist() == [[True, True, False]]
    assert [get_mask(state) for state in states] == [None, None]
    assert layers.Bidirectional(layers.LSTM(2, **several)).compute_mask(x, MASK)[1:] == [None] * 4


# States ---


def test_a_stateful_layer_goes_on_where_it_ended():
    layer = layers.LSTM(2, stateful=True, return_sequences=True)
    plain = layers.LSTM(2, return_sequences=True)
    first, second = layer(X), layer(X)
    plain.build(X.shape)
    plain.set_weights(layer.get_weights())
    whole = plain(np.concatenate([X, X], axis=1))
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)
    layer.reset_state()
    np.testing.assert_allclose(layer(X), first, atol=1e-6)
    assert len(layer.weights) == 3  # states are not weights
    assert all(v.path.endswith("/rnn_state") for v in layer.states)


def test_states_go_on_through_compiled_batches():
    model = schuss.Sequential([layers.GRU(2, stateful=True), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((4, 1)), batch_size=2, epochs=1, verbose=0, shuffle=False)
    layer = model.layers[0]
    layer.reset_state()
    model.predict(X, batch_size=2, verbose=0)
    ended = layer.states[0].numpy()
    layer.reset_state()
    layer(X[:2])
    layer(X[2:])
    np.testing.assert_allclose(ended, layer.states[0].numpy(), atol=1e-6)
    with pytest.raises(ValueError, match=r"stateful.*size of the first, 2, .*\(1, 5, 3\)"):
        model.predict(X[:3], batch_size=2, verbose=0)


def test_stateful_both_ways():
    layer = layers.Bidirectional(layers.LSTM(2, stateful=True))
    assert layer.states is None
    layer(X)
    assert len(layer.states) == 4
    assert np.abs(layer.states[3].numpy()).max() > 0
    layer.reset_states()
    assert all(not state.numpy().any() for state in layer.states)
    with pytest.raises(AttributeError, match="not stateful"):
        layers.Bidirectional(layers.LSTM(2)).reset_state()


def test_initial_states_from_another_layer():
    x, h = schuss.Input((None, 3)), schuss.Input((2,))
    y, *states = layers.LSTM(2, return_sequences=True, return_state=True)(x, initial_state=[h, h])
    model = schuss.Model([x, h], layers.LSTM(2)(y, initial_state=states))
    first = np.ones((4, 2), "float32")
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again([X, first]), model([X, first]))
    assert model.predict([X, first], verbose=0).shape == (4, 2)


# Dropout ---


def test_the_same_features_are_dropped_in_all_steps():
    layer = layers.SimpleRNN(3, activation=None, dropout=0.5, return_sequences=True, seed=1)
    ones = np.ones((4, 5, 3), "float32")
    layer.build(ones.shape)
    layer.set_weights([np.eye(3), np.zeros((3, 3)), np.zeros(3)])
    first, second = layer(ones, training=True), layer(ones, training=True)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first == first[:, :1]).all()
    assert (first != second).any()
    assert (layer(ones) == 1).all()


def test_gates_have_masks_of_their_own_if_the_state_is_dropped():
    ones = np.ones((8, 3), "float32")
    cell = layers.LSTMCell(2, dropout=0.5, recurrent_dropout=0.5, seed=1)
    masks = cell.get_dropout_mask(ones)
    assert len(masks) == 4
    assert (masks[0] != masks[1]).any()
    assert cell.get_dropout_mask(ones) is masks
    cell.reset_dropout_mask()
    assert (cell.get_dropout_mask(ones)[0] != masks[0]).any()
    assert not isinstance(layers.LSTMCell(2, dropout=0.5).get_dropout_mask(ones), list)
    assert len(layers.GRUCell(2, dropout=0.5, implementation=1).get_dropout_mask(ones)) == 3


@pytest.mark.parametrize("make", [layers.SimpleRNN, layers.LSTM, layers.GRU])
def test_dropout_keeps_the_mean(make):
    schuss.utils.set_random_seed(4)
    layer = make(2, dropout=0.3, recurrent_dropout=0.2, seed=2)
    x = np.full((4000, 3, 2), 0.1, "float32")
    expected, mean = layer(x).mean(axis=0), layer(x, training=True).mean(axis=0)
    assert np.abs(mean - expected).max() < 0.02
    assert (layer(x, training=True).std(axis=0) > 0.001).all()


# Cells ---


def test_own_cells_learn_and_are_saved(tmp_path):
    model = schuss.Sequential(
        [
            schuss.Input((5, 3)),
            layers.RNN([Leaky(3), layers.GRUCell(2)], return_sequences=True),
            layers.Bidirectional(layers.RNN(Leaky(2))),
        ]
    )
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(X, np.ones((4, 4)), verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights()))
    model.save(tmp_path / "m.keras")
    again = schuss.models.load_model(tmp_path / "m.keras", custom_objects={"Leaky": Leaky}, compile=False)
    assert np.array_equal(again(X), model(X))


def test_layers_within_own_cells_are_built_with_them():
    class Net(layers.Layer):
        state_size = 3

        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, inputs, states):
            state = ops.add(self.dense(inputs), states[0])
            return state, [state]

    for cell in (Net(), [Net(), layers.GRUCell(2)]):
        model = schuss.Sequential([schuss.Input((5, 3)), layers.RNN(cell)])
        assert model.weights[0].shape == (3, 3)
        np.testing.assert_allclose(model.predict(X, verbose=0), model(X), atol=1e-6)


def test_a_changed_call_of_a_cell_is_called():
    class Doubled(layers.SimpleRNNCell):
        def call(self, inputs, states, training=False):
            output, states = super().call(inputs, states, training=training)
            return ops.multiply(output, 2.0), states

    layer = layers.RNN(Doubled(2))
    y = layer(X)
    plain = layers.SimpleRNN(2)
    plain.build(X.shape)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(y, 2 * plain(X), atol=1e-6)


def test_cells_one_by_one_are_the_layer():
    for make, cell in ((layers.LSTM, layers.LSTMCell(2)), (layers.GRU, layers.GRUCell(2))):
        states = cell.get_initial_state(batch_size=4)
        for t in range(5):
            y, states = cell(X[:, t], states)
        layer = make(2, return_state=True)
        layer.build(X.shape)
        layer.set_weights(cell.get_weights())
        for value, expected in zip(layer(X), [y, *states], strict=True):
            np.testing.assert_allclose(value, expected, atol=1e-6)


def test_a_state_may_come_without_a_list():
    cell = layers.GRUCell(2)
    output, state = cell(X[:, 0], np.zeros((4, 2)))
    assert np.array_equal(output, state)


@pytest.mark.parametrize(
    ("layer", "states"),
    [
        (layers.LSTM(2, dtype="mixed_float16"), 2),
        (layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], dtype="mixed_float16"), 3),
    ],
    ids=["layer", "cells"],
)
def test_mixed_precision(layer, states):
    layer.return_state = True
    y = layer(X)
    assert y[0].dtype == "float16"
    assert len(schuss.graph._tree.leaves(y)) == 1 + states
    assert {w.dtype.name for w in layer.weights} == {"float32"}


# Compiled ---


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(3, return_sequences=True),
        layers.Bidirectional(layers.GRU(2, reset_after=False, return_sequences=True)),
        layers.RNN([layers.SimpleRNNCell(3), layers.LSTMCell(2)], go_backwards=True, return_sequences=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_compiled_steps_are_those_of_the_reference(layer):
    layer.build(X.shape)
    parts = [w.numpy() for w in layer.trainable_variables]

    def loss(weights, x):
        y, _ = layer.stateless_call(weights, layer.non_trainable_variables, x, mask=MASK)
        return ops.sum(ops.square(y))

    graph = trace(schuss.value_and_grad(loss), [Spec.of(part) for part in parts], Spec.of(X))
    compiled, reference = (
        backends.compile(graph, backend=backend)(*parts, X) for backend in ("cpu", "reference")
    )
    for a, b in zip(compiled, reference, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * max(1.0, np.abs(b).max()))


def test_a_model_that_keras_saved():
    model = schuss.models.load_model(MODELS / "text_rnn.keras", compile=False)
    figures = np.load(MODELS / "text_rnn.npz")
    np.testing.assert_allclose(model(figures["input0"]), figures["output0"], atol=1e-5)
    np.testing.assert_allclose(model.predict(figures["input0"], verbose=0), figures["output0"], atol=1e-5)


# What is refused ---


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: layers.LSTM(0), "`units`.*positive integer, got 0"),
        (lambda: layers.GRU(2.5), "positive integer, got 2.5"),
        (lambda: layers.LSTM(2, dropout="much"), "`dropout` must be a number"),
        (lambda: layers.LSTM(2, return_sequence=True), "Did you mean 'return_sequences'"),
        (lambda: layers.GRU(2, use_cudnn="yes"), "`use_cudnn`"),
        (lambda: layers.RNN(3), "must have a `call"),
        (lambda: layers.RNN(layers.Dense(3)), "must have a `state_size`"),
        (lambda: layers.StackedRNNCells([]), "list of cells"),
        (lambda: layers.Bidirectional(layers.Dense(3)), "must be a recurrent layer"),
        (lambda: layers.Bidirectional(layers.GRU(3), merge_mode="both"), "invalid merge mode 'both'"),
        (lambda: layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(3)), "go_backwards=True"),
        (lambda: layers.ConvLSTM2D(2, (3,)), "`kernel_size`"),
        (lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2), "exclude each other"),
    ],
)
def test_arguments(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("layer", "call", "text"),
    [
        (layers.LSTM(2), {"sequences": X[0]}, "expected ndim=3.*batch axis missing"),
        (layers.LSTM(2), {"sequences": X[:, :0]}, r"at least one time step.*\(4, 0, 3\)"),
        (
            layers.LSTM(2, name="a"),
            {"mask": MASK[:, :3]},
            r'"a" \(LSTM\): the mask.*\(4, 5\), but has \(4, 3\)',
        ),
        (layers.LSTM(2), {"initial_state": [np.ones((4, 2))]}, r"2 array.*\(4, 2\), \(4, 2\); got 1"),
        (layers.GRU(2), {"initial_state": np.ones((4, 3))}, r"1 array.*\(4, 2\); got 1 of shapes \(4, 3\)"),
        (layers.Bidirectional(layers.GRU(2)), {"initial_state": [X]}, "as many for each; got 1"),
        (layers.ConvLSTM1D(2, 3), {"sequences": np.ones((1, 2, 2, 1))}, "none may be below 1"),
        (layers.RNN(layers.LSTMCell(2)), {"sequences": X[0]}, "at least 3 axes"),
    ],
)
def test_inputs(layer, call, text):
    with pytest.raises(ValueError, match=text):
        layer(**{"sequences": X, **call})


def test_cells_that_return_other_states_are_refused():
    class Wrong(layers.Layer):
        state_size = 3

        def call(self, inputs, states):
            return inputs, [states[0], inputs]

    with pytest.raises(ValueError, match=r"given 1 state.* but returned 2"):
        layers.RNN(Wrong())(X)
    cell = layers.LSTMCell(2)
    with pytest.raises(ValueError, match=r"LSTMCell\) has 2 state\(s\), but was called with 1"):
        cell(X[:, 0], [np.ones((4, 2))])


def test_a_stateful_layer_wants_a_fixed_batch():
    with pytest.raises(ValueError, match=r"batch size must be fixed.*\(None, 5, 3\)"):
        layers.LSTM(2, stateful=True)(schuss.Input((5, 3)))
