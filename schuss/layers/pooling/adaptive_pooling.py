"""Adaptive pooling: as many windows as are wanted, whatever the input's size."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._windows import joined_shape, numbers, split_shape


class _AdaptivePooling(Layer):
    """`dimensions` spatial axes, each divided into a number of windows."""

    dimensions: ClassVar[int]

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any):
        owner = type(self).__name__
        several = isinstance(output_size, (list, tuple))
        if not is_integer(output_size) and not (
            several and (len(output_size) == self.dimensions or self.dimensions == 1)
        ):
            raise TypeError(
                f"{owner}: `output_size` must be an integer or a tuple of {self.dimensions} of them; got "
                f"{output_size!r}."
            )
        super().__init__(**kwargs)
        self.output_size = numbers(owner, "output_size", output_size, self.dimensions)
        self.data_format = checked_data_format(owner, data_format)

    def _checked(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)  # an error if it has another number of axes
        return inputs if is_float(inputs.dtype) else ops.cast(inputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape, label = tuple(input_shape), f'Layer "{self.name}" ({type(self).__name__})'
        spatial, channels = split_shape(label, shape, self.dimensions, self.data_format)
        if 0 in spatial:
            raise ValueError(f"{label}: an input of shape {shape} has nothing to be divided into windows.")
        return joined_shape(shape[0], self.output_size, channels, self.data_format)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


class _AdaptiveAveragePooling(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        return ops.adaptive_average_pool(self._checked(inputs), self.output_size, self.data_format)


class _AdaptiveMaxPooling(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        return ops.adaptive_max_pool(self._checked(inputs), self.output_size, self.data_format)


class AdaptiveAveragePooling1D(_AdaptiveAveragePooling):
    """The means of `output_size` windows of time; window i goes from ``⌊i·time / n⌋`` up to ``⌈(i + 1)·time / n⌉``, so
    that windows overlap where it does not come out even.

    Args:
        output_size: n, how many windows. Positive integer (or a tuple of one).
        data_format: ``"channels_last"`` (default): ``(batch, time, channels)``; or ``"channels_first"``.

    Raises:
        ValueError, TypeError: `output_size` is no such number; an input with another number of axes.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AdaptiveAveragePooling1D(2)(np.array([[[1.0], [2.0], [6.0]]])).ravel().tolist()
        [1.5, 4.0]
    """

    dimensions = 1


class AdaptiveAveragePooling2D(_AdaptiveAveragePooling):
    """The means of windows that divide images into ``output_size`` rows and columns.

    Args:
        output_size: an int for both axes, or a pair. data_format: ``"channels_last"`` (default): ``(batch, height,
            width, channels)``; or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AdaptiveAveragePooling2D((4, 5))(np.zeros((8, 30, 21, 3))).shape
        (8, 4, 5, 3)
    """

    dimensions = 2


class AdaptiveAveragePooling3D(_AdaptiveAveragePooling):
    """The means of windows that divide volumes.

    Args:
        output_size: an int for all axes, or three. data_format: as in `AdaptiveAveragePooling2D`.
    """

    dimensions = 3


class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """The largest numbers of `output_size` windows of time, which lie as in `AdaptiveAveragePooling1D`.

    Args:
        output_size, data_format: as in `AdaptiveAveragePooling1D`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AdaptiveMaxPooling1D(2)(np.array([[[1.0], [2.0], [6.0]]])).ravel().tolist()
        [2.0, 6.0]
    """

    dimensions = 1


class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """The largest numbers of windows that divide images into ``output_size`` rows and columns.

    Args:
        output_size, data_format: as in `AdaptiveAveragePooling2D`.
    """

    dimensions = 2


class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """The largest numbers of windows that divide volumes.

    Args:
        output_size: an int for all axes, or three. data_format: as in `AdaptiveAveragePooling2D`.
    """

    dimensions = 3
