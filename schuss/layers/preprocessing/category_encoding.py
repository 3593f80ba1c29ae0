"""CategoryEncoding, Discretization: integers and numbers as vectors of categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import as_array, is_float
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._symbolic import KerasTensor
from schuss.layers.preprocessing._encoding import VECTOR_MODES, encoded, encoded_shape, refuse_sparse


class CategoryEncoding(Layer):
    """Integers 0 … num_tokens − 1 as vectors of `num_tokens` numbers.

    Args:
        num_tokens: number of categories.
        output_mode: ``"one_hot"``: each integer becomes a vector with a 1 in its place; ``"multi_hot"``
            (default): each example one vector, with a 1 for every category that occurs; ``"count"``: how often
            each occurs.
        sparse: must be False: outputs are dense.

    Call arguments: ``inputs``, ``count_weights`` (with ``"count"``: how much each integer counts).

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.CategoryEncoding(4)(np.array([[0, 1], [3, 3]])).tolist()
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in VECTOR_MODES:
            raise ValueError(
                f"CategoryEncoding: unknown arg for output_mode: {output_mode!r}; one of {VECTOR_MODES}."
            )
        if num_tokens is None or not is_integer(num_tokens) or num_tokens < 1:
            raise ValueError(
                f"CategoryEncoding: `num_tokens` must be an integer of at least 1, got {num_tokens!r}."
            )
        refuse_sparse("CategoryEncoding", sparse)
        self.num_tokens, self.output_mode, self.sparse = int(num_tokens), output_mode, sparse
        self.autocast = False
        self.built = True

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f'Layer "{self.name}": `count_weights` is only used with output_mode="count", which is '
                f"{self.output_mode!r}."
            )
        x = ops.cast(inputs, "int32")
        return encoded(x, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(tuple(input_shape), self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


class Discretization(Layer):
    """Numbers as the numbers of the bins in which they lie: bin 0 ends before the first boundary, and a number
    that equals a boundary is in the bin after it.

    Args:
        bin_boundaries: list of numbers in ascending order; or
        num_bins: int: how many bins `adapt` makes, with about as many samples in each.
        epsilon: how exact `adapt` is, as a fraction of the samples. Default 0.01.
        output_mode: ``"int"`` (default): the bins' numbers; else as in `CategoryEncoding`.
        sparse: must be False: outputs are dense.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Discretization([0.0, 1.0])(np.array([-1.0, 0.5, 1.0])).tolist()
        [0, 1, 2]
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if output_mode not in ("int", *VECTOR_MODES):
            raise ValueError(
                f"Discretization: `output_mode` must be one of {('int', *VECTOR_MODES)}, got {output_mode!r}."
            )
        refuse_sparse("Discretization", sparse)
        if (num_bins is None) == (bin_boundaries is None):
            raise ValueError(
                "Discretization: set either `bin_boundaries` or `num_bins` (and call `adapt`); got "
                f"bin_boundaries={bin_boundaries!r}, num_bins={num_bins!r}."
            )
        if num_bins is not None and num_bins < 0:
            raise ValueError(f"Discretization: `num_bins` must be at least 0, got {num_bins!r}.")
        self.bin_boundaries = None if bin_boundaries is None else [float(b) for b in bin_boundaries]
        self.num_bins, self.epsilon = num_bins, epsilon
        self.output_mode, self.sparse = output_mode, sparse
        self.reset_state()
        self.built = True

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Set the boundaries so that each bin gets about as many of the data.

        Args:
            data: an array, or batches. steps: int or None: how many of the batches.
        """
        if self.num_bins is None:
            raise ValueError(
                f'Layer "{self.name}": cannot `adapt`, because `bin_boundaries` were given. Use `num_bins`.'
            )
        whole = isinstance(data, np.ndarray) or hasattr(data, "__schuss_value__")
        batches: Iterable[Any] = [data] if whole or not hasattr(data, "__iter__") else data
        self.reset_state()
        for number, batch in enumerate(batches):
            if steps is not None and number >= steps:
                break
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take note of a batch."""
        values = np.asarray(as_array(data), "float32")
        both = np.concatenate((_summary(values, self.epsilon), self._learned), axis=1)
        self._learned = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Set the boundaries from what was noted."""
        if self.num_bins is not None:
            self.bin_boundaries = _compressed(self._learned, 1.0 / self.num_bins)[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forget what was noted; the boundaries stay."""
        self._learned = np.zeros((2, 0), "float32")

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise ValueError(
                f'Layer "{self.name}" (Discretization): pass `bin_boundaries`, or call `adapt(data)` before the layer '
                "is used."
            )
        inputs = ops.convert_to_tensor(inputs)
        bins = ops.digitize(inputs, np.asarray(self.bin_boundaries, "float32"))
        if is_float(inputs.dtype):  # what is no number is in the last bin, as of NumPy
            bins = ops.where(ops.isnan(inputs), len(self.bin_boundaries), bins)
        if self.output_mode == "int":
            return ops.cast(bins, "int32")
        return encoded(bins, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return encoded_shape(tuple(input_shape), self.output_mode, depth or 0)

    def compute_output_spec(self, inputs: Any) -> Any:
        dtype = "int32" if self.output_mode == "int" else self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        config = dict(config)
        boundaries = config.pop("bin_boundaries", None)
        if config.get("num_bins") is None:
            return cls(boundaries, **config)
        layer = cls(**config)
        layer.bin_boundaries = boundaries  # of a layer that was adapted
        return layer


def _summary(values: np.ndarray, epsilon: float) -> np.ndarray:
    """About 1/epsilon of the sorted values, and how many each stands for: [2, values]."""
    values = np.sort(values.reshape(-1))
    step = max(values.size * epsilon, 1)
    chosen = values[int(step - 1) :: int(step)]
    return np.stack([chosen, np.full_like(chosen, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of about 1/epsilon values, by interpolating the distribution function."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    counts = summary[1].cumsum()
    distribution = counts / counts[-1]
    values = np.interp(shares, distribution, summary[0])
    reached = np.interp(shares, distribution, counts)
    return np.stack([values, np.diff(reached, prepend=0)]).astype("float32")
