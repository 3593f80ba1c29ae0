"""Rescaling: y = x · scale + offset, for pixels and other data of a known range."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.layers._layer import Layer
from schuss.saving.serialization import serialize_keras_object


class Rescaling(Layer):
    """``y = x · scale + offset``, in the layer's compute dtype (integers become floats).

    Args:
        scale: number, or list of one for each channel (last axis).
        offset: the same. Default 0.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Rescaling(1 / 127.5, offset=-1)(np.array([0, 255], "uint8")).tolist()
        [-1.0, 1.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        scale, offset = (np.asarray(value, self.compute_dtype) for value in (self.scale, self.offset))
        return ops.add(ops.multiply(ops.cast(inputs, self.compute_dtype), scale), offset)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": serialize_keras_object(self.scale),
            "offset": serialize_keras_object(self.offset),
        }
