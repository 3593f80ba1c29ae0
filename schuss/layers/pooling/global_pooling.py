"""Global pooling: of each channel one number, the mean or the maximum over all places."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import ops
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer


class _GlobalPooling(Layer):
    """A layer that reduces the spatial axes, of which there are `dimensions`.

    Args:
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        keepdims: whether the spatial axes stay, with size 1. Default False.
    """

    dimensions: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(type(self).__name__, data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.dimensions + 2)
        self.built = True

    @property
    def _axes(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.dimensions))

    def compute_output_shape(self, input_shape: Any) -> Any:
        axes = self._axes
        sizes = [1 if i in axes else n for i, n in enumerate(input_shape) if self.keepdims or i not in axes]
        return tuple(sizes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalAveragePooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self._axes, keepdims=self.keepdims)


class _GlobalMaxPooling(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalAveragePooling):
    """The mean over time: ``(batch, time, channels)`` → ``(batch, channels)``. Time steps that a mask leaves
    out do not count.

    Args:
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        keepdims: whether the time axis stays, with size 1. Default False.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.GlobalAveragePooling1D()(np.array([[[1.0], [3.0]]])).tolist()
        [[2.0]]
    """

    dimensions = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        kept = ops.expand_dims(ops.cast(mask, "bool"), 2 if self.data_format == "channels_last" else 1)
        x = ops.where(kept, inputs, ops.zeros_like(inputs))
        count = ops.sum(ops.cast(kept, x.dtype), axis=self._axes, keepdims=self.keepdims)
        return ops.divide(ops.sum(x, axis=self._axes, keepdims=self.keepdims), count)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean over an image: ``(batch, height, width, channels)`` → ``(batch, channels)``.

    Args:
        data_format, keepdims: as in `GlobalAveragePooling1D`.
    """

    dimensions = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean over a volume: ``(batch, depth, height, width, channels)`` → ``(batch, channels)``.

    Args:
        data_format, keepdims: as in `GlobalAveragePooling1D`.
    """

    dimensions = 3


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The maximum over time: ``(batch, time, channels)`` → ``(batch, channels)``.

    Args:
        data_format, keepdims: as in `GlobalAveragePooling1D`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.GlobalMaxPooling1D()(np.array([[[1.0], [3.0]]])).tolist()
        [[3.0]]
    """

    dimensions = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The maximum over an image: ``(batch, height, width, channels)`` → ``(batch, channels)``.

    Args:
        data_format, keepdims: as in `GlobalAveragePooling1D`.
    """

    dimensions = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The maximum over a volume: ``(batch, depth, height, width, channels)`` → ``(batch, channels)``.

    Args:
        data_format, keepdims: as in `GlobalAveragePooling1D`.
    """

    dimensions = 3
