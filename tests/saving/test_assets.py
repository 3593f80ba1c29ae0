"""What layers keep in files, vocabularies first of all, comes back with the model."""

import copy
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers

MODELS = Path(__file__).parent.parent / "recorded" / "models"
TEXTS = ["the cat sat", "a dog ate the cat!", "what's UP dog", "naïve Ünïcode"]


def model_of(layer):
    model = schuss.Sequential([schuss.Input((1,), dtype="string"), layer])
    return model, model.predict(TEXTS, verbose=0)


@pytest.mark.parametrize(
    "config",
    [
        {"output_sequence_length": 5},
        {"output_mode": "tf_idf"},
        {"output_mode": "count", "max_tokens": 20, "pad_to_max_tokens": True},
        {"split": "character", "standardize": None, "ngrams": 2, "output_sequence_length": 20},
    ],
)
@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
def test_learned_vocabularies_come_back(config, way, tmp_path):
    layer = layers.TextVectorization(**config)
    layer.adapt([*TEXTS, "with\nlines \u2028 and"])
    model, expected = model_of(layer)
    if way == "file":
        model.save(tmp_path / "model.keras")
        again = schuss.models.load_model(tmp_path / "model.keras")
    else:
        again = copy.deepcopy(model) if way == "copy" else pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), expected)
    assert again.layers[0].get_vocabulary() == layer.get_vocabulary()


def test_given_vocabularies_are_in_the_config(tmp_path):
    model, expected = model_of(layers.StringLookup(vocabulary=TEXTS[:2]))
    model.save(tmp_path / "model.keras")
    assert not [n for n in zipfile.ZipFile(tmp_path / "model.keras").namelist() if n.startswith("assets")]
    again = schuss.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), expected)


def test_files_are_where_keras_has_them(tmp_path):
    layer = layers.TextVectorization()
    layer.adapt(TEXTS)
    model_of(layer)[0].save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        content = archive.read("assets/layers/text_vectorization/vocabulary.txt").decode()
    assert content.split("\n") == layer.get_vocabulary()


def test_models_that_keras_wrote():
    figures = np.load(MODELS / "saved_text.npz")
    inputs = [np.array(TEXTS)[:, None], np.array([[3], [4], [900], [5]])]
    model = schuss.models.load_model(MODELS / "saved_text.keras")
    np.testing.assert_allclose(model.predict(inputs, verbose=0), figures["output"], atol=1e-6)
    weighed = schuss.models.load_model(MODELS / "saved_text_tf_idf.keras")
    np.testing.assert_allclose(weighed.predict(TEXTS, verbose=0), figures["tf_idf"], atol=1e-6)


@schuss.saving.register_keras_serializable("tests")
class Keeper(layers.Layer):
    def __init__(self, note=None, **kwargs):
        super().__init__(**kwargs)
        self.note = note

    def call(self, inputs):
        return inputs

    def save_assets(self, dir_path):
        (Path(dir_path) / "notes").mkdir()
        (Path(dir_path) / "notes" / "note.json").write_text(json.dumps(self.note))

    def load_assets(self, dir_path):
        self.note = json.loads((Path(dir_path) / "notes" / "note.json").read_text())

    def get_config(self):
        return layers.Layer.get_config(self)


def test_own_layers_keep_files_too(tmp_path):
    model = schuss.Sequential([schuss.Input((1,)), Keeper({"a": [1, 2]}), Keeper("b")])
    model.save(tmp_path / "model.keras")
    assert [layer.note for layer in schuss.models.load_model(tmp_path / "model.keras").layers] == [
        {"a": [1, 2]},
        "b",
    ]


def damaged(source, target, name, content):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            if not member.startswith("assets"):
                new.writestr(member, old.read(member))
        new.writestr(name, content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "assets/layers/text_vectorization/vocabulary.txt",
            "\n[UNK]\na\na",
            r'layer "words" cannot read.*repeated',
        ),
        ("assets/layers/text_vectorization/vocabulary.json", "{", r'layer "words"'),
        ("assets/layers/text_vectorization/../../../evil.txt", "x", "leads out"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, said):
    layer = layers.TextVectorization(name="words")
    layer.adapt(TEXTS)
    model_of(layer)[0].save(tmp_path / "good.keras")
    damaged(tmp_path / "good.keras", tmp_path / "bad.keras", name, content)
    if name.endswith("json"):
        with zipfile.ZipFile(tmp_path / "bad.keras", "a") as archive:
            archive.writestr("assets/layers/text_vectorization/vocabulary.txt", "x")
    with pytest.raises(ValueError, match=said):
        schuss.models.load_model(tmp_path / "bad.keras")
