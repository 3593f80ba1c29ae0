"""MaxPooling and AveragePooling: of each window of each channel one number."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.layers._windows import checked_padding, joined_shape, numbers, positions, split_shape


class _Pooling(Layer):
    """Windows that slide over `dimensions` spatial axes."""

    dimensions: ClassVar[int]

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        owner = type(self).__name__
        self.pool_size = numbers(owner, "pool_size", pool_size, self.dimensions)
        steps = pool_size if strides is None else strides
        self.strides = numbers(owner, "strides", steps, self.dimensions)
        self.padding = checked_padding(owner, padding)
        self.data_format = checked_data_format(owner, data_format)
        self.input_spec = InputSpec(ndim=self.dimensions + 2)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape, label = tuple(input_shape), f'Layer "{self.name}" ({type(self).__name__})'
        spatial, channels = split_shape(label, shape, self.dimensions, self.data_format)
        sizes = positions(spatial, self.pool_size, self.strides, self.padding)
        if any(n is not None and n <= 0 for n in sizes):
            raise ValueError(
                f"{label}: a window of {self.pool_size} does not fit into an input of shape {shape}, whose spatial "
                f"sizes are {spatial}. Use larger inputs, a smaller `pool_size`, or padding='same'."
            )
        return joined_shape(shape[0], sizes, channels, self.data_format)

    @property
    def _windows(self) -> dict[str, Any]:
        return {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._windows}


class _MaxPooling(_Pooling):
    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)  # an error if no window fits
        return ops.max_pool(inputs, **self._windows)

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)


class _AveragePooling(_Pooling):
    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)  # an error if no window fits
        x = inputs if is_float(inputs.dtype) else ops.cast(inputs, self.compute_dtype)
        return ops.average_pool(x, **self._windows)


class MaxPooling1D(_MaxPooling):
    """The largest number of each window of time: ``y[t, c] = max_k x[t·stride + k, c]``.

    Args:
        pool_size: length of the windows. Default 2.
        strides: from one window to the next. Default None: pool_size.
        padding: ``"valid"`` (default): windows within the input; or ``"same"``: ``⌈time / stride⌉`` windows, of which
            those at the ends see less.
        data_format: ``"channels_last"`` (default): ``(batch, time, channels)``; or ``"channels_first"``.

    Raises:
        ValueError: an argument out of range; an input with another number of axes, or shorter than a window.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).ravel().tolist()
        [3.0, 2.0]
    """

    dimensions = 1


class MaxPooling2D(_MaxPooling):
    """The largest number of each window of an image, channel by channel.

    Args:
        pool_size, strides: an int for both axes, or a pair (rows, columns). Default (2, 2), pool_size.
        padding: ``"valid"`` (default) or ``"same"``, as in `MaxPooling1D`.
        data_format: ``"channels_last"`` (default): ``(batch, height, width, channels)``; or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.MaxPooling2D()(np.zeros((8, 28, 28, 16))).shape
        (8, 14, 14, 16)
    """

    dimensions = 2


class MaxPooling3D(_MaxPooling):
    """The largest number of each window of a volume, channel by channel.

    Args:
        pool_size, strides: an int for all axes, or three. Default (2, 2, 2), pool_size.
        padding, data_format: as in `MaxPooling2D`.
    """

    dimensions = 3


class AveragePooling1D(_AveragePooling):
    """The mean of each window of time: ``y[t, c] = mean_k x[t·stride + k, c]``, of the elements that there are.

    Args:
        pool_size: length of the windows. strides, padding, data_format: as in `MaxPooling1D`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AveragePooling1D(2, padding="same")(np.array([[[1.0], [3.0], [5.0]]])).ravel().tolist()
        [2.0, 5.0]
    """

    dimensions = 1


class AveragePooling2D(_AveragePooling):
    """The mean of each window of an image, channel by channel.

    Args:
        pool_size, strides: an int for both axes, or a pair (rows, columns). Default of strides: pool_size.
        padding, data_format: as in `MaxPooling2D`.
    """

    dimensions = 2


class AveragePooling3D(_AveragePooling):
    """The mean of each window of a volume, channel by channel.

    Args:
        pool_size, strides: an int for all axes, or three. Default of strides: pool_size.
        padding, data_format: as in `MaxPooling2D`.
    """

    dimensions = 3
