"""Adapters of low rank: what they compute, what learns, what files hold."""

import numpy as np
import pytest

import schuss
from schuss import layers

ROWS = np.linspace(-1, 1, 12).reshape(3, 4).astype("float32")
IMAGES = np.linspace(-1, 1, 96).reshape(2, 4, 4, 3).astype("float32")
TOKENS = np.array([[1, 4, 1], [0, 2, 3]])
CASES = {
    "Dense": (lambda **k: layers.Dense(5, **k), ROWS),
    "EinsumDense": (
        lambda **k: layers.EinsumDense("abcd,de->abce", (None, None, 5), bias_axes="e", **k),
        IMAGES,
    ),
    "Embedding": (lambda **k: layers.Embedding(5, 3, **k), TOKENS),
    "ReversibleEmbedding": (lambda **k: layers.ReversibleEmbedding(5, 3, **k), TOKENS),
    "Conv2D": (lambda **k: layers.Conv2D(6, 3, groups=3, **k), IMAGES),
}
ALL = pytest.mark.parametrize(("make", "x"), CASES.values(), ids=list(CASES))


def adapted(layer):
    """W + α/r A B, by NumPy."""
    name = type(layer).adapted
    w = vars(layer)[f"_{name}"].numpy()
    a, b = (getattr(layer, f"lora_{name}_{letter}").numpy() for letter in "ab")
    return w + layer.lora_alpha / layer.lora_rank * (a @ b)


@ALL
def test_it_computes_with_the_sum(make, x):
    layer, plain = make(), make()
    before = np.asarray(layer(x))
    plain(x)
    layer.enable_lora(2, lora_alpha=3.0)
    np.testing.assert_array_equal(layer(x), before)  # B is 0
    getattr(layer, f"lora_{layer.adapted}_b").assign(schuss.random.normal((2, before.shape[-1]), seed=1))
    plain.set_weights([adapted(layer), *[v.numpy() for v in layer.weights[1:-2]]])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(getattr(layer, layer.adapted), adapted(layer), rtol=1e-5, atol=1e-6)
    assert not np.array_equal(layer(x), before)


@ALL
def test_only_the_adapter_learns(make, x):
    model = schuss.Sequential(
        [schuss.Input(x.shape[1:], dtype=x.dtype), make(lora_rank=2), layers.Flatten(), layers.Dense(1)]
    )
    layer = model.layers[0]
    names = [v.path.split("/", 1)[1] for v in layer.trainable_variables]
    assert names[-2:] == [f"{layer.name}/lora_{layer.adapted}_{letter}" for letter in "ab"]
    assert [v.name for v in layer.non_trainable_variables] == [layer.adapted]
    model.compile("sgd", "mse")
    before = [v.numpy() for v in (vars(layer)[f"_{layer.adapted}"], *layer.trainable_variables[-2:])]
    model.fit(x, np.ones(len(x)), epochs=3, verbose=0)
    after = [v.numpy() for v in (vars(layer)[f"_{layer.adapted}"], *layer.trainable_variables[-2:])]
    assert [np.array_equal(*pair) for pair in zip(before, after)] == [True, False, False]


@ALL
def test_files_hold_the_sum(make, x, tmp_path):
    model = schuss.Sequential([schuss.Input(x.shape[1:], dtype=x.dtype), make(lora_rank=2)])
    layer = model.layers[0]
    factor = getattr(layer, f"lora_{layer.adapted}_b")
    factor.assign(schuss.random.normal(factor.shape, seed=1))
    model.save(tmp_path / "model.keras")
    again = schuss.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].lora_enabled
    np.testing.assert_allclose(again(x), model(x), rtol=1e-5, atol=1e-6)
    model.save_weights(tmp_path / "sum.weights.h5")
    plain = schuss.Sequential([schuss.Input(x.shape[1:], dtype=x.dtype), make()])
    plain.load_weights(tmp_path / "sum.weights.h5")
    np.testing.assert_allclose(plain(x), model(x), rtol=1e-5, atol=1e-6)


def test_an_adapter_after_training_in_a_compiled_model():
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    model.fit(ROWS, np.ones((3, 3)), verbose=0)
    before = model.predict(ROWS, verbose=0)
    model.layers[0].enable_lora(1, b_initializer="ones")
    assert not np.allclose(model.predict(ROWS, verbose=0), before)
    model.compile("sgd", "mse")
    kernel = vars(model.layers[0])["_kernel"].numpy()
    model.fit(ROWS, np.ones((3, 3)), verbose=0)
    np.testing.assert_array_equal(vars(model.layers[0])["_kernel"].numpy(), kernel)


def test_what_is_refused():
    layer = layers.Dense(3, name="d")
    with pytest.raises(AttributeError, match=r'Layer "d" .* has no `kernel` yet'):
        layer.kernel  # noqa: B018
    with pytest.raises(ValueError, match=r'Layer "d" .* must be built'):
        layer.enable_lora(2)
    layer(ROWS)
    with pytest.raises(ValueError, match="positive integer, got 0"):
        layer.enable_lora(0)
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="has an adapter already, of rank 2"):
        layer.enable_lora(2)
    with pytest.raises(ValueError, match="`kernel_constraint` exclude each other"):
        layers.Dense(3, kernel_constraint="non_neg", lora_rank=2)(ROWS)
