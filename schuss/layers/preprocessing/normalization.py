"""Normalization: data shifted and scaled to mean 0 and variance 1, by figures learned from data or given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from schuss import ops
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer

_SMALLEST_DEVIATION = 1e-7
_CHUNK = 8192


class Normalization(Layer):
    """``y = (x − mean) / √variance``, with mean and variance of each feature from `adapt`, or given.

    Args:
        axis: the axes that have figures of their own: an int, a tuple, or None for one mean and variance of
            all. Default -1: each feature.
        mean, variance: given figures, instead of `adapt`; both or none.
        invert: compute ``x·√variance + mean`` instead. Default False.

    Weights (where figures are not given): ``mean``, ``variance``, ``count``; set by `adapt`, not by learning.

    Raises:
        ValueError: only one of `mean` and `variance`; an axis the input does not have, or of unknown size.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.Normalization()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
        >>> layer(np.array([[1.0, 30.0]])).tolist()
        [[-1.0, 1.0]]
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization: when setting values directly, both `mean` and `variance` must be given; got "
                f"mean={mean!r}, variance={variance!r}."
            )
        if np.shape(mean) != np.shape(variance):
            raise ValueError(
                "Normalization: `mean` and `variance` must have the same shape; got "
                f"{np.shape(mean)} and {np.shape(variance)}."
            )
        self.axis = () if axis is None else (int(axis),) if is_integer(axis) else tuple(axis)
        self.invert = invert
        if np.ndim(mean) > len(self.axis) and mean is not None:
            raise ValueError(
                f"Normalization: `mean` and `variance`, of shape {np.shape(mean)}, have more axes than `axis` "
                f"names: {self.axis}."
            )
        self.input_mean, self.input_variance = _plain(mean), _plain(variance)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        if input_shape is None:
            return
        ndim = len(input_shape)
        self._built_for = tuple(input_shape)
        self._kept_axes = self._places(ndim)
        sizes = tuple(input_shape[axis] for axis in self._kept_axes)
        if None in sizes:
            raise ValueError(
                f'Layer "{self.name}" (Normalization): the axes {self.axis} must have known sizes, but the input shape '
                f"is {tuple(input_shape)}."
            )
        self._broadcast_shape = tuple(input_shape[i] if i in self._kept_axes else 1 for i in range(ndim))
        given = np.shape(self.input_mean)
        if any(n not in (1, size) for n, size in zip(given[::-1], sizes[::-1], strict=False)):
            raise ValueError(
                f'Layer "{self.name}" (Normalization): `mean` and `variance`, of shape {given}, do not fit the '
                f"sizes {sizes} of the axes {self.axis} in an input of shape {tuple(input_shape)}."
            )
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=sizes, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(
                name="variance", shape=sizes, initializer="ones", trainable=False
            )
            self.count = self.add_weight(name="count", initializer="zeros", dtype="int32", trainable=False)

    def _places(self, ndim: int) -> list[int]:
        """The layer's axes, counted from 0, in order."""
        if any(not -ndim <= axis < ndim for axis in self.axis):
            raise ValueError(
                f'Layer "{self.name}" (Normalization): `axis` {self.axis} is not within the {ndim} axes of the input.'
            )
        return sorted(axis % ndim for axis in self.axis)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Set mean and variance to those of `data`, replacing what was learned before.

        Args:
            data: array ``(n, …)``, or an iterable of batches (a `PyDataset`, a generator; of a pair, the
                first part).
            batch_size: taken for Keras's sake; arrays are read in pieces anyway.
            steps: how many batches to take from an iterable; default all.

        Raises:
            ValueError: mean and variance were given to the constructor; there is no data.
        """
        if self.input_mean is not None:
            raise ValueError(
                f'Layer "{self.name}": cannot `adapt`, because mean and variance were given to the constructor.'
            )
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        for batch in self._adaptable(data, steps):
            reduced = tuple(i for i in range(batch.ndim) if i not in self._kept_axes)
            size = int(np.prod([batch.shape[i] for i in reduced], dtype=np.int64))
            if size == 0:
                continue
            batch = np.asarray(batch, "float64")
            batch_mean = batch.mean(axis=reduced)
            batch_squares = np.square(batch - batch.mean(axis=reduced, keepdims=True)).sum(axis=reduced)
            # two sets of figures become one: Chan, Golub, LeVeque (1979)
            delta, total = batch_mean - mean, count + size
            mean = mean + delta * (size / total)
            squares = squares + batch_squares + np.square(delta) * (count * size / total)
            count = total
        if count == 0:
            raise ValueError(f'Layer "{self.name}": `adapt` received no data.')
        self.adapt_mean.assign(np.asarray(mean, self.adapt_mean.dtype))
        self.adapt_variance.assign(np.asarray(squares / count, self.adapt_variance.dtype))
        self.count.assign(np.asarray(min(count, 2**31 - 1), "int32"))

    def finalize_state(self) -> None:
        """For Keras's sake: `adapt`, and loading, leave nothing to be done."""

    def _adaptable(self, data: Any, steps: int | None) -> Iterator[np.ndarray]:
        """The data in pieces, each of the shape for which the layer is, or with the first is, built."""
        for batch in _batches(data, steps, whole=any(axis in (0, -np.ndim(data)) for axis in self.axis)):
            if not self.built:
                self.build(batch.shape if 0 in self._places(batch.ndim) else (None, *batch.shape[1:]))
            expected = self._broadcast_shape
            if batch.ndim != len(expected) or any(batch.shape[i] != expected[i] for i in self._kept_axes):
                raise ValueError(
                    f'Layer "{self.name}": it was built for inputs of shape {self._built_for}, but `adapt` '
                    f"received data of shape {batch.shape}."
                )
            yield batch

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, self.compute_dtype)
        mean, variance = self._figures()
        deviation = ops.maximum(ops.sqrt(variance), ops.cast(_SMALLEST_DEVIATION, self.compute_dtype))
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)

    @property
    def mean(self) -> Any:
        """The mean in use, in a shape that broadcasts with the input. The layer must be built or adapted."""
        return self._figures()[0]

    @property
    def variance(self) -> Any:
        """The variance in use, in a shape that broadcasts with the input."""
        return self._figures()[1]

    def _figures(self) -> tuple[Any, Any]:
        """Mean and variance in a shape that broadcasts with the input."""
        if self.input_mean is None:
            pair = self.adapt_mean.value, self.adapt_variance.value
        else:
            sizes = tuple(self._broadcast_shape[axis] for axis in self._kept_axes)
            given = self.input_mean, self.input_variance
            pair = tuple(np.broadcast_to(np.asarray(figure, self.compute_dtype), sizes) for figure in given)
        shape = self._broadcast_shape
        mean, variance = (ops.cast(ops.reshape(figure, shape), self.compute_dtype) for figure in pair)
        return mean, variance

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.input_mean,
            "variance": self.input_variance,
        }


def _plain(value: Any) -> Any:
    return None if value is None else np.asarray(value).tolist()


def _batches(data: Any, steps: int | None, whole: bool) -> Iterator[np.ndarray]:
    """The data in pieces: arrays cut along the first axis (or `whole`), batches as they come."""
    if hasattr(data, "__array__") or (
        isinstance(data, (list, tuple)) and len(data) and not hasattr(data[0], "shape")
    ):
        array = np.asarray(data)
        size = len(array) if whole else _CHUNK
        for start in range(0, len(array), size or 1):
            yield array[start : start + size]
        return
    for index, batch in enumerate(_iterated(data)):
        if steps is not None and index >= steps:
            return
        yield np.asarray(batch[0] if isinstance(batch, (tuple, list)) else batch)


def _iterated(data: Any) -> Iterable[Any]:
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[index] for index in range(len(data)))
    return data
