"""Whole models in .keras files: as Keras writes them, and ours."""

import io
import json
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from saved_models import examples, flat

import schuss
from schuss import layers, losses, metrics, ops, optimizers, saving  # noqa: F401  (the examples use them by name)

RECORDED = Path(__file__).parent.parent / "recorded" / "models"
EXAMPLES = examples(schuss)
X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


def close(a, b, tolerance=1e-5):
    return np.abs(np.asarray(a) - b).max() <= tolerance * max(np.abs(b).max(), 1e-30)


def net(**kwargs):
    return schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")], **kwargs
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_models_that_keras_saved(name):
    model = schuss.models.load_model(RECORDED / f"saved_{name}.keras")
    figures = np.load(RECORDED / f"saved_{name}.npz")
    _, x, y = EXAMPLES[name]()
    for i, output in enumerate(flat(model(x))):
        assert close(output, figures[f"output{i}"])
    assert len(model.get_weights()) == sum(key.startswith("weight") for key in figures.files)
    for i, weight in enumerate(model.get_weights()):
        assert np.array_equal(weight, figures[f"weight{i}"])
    state = model.optimizer.variables
    assert len(state) == sum(key.startswith("optimizer") for key in figures.files)
    for i, variable in enumerate(state):
        assert close(variable.numpy(), figures[f"optimizer{i}"], 1e-7)
    loss = model.evaluate(x, y, batch_size=4, verbose=0)
    assert close(loss[0] if isinstance(loss, list) else loss, figures["loss"][0])


@pytest.mark.parametrize("name", EXAMPLES)
def test_weights_that_keras_saved(name):
    figures = np.load(RECORDED / f"saved_{name}.npz")
    model, x, _ = EXAMPLES[name]()
    model(x)
    model.load_weights(RECORDED / f"saved_{name}.keras")
    for i, output in enumerate(flat(model(x))):
        assert close(output, figures[f"output{i}"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_round_trip_goes_on_with_the_same_numbers(name, tmp_path):
    model, x, y = EXAMPLES[name]()
    model.fit(x, y, batch_size=4, verbose=0, shuffle=False)
    model.save(tmp_path / "m.keras")
    again = schuss.models.load_model(str(tmp_path / "m.keras"))
    assert all(np.array_equal(a, b) for a, b in zip(flat(model(x)), flat(again(x)), strict=True))
    first, second = (m.fit(x, y, batch_size=4, verbose=0, shuffle=False).history for m in (model, again))
    assert first == second


def test_the_config_is_the_one_keras_writes():
    with zipfile.ZipFile(RECORDED / "saved_functions.keras") as archive:
        recorded = json.loads(archive.read("config.json"))
    model = schuss.models.load_model(RECORDED / "saved_functions.keras")
    described = json.loads(json.dumps(saving.serialize_keras_object(model)))
    assert (described["module"], described["registered_name"]) == (
        "keras.src.models.functional",
        "Functional",
    )
    for ours, theirs in zip(described["config"]["layers"], recorded["config"]["layers"], strict=True):
        for key in ("module", "class_name", "registered_name", "name", "inbound_nodes"):
            assert ours[key] == theirs[key]
    assert described["config"]["output_layers"] == recorded["config"]["output_layers"]


def test_without_compiling(tmp_path):
    model = net()
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    assert schuss.models.load_model(tmp_path / "m.keras").compiled
    assert not schuss.models.load_model(tmp_path / "m.keras", compile=False).compiled


def test_file_objects_and_the_archive(tmp_path):
    buffer = io.BytesIO()
    model = net(name="net")
    saving.save_model(model, buffer)
    buffer.seek(0)
    assert saving.load_model(buffer).name == "net"
    with zipfile.ZipFile(buffer) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert set(json.loads(archive.read("metadata.json"))) == {"keras_version", "date_saved"}
    with pytest.raises(ValueError, match=r"The file is not a \.keras file"):
        saving.load_model(io.BytesIO(b"PK"))


def test_an_object_in_two_places_is_one_again(tmp_path):
    shared = layers.Dense(4, name="shared")
    a, x = schuss.Input((4,)), schuss.Input((4,))
    model = schuss.Model(x, shared(schuss.Model(a, shared(a), name="inner")(x)))
    model.save(tmp_path / "m.keras")
    again = schuss.models.load_model(tmp_path / "m.keras")
    assert len(again.weights) == 2
    assert np.array_equal(again(X), model(X))


def test_custom_objects_and_safe_mode(tmp_path):
    class Plus(layers.Layer):
        def __init__(self, n=1, **kwargs):
            super().__init__(**kwargs)
            self.n = n

        def call(self, inputs):
            return inputs + self.n

    path = tmp_path / "m.keras"
    model = schuss.Sequential([schuss.Input((4,)), Plus(3)])
    model.save(path)
    with pytest.raises(ValueError, match=r"'Plus'.*register"):
        schuss.models.load_model(path)
    assert np.array_equal(schuss.models.load_model(path, custom_objects={"Plus": Plus})(X), X + 3)
    model = schuss.Sequential([schuss.Input((4,)), layers.Lambda(lambda x: x * 5)])
    with pytest.warns(UserWarning, match="as code"):
        model.save(path)
    with pytest.raises(ValueError, match="safe_mode=False"):
        schuss.models.load_model(path)
    assert np.array_equal(schuss.models.load_model(path, safe_mode=False)(X), X * 5)


def test_a_compile_of_ones_own_is_left_to_the_user(tmp_path):
    @saving.register_keras_serializable("tests")
    class Own(schuss.Sequential):
        def compile(self, rate, **kwargs):
            super().compile(optimizers.SGD(rate), "mse", **kwargs)

    model = Own([schuss.Input((4,)), layers.Dense(1)])
    model.compile(0.1)
    model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="Compile it after loading"):
        again = schuss.models.load_model(tmp_path / "m.keras")
    assert not again.compiled
    assert np.array_equal(again(X), model(X))


def test_what_cannot_be_written(tmp_path):
    path = tmp_path / "m.keras"
    secret = object()
    model = net()
    model.compile("sgd", lambda y, p: ops.mean(y - p) if secret else 0)
    with pytest.warns(UserWarning, match="must be compiled again"):
        model.save(path)
    assert not schuss.models.load_model(path).compiled
    with pytest.warns(UserWarning, match="saved without weights"):
        schuss.Sequential([layers.Dense(2)]).save(path)
    assert not schuss.models.load_model(path).built


def test_refused_names(tmp_path):
    model = net()
    for name in ("m.weights.h5", "m", "m.keras.zip"):
        with pytest.raises(ValueError, match=r"must end in '\.keras'"):
            model.save(tmp_path / name)
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.keras", overwrite=False)
    with pytest.raises(ValueError, match="zipped=False"):
        model.save(tmp_path / "folder", zipped=False)
    with pytest.raises(FileNotFoundError, match="no file"):
        schuss.models.load_model(tmp_path / "none.keras")
    with pytest.raises(ValueError, match="SavedModel folders"):
        schuss.models.load_model(tmp_path)
    with pytest.raises(NotImplementedError, match="export it with Keras"):
        model.export(tmp_path / "out")


def rewritten(path, **members):
    """The archive with some members replaced (or, with None, left out)."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept.update({name.replace("__", "."): data for name, data in members.items()})
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in kept.items():
            if data is not None:
                archive.writestr(name, data)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"config__json": None}, "does not contain config.json"),
        ({"config__json": b"{"}, "not JSON"),
        ({"config__json": b"["}, "not JSON"),
        ({"config__json": b"[" * 100_000}, "not JSON"),
        ({"config__json": b"[1]"}, "describes no object"),
        ({"config__json": b'{"class_name": "Dense", "module": "keras.layers", "config": {}}'}, "Dense"),
        (
            {"config__json": b'{"class_name": "Conv9D", "module": "keras.layers", "config": {}}'},
            "keras.layers.Conv9D",
        ),
        ({"config__json": b'{"class_name": "Popen", "module": "subprocess", "config": {}}'}, "Unknown class"),
        ({"config__json": b'{"class_name": "function", "module": "builtins", "config": "eval"}'}, "'eval'"),
        (
            {"config__json": b'{"class_name": "Zeros", "module": "keras.initializers", "config": {}}'},
            "a Zeros",
        ),
    ],
)
def test_damaged_and_hostile_archives(tmp_path, members, message):
    path = tmp_path / "m.keras"
    net().save(path)
    rewritten(path, **members)
    with pytest.raises((ValueError, TypeError), match=message):
        schuss.models.load_model(path)


def test_an_archive_without_weights(tmp_path):
    path = tmp_path / "m.keras"
    net().save(path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
    with pytest.raises(ValueError, match=r"does not contain model\.weights\.h5"):
        schuss.models.load_model(path)


def test_truncated_archives(tmp_path):
    path = tmp_path / "m.keras"
    net().save(path)
    data = path.read_bytes()
    for size in (0, 10, 500, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match=r"not a \.keras file"):
            schuss.models.load_model(path)


def test_random_damage_is_found_or_harmless(tmp_path):
    path = tmp_path / "m.keras"
    net().save(path)
    data = path.read_bytes()
    random = np.random.RandomState(0)
    for _ in range(30):
        damaged = bytearray(data)
        for place in random.randint(0, len(data), 8):
            damaged[place] = random.randint(256)
        path.write_bytes(damaged)
        with pytest.raises(ValueError):
            schuss.models.load_model(path)


def test_members_with_paths_are_never_unpacked(tmp_path):
    path = tmp_path / "inner" / "m.keras"
    path.parent.mkdir()
    net().save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil.txt", "x")
        archive.writestr(str(tmp_path / "absolute.txt"), "x")
    assert schuss.models.load_model(path).built
    assert sorted(os.listdir(tmp_path)) == ["inner"]


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    monkeypatch.setattr("schuss.saving._files._LARGE", 1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (4 << 20))
    with pytest.raises(ValueError, match="claims to be 4,194,304 bytes"):
        schuss.models.load_model(path)


def test_the_optimizers_state_of_another_optimizer_is_left_out(tmp_path):
    model = net()
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    other = net()
    other.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="state of optimizer"):
        other.load_weights(tmp_path / "w.weights.h5")
    assert np.array_equal(other(X), model(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net().load_weights(tmp_path / "w.weights.h5")  # not compiled: nothing to say


def test_random_layers_go_on_with_the_same_numbers(tmp_path):
    model = schuss.Sequential([schuss.Input((64,)), layers.Dropout(0.5, seed=1)])
    x = np.ones((1, 64), "float32")
    model(x, training=True)
    model.save(tmp_path / "m.keras")
    again = schuss.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(again(x, training=True), model(x, training=True))
    rewritten(tmp_path / "m.keras", model__weights__h5=weights_without_seeds(tmp_path))  # as Keras writes it
    assert schuss.models.load_model(tmp_path / "m.keras").built


def weights_without_seeds(folder):
    schuss.Sequential([schuss.Input((64,)), layers.Identity()]).save_weights(folder / "w.weights.h5")
    return (folder / "w.weights.h5").read_bytes()
