"""Texts as lists of word numbers: what IMDB and Reuters share."""

from __future__ import annotations

from typing import Any

import numpy as np


def prepare(
    texts: Any,
    labels: np.ndarray,
    num_words: int | None,
    skip_top: int,
    maxlen: int | None,
    start_char: int | None,
    oov_char: int | None,
    index_from: int,
) -> tuple[list[list[int]], np.ndarray]:
    """Texts with a start mark, words renumbered from `index_from` on, rare and very common ones replaced.

    Words whose number is at least `num_words` or below `skip_top` become `oov_char`, or are left out if that
    is None. Texts of `maxlen` words and more are left out.
    """
    start = [] if start_char is None else [start_char]
    numbered = [start + [int(w) + index_from for w in text] for text in texts]
    if maxlen:
        kept = [i for i, text in enumerate(numbered) if len(text) < maxlen]
        if not kept:
            raise ValueError(f"No text is shorter than maxlen={maxlen} words. Use a larger maxlen.")
        numbered, labels = [numbered[i] for i in kept], labels[kept]
    limit = num_words or max(
        max(text) for text in numbered if text
    )  # so the last word is left out: as in Keras
    if oov_char is None:
        return [[w for w in text if skip_top <= w < limit] for text in numbered], labels
    return [[w if skip_top <= w < limit else oov_char for w in text] for text in numbered], labels


def shuffled(texts: Any, labels: Any, random: np.random.RandomState) -> tuple[Any, np.ndarray]:
    order = np.arange(len(texts))
    random.shuffle(order)
    return np.asarray(texts, object)[order], np.asarray(labels)[order]


def as_objects(texts: list[list[int]]) -> np.ndarray:
    array = np.empty(len(texts), object)
    array[:] = texts
    return array
