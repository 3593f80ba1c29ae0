"""Files that are not what their names say, or mean harm: refused with a ValueError or TypeError; nothing of them is run."""

import io
import json
import pickle
import struct
import sys
import warnings
import zipfile
from contextlib import suppress
from typing import ClassVar

import numpy as np
import pytest

import schuss
from schuss import layers


def net(units=3):
    model = schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(units, name="a"), layers.Dense(2, name="b")], name="net"
    )
    model.compile("adam", "mse")
    return model


def members_of(model):
    file = io.BytesIO()
    schuss.saving.save_model(model, file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    file.seek(0)
    return file


def with_config(model, change):
    members = members_of(model)
    config = json.loads(members["config.json"])
    change(config)
    return archive_of({**members, "config.json": json.dumps(config)})


class Harm:
    ran: ClassVar[list[str]] = []

    def __reduce__(self):
        return Harm.ran.append, ("harm",)


def test_a_pickle_is_not_unpickled(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ValueError, match=r"is not a \.keras file"):
        schuss.models.load_model(path)
    with pytest.raises(ValueError, match="not HDF5"):
        net().load_weights(path.rename(tmp_path / "m.weights.h5"))
    assert not Harm.ran


def test_pickled_arrays_in_weights_are_not_unpickled():
    members = members_of(net())
    objects = io.BytesIO()
    np.save(objects, np.array([Harm()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read as a weights file"):
        schuss.saving.load_model(archive_of({**members, "model.weights.h5": objects.getvalue()}))
    assert not Harm.ran


def test_members_that_together_are_a_bomb(monkeypatch):
    monkeypatch.setattr("schuss.saving._files._LARGE", 1 << 20)
    bombs = {f"assets/{i}": b"\0" * (1 << 19) for i in range(9)}  # each of them small enough
    with pytest.raises(ValueError, match="Such a file is not read"):
        schuss.saving.load_model(archive_of(members_of(net()) | bombs, zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("claimed", [10, 1 << 30])
def test_a_member_of_another_size_than_it_claims(claimed):
    """The size in the archive's directory is not the one that comes out."""
    members = members_of(net())
    data = bytearray(archive_of(members, zipfile.ZIP_DEFLATED).getvalue())
    entry = data.index(b"PK\x01\x02")
    while data[entry + 46 :][: len("config.json")] != b"config.json":
        entry = data.index(b"PK\x01\x02", entry + 4)
    struct.pack_into("<I", data, entry + 24, claimed)
    with pytest.raises(ValueError, match=r"damaged|not read"):
        schuss.saving.load_model(io.BytesIO(data))


def test_a_bomb_that_claims_to_be_small_is_not_unpacked_further():
    members = members_of(net())
    bomb = b" " * (64 << 20)
    data = bytearray(archive_of({"config.json": bomb, **members}, zipfile.ZIP_DEFLATED).getvalue())
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 100)
    with pytest.raises(ValueError, match=r"damaged|not JSON"):
        schuss.saving.load_model(io.BytesIO(data))


@pytest.mark.parametrize(
    "name", ["assets/../../evil", "assets/layers/text_vectorization//etc/evil", "assets/C:\\evil"]
)
def test_paths_out_of_the_archive(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layer = layers.TextVectorization(name="words")
    layer.adapt(["a b"])
    members = members_of(schuss.Sequential([schuss.Input((1,), dtype="string"), layer]))
    with suppress(ValueError):  # or nobody asks for it
        schuss.saving.load_model(archive_of({**members, name: b"x"}))
    assert not list(tmp_path.iterdir())


def test_another_file_named_as_vocabulary_is_not_read(tmp_path):
    (tmp_path / "secret").write_text("a\nb")
    layer = layers.StringLookup(vocabulary=["x"], name="words")
    model = schuss.Sequential([schuss.Input((1,), dtype="string"), layer])

    def change(config):
        config["config"]["layers"][1]["config"]["vocabulary"] = str(tmp_path / "secret")

    with pytest.raises(ValueError, match=r"is not read.*safe_mode=False"):
        schuss.saving.load_model(with_config(model, change))
    again = schuss.saving.load_model(with_config(model, change), safe_mode=False)
    assert again.layers[0].get_vocabulary()[1:] == ["a", "b"]
    assert layers.StringLookup(vocabulary=str(tmp_path / "secret")).get_vocabulary()[1:] == ["a", "b"]


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"class_name": "Dens", "module": "keras.layers", "config": {}}, "'Dense'"),
        ({"class_name": "Dens", "module": "mine", "config": {}, "registered_name": "mine>Dens"}, "register it"),
        ({"class_name": "system", "module": "os", "config": {}}, "Unknown class or function 'system'"),
        ({"class_name": "function", "module": "builtins", "config": "exec"}, "'exec'"),
        ({"class_name": "function", "module": "os", "config": "system"}, "'system'"),
        ({"class_name": "get_file", "module": "keras.utils", "config": {}}, "get_file"),
        ({"class_name": ["Dense"], "module": "keras.layers", "config": {}}, ""),
        ({"class_name": "Dense", "module": "keras.layers", "config": {"units": 10**15}}, ""),
        ({"class_name": "Dense", "module": "keras.layers", "config": {"units": "x"}}, "units"),
        ({"class_name": "Dense", "module": "keras.layers", "config": {"units": 3, "unit": 1}}, "unit"),
        ({"class_name": "Lambda", "module": "keras.layers", "config": {"function": {"class_name": "__lambda__", "config": {"code": "x", "defaults": None, "closure": None}}}}, "safe_mode=False"),
    ],
)  # fmt: skip
def test_layers_that_are_not_what_they_should_be(described, message):
    with pytest.raises((ValueError, TypeError), match=message or None):
        schuss.saving.load_model(
            with_config(net(), lambda config: config["config"]["layers"].insert(1, described))
        )
    assert "mine" not in sys.modules


def test_lambdas_of_the_older_format_are_refused_too(tmp_path):
    model = schuss.Sequential([schuss.Input((4,)), layers.Lambda(lambda x: x * 5)])
    with pytest.warns(UserWarning, match="as code"):
        model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="safe_mode=False"):
        schuss.models.load_model(tmp_path / "m.h5")
    assert schuss.models.load_model(tmp_path / "m.h5", safe_mode=False)(np.ones((1, 4)))[0, 0] == 5


def test_weights_of_other_shapes_are_named():
    members = members_of(net()) | {"model.weights.h5": members_of(net(5))["model.weights.h5"]}
    with pytest.raises(ValueError, match=r'layer "a".*expects.*kernel \(4, 3\).*the file has.*\(4, 5\)'):
        schuss.saving.load_model(archive_of(members))


def places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def test_random_changes_of_the_config_are_refused_or_harmless():
    members = members_of(net())
    config = json.loads(members["config.json"])
    values = [
        None,
        -1,
        10**30,
        "x",
        [],
        {},
        {"class_name": 5, "config": {}},
        {"class_name": "__tuple__", "config": {}},
    ]
    random, paths = np.random.RandomState(0), list(places(config))
    for _ in range(30):
        changed = json.loads(members["config.json"])
        *way, key = paths[random.randint(len(paths))]
        inner = changed
        for step in way:
            inner = inner[step]
        inner[key] = values[random.randint(len(values))]
        with suppress(ValueError, TypeError), warnings.catch_warnings(action="ignore"):
            schuss.saving.load_model(archive_of({**members, "config.json": json.dumps(changed)}))
