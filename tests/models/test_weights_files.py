"""Weights files: Keras's layout, whole or not at all."""

import json
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import schuss
from schuss import layers

MODELS = Path(__file__).parent.parent / "recorded" / "models"
X = np.ones((2, 4), "float32")


def net(units=3, **kwargs):
    return schuss.Sequential(
        [
            schuss.Input((4,)),
            layers.Dense(units, name="a"),
            layers.BatchNormalization(),
            layers.Dense(2, name="b"),
        ],
        **kwargs,
    )


def groups(path):
    with h5py.File(path) as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        return names


def test_seed_program_with_keras_weights_gives_keras_outputs(tmp_path):
    model = schuss.Sequential([schuss.Input((784,)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")])
    with zipfile.ZipFile(MODELS / "seed_mlp.keras") as archive:
        archive.extract("model.weights.h5", tmp_path)
    recorded = np.load(MODELS / "seed_mlp.npz")
    (tmp_path / "model.weights.h5").rename(tmp_path / "seed.weights.h5")
    model.load_weights(tmp_path / "seed.weights.h5")
    y = model(recorded["input0"])
    assert np.abs(y - recorded["output0"]).max() <= 1e-5 * np.abs(recorded["output0"]).max()
    other = schuss.Sequential([schuss.Input((784,)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")])
    other.load_weights(MODELS / "seed_mlp.keras")
    assert np.array_equal(other(recorded["input0"]), y)


def test_layout_is_keras(tmp_path):
    model = net(name="net")
    model.save_weights(tmp_path / "w.weights.h5")
    assert groups(tmp_path / "w.weights.h5") == [
        *[f"layers/batch_normalization/vars/{i}" for i in range(4)],
        *[f"layers/dense{n}/vars/{i}" for n in ("", "_1") for i in range(2)],
    ]
    with h5py.File(tmp_path / "w.weights.h5") as file:
        assert file["vars"].attrs["name"] == "net"
        assert file["layers/dense/vars"].attrs["name"] == "a"


def test_attributes_of_subclassed_models_name_the_groups(tmp_path):
    class Sub(schuss.Model):
        def __init__(self):
            super().__init__()
            self.zeta = layers.Dense(3)
            self._hidden = layers.Dense(2)
            self.alias = self.zeta
            self.inner = schuss.Sequential([layers.Dense(2)])
            self.both = (layers.Dense(1), [layers.Dense(5)])

        def call(self, x):
            return self.both[1][0](self.both[0](self.inner(self._hidden(self.zeta(x)))))

    model = Sub()
    model(X)
    model.save_weights(tmp_path / "w.weights.h5")
    kernels = [name for name in groups(tmp_path / "w.weights.h5") if name.endswith("/0")]
    assert kernels == [
        "alias/vars/0",
        "both/container/dense/vars/0",
        "both/dense/vars/0",
        "inner/layers/dense/vars/0",
        "layers/dense_1/vars/0",
    ]
    again = Sub()
    again(X)
    again.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(again(X), model(X))


def test_round_trip_and_overwrite(tmp_path):
    model, other = net(), net()
    path = tmp_path / "w.weights.h5"
    model.save_weights(str(path))
    other.load_weights(str(path))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights()))
    with pytest.raises(FileExistsError):
        model.save_weights(path, overwrite=False)
    model.save_weights(path)
    assert [p.name for p in tmp_path.iterdir()] == ["w.weights.h5"]


def unchanged(model, action, error, message):
    before = model.get_weights()
    with pytest.raises(error, match=message):
        action()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_another_models_file_is_refused_and_says_where(tmp_path):
    path = tmp_path / "w.weights.h5"
    net(units=5).save_weights(path)
    model = net()
    unchanged(
        model,
        lambda: model.load_weights(path),
        ValueError,
        r'layer "a" \(Dense, at layers/dense\) expects .*kernel \(4, 3\).*\(4, 5\)',
    )
    small = schuss.Sequential([schuss.Input((4,)), layers.Dense(5)])
    unchanged(small, lambda: small.load_weights(path), ValueError, "weights for layers/batch_normalization")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.load_weights(path, skip_mismatch=True)
    assert any("left as it is" in str(w.message) for w in caught)


def test_truncated_and_foreign_files(tmp_path):
    path = tmp_path / "w.weights.h5"
    model = net()
    model.save_weights(path)
    data = path.read_bytes()
    for size in (0, 10, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        unchanged(model, lambda: model.load_weights(path), ValueError, "not HDF5, or was cut off")
    path.write_bytes(b"hello" * 1000)
    unchanged(model, lambda: model.load_weights(path), ValueError, "not HDF5")
    with h5py.File(path, "w") as file:
        file["x"] = [1.0]
    unchanged(model, lambda: model.load_weights(path), ValueError, "not one of weights")
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "none.weights.h5")
    archive = tmp_path / "m.keras"
    archive.write_bytes(b"PK")
    unchanged(model, lambda: model.load_weights(archive), ValueError, "not a .keras file")


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.weights.h5"
    model = net()
    model.save_weights(path)
    data = path.read_bytes()

    def full(self, store):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers.BatchNormalization, "save_own_variables", full)
    with pytest.raises(OSError, match="No space"):
        model.save_weights(path)
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["w.weights.h5"]


def test_names_and_unbuilt_models(tmp_path):
    with pytest.raises(ValueError, match=r"must end in '\.weights\.h5'"):
        net().save_weights(tmp_path / "w.h5")
    with pytest.raises(ValueError, match="not built"):
        schuss.Sequential([layers.Dense(2)]).save_weights(tmp_path / "w.weights.h5")
    net().save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="not built"):
        schuss.Sequential([layers.Dense(2)]).load_weights(tmp_path / "w.weights.h5")


def test_keras_config_makes_the_model(tmp_path):
    with zipfile.ZipFile(MODELS / "seed_mlp.keras") as archive:
        config = json.loads(archive.read("config.json"))
    model = schuss.saving.deserialize_keras_object(config)
    model.load_weights(MODELS / "seed_mlp.keras")
    recorded = np.load(MODELS / "seed_mlp.npz")
    assert np.abs(model(recorded["input0"]) - recorded["output0"]).max() <= 1e-5
