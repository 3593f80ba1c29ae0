"""Pipeline: layers one after the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss.layers._layer import Layer
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


class Pipeline(Layer):
    """Layers applied one after the other; for preprocessing, where a Sequential model would also expect to be trained.

    Args:
        layers: list of layers. name: as for every `Layer`.

    Raises:
        TypeError: something else than layers.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss import layers
        >>> pipeline = layers.Pipeline([layers.Resizing(4, 4), layers.Rescaling(1 / 255)])
        >>> float(pipeline(np.full((1, 8, 8, 3), 255.0)).mean())
        1.0
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None):
        if not isinstance(layers, (list, tuple)) or not all(isinstance(layer, Layer) for layer in layers):
            raise TypeError(f"Pipeline: `layers` must be a list of layers. Received: layers={layers!r}")
        super().__init__(name=name)
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Any]:
        return self._pipeline_layers

    def call(self, inputs: Any, training: Any = True) -> Any:
        for layer in self._pipeline_layers:
            inputs = layer(inputs, training=training)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self._pipeline_layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def compute_output_spec(self, inputs: Any, training: Any = True) -> Any:
        for layer in self._pipeline_layers:
            inputs = layer.compute_output_spec(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"layers": serialize_keras_object(self._pipeline_layers), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        layers = config.get("layers")
        if not isinstance(layers, (list, tuple)):
            raise ValueError(
                "`Pipeline` config must contain a `layers` key mapping to a list of serialized layers. Received config "
                f"with layers={layers!r}."
            )
        return cls([deserialize_keras_object(layer) for layer in layers], name=config.get("name"))
