"""HashedCrossing: a bin for each combination of values of several features."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Reading, Spec, Tensor, Text, as_text, is_integer
from schuss.graph.primitives import host_call_p
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.layers.preprocessing._encoding import encoded, refuse_sparse
from schuss.layers.preprocessing._hashes import U64, crossed, farm_hash
from schuss.layers.preprocessing._tokens import encoded as utf8

_START = U64(0xDECAFCAFFE)  # TensorFlow's key


class HashedCrossing(Layer):
    """Combinations of values of several features as bins 0 … num_bins − 1, by their joint hash, as in Keras.

    Args:
        num_bins: how many bins there are.
        output_mode: ``"int"`` (default): the bins; ``"one_hot"``: vectors of `num_bins` numbers.
        sparse: must be False.
        dtype: of the output. Default ``"int64"``, or floatx for vectors.

    Input: a list or tuple of at least two arrays of strings or integers, of one shape: ``()``, ``(n,)`` or
    ``(n, 1)``. Output: the bins, of that shape, or vectors.

    Raises:
        ValueError: another `output_mode`; inputs of other shapes, or of floats.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.HashedCrossing(num_bins=5)
        >>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102]))).tolist()
        [1, 4, 1, 1, 3]
    """

    takes_text = True

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            name=name, dtype="int64" if dtype is None and output_mode == "int" else dtype, **kwargs
        )
        self.autocast = False
        if output_mode not in ("int", "one_hot"):
            raise ValueError(
                f"HashedCrossing: `output_mode` must be 'int' or 'one_hot', got {output_mode!r}."
            )
        if num_bins is None or num_bins <= 0:
            raise ValueError(f"HashedCrossing: `num_bins` must be at least 1, got {num_bins!r}.")
        refuse_sparse("HashedCrossing", sparse)
        self.num_bins, self.output_mode, self.sparse = num_bins, output_mode, sparse
        self._reading = Reading(f'layer "{self.name}"', _string_hashes, lambda shape: shape, "uint64")
        self.built = True

    def _converted(self, value: Any, first: bool = False) -> Any:
        if not first or not isinstance(value, (list, tuple)):
            return super()._converted(value, first)
        parts = [as_text(part) if isinstance(part, (str, bytes, list, tuple)) else part for part in value]
        arrays = [np.asarray(raw) if part is None else part for part, raw in zip(parts, value)]
        return [
            self._converted_leaf(array) if hasattr(array, "shape") else np.asarray(array) for array in arrays
        ]

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        hashes = [self._hash(x) for x in inputs]
        if any(isinstance(x, Tensor) for x in hashes):
            spec = Spec(tuple(inputs[0].shape), np.dtype("int32"))
            bins = host_call_p.bind(*hashes, function=self._crossed, specs=(spec,))[0]
        else:
            bins = self._crossed(*hashes)[0]
        if self.output_mode == "int":
            return ops.cast(bins, self.compute_dtype)
        return encoded(bins, "one_hot", self.num_bins, self.compute_dtype)

    def _check(self, inputs: Any) -> None:
        owner = f'Layer "{self.name}" (HashedCrossing)'
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(
                f"{owner} must be called on a list or tuple of inputs, got {type(inputs).__name__}."
            )
        if len(inputs) < 2:
            raise ValueError(f"{owner} must be called on at least two inputs, got {len(inputs)}.")
        shapes = [tuple(x.shape) for x in inputs]
        if len(shapes[0]) > 2 or (len(shapes[0]) == 2 and shapes[0][-1] != 1):
            raise ValueError(f"{owner}: inputs must have the shape (), (n,) or (n, 1), got {shapes[0]}.")
        if any(shape != shapes[0] for shape in shapes):
            raise ValueError(f"{owner}: all inputs must have one shape, got {shapes}.")
        for x in inputs:
            if not (isinstance(x, Text) or as_text(x) is not None or is_integer(x.dtype)):
                raise ValueError(
                    f"{owner}: inputs must be integers or strings, got an array of dtype {x.dtype}."
                )

    def _hash(self, x: Any) -> Any:
        """The hash of each string; integers stand for themselves."""
        if isinstance(x, Text):
            return x.numbers(self._reading)
        if isinstance(x, Tensor):
            return x
        strings = as_text(x)
        return np.asarray(x) if strings is None else _string_hashes(strings)

    def _crossed(self, *hashes: np.ndarray) -> tuple[np.ndarray]:
        joint = np.full(hashes[0].size, _START)
        for part in hashes:
            joint = crossed(joint, part.reshape(-1).astype(np.int64).astype(U64))
        return ((joint % U64(self.num_bins)).astype("int32").reshape(hashes[0].shape),)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not isinstance(input_shape, (list, tuple)) or not all(isinstance(s, tuple) for s in input_shape):
            raise ValueError(
                f'Layer "{self.name}" (HashedCrossing) expects a list or tuple of inputs, got shape {input_shape}.'
            )
        shape = input_shape[0]
        if self.output_mode == "int":
            return shape
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,)), self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        shapes = [tuple(x.shape) for x in inputs] if isinstance(inputs, (list, tuple)) else inputs.shape
        return KerasTensor(self.compute_output_shape(shapes), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }


def _string_hashes(strings: np.ndarray) -> np.ndarray:
    return farm_hash(utf8(strings)).reshape(strings.shape)
