"""explain: the steps in the textbook's order, for models and data of all kinds, and errors for what cannot be explained."""

import json

import numpy as np
import pytest

import schuss
from schuss.insight.explanation import Explanation
from schuss.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Input,
    LayerNormalization,
    TextVectorization,
)
from schuss.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    LossScaleOptimizer,
    MultiOptimizer,
    OptimizerMap,
    RMSprop,
)


def rng():
    return np.random.default_rng(0)


def small(*layers, optimizer="sgd", loss="mse", **compile_args):
    model = schuss.Sequential([Input((3,)), *(layers or (Dense(2, name="only"),))], name="net")
    model.compile(optimizer, loss, **compile_args)
    return model


def data(rows=4, outputs=2):
    return rng().normal(size=(rows, 3)).astype("float32"), rng().normal(size=(rows, outputs)).astype(
        "float32"
    )


def test_the_chain_rule_by_hand():
    model = small(Dense(4, activation="tanh"), Dense(2), optimizer=SGD(0.1))
    x, y = data()
    e = schuss.explain(model, x, y)
    w1, b1, w2, b2 = (w.numpy().astype("float64") for w in model.weights)
    a1 = np.tanh(x @ w1 + b1)
    out = a1 @ w2 + b2
    d2 = 2 * (out - y) / out.size
    d1 = (d2 @ w2.T) * (1 - a1**2)
    expected = {
        "z1": x @ w1 + b1, "a1": a1, "z2": out, "J": ((out - y) ** 2).mean(), "dJ/dz2": d2, "dJ/dW2": a1.T @ d2,
        "dJ/db2": d2.sum(0), "dJ/da1": d2 @ w2.T, "δ1": d1, "dJ/dW1": x.T @ d1, "dJ/db1": d1.sum(0),
        "ΔW1": -0.1 * x.T @ d1, "W1'": w1 - 0.1 * x.T @ d1,
    }  # fmt: skip
    for key, array in expected.items():
        np.testing.assert_allclose(e[key], array, rtol=1e-4, atol=1e-6, err_msg=key)


def test_the_formulas_are_the_textbooks():
    model = small(
        Dense(4, activation="relu"), Dense(2, activation="softmax"), loss="sparse_categorical_crossentropy"
    )
    e = schuss.explain(model, data()[0], np.array([0, 1, 1, 0]))
    assert [step.formula for step in e.layers] == [
        "z⁽¹⁾ = x W⁽¹⁾ + b⁽¹⁾\na⁽¹⁾ = max(0, z⁽¹⁾)",
        "z⁽²⁾ = a⁽¹⁾ W⁽²⁾ + b⁽²⁾\na⁽²⁾_j = (e^(z⁽²⁾_j))/(Σ_k e^(z⁽²⁾_k))",
    ]
    assert e.loss.formula == "ŷ = a⁽²⁾\nℓ = −log ŷ_y\nJ = 1/n Σ_n ℓ_n"
    assert [step.formula for step in e.backward] == [
        "δ⁽²⁾ = 1/n (a⁽²⁾ − y), n = 4\n∂J/∂W⁽²⁾ = a⁽¹⁾ᵀ δ⁽²⁾\n∂J/∂b⁽²⁾ = Σ_n δ⁽²⁾_n",
        "∂J/∂a⁽¹⁾ = δ⁽²⁾ W⁽²⁾ᵀ\nδ⁽¹⁾ = ∂J/∂a⁽¹⁾ ⊙ [z⁽¹⁾ > 0]\n∂J/∂W⁽¹⁾ = xᵀ δ⁽¹⁾\n∂J/∂b⁽¹⁾ = Σ_n δ⁽¹⁾_n",
    ]
    assert e.update[0].formula == "g = ∂J/∂W⁽¹⁾\nW⁽¹⁾ ← W⁽¹⁾ − α g"
    assert "α = 0.01" in e.update[0].note


def test_where_a_number_came_from():
    e = schuss.explain(small(Dense(2, activation="relu", kernel_initializer="ones")), data()[0], data()[1])
    x = e["x"]
    assert e.formula("z1") == "z⁽¹⁾_(i,j) = Σ_k x_(i,k) W⁽¹⁾_(k,j) + b⁽¹⁾_j"
    assert e.formula("δ1") == "δ⁽¹⁾_(i,j) = (∂J/∂a⁽¹⁾_(i,j) where z⁽¹⁾_(i,j) > 0, else 0)"
    assert e.formula("x") == ""
    said = e.origin("z1", 1, 0)
    assert said.startswith("z⁽¹⁾[1, 0] = ")
    assert f"{x[1, 2]:.4g}".replace("-", "−") in said
    assert e.origin("x", 0, 0) == "x[0, 0] = 0.1257"
    with pytest.raises(KeyError, match=r"q1.*there are.*z1"):
        e.origin("q1", 0)
    with pytest.raises(IndexError, match=r"z1: \(9, 0\).*\(4, 2\)"):
        e.origin("z1", 9, 0)


def test_of_long_sums_the_largest_terms_are_shown():
    model = schuss.Sequential([Input((100,)), Dense(1)])
    model.compile("sgd", "mse")
    x = np.full((2, 100), 0.001)
    x[:, 70] = 5.0
    said = schuss.explain(model, x, np.zeros((2, 1))).origin("z1", 0, 0)
    assert "5 · " in said
    assert "(100 terms)" in said


@pytest.mark.parametrize(
    ("optimizer", "keys"),
    [
        (SGD(0.1, momentum=0.9), ["v(W1)", "v'(W1)"]),
        (SGD(0.1, momentum=0.9, nesterov=True), ["v(W1)", "v'(W1)"]),
        (Adam(0.1), ["m(W1)", "m'(W1)", "v(W1)", "v'(W1)"]),
        (AdamW(0.1), ["m(W1)", "m'(W1)", "v(W1)", "v'(W1)"]),
        (RMSprop(0.1), ["v(W1)", "v'(W1)"]),
        (Adagrad(0.1), ["s(W1)", "s'(W1)"]),
        (SGD(0.1, clipnorm=0.01, weight_decay=0.1), []),
        (LossScaleOptimizer(Adam(0.1)), ["m(W1)", "m'(W1)"]),
        (MultiOptimizer(OptimizerMap(SGD(0.1), {".*/kernel": Adam(0.1)})), ["m(W1)", "m'(W1)"]),
        (SGD(schuss.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)), []),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_each_optimizer_s_update(optimizer, keys):
    model = small(optimizer=optimizer)
    x, y = data()
    e = schuss.explain(model, x, y)
    before = [w.numpy() for w in model.trainable_variables]
    model.train_on_batch(x, y)
    for step, weight, old in zip(e.update, model.trainable_variables, before, strict=True):
        new = next(q for q in step.quantities if q.name == "after the step").array
        np.testing.assert_allclose(new, weight.numpy(), rtol=1e-5)
        np.testing.assert_allclose(next(q for q in step.quantities if q.key.startswith("Δ")).array, new - old)
    assert set(keys) <= set(e.quantities)
    assert e.outcome.second_order == pytest.approx(e.outcome.after, abs=0.02 * abs(e.outcome.slope))


def test_several_inputs_and_outputs_shared_layers_and_weights_of_samples():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared = Dense(4, activation="tanh", name="shared")
    both = Concatenate()([shared(a), shared(b)])
    model = schuss.Model(
        [a, b], [Dense(1, name="p")(both), Dense(3, activation="softmax", name="q")(both)], name="two"
    )
    model.compile("adam", ["mse", "sparse_categorical_crossentropy"], loss_weights=[1.0, 0.5])
    x = [rng().normal(size=(5, 3)), rng().normal(size=(5, 3))]
    y = [rng().normal(size=(5, 1)), rng().integers(0, 3, 5)]
    e = schuss.explain(model, x, y, [np.ones(5), np.linspace(0, 1, 5)])
    assert [step.title for step in e.layers].count("two/shared") == 2
    assert any("sum over all 2 uses" in step.formula for step in e.backward)
    assert {"x_1", "x_2", "y_1", "y_2"} <= set(e.quantities)
    model.train_on_batch(x, y, [np.ones(5), np.linspace(0, 1, 5)])
    np.testing.assert_allclose(e["W1'"], shared.kernel.numpy(), rtol=1e-5)
    json.dumps(e.to_dict())
    assert "u003cmath" in e.html()


def test_a_subclassed_model_with_operations_of_its_own():
    class Residual(schuss.Model):
        def __init__(self):
            super().__init__(name="residual")
            self.inner = Dense(3, activation="relu", name="inner")

        def call(self, x):
            return x + self.inner(x) * 2.0

    model = Residual()
    model.compile("sgd", "mse")
    e = schuss.explain(model, *data(outputs=3))
    assert [step.title for step in e.layers] == ["residual/inner", "residual"]
    assert e.formula("a2") == "a⁽²⁾_(i,j) = x_(i,j) + a⁽¹⁾_(i,j) · 2"


def test_regularizers_dropout_and_moving_averages_are_as_in_training_and_stay():
    schuss.utils.set_random_seed(3)
    model = small(
        Dense(4, kernel_regularizer="l2", name="first"),
        BatchNormalization(),
        Dropout(0.5),
        Activation("relu"),
        Dense(2),
    )
    x, y = data(8)
    model.build((None, 3))
    before = [v.numpy().copy() for v in model.variables]
    e, again = schuss.explain(model, x, y), schuss.explain(model, x, y)
    np.testing.assert_array_equal(e["a3"], again["a3"])  # the same mask
    assert (e["a3"] == 0).any()
    assert "Regularizers" in e.loss.note
    assert "∂Ω/∂W⁽¹⁾" in next(step for step in e.backward if step.title == "net/first").formula
    for variable, array in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), array)
    assert e.outcome.second_order == pytest.approx(e.outcome.after, abs=0.02 * abs(e.outcome.slope))


def test_a_gradient_of_which_only_rounding_is_left_is_said():
    model = small(Dense(3, name="before"), BatchNormalization(), Dense(2))
    e = schuss.explain(model, *data(8))
    note = next(step for step in e.backward if step.title == "net/before").note
    assert note == "∂J/∂b⁽¹⁾ is zero but for rounding: J does not depend on b⁽¹⁾."


def test_generators_embeddings_and_masks():
    model = schuss.Sequential(
        [Input((4,), dtype="int32"), Embedding(7, 3, mask_zero=True), schuss.layers.LSTM(2), Dense(1)]
    )
    model.compile("sgd", "mse")

    def batches():
        while True:
            yield np.array([[1, 2, 0, 0], [3, 3, 4, 0]]), np.zeros((2, 1))

    e = schuss.explain(model, batches())
    assert e.rows == 2
    assert e.formula("a1") == "a⁽¹⁾_(i,j,k) = E⁽¹⁾_(x[i, j],k)"
    assert e["dJ/dE1"][5].tolist() == [0, 0, 0]
    rows = e.origin("dJ/dE1", 3, 0)
    assert rows.count("+") >= 1


@pytest.mark.parametrize("layer", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("backwards", [False, True])
def test_recurrent_layers_are_taken_apart(layer, backwards):
    inner = getattr(schuss.layers, layer)(3, return_sequences=True, go_backwards=backwards, name="rnn")
    model = schuss.Sequential([Input((6, 2)), inner, Dense(1)], name="net")
    model.compile("sgd", "mse")
    x = rng().normal(size=(2, 6, 2)).astype("float32")
    e = schuss.explain(model, x, np.ones((2, 6, 1)))
    after, before = e["h(1)"], e["hbefore(1)"]
    if not before[0].any():  # else the loop goes from the last place to the first
        order = slice(None)
    else:
        order = slice(None, None, -1)
    assert not before[order][0].any()
    np.testing.assert_array_equal(before[order][1:], after[order][:-1])
    assert sorted(after.reshape(-1)) == pytest.approx(sorted(e["a1"].reshape(-1)))
    if layer == "SimpleRNN":
        w, u, b = inner.get_weights()
        steps = (x[:, ::-1] if backwards else x).transpose(1, 0, 2)
        np.testing.assert_allclose(
            after[order][2], np.tanh(steps[2] @ w + before[order][2] @ u + b), rtol=1e-5
        )
        assert e.formula("h(1)").startswith("h⁽¹⁾_(i,j,k) = tanh(Σ_l x_(")
    assert "where i is not the first step, else 0" in e.formula("hbefore(1)")


def test_loops_that_are_too_large_stay_one_operation(monkeypatch):
    from schuss.insight.explanation import _loops

    monkeypatch.setattr(_loops, "_MOST_BYTES", 10)
    model = schuss.Sequential([Input((6, 2)), schuss.layers.LSTM(3), Dense(1)])
    model.compile("sgd", "mse")
    e = schuss.explain(model, rng().normal(size=(2, 6, 2)), np.ones((2, 1)))
    assert "h(1)" not in e.quantities
    assert e.html()


def test_text_goes_in():
    texts = np.array(["good film", "bad film", "good good"])
    vectorize = TextVectorization(max_tokens=10, output_sequence_length=3)
    vectorize.adapt(texts)
    model = schuss.Sequential(
        [Input((), dtype="string"), vectorize, Embedding(10, 2), schuss.layers.Flatten(), Dense(1)]
    )
    model.compile("sgd", "mse")
    e = schuss.explain(model, texts, np.zeros((3, 1)))
    assert e["a2"].shape == (3, 3, 2)
    assert "Embedding" in str(e)


def test_mixed_precision_and_layers_without_weights_to_learn():
    policy = schuss.DTypePolicy("mixed_float16")
    model = small(Dense(4, dtype=policy), LayerNormalization(dtype=policy), Dense(2, dtype="float32"))
    e = schuss.explain(model, *data())
    assert e["z1"].dtype == np.float16
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    e = schuss.explain(model, *data())
    assert "dJ/dW1" not in e.quantities
    assert len(e.update) == 4
    assert e.html()


def test_how_many_rows_are_taken():
    x, y = data(50)
    assert schuss.explain(small(), x, y).rows == 32
    assert schuss.explain(small(), x, y, batch_size=3).rows == 3
    with pytest.raises(ValueError, match="batch_size"):
        schuss.explain(small(), x, y, batch_size=0)


def test_what_is_printed():
    e = schuss.explain(small(Dense(2, name="only"), optimizer="adam"), *data())
    text = str(e)
    assert isinstance(e, Explanation)
    for part in (
        "Forwards",
        "Backwards",
        "Update",
        "z⁽¹⁾ = x W⁽¹⁾ + b⁽¹⁾",
        "second order",
        "m ← β₁ m + (1 − β₁) g",
    ):
        assert part in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 110


def test_plain_data():
    e = schuss.explain(small(), *data())
    made = json.loads(json.dumps(e.to_dict()))
    z = made["layers"][0]["quantities"][-1]
    assert z["key"] == "z1"
    assert z["shape"] == [4, 2]
    np.testing.assert_allclose(z["values"], e["z1"])
    assert e.layers[0].arrays["z1"] is e["z1"]
    assert [step.number for step in e] == list(range(1, len(e.steps) + 1))


def test_what_cannot_be_explained_is_said():
    class Own(schuss.Sequential):
        def train_step(self, data):
            return {"loss": 0.0}

    with pytest.raises(TypeError, match="explain: expected a model, got int"):
        schuss.explain(3, *data())
    with pytest.raises(ValueError, match=r"call `compile\(\)` before"):
        schuss.explain(schuss.Sequential([Dense(1)]), *data())
    own = Own([Input((3,)), Dense(2)])
    own.compile("sgd", "mse")
    classes = small(loss="sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"(?i)label"):
        schuss.explain(classes, data()[0], np.array([0, 1, 2, 7]))
    with pytest.raises(ValueError, match="Own has its own `train_step`"):
        schuss.explain(own, *data())


def test_columns_are_called_by_their_names():
    pandas = pytest.importorskip("pandas")
    model = schuss.Sequential([schuss.Input((2,)), schuss.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((2, 2)), np.ones((2, 1))
    frame = pandas.DataFrame(x, columns=["rooms", "age"])
    for step in (
        schuss.explain(model, frame, y),
        schuss.explain(model, x, y, feature_names=["rooms", "age"]),
    ):
        assert step.inputs.quantities[0].name == "the data: rooms, age"
    wide = schuss.Sequential([schuss.Input((20,)), schuss.layers.Dense(1)])
    wide.compile("sgd", "mse")
    step = schuss.explain(wide, np.ones((2, 20)), y, feature_names=[f"f{n}" for n in range(20)])
    assert step.inputs.quantities[0].name.endswith("f10, f11, … (20 in all)")
