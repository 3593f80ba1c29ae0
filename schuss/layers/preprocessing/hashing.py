"""Hashing: strings and integers as numbers of bins, by their hashes, without a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Reading, Spec, Tensor, Text, as_text, floatx
from schuss.graph.primitives import host_call_p
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.layers.preprocessing._encoding import VECTOR_MODES, encoded, encoded_shape, refuse_sparse
from schuss.layers.preprocessing._hashes import buckets
from schuss.layers.preprocessing._index_lookup import as_salt
from schuss.layers.preprocessing._tokens import encoded as utf8

_MODES = ("int", *VECTOR_MODES)


class Hashing(Layer):
    """Strings or integers as bins 0 … num_bins − 1: the remainder of their FarmHash64, as in Keras.

    Integers are hashed as their decimal digits, floats as the integers to which they are cut. In a model, text is
    read ahead of the compiled steps.

    Args:
        num_bins: how many bins there are, with that of the mask.
        mask_value: a value that gets bin 0, which no other value gets. Default None.
        salt: an integer or two: hash by SipHash, with this key.
        output_mode: ``"int"`` (default): the bins; ``"one_hot"``, ``"multi_hot"``, ``"count"``: as of
            `CategoryEncoding`.
        sparse: must be False.
        dtype: of the output. Default ``"int64"``, or floatx for vectors.

    Raises:
        ValueError: `num_bins` below 1, an unknown `output_mode`, a `salt` that is no integer or two, a dtype
            that is none of integers for ``"int"``.

    Example:
        >>> import schuss
        >>> schuss.layers.Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).tolist()
        [[1], [0], [1], [1], [2]]
    """

    takes_text = True

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ):
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else floatx()
        super().__init__(**kwargs)
        self.autocast = False
        if num_bins is None or num_bins <= 0:
            raise ValueError(f"Hashing: `num_bins` must be at least 1, got {num_bins!r}.")
        if output_mode not in _MODES:
            raise ValueError(f"Hashing: `output_mode` must be one of {_MODES}, got {output_mode!r}.")
        if output_mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                f'Hashing: with output_mode="int", `dtype` must be "int32" or "int64", got {kwargs["dtype"]!r}.'
            )
        refuse_sparse("Hashing", sparse)
        self.num_bins, self.mask_value, self.salt = num_bins, mask_value, as_salt("Hashing", salt)
        self._mask = mask_value if num_bins > 1 else None  # the only bin is for all
        self.output_mode, self.sparse = output_mode, sparse
        self._reading = Reading(f'layer "{self.name}"', self._of_strings, lambda shape: shape, "int32")
        self.built = True

    def _of_strings(self, strings: np.ndarray) -> np.ndarray:
        mask = self._mask
        if mask is not None and not isinstance(mask, (str, bytes)):
            raise TypeError(
                f'Layer "{self.name}" (Hashing): `mask_value` is {mask!r}, but the inputs are strings.'
            )
        values = utf8(strings)
        masked = None
        if mask is not None:
            token = mask if isinstance(mask, bytes) else mask.encode()
            masked = np.array([value == token for value in values], bool)
        return self._bins(values, masked).reshape(strings.shape)

    def _of_integers(self, values: np.ndarray) -> tuple[np.ndarray]:
        mask = self._mask
        if isinstance(mask, (str, bytes)):
            raise TypeError(
                f'Layer "{self.name}" (Hashing): `mask_value` is {mask!r}, but the inputs are numbers.'
            )
        flat = values.reshape(-1)
        digits = [b"%d" % int(value) for value in flat.tolist()]
        bins = self._bins(digits, None if mask is None else flat == mask)
        return (bins.reshape(values.shape),)

    def _bins(self, values: list[bytes], masked: np.ndarray | None) -> np.ndarray:
        if masked is None:
            return buckets(values, self.num_bins, self.salt).astype("int32")
        return np.where(masked, 0, buckets(values, self.num_bins - 1, self.salt) + 1).astype("int32")

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, Text):
            bins: Any = inputs.numbers(self._reading)
        elif isinstance(inputs, Tensor):
            spec = Spec(tuple(inputs.shape), np.dtype("int32"))
            bins = host_call_p.bind(ops.stop_gradient(inputs), function=self._of_integers, specs=(spec,))[0]
        else:
            strings = as_text(inputs)
            bins = (
                self._of_integers(self._numbers(inputs))[0] if strings is None else self._of_strings(strings)
            )
        if self.output_mode == "int":
            return ops.cast(bins, self.compute_dtype)
        return encoded(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _numbers(self, inputs: Any) -> np.ndarray:
        array = np.asarray(inputs)
        if array.dtype.kind not in "iuf":
            raise TypeError(
                f'Layer "{self.name}" (Hashing) needs strings or integers, got an array of dtype {array.dtype}.'
            )
        return array

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_mode == "int":
            return tuple(input_shape)
        return encoded_shape(tuple(input_shape), self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }
