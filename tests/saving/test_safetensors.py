"""Weights in safetensors files come back, can be read by others, and what is no such file is refused."""

import numpy as np
import pytest

import schuss
from schuss.layers import LSTM, BatchNormalization, Dense, Dropout, Embedding, Input

safetensors = pytest.importorskip("safetensors.numpy")


def model_of(units=4, name="m"):
    layers = [
        Input((5,), dtype="int32"), Embedding(9, 3), LSTM(units), BatchNormalization(), Dropout(0.5), Dense(2, name="out"),
    ]  # fmt: skip
    model = schuss.Sequential(layers, name=name)
    model.compile("adam", "mse")
    return model


def trained():
    model = model_of()
    rng = np.random.default_rng(0)
    model.fit(rng.integers(0, 9, (32, 5)), rng.normal(size=(32, 2)), verbose=0)
    return model


def test_weights_and_optimizer_come_back(tmp_path):
    model, other = trained(), model_of()
    model.save_weights(tmp_path / "w.safetensors")
    other.load_weights(tmp_path / "w.safetensors")
    for before, after in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    for before, after in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(after.numpy(), before.numpy())


def test_other_programs_find_the_arrays_by_name(tmp_path):
    from safetensors import safe_open

    model = trained()
    model.save_weights(tmp_path / "w.safetensors")
    arrays = safetensors.load_file(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(arrays["layers/dense/vars/0"], model.get_layer("out").kernel.numpy())
    with safe_open(tmp_path / "w.safetensors", "numpy") as file:
        assert file.metadata()["layers/dense/vars/0"].endswith("out/kernel")


def test_another_model_is_refused_and_unchanged(tmp_path):
    trained().save_weights(tmp_path / "w.safetensors")
    other = model_of(units=3)
    before = other.get_weights()
    with pytest.raises(ValueError, match="weights of another model"):
        other.load_weights(tmp_path / "w.safetensors")
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_truncated_files_are_refused(tmp_path, cut):
    path = tmp_path / "w.safetensors"
    trained().save_weights(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="cannot be read as a safetensors file"):
        model_of().load_weights(path)


def test_files_of_other_libraries_are_named(tmp_path):
    safetensors.save_file({"model.weight": np.zeros(3, "float32")}, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match=r"'model\.weight', which is no weight of a model"):
        model_of().load_weights(tmp_path / "w.safetensors")


def test_an_array_of_another_type_than_the_weight(tmp_path):
    path = tmp_path / "w.safetensors"
    trained().save_weights(path)
    arrays = {
        k: v.astype("float64") if v.dtype.kind == "f" else v for k, v in safetensors.load_file(path).items()
    }
    safetensors.save_file(arrays, path)
    model = model_of()
    model.load_weights(path)
    assert model.get_weights()[0].dtype == "float32"


def test_checkpoints(tmp_path):
    rng = np.random.default_rng(0)
    model = model_of()
    keeper = schuss.callbacks.ModelCheckpoint(
        tmp_path / "{epoch}.safetensors", save_weights_only=True, monitor="loss"
    )
    model.fit(rng.integers(0, 9, (8, 5)), rng.normal(size=(8, 2)), epochs=2, verbose=0, callbacks=[keeper])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.safetensors", "2.safetensors"]
