"""Models and weights in Keras's older format, .h5."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from saved_models import examples, flat

import schuss
from schuss import layers, losses, metrics, ops, optimizers  # noqa: F401  (the examples use them by name)

RECORDED = Path(__file__).parent.parent / "recorded" / "models"
EXAMPLES = examples(schuss)
X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


def net(units=3):
    return schuss.Sequential(
        [
            schuss.Input((4,)),
            layers.Dense(units, name="a"),
            layers.BatchNormalization(name="n"),
            layers.Dense(2, name="b"),
        ],
        name="net",
    )


@pytest.mark.parametrize("name", ["stack", "branches", "images", "series"])
def test_models_that_keras_saved(name):
    figures = np.load(RECORDED / f"saved_{name}.npz")
    fresh, x, _ = EXAMPLES[name]()
    model = schuss.models.load_model(RECORDED / f"saved_{name}.h5")
    fresh.load_weights(RECORDED / f"saved_{name}.h5")
    for made in (model, fresh):
        for i, output in enumerate(flat(made(x))):
            assert np.abs(output - figures[f"output{i}"]).max() <= 1e-5 * np.abs(figures[f"output{i}"]).max()
    for i, variable in enumerate(model.optimizer.variables):
        assert np.allclose(variable.numpy(), figures[f"optimizer{i}"], rtol=1e-6, atol=0)
    assert not schuss.models.load_model(RECORDED / f"saved_{name}.h5", compile=False).compiled


@pytest.mark.parametrize("name", ["stack", "branches", "nested"])
def test_round_trip(name, tmp_path):
    model, x, y = EXAMPLES[name]()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.h5")
    again = schuss.models.load_model(tmp_path / "m.h5")
    assert all(np.array_equal(a, b) for a, b in zip(flat(model(x)), flat(again(x)), strict=True))
    assert (
        model.fit(x, y, verbose=0, shuffle=False).history == again.fit(x, y, verbose=0, shuffle=False).history
    )


def test_arguments_of_older_programs(tmp_path):
    model = net()
    model.compile("adam", "mse")
    model.save(tmp_path / "m.h5", save_format="h5", include_optimizer=False)
    assert not schuss.models.load_model(tmp_path / "m.h5").compiled
    with pytest.raises(ValueError, match="save_format='tf' is not supported"):
        model.save(tmp_path / "m.keras", save_format="tf")


def test_by_order_and_by_name(tmp_path):
    path = tmp_path / "m.h5"
    model = net()
    model.save(path)
    other = schuss.Sequential([schuss.Input((4,)), layers.Dense(3, name="a"), layers.Dense(7, name="new")])
    other.load_weights(path, by_name=True)
    assert np.array_equal(other.layers[0].get_weights()[0], model.layers[0].get_weights()[0])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"2 layers with weights \(a, new\), the file 3 \(a, n, b\)"):
        other.load_weights(path)
    wide = net(5)
    with pytest.raises(ValueError, match=r'layer "a" expects kernel \(4, 5\)'):
        wide.load_weights(path)
    with pytest.warns(UserWarning, match="left as it is"):
        wide.load_weights(path, skip_mismatch=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


def test_many_layers_have_more_names_than_fit_one_attribute(tmp_path):
    names = [f"layer_{'x' * 150}_{i}" for i in range(450)]
    model = schuss.Sequential(
        [schuss.Input((1,)), *(layers.Rescaling(1.0, name=name) for name in names), layers.Dense(2)]
    )
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names0" in file["model_weights"].attrs
    other = schuss.Sequential([schuss.Input((1,)), layers.Dense(2)])
    other.load_weights(tmp_path / "m.h5")
    assert np.array_equal(other.get_weights()[0], model.get_weights()[0])


def test_damaged_and_hostile_files(tmp_path):
    path, good = tmp_path / "m.h5", tmp_path / "good.h5"
    net().save(path)
    net().save(good)
    with h5py.File(path, "a") as file:
        group = file["model_weights/a/net/a"]
        del group["kernel"]
        group["kernel"] = h5py.ExternalLink(str(good), "model_weights/a/net/a/kernel")
    with pytest.raises(ValueError, match="link to another place"):
        schuss.models.load_model(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = "{"
    with pytest.raises(ValueError, match="not JSON"):
        schuss.models.load_model(path)
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    with pytest.raises(ValueError, match="only weights"):
        schuss.models.load_model(path)
    path.write_bytes(good.read_bytes()[:3000])
    with pytest.raises(ValueError, match="not HDF5, or was cut off"):
        schuss.models.load_model(path)


def test_layers_that_have_another_name_in_older_files(tmp_path):
    path, x = tmp_path / "m.h5", schuss.Input((5, 4))
    model = schuss.Model(x, layers.GroupQueryAttention(2, 4, 2)(x, x))
    model.save(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace("GroupQuery", "GroupedQuery")
    again = schuss.models.load_model(path)
    data = np.ones((2, 5, 4), "float32")
    assert np.array_equal(model(data), again(data))
