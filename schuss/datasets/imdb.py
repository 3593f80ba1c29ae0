"""IMDB: 50,000 film reviews, half of them favourable (Maas et al., 2011).
https://ai.stanford.edu/~amaas/data/sentiment"""

from __future__ import annotations

import json

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file, read_npz
from schuss.datasets._words import as_objects, prepare, shuffled

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Reviews as lists of word numbers (1 is the most frequent word, before `index_from` is added).

    Args:
        num_words: keep words numbered below this; others become `oov_char`.
        skip_top: replace words numbered below this.
        maxlen: leave out reviews of this many words or more.
        seed: of the shuffle.
        start_char: put before every review; None: nothing.
        oov_char: for words left out; None: drop them.
        index_from: added to every word's number.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: object arrays of lists of ints; labels 1 (favourable) and 0.
    """
    file = get_file(path, KERAS_URL + "imdb.npz", _SHA256)
    x_train, y_train, x_test, y_test = read_npz(file, "x_train", "y_train", "x_test", "y_test")
    random = np.random.RandomState(seed)
    x_train, y_train = shuffled(x_train, y_train, random)
    x_test, y_test = shuffled(x_test, y_test, random)
    texts, labels = prepare(
        [*x_train, *x_test],
        np.concatenate([y_train, y_test]),
        num_words,
        skip_top,
        maxlen,
        start_char,
        oov_char,
        index_from,
    )
    cut = len(x_train)
    if maxlen:
        lengths = [len(t) + (start_char is not None) for t in x_train]
        cut = sum(n < maxlen for n in lengths)
    objects = as_objects(texts)
    return (objects[:cut], labels[:cut]), (objects[cut:], labels[cut:])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of every word."""
    found = get_file(path, KERAS_URL + "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")
    with found.open(encoding="utf-8") as file:
        return json.load(file)
