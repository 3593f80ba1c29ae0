"""StringLookup: strings as their numbers in a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import Reading, Tensor, Text, as_text
from schuss.layers.preprocessing._index_lookup import IndexLookup
from schuss.layers.preprocessing._tokens import decoded, encoded
from schuss.layers.preprocessing._vocabulary import string_buckets


class StringLookup(IndexLookup):
    """Strings as integers: their places in a vocabulary, which is given or learned by `adapt`.

    Numbers begin with 0 for the mask (if there is a `mask_token`), then come those for strings that are not in
    the vocabulary, then those of the vocabulary. In a model, text is read ahead of the compiled steps.

    Args:
        max_tokens: the largest size of the vocabulary, with the special tokens. Default: any.
        num_oov_indices: how many numbers are for unknown strings. Default 1; with more, a string's hash
            (FarmHash64) says which; with 0, unknown strings are an error.
        mask_token: a string that means: there is nothing; its number is 0 in ``"int"`` mode, and in others it
            does not count. Default None.
        oov_token: what `get_vocabulary` and ``invert=True`` give for unknown strings. Default ``"[UNK]"``.
        vocabulary: list, tuple or array of strings, or the path of a text file with one in each line.
        idf_weights: for ``output_mode="tf_idf"`` with a vocabulary: a weight for each string.
        invert: integers become strings instead (NumPy array of `bytes`, as in Keras). Default False.
        output_mode: ``"int"`` (default): the numbers; ``"one_hot"``: a vector for each string (in the place of
            a last axis of size 1); ``"multi_hot"``, ``"count"``: one for each example, with ones or how often
            strings occur; ``"tf_idf"``: counts times weights, ``log(1 + n / (1 + d))`` when learned, with n examples
            of which d have the string.
        pad_to_max_tokens: vectors of `max_tokens` numbers even where the vocabulary is smaller. Default False.
        sparse: must be False.
        encoding: in which bytes of the vocabulary are shown as text. Default ``"utf-8"``.
        salt: an integer or two: hash unknown strings by SipHash, with this key.

    Input: strings of any shape. Output: int64 of that shape, or vectors.

    Raises:
        ValueError: arguments that do not fit each other; a vocabulary that is empty or has repeated strings.
        RuntimeError: there is no vocabulary when the layer is used.

    Example:
        >>> import schuss
        >>> layer = schuss.layers.StringLookup(vocabulary=["a", "b", "c"])
        >>> layer([["a", "c"], ["d", "b"]]).tolist()
        [[1, 3], [0, 2]]
        >>> layer = schuss.layers.StringLookup(output_mode="count")
        >>> layer.adapt(["x", "y", "y"])
        >>> layer.get_vocabulary(), layer([["y", "y", "z"]]).tolist()
        (['[UNK]', 'y', 'x'], [[1, 2, 0]])
    """

    takes_text = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ):
        self.encoding = encoding
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            name=name,
            salt=salt,
            **kwargs,
        )
        self.takes_text = not invert

    @property
    def input_dtype(self) -> str:
        return "int64" if self.invert else "string"

    def _token(self, value: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise TypeError(f'Layer "{self.name}": a vocabulary of strings cannot have {value!r} in it.')
        return value.encode(self.encoding, "surrogateescape" if self.encoding == "utf-8" else "strict")

    def _shown(self, token: Any) -> str:
        return decoded(token, self.encoding)

    def _rows(self, data: Any) -> list[list[Any]]:
        text = as_text(np.asarray(data, object))
        if text is None:
            raise TypeError(
                f'Layer "{self.name}" (StringLookup): `adapt` needs strings, got {_shown_kind(data)}. For integers, '
                "use IntegerLookup."
            )
        rows = text.reshape(1, -1) if text.ndim < 2 else text.reshape(len(text), -1)
        return [encoded(row) for row in rows]

    def _bucket(self) -> Any:
        return string_buckets(self.num_oov_indices, self.salt)

    def _learned(self) -> None:
        super()._learned()
        self._reading = Reading(f'layer "{self.name}"', self._numbers, lambda shape: shape, "int32")

    def _numbers(self, strings: np.ndarray) -> np.ndarray:
        return self._known_table().numbers(encoded(strings)).reshape(strings.shape)

    def call(self, inputs: Any) -> Any:
        if self.invert:
            return self._strings(inputs)
        if isinstance(inputs, Text):
            return self._output(inputs.numbers(self._reading))
        strings = as_text(inputs)
        if strings is None:
            raise TypeError(
                f'Layer "{self.name}" (StringLookup) looks up strings, but received {_shown_kind(inputs)}. For integers, '
                "use IntegerLookup."
            )
        return self._output(self._numbers(strings))

    def _strings(self, numbers: Any) -> np.ndarray:
        if isinstance(numbers, Tensor):
            raise TypeError(
                f'Layer "{self.name}" (StringLookup, invert=True): a compiled model has numbers as outputs, not strings. '
                "Call the layer on the model's predictions."
            )
        table = self._known_table()
        unknown = self._token(self.oov_token) if self.oov_token is not None else b""
        known = {table.start + i: token for i, token in enumerate(table.tokens)}
        if self._mask_count:
            known[0] = self._token(self.mask_token)
        numbers = np.asarray(numbers)
        if numbers.dtype.kind not in "iu":
            raise TypeError(
                f'Layer "{self.name}" (StringLookup, invert=True) needs integers, got {_shown_kind(numbers)}.'
            )
        strings = np.empty(numbers.shape, object)
        strings.reshape(-1)[:] = [known.get(int(n), unknown) for n in numbers.flat]
        return strings

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}


def _shown_kind(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return f"{type(value).__name__}: {value!r}" if dtype is None else f"an array of dtype {dtype}"
