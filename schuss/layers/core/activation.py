"""Activation and Identity: f(x), and x itself."""

from __future__ import annotations

from typing import Any

from schuss import activations
from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor


class Activation(Layer):
    """An activation function of each element: ``y = f(x)``.

    Args:
        activation: its name, or a function.

    Shapes: any; the output's is the input's.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Activation("relu")(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """``y = x``.

    Example:
        >>> import schuss
        >>> schuss.layers.Identity()([1.0, 2.0]).tolist()
        [1.0, 2.0]
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_spec(self, inputs: Any) -> Any:
        return _tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
