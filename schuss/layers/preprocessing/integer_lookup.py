"""IntegerLookup: integers as their numbers in a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Spec, Tensor
from schuss.graph.primitives import host_call_p
from schuss.layers.preprocessing._index_lookup import IndexLookup
from schuss.layers.preprocessing._vocabulary import Vocabulary, integer_buckets


class IntegerLookup(IndexLookup):
    """Integers of any size as numbers 0, 1, 2, …: their places in a vocabulary, given or learned by `adapt`.

    Numbers begin with 0 for the mask (if there is a `mask_token`), then come those for integers that are not in
    the vocabulary, then those of the vocabulary.

    Args:
        max_tokens: the largest size of the vocabulary, with the special tokens. Default: any.
        num_oov_indices: how many numbers are for unknown integers. Default 1; with more, `oov_method` says which
            an integer gets; with 0, unknown integers are an error.
        mask_token: an integer that means: there is nothing; its number is 0 in ``"int"`` mode, and in others it
            does not count. Default None.
        oov_token: what `get_vocabulary` and ``invert=True`` give for unknown integers. Default −1.
        vocabulary: list, tuple or array of integers, or the path of a text file with one in each line.
        vocabulary_dtype: only ``"int64"``.
        idf_weights: for ``output_mode="tf_idf"`` with a vocabulary: a weight for each integer.
        invert: numbers become the vocabulary's integers instead. Default False.
        output_mode, pad_to_max_tokens, sparse: as of `StringLookup`.
        oov_method: ``"floormod"`` (default): an unknown integer's remainder says its number; ``"farmhash"``: the
            hash of its digits.
        salt: with ``"farmhash"``: an integer or two: hash by SipHash, with this key.

    Input: integers of any shape. Output: int64 of that shape, or vectors.

    Raises:
        ValueError: arguments that do not fit each other; a vocabulary that is empty or has repeated integers.
        RuntimeError: there is no vocabulary when the layer is used.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.IntegerLookup(vocabulary=[12, 36, 1138])
        >>> layer(np.array([[12, 1138], [7, 36]])).tolist()
        [[1, 3], [0, 2]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        if vocabulary_dtype != "int64":
            raise ValueError(
                f"IntegerLookup: only vocabulary_dtype='int64' is supported, got {vocabulary_dtype!r}."
            )
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"IntegerLookup: `oov_method` must be 'floormod' or 'farmhash', got {oov_method!r}."
            )
        if salt is not None and oov_method != "farmhash":
            raise ValueError(f"IntegerLookup: `salt` is for oov_method='farmhash', which is {oov_method!r}.")
        self.vocabulary_dtype = vocabulary_dtype
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            salt=salt,
            name=name,
            oov_method=oov_method,
            **kwargs,
        )

    @property
    def input_dtype(self) -> str:
        return "int64"

    def _token(self, value: Any) -> int:
        if isinstance(value, (str, bytes)):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f'Layer "{self.name}": a vocabulary of integers cannot have {value!r} in it.')
        return int(value)

    def _shown(self, token: Any) -> int:
        return token

    def _rows(self, data: Any) -> list[list[Any]]:
        array = np.asarray(data)
        if array.dtype.kind == "O":
            array = np.asarray(array.tolist())
        self._require_integers(array)
        rows = array.reshape(1, -1) if array.ndim < 2 else array.reshape(len(array), -1)
        return rows.tolist()

    def _require_integers(self, array: Any) -> None:
        if array.dtype.kind not in "iu":
            raise TypeError(
                f'Layer "{self.name}" (IntegerLookup) needs integers, got an array of dtype {array.dtype}. For strings, '
                "use StringLookup."
            )

    def _bucket(self) -> Any:
        return integer_buckets(self.num_oov_indices, self.salt, self.oov_method)

    def call(self, inputs: Any) -> Any:
        inputs = ops.convert_to_tensor(inputs)
        self._require_integers(inputs)
        table = self._known_table()
        if self.invert:
            return _places_filled(ops.cast(inputs, "int64"), table, self._values(table), self.oov_token or 0)
        if isinstance(inputs, Tensor) and self.num_oov_indices == 1:
            keys = np.array(list(table.number), np.int64)
            numbers = np.array(list(table.number.values()), np.int64)
            return self._output(_found(ops.cast(inputs, "int64"), keys, numbers, table.unknown[0]))
        if isinstance(inputs, Tensor):
            spec = Spec(tuple(inputs.shape), np.dtype("int32"))
            return self._output(host_call_p.bind(inputs, function=self._numbers, specs=(spec,))[0])
        return self._output(self._numbers(np.asarray(inputs))[0])

    def _numbers(self, integers: np.ndarray) -> tuple[np.ndarray]:
        numbers = self._known_table().numbers(integers.reshape(-1).tolist())
        return (numbers.reshape(integers.shape),)

    def _values(self, table: Vocabulary) -> np.ndarray:
        """The integers that the numbers 0, 1, … stand for."""
        special = [self.mask_token] * self._mask_count + [self.oov_token] * self.num_oov_indices
        return np.array([value or 0 for value in special] + table.tokens, np.int64)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype}


def _places_filled(numbers: Any, table: Vocabulary, values: np.ndarray, unknown: int) -> Any:
    """The value in each place; `unknown` for places outside."""
    inside = ops.logical_and(ops.greater_equal(numbers, 0), ops.less(numbers, len(values)))
    found = ops.take(values, ops.clip(numbers, 0, len(values) - 1))
    return ops.where(inside, found, ops.cast(unknown, "int64"))


def _found(x: Any, keys: np.ndarray, numbers: np.ndarray, unknown: int) -> Any:
    """The number of each integer's key, by binary search; `unknown` for those that are no key."""
    order = np.argsort(keys)
    keys, numbers = keys[order], numbers[order]
    steps = [1 << k for k in reversed(range(len(keys).bit_length()))]
    place = ops.zeros(x.shape, dtype="int32")  # how many keys are known to be smaller
    for step in steps:
        ahead = ops.minimum(place + step, len(keys))
        smaller = ops.less(ops.take(keys, ahead - 1), x)
        place = ops.where(ops.logical_and(smaller, ops.less_equal(place + step, len(keys))), ahead, place)
    place = ops.minimum(place, len(keys) - 1)
    return ops.where(
        ops.equal(ops.take(keys, place), x), ops.take(numbers, place), ops.cast(unknown, "int64")
    )
