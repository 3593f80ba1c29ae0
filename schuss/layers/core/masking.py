"""Masking: marks the time steps that are only padding."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._layer import Layer


class Masking(Layer):
    """Time steps of which all features equal `mask_value` are set to 0, and later layers ignore them.

    Args:
        mask_value: default 0.

    Input shape: ``(batch, time, features)``; the output's is the same.
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.multiply(inputs, ops.cast(kept, inputs.dtype))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
