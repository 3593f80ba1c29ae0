"""ActivityRegularization: a penalty on what passes through."""

from __future__ import annotations

from typing import Any

from schuss import regularizers
from schuss.layers._layer import Layer


class ActivityRegularization(Layer):
    """``y = x``, with ``l1·Σ|x| + l2·Σx²`` added to the loss.

    Args:
        l1, l2: factors, default 0.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer")
        return {**config, "l1": self.l1, "l2": self.l2}
