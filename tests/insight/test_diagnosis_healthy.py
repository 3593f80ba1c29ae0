"""Where all is well diagnose says nothing: before training, and after it."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.layers import LSTM, Conv2D, Dense, Dropout, Embedding, Flatten, Input, MaxPooling2D

datasets = pytest.importorskip("sklearn.datasets")
SPARSE = "sparse_categorical_crossentropy"


def divided(x, y, seed=0):
    order = np.random.default_rng(seed).permutation(len(x))
    x, y, at = x[order].astype("float32"), y[order], len(x) * 3 // 4
    return (x[:at], y[:at]), (x[at:], y[at:])


def digits(optimizer):
    x, y = datasets.load_digits(return_X_y=True)
    model = schuss.Sequential([Input((64,)), Dense(64, activation="relu"), Dense(10, activation="softmax")])
    model.compile(optimizer, SPARSE)
    return model, *divided(x / 16, y)


def breast_cancer(optimizer):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    model = schuss.Sequential([Input((30,)), Dense(16, activation="relu"), Dense(1, activation="sigmoid")])
    model.compile(optimizer, "binary_crossentropy")
    return model, *divided((x - x.mean(axis=0)) / x.std(axis=0), y.astype("float32"))


def convolution(optimizer):
    x, y = datasets.load_digits(return_X_y=True)
    parts = [
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(32, 3, activation="relu"),
    ]
    head = [Flatten(), Dropout(0.5), Dense(10, activation="softmax")]
    model = schuss.Sequential([Input((8, 8, 1)), *parts, *head])
    model.compile(optimizer, SPARSE)
    return model, *divided(x.reshape(-1, 8, 8, 1) / 16, y)


def sequences(optimizer):
    """Waves of two shapes, with noise."""
    rng = np.random.default_rng(0)
    time = np.arange(24) + rng.uniform(0, 24, (800, 1))
    y = rng.integers(0, 2, 800)
    x = np.where(y[:, None] == 1, np.sin(time), np.sign(np.sin(time / 2))) + rng.normal(0, 0.2, (800, 24))
    model = schuss.Sequential([Input((24, 1)), LSTM(24), Dense(1, activation="sigmoid")])
    model.compile(optimizer, "binary_crossentropy")
    return model, *divided(x[..., None], y.astype("float32"))


def diabetes(optimizer):
    x, y = datasets.load_diabetes(return_X_y=True)
    model = schuss.Sequential([Input((10,)), Dense(32, activation="relu"), Dense(1)])
    model.compile(optimizer, "mse")
    return model, *divided((x - x.mean(axis=0)) / x.std(axis=0), ((y - y.mean()) / y.std()).astype("float32"))


HEALTHY = [digits, breast_cancer, convolution, sequences, diabetes]
OPTIMIZERS = {
    "adam": lambda: schuss.optimizers.Adam(2e-3),
    "momentum": lambda: schuss.optimizers.SGD(0.02, momentum=0.9),
}


@pytest.mark.parametrize("setup", HEALTHY, ids=lambda setup: setup.__name__)
def test_nothing_is_found_before_training(setup):
    schuss.utils.set_random_seed(0)
    model, data, validation = setup(OPTIMIZERS["adam"]())
    found = schuss.diagnose(model, *data, validation, cost=False, seconds=10)
    assert found.codes == [], str(found)
    assert found.skipped == []


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("setup", HEALTHY, ids=lambda setup: setup.__name__)
def test_nothing_is_found_after_training(setup, optimizer):
    schuss.utils.set_random_seed(0)
    model, data, validation = setup(OPTIMIZERS[optimizer]())
    model.fit(*data, validation_data=validation, epochs=6, verbose=0)
    found = schuss.diagnose(model, *data, validation, cost=False, seconds=10)
    assert found.codes == [], str(found)
    assert found.skipped == []


def transformer():
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.integers(1, 3, (600, 17)), axis=1) % 20
    tokens = Input((16,), dtype="int32")
    h = Embedding(20, 32)(tokens)
    h = h + layers.MultiHeadAttention(2, 16)(layers.LayerNormalization()(h), h, use_causal_mask=True)
    h = h + Dense(32)(Dense(64, activation="gelu")(layers.LayerNormalization()(h)))
    model = schuss.Model(tokens, Dense(20, activation="softmax")(layers.LayerNormalization()(h)))
    model.compile("adam", SPARSE)
    return model, x[:, :-1].astype("int32"), x[:, 1:]


def residual():
    x, y = datasets.load_digits(return_X_y=True)
    image = Input((8, 8, 1))
    h = Conv2D(16, 3, padding="same", use_bias=False)(image)
    for _ in range(3):
        inner = layers.BatchNormalization()(h)
        inner = Conv2D(16, 3, padding="same", use_bias=False)(layers.Activation("relu")(inner))
        h = layers.Add()([h, inner])
    model = schuss.Model(image, Dense(10)(layers.GlobalAveragePooling2D()(layers.BatchNormalization()(h))))
    model.compile("adam", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, (x.reshape(-1, 8, 8, 1) / 16).astype("float32"), y


def several_inputs_and_outputs():
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(500, 6)).astype("float32"), "b": rng.integers(0, 9, (500, 1)).astype("int32")}
    inputs = {"a": Input((6,), name="a"), "b": Input((1,), dtype="int32", name="b")}
    joined = layers.Concatenate()([inputs["a"], Flatten()(Embedding(9, 4)(inputs["b"]))])
    h = Dense(32, activation="relu")(joined)
    outputs = {"size": Dense(1, name="size")(h), "kind": Dense(3, activation="softmax", name="kind")(h)}
    model = schuss.Model(inputs, outputs)
    model.compile("adam", {"size": "mse", "kind": SPARSE})
    y = {"size": x["a"].sum(axis=1, keepdims=True), "kind": x["b"][:, 0] // 3}
    return model, x, y


def texts():
    rng = np.random.default_rng(0)
    good, bad = np.array(["good", "fine", "great", "nice"]), np.array(["bad", "awful", "poor", "sad"])
    filler = np.array([f"word{n}" for n in range(60)])
    y = rng.integers(0, 2, 400)
    rows = [[*rng.choice(filler, 9), *rng.choice(good if k else bad, 3)] for k in y]
    x = np.array([" ".join(map(str, rng.permutation(row))) for row in rows], object)[:, None]
    reader = layers.TextVectorization(100, output_sequence_length=12)
    reader.adapt(x[:, 0])
    model = schuss.Sequential([Input((1,), dtype="string"), reader, Embedding(100, 16), layers.GlobalAveragePooling1D(),
                               Dense(1, activation="sigmoid")])  # fmt: skip
    model.compile(schuss.optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, y.astype("float32")


@pytest.mark.parametrize(
    "setup", [transformer, residual, several_inputs_and_outputs, texts], ids=lambda setup: setup.__name__
)
def test_nothing_is_found_in_networks_of_other_kinds(setup):
    schuss.utils.set_random_seed(0)
    model, x, y = setup()
    found = schuss.diagnose(model, x, y, cost=False, seconds=10)
    assert found.codes == [], str(found)
    assert not found.skipped
