"""Attention: Keras's figures for many configs, masks that travel, errors, saving, training, both backends."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.layers._masks import get_mask, set_mask

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = json.loads((RECORDED / "attention.json").read_text())["cases"]
pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis")


@pytest.fixture(scope="module")
def figures():
    return dict(np.load(RECORDED / "attention.npz"))


def tolerance(case):
    return 1e-2 if case["config"].get("dtype") == "mixed_float16" else 2e-5


def close(actual, expected, tolerance, noise=0.0):
    """Equal to `tolerance` of the largest number; what is 0 but for rounding, to `noise`."""
    assert actual.shape == expected.shape
    scale = max(float(np.max(np.abs(expected), initial=0.0)), noise)
    np.testing.assert_allclose(
        np.asarray(actual, "float64"), expected.astype("float64"), rtol=0, atol=tolerance * scale + 1e-30
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['class']}")
def test_figures_are_those_of_keras(case, figures):
    check_against_keras(case, figures)


def check_against_keras(case, figures):
    arrays = {name: figures[f"{case['id']}/{name}"] for name in case["arrays"]}
    layer = getattr(layers, case["class"])(**case["config"])
    names = [name for name in ("query", "value", "key") if name in arrays]
    given = {k: arrays[k] for k in ("attention_mask", "query_mask", "value_mask") if k in arrays}

    def called(xs):
        for name, x in zip(names, xs, strict=True):
            if f"mask.{name}" in arrays:
                set_mask(x, arrays[f"mask.{name}"])
        if case["class"] in ("Attention", "AdditiveAttention"):
            return layer(list(xs), **case["call"])
        return layer(**dict(zip(names, xs, strict=True)), **case["call"], **given)

    xs = [arrays[name].copy() for name in names]
    called(xs)
    weights = [arrays[f"weight{i}"] for i in range(len(case["weights"]))]
    assert [v.path.split("/", 1)[1] for v in layer.weights] == case["weights"]
    layer.set_weights(weights)
    result = called(xs)
    results = list(result) if isinstance(result, tuple) else [result]
    assert len(results) == sum(name.startswith("output") for name in arrays)
    for i, y in enumerate(results):
        assert y.dtype == arrays[f"output{i}"].dtype
        close(y, arrays[f"output{i}"], tolerance(case))
    np.testing.assert_allclose(
        [float(v) for v in layer.losses], case["losses"], rtol=max(tolerance(case), 1e-5)
    )
    assert (get_mask(results[0]) is not None) == case["masked"]
    config = plain(layer.get_config())
    del config["name"]
    assert config == plain(case["described"])

    def total(values, xs):
        with schuss.StatelessScope(list(zip(layer.weights, values))):
            result = called(xs)
        y = result[0] if isinstance(result, tuple) else result
        return ops.sum(ops.multiply(y, arrays["dy"]))

    in_weights, in_xs = schuss.grad(total, argnums=(0, 1))(weights, [arrays[name] for name in names])
    noise = max(float(np.abs(arrays[f"grad.{name}"]).max()) for name in names)
    for i, gradient in enumerate(in_weights):
        close(gradient, arrays[f"grad.weight{i}"], 5 * tolerance(case), noise)
    for name, gradient in zip(names, in_xs, strict=True):
        close(gradient, arrays[f"grad.{name}"], 5 * tolerance(case), noise)


def plain(value):
    """As JSON has it, numbers to the digits that float32 has."""
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 6))


def series(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Attention(score_mode="cosine"), "score_mode"),
        (lambda: layers.Attention()(series(2, 3, 4)), "list of inputs"),
        (lambda: layers.Attention()([series(2, 3, 4)]), "list of inputs"),
        (lambda: layers.Attention()([series(2, 3, 4)] * 2, mask=np.ones((2, 3), bool)), "mask"),
        (lambda: layers.MultiHeadAttention(0, 4), "num_heads"),
        (lambda: layers.MultiHeadAttention(2, 1.5), "key_dim"),
        (lambda: layers.MultiHeadAttention(2, 4, value_dim=-1), "value_dim"),
        (lambda: layers.MultiHeadAttention(2, 4, output_shape="wide"), "output_shape"),
        (lambda: layers.MultiHeadAttention(2, 4, attention_axes="all"), "attention_axes"),
        (lambda: layers.MultiHeadAttention(2, 4, sliding_window=0), "sliding_window"),
        (lambda: layers.MultiHeadAttention(2, 4, dropout=0.1, flash_attention=True), "flash"),
        (lambda: layers.GroupQueryAttention(4, 4, 3), "divisible"),
        (
            lambda: layers.MultiHeadAttention(2, 4)(series(2, 3, 4), series(2, 3, 4), series(2, 5, 4)),
            "a value for each key",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 4, flash_attention=True)(
                series(2, 3, 4), series(2, 3, 4), return_attention_scores=True
            ),
            "scores",
        ),
    ],
)
def test_mistakes_are_value_errors_that_name_the_argument(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3),
        lambda: layers.GroupQueryAttention(4, 4, 2, dropout=0.5, seed=3),
    ],
)
def test_dropout_falls_on_the_weights_in_training_only(make):
    x = series(2, 5, 6)
    one, other = make(), make()
    one(x, x)
    other(x, x)
    other.set_weights(one.get_weights())
    np.testing.assert_array_equal(one(x, x), other(x, x))
    trained, weights = one(x, x, training=True, return_attention_scores=True)
    np.testing.assert_allclose(np.sum(weights, axis=-1), 1, rtol=1e-6)  # as they are before
    np.testing.assert_array_equal(trained, other(x, x, training=True))
    assert not np.allclose(trained, one(x, x))


def test_dropout_of_plain_attention():
    x = series(1, 64, 4)
    _, weights = layers.Attention(dropout=0.25, seed=1)([x, x], training=True, return_attention_scores=True)
    assert 0.2 < np.mean(weights == 0) < 0.3
    np.testing.assert_allclose(np.mean(np.sum(weights, axis=-1)), 1, atol=0.1)


def test_projections_start_differently():
    layer = layers.MultiHeadAttention(2, 4)
    layer.build((None, 3, 8), (None, 3, 8))
    kernels = [v.numpy() for v in layer.weights if v.name == "kernel"][:3]
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(kernels))


def test_masks_of_an_embedding_reach_attention_and_leave_it():
    tokens = np.array([[3, 4, 0, 0], [5, 6, 7, 0]])
    x = layers.Embedding(8, 6, mask_zero=True)(tokens)
    layer = layers.MultiHeadAttention(2, 3)
    y = layer(x, x)
    assert get_mask(y).tolist() == (tokens != 0).tolist()
    assert get_mask(x) is not None  # and stays for others
    alone = layer(x[:1, :2], x[:1, :2])
    np.testing.assert_allclose(y[:1, :2], alone, rtol=1e-5, atol=1e-6)


def test_symbolic_calls_know_both_results():
    q, v = layers.Input((None, 8)), layers.Input((7, 8))
    y, scores = layers.MultiHeadAttention(2, 4, output_shape=5)(q, v, return_attention_scores=True)
    assert y.shape == (None, None, 5)
    assert scores.shape == (None, 2, None, 7)
    y, scores = layers.Attention()([q, v], return_attention_scores=True)
    assert (y.shape, scores.shape) == ((None, None, 8), (None, None, 7))
    with pytest.raises(ValueError, match="same last axis"):
        layers.GroupQueryAttention(4, 2, 1)(q, layers.Input((7, 9)))


def test_group_query_attention_goes_by_its_public_name():
    layer = layers.GroupQueryAttention(4, 4, 2)
    layer.build((None, 3, 8), (None, 3, 8))
    described = layers.serialize(layer)
    assert (described["class_name"], layer.name[:23]) == ("GroupQueryAttention", "grouped_query_attention")
    assert layers.deserialize(described).get_config() == layer.get_config()


def block(x):
    """A transformer's block, as Keras programs write it."""
    a = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4, dropout=0.1)(a, a, use_causal_mask=True)])
    a = layers.LayerNormalization()(x)
    a = layers.Dense(16, activation="gelu")(a)
    return layers.Add()([x, layers.Dense(8)(a)])


def small_gpt():
    tokens = layers.Input((6,), dtype="int32")
    x = block(block(layers.Embedding(11, 8)(tokens)))
    return schuss.Model(tokens, layers.Dense(11)(x))


def test_a_transformer_learns_to_repeat():
    schuss.utils.set_random_seed(1)
    model = small_gpt()
    model.compile(
        schuss.optimizers.Adam(0.01),
        schuss.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    x = np.random.default_rng(0).integers(0, 11, (64, 6)).astype("int32")
    history = model.fit(x, x, epochs=15, batch_size=16, verbose=0).history
    assert history["loss"][-1] < 0.2 * history["loss"][0]


def test_a_transformer_is_saved_whole(tmp_path):
    model = small_gpt()
    x = np.arange(12, dtype="int32").reshape(2, 6) % 11
    model.save(tmp_path / "gpt.keras")
    again = schuss.saving.load_model(tmp_path / "gpt.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def test_a_model_that_keras_saved_gives_its_outputs():
    model = schuss.saving.load_model(RECORDED / "models" / "tiny_gpt.keras", compile=False)
    recorded = np.load(RECORDED / "models" / "tiny_gpt.npz")
    for y in (model.predict(recorded["input0"], verbose=0), model(recorded["input0"])):
        np.testing.assert_allclose(y, recorded["output0"], atol=1e-5)


@pytest.mark.parametrize("grouped", [False, True])
def test_both_evaluators_agree(grouped):
    layer = layers.GroupQueryAttention(4, 4, 2) if grouped else layers.MultiHeadAttention(2, 4)
    x = series(2, 9, 6)
    layer(x, x)

    def total(x):
        return ops.sum(ops.square(layer(x, x, use_causal_mask=True)))

    gradient = schuss.grad(total)
    np.testing.assert_allclose(schuss.jit(gradient)(x), gradient(x), rtol=2e-4, atol=1e-5)
