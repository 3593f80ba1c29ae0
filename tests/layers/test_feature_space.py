"""FeatureSpace: columns of tables as vectors, against figures of Keras on TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.data import Dataset
from schuss.utils import FeatureSpace

MODELS = Path(__file__).parent.parent / "recorded" / "models"


@pytest.fixture(scope="module")
def figures() -> Any:
    return np.load(MODELS / "saved_feature_space.npz")


@pytest.fixture(scope="module")
def data(figures: Any) -> dict[str, Any]:
    return {name[2:]: figures[name] for name in figures.files if name.startswith("x_")}


def space(**arguments: Any) -> FeatureSpace:
    """That of tools/record_keras_feature_space.py."""
    return FeatureSpace(
        {
            "plain": "float",
            "scaled": FeatureSpace.float_rescaled(scale=0.5, offset=1.0),
            "normal": "float_normalized",
            "bins": FeatureSpace.float_discretized(num_bins=4),
            "number": "integer_categorical",
            "word": FeatureSpace.string_categorical(max_tokens=5, num_oov_indices=2),
            "hashed_word": FeatureSpace.string_hashed(num_bins=4),
            "hashed_number": "integer_hashed",
        },
        crosses=[
            ("word", "number"),
            FeatureSpace.cross(("hashed_word", "hashed_number"), crossing_dim=6),
        ],
        crossing_dim=5,
        hashing_dim=7,
        **arguments,
    )


def test_what_keras_makes_of_it(figures: Any, data: dict[str, Any]) -> None:
    made = space()
    made.adapt(data)
    np.testing.assert_allclose(made(data), figures["y"], rtol=1e-6, atol=1e-6)
    assert made.get_encoded_features().shape == (None, figures["y"].shape[1])
    row = made({name: column[3] for name, column in data.items()})
    np.testing.assert_allclose(row, figures["y"][3], rtol=1e-6, atol=1e-6)


def test_a_file_of_keras(figures: Any, data: dict[str, Any]) -> None:
    made = schuss.models.load_model(MODELS / "saved_feature_space.keras")
    np.testing.assert_allclose(made(data), figures["y"], rtol=1e-6, atol=1e-6)


def test_saving(data: dict[str, Any], tmp_path: Path) -> None:
    made = space()
    made.adapt(data)
    made.save(tmp_path / "space.keras")
    again = schuss.models.load_model(tmp_path / "space.keras")
    np.testing.assert_array_equal(again(data), made(data))
    assert again.get_config() == made.get_config()


@pytest.mark.parametrize("batch", [None, 7])
def test_adapt_to_a_dataset(data: dict[str, Any], batch: int | None) -> None:
    made = FeatureSpace(
        {"normal": "float_normalized", "bins": "float_discretized", "word": "string_categorical"}
    )
    dataset = Dataset.from_tensor_slices(data)
    made.adapt(dataset if batch is None else dataset.batch(batch))
    assert sorted(made.preprocessors["word"].get_vocabulary()) == ["[UNK]", "a", "b", "c d", "über"]
    normal = made.preprocessors["normal"](data["normal"][:, None])
    np.testing.assert_allclose([normal.mean(), normal.std()], [0.0, 1.0], atol=1e-5)
    encoded = list(Dataset.from_tensor_slices(data).batch(60).map(made))
    assert [x.shape for x in encoded] == [(60, 38), (30, 38)]


def test_training_on_encoded_rows_predicting_from_raw_ones(data: dict[str, Any]) -> None:
    made = space()
    made.adapt(data)
    y = data["plain"][:, None].astype("float32")
    output = layers.Dense(1)(made.get_encoded_features())
    trained = schuss.Model(made.get_encoded_features(), output)
    trained.compile(schuss.optimizers.SGD(0.05), "mse")
    rows = Dataset.from_tensor_slices((data, y)).batch(30).map(lambda x, y: (made(x), y))
    losses = trained.fit(rows, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    whole = schuss.Model(made.get_inputs(), output)
    raw = {name: column[:, None] for name, column in data.items()}
    np.testing.assert_allclose(
        whole.predict(raw, verbose=0), trained.predict(made(data), verbose=0), rtol=1e-5, atol=1e-6
    )


def test_dict_of_integers() -> None:
    made = FeatureSpace(
        {
            "word": FeatureSpace.string_categorical(output_mode="int"),
            "number": FeatureSpace.integer_categorical(output_mode="int"),
            "plain": "float",
        },
        crosses=[FeatureSpace.cross(("word", "number"), crossing_dim=8, output_mode="int")],
        output_mode="dict",
    )
    data = {"word": ["a", "b", "a"], "number": [1, 2, 1], "plain": [1, 2, 3]}
    made.adapt(data)
    encoded = made(data)
    assert {name: x.dtype.name for name, x in encoded.items()} == {
        "number": "int64",
        "plain": "float32",
        "word": "int64",
        "word_X_number": "int64",
    }
    assert encoded["word"].tolist() == [[1], [2], [1]]
    assert encoded["word_X_number"][0] == encoded["word_X_number"][2]
    assert made({"word": "b", "number": 7, "plain": 0.5})["number"].tolist() == [0]


def test_a_layer_of_ones_own() -> None:
    text = layers.TextVectorization(output_mode="tf_idf")
    made = FeatureSpace({"text": FeatureSpace.feature("string", text, "float"), "x": "float"})
    data = {"text": ["1st string", "2nd string", "3rd string"], "x": [1.0, 2.0, 3.0]}
    made.adapt(data)
    expected = np.concatenate([text(np.array(data["text"])), np.array([[1.0], [2.0], [3.0]])], axis=1)
    np.testing.assert_allclose(made(data), expected, rtol=1e-6)


def test_without_anything_to_learn() -> None:
    made = FeatureSpace({"x": FeatureSpace.float_discretized(3, bin_boundaries=[0.0, 1.0])})
    assert made({"x": [-1.0, 0.5, 2.0]}).tolist() == np.eye(3).tolist()


def test_errors() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        FeatureSpace({})
    with pytest.raises(ValueError, match="invalid type 'floats' of the feature 'x'"):
        FeatureSpace({"x": "floats"})
    with pytest.raises(ValueError, match=r"unknown features: \['b'\]"):
        FeatureSpace({"a": "float"}, crosses=[("a", "b")])
    made = FeatureSpace({"a": FeatureSpace.string_categorical(output_mode="int"), "b": "float"})
    with pytest.raises(ValueError, match="call `adapt"):
        made({"a": ["x"], "b": [1.0]})
    with pytest.raises(ValueError, match="must give dicts with the feature 'a'"):
        made.adapt(Dataset.from_tensor_slices(({"a": ["x"]}, [1.0])))
    with pytest.raises(ValueError, match="'a' has not been encoded"):
        made.adapt({"a": ["x"], "b": [1.0]})
    with pytest.raises(ValueError, match="how many values"):
        FeatureSpace({"a": FeatureSpace.feature("int32", layers.Identity(dtype="int32"), "one_hot")})(
            {"a": [1]}
        )
    with pytest.raises(ValueError, match=r"lack the features \['b'\]"):
        FeatureSpace({"a": "float", "b": "float"})({"a": [1.0]})
