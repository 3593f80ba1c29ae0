"""Reuters: 11,228 newswires on 46 topics (Lewis, 1987; prepared for Keras)."""

from __future__ import annotations

import json

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file, read_npz
from schuss.datasets._words import as_objects, prepare, shuffled

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Newswires as lists of word numbers, with the number of their topic.

    Arguments as `schuss.datasets.imdb.load_data`; `test_split`: the share kept for testing.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: object arrays of lists of ints; labels 0–45.
    """
    x, y = read_npz(get_file(path, KERAS_URL + "reuters.npz", _SHA256), "x", "y")
    x, y = shuffled(x, y, np.random.RandomState(seed))
    texts, labels = prepare(x, y, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    objects, cut = as_objects(texts), int(len(texts) * (1 - test_split))
    return (objects[:cut], labels[:cut]), (objects[cut:], labels[cut:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of every word."""
    found = get_file(path, KERAS_URL + "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")
    with found.open(encoding="utf-8") as file:
        return json.load(file)


def get_label_names() -> tuple[str, ...]:
    """The topics' names, in the order of their numbers."""
    return (
        "cocoa",
        "grain",
        "veg-oil",
        "earn",
        "acq",
        "wheat",
        "copper",
        "housing",
        "money-supply",
        "coffee",
        "sugar",
        "trade",
        "reserves",
        "ship",
        "cotton",
        "carcass",
        "crude",
        "nat-gas",
        "cpi",
        "money-fx",
        "interest",
        "gnp",
        "meal-feed",
        "alum",
        "oilseed",
        "gold",
        "tin",
        "strategic-metal",
        "livestock",
        "retail",
        "ipi",
        "iron-steel",
        "rubber",
        "heat",
        "jobs",
        "lei",
        "bop",
        "zinc",
        "orange",
        "pet-chem",
        "dlr",
        "gas",
        "silver",
        "wpi",
        "hog",
        "lead",
    )
