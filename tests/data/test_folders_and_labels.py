"""What all folders have in common, by texts: which files, their labels, splits; and texts themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
from data_folders import FOLDERS, text_folder

from schuss.utils import text_dataset_from_directory

FIGURES = json.loads((Path(__file__).parent.parent / "recorded" / "data.json").read_text())


@pytest.fixture
def texts(tmp_path):
    text_folder(tmp_path)
    return tmp_path


def read(folder, **arguments):
    return text_dataset_from_directory(folder, **{"verbose": False, **arguments})


@pytest.mark.parametrize("name", FOLDERS)
def test_files_labels_and_splits_are_those_of_keras(texts, name):
    made = read(texts, batch_size=3, **FOLDERS[name])
    sets = made if isinstance(made, tuple) else (made,)
    for data, (class_names, count, wanted) in zip(sets, FIGURES[name], strict=True):
        rows = [[text, label.tolist()] for x, y in data for text, label in zip(x, y)]
        assert (data.class_names, len(data)) == (class_names, count)
        assert (rows if FOLDERS[name].get("shuffle") is False else sorted(rows)) == wanted


def test_the_parts_of_a_split_have_no_file_in_common(texts):
    arguments = {"seed": 3, "validation_split": 0.3}
    training, validation = read(texts, subset="both", **arguments)
    for subset, part in (("training", training), ("validation", validation)):
        assert read(texts, subset=subset, **arguments).file_paths == part.file_paths
    assert len({*training.file_paths, *validation.file_paths}) == 7


def test_without_labels(texts):
    (x,) = read(texts, labels=None, shuffle=False)
    assert x.tolist()[:2] == ["a/10.txt", "a/3.txt"]
    assert x.dtype == object
    (only,) = read(texts, label_mode=None, shuffle=False)
    assert only.tolist() == x.tolist()


def test_given_labels_stay_as_they_are(texts):
    labels = list(range(7))
    data = read(texts, labels=labels, seed=1)
    assert labels == list(range(7))
    (in_order,) = read(texts, labels=None, shuffle=False)
    ((x, y),) = data
    assert in_order[y].tolist() == x.tolist() != in_order.tolist()


def test_set_random_seed_repeats_the_order(texts):
    from schuss.utils import set_random_seed

    orders = []
    for _ in range(2):
        set_random_seed(8)
        orders.append(read(texts).file_paths)
    assert orders[0] == orders[1]


def test_encodings(tmp_path):
    (tmp_path / "1.txt").write_bytes("Straße".encode("latin-1"))
    with pytest.raises(ValueError, match=r"1\.txt is no text in utf-8: .*latin-1"):
        list(read(tmp_path, labels=None))
    (x,) = read(tmp_path, labels=None, encoding="latin-1")
    assert x.tolist() == ["Straße"]
    with pytest.raises(ValueError, match="encoding='klingon'"):
        read(tmp_path, labels=None, encoding="klingon")


def test_one_class(tmp_path):
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "1.txt").write_text("x")
    ((x, y),) = read(tmp_path)
    assert (x.tolist(), y.tolist()) == (["x"], [0])
    with pytest.raises(ValueError, match=r"exactly 2 class_names. Received: class_names=\['only'\]"):
        read(tmp_path, label_mode="binary")


def test_folders_without_such_files(tmp_path):
    with pytest.raises(ValueError, match=r"No text files found .*subfolder for each class"):
        read(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.md").write_text("x")
    with pytest.raises(ValueError, match=r"No text files found in directory .*\.txt"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"1\.md"):
        read(tmp_path / "a" / "1.md")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [1, 2]}, r"len\(labels\) is 2 while we found 7 files"),
        ({"labels": "given"}, "should be a list/tuple of integer labels"),
        ({"labels": np.zeros(7)}, "should be a list/tuple of integer labels"),
        ({"labels": ["a"] * 7}, "must be numbers"),
        ({"labels": [0] * 7, "class_names": ["a"]}, "only pass `class_names`"),
        ({"labels": None, "class_names": ["a"]}, "cannot be specified"),
        ({"labels": [1, 2, 1, 2, 1, 2, 1], "label_mode": "categorical"}, "integers from 0 to 1"),
        ({"label_mode": "one_hot"}, "label_mode=one_hot"),
        ({"label_mode": "binary"}, "exactly 2"),
        ({"class_names": ["a", "c"]}, r"Expected: \['a', 'a-c', 'b'\]"),
        ({"validation_split": 0.3, "seed": 1}, "`subset` is set"),
        ({"subset": "training"}, "`subset` is set"),
        ({"validation_split": 0.3, "subset": "test", "seed": 1}, "received: test"),
        ({"validation_split": 1.5, "subset": "training", "seed": 1}, "between 0 and 1"),
        ({"validation_split": 0.3, "subset": "training"}, "must provide a `seed`"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "leaves none for validation"),
        ({"validation_split": 0.01, "subset": "both", "seed": 1}, "leaves none for validation"),
        ({"max_length": -1}, "max_length=-1"),
    ],
)
def test_bad_arguments(texts, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(texts, **arguments)
