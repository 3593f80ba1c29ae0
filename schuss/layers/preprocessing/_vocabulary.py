"""Vocabulary: which number stands for which token; and the count of tokens from which one is learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from schuss.layers.preprocessing._hashes import buckets

Token = bytes | int


class Vocabulary:
    """Tokens in an order, and their numbers: first that of the mask, then those for unknown tokens, then theirs.

    Args:
        tokens: byte strings or integers, all different. start: the number of the first.
        unknown: the numbers for tokens that are not here: ``(first, count)``.
        mask: ``(token, number)``, or None. bucket: which of several numbers an unknown token gets: a function of
            a list of tokens.
        owner: the layer's name.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        start: int,
        unknown: tuple[int, int],
        mask: tuple[Token, int] | None,
        bucket: Callable[[Sequence[Token]], np.ndarray],
        owner: str,
    ):
        self.tokens, self.start, self.unknown, self.mask = list(tokens), start, unknown, mask
        self._bucket, self._owner = bucket, owner
        self.number: dict[Token, int] = {token: start + i for i, token in enumerate(self.tokens)}
        if mask is not None:
            self.number[mask[0]] = mask[1]

    def __len__(self) -> int:
        return len(self.tokens)

    def numbers(self, tokens: Sequence[Token]) -> np.ndarray:
        """The number of each token; int32.

        Raises:
            ValueError: there are unknown tokens, and no number is for them.
        """
        first, count = self.unknown
        default = first if count == 1 else -2
        look = self.number.get
        found = np.fromiter([look(t, default) for t in tokens], np.int32, len(tokens))
        if count == 1:
            return found
        places = np.flatnonzero(found == default)
        if not places.size:
            return found
        missing = [tokens[i] for i in places.tolist()]
        if count == 0:
            shown = list(
                dict.fromkeys(t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in missing)
            )
            raise ValueError(
                f'Layer "{self._owner}": when `num_oov_indices=0` all inputs should be in the vocabulary, but found '
                f"{shown[:5]}{' …' if len(shown) > 5 else ''}. Consider setting `num_oov_indices=1`."
            )
        found[places] = first + self._bucket(missing)
        return found


def string_buckets(count: int, salt: Sequence[int] | None) -> Callable[[Sequence[Any]], np.ndarray]:
    """A function that puts strings into buckets by their hashes."""
    return lambda tokens: buckets(tokens, count, salt)


def integer_buckets(
    count: int, salt: Sequence[int] | None, method: str
) -> Callable[[Sequence[Any]], np.ndarray]:
    """A function that puts integers into buckets: by their remainders, or by the hashes of their digits."""
    if method == "floormod":
        return lambda tokens: np.asarray(tokens, np.int64) % count
    return lambda tokens: buckets([b"%d" % token for token in tokens], count, salt)


class Counts:
    """How often tokens occur, and in how many documents."""

    def __init__(self) -> None:
        self.tokens: Counter[Token] = Counter()
        self.documents: Counter[Token] = Counter()
        self.number = 0

    def add(self, rows: Iterable[Sequence[Token]]) -> None:
        """Count the tokens of documents."""
        for row in rows:
            self.tokens.update(row)
            self.documents.update(set(row))
            self.number += 1

    def most_common(self, without: Sequence[Any], most: int | None) -> list[Token]:
        """The tokens by how often they occur, then from last to first; the first `most` of them."""
        for token in without:
            self.tokens.pop(token, None)
        ordered = sorted(self.tokens, reverse=True)  # type: ignore[type-var]
        ordered.sort(key=lambda token: -self.tokens[token])
        return ordered[:most]

    def idf(self, tokens: Sequence[Token]) -> np.ndarray:
        """``log(1 + n / (1 + d))`` for each token: n documents, d of them with the token."""
        containing = np.array([self.documents[token] for token in tokens], np.int64)
        return np.log(1 + self.number / (1 + containing)).astype("float32")


def repeated(tokens: Sequence[Any]) -> list[Any]:
    """Those that occur more than once."""
    if len(set(tokens)) == len(tokens):
        return []
    return [token for token, count in Counter(tokens).items() if count > 1]
