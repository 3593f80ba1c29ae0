"""Wrapper, TimeDistributed: layers around another layer."""

from __future__ import annotations

import inspect
from typing import Any

from schuss import ops
from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._shapes import map_shapes
from schuss.layers.core.lambda_layer import Lambda
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


class Wrapper(Layer):
    """Base of layers around another one. Subclasses say in `call` what they do with ``self.layer``.

    Args:
        layer: the layer within.

    Raises:
        ValueError: `layer` is no layer.
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise ValueError(f"{type(self).__name__}: expected a layer, got {layer!r}.")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        layer = deserialize_keras_object(config.pop("layer"), custom_objects=custom_objects)
        return cls(layer, **config)


class TimeDistributed(Wrapper):
    """The same layer for each time step: ``(batch, time, …)`` → ``(batch, time, …)``, with one set of weights.

    Layers of the library that compute every example by itself see the steps of all examples at once, which is the same
    and faster. Others see one step after the other: those whose state changes (the moving averages of a
    BatchNormalization, stateful ones), functions, and layers of your own.

    Args:
        layer: the layer, for inputs without the time axis.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.TimeDistributed(schuss.layers.Dense(8))(np.zeros((32, 10, 16))).shape
        (32, 10, 8)
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _of_one_step(self, shape: Any) -> tuple[Any, ...]:
        if not isinstance(shape, (tuple, list)) or len(shape) < 3:
            raise ValueError(
                f'Layer "{self.name}" (TimeDistributed): expected an input of at least 3 axes, (batch, time, …); '
                f"got the shape {shape}."
            )
        return (shape[0], *shape[2:])

    def build(self, input_shape: Any = None) -> None:
        super().build(self._of_one_step(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self.layer.compute_output_shape(self._of_one_step(tuple(input_shape)))
        return map_shapes(shapes, lambda shape: (shape[0], input_shape[1], *shape[1:]))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        batch, time = self._of_one_step(tuple(inputs.shape))[0], inputs.shape[1]
        if mask is not None and tuple(mask.shape[:2]) != (batch, time):
            raise ValueError(
                f'Layer "{self.name}" (TimeDistributed): the mask, of shape {tuple(mask.shape)}, must begin with the '
                f"input's batch size and time steps, {(batch, time)}."
            )
        if _is_row_wise(self.layer):
            y = self._step(_merged(inputs), training, None if mask is None else _merged(mask))
            return _tree.map_structure(lambda leaf: ops.reshape(leaf, (batch, time, *leaf.shape[1:])), y)
        steps = [
            self._step(inputs[:, t], training, None if mask is None else mask[:, t]) for t in range(time)
        ]
        return _tree.map_structure(lambda *leaves: ops.stack(leaves, axis=1), *steps)

    def _step(self, x: Any, training: Any, mask: Any) -> Any:
        given = {"training": training, "mask": mask}
        accepted = inspect.signature(self.layer.call).parameters
        return self.layer(x, **{k: v for k, v in given.items() if v is not None and k in accepted})


def _is_row_wise(layer: Layer) -> bool:
    """Whether the layer is known to compute every example of a batch by itself, and to change no state."""
    return all(_is_row_wise_alone(inner) for inner in layer._flatten_layers())


def _is_row_wise_alone(layer: Layer) -> bool:
    function = getattr(layer, "_function", None)
    return (
        type(layer).__module__.startswith(("schuss.layers.", "schuss.models."))
        and not isinstance(layer, Lambda)
        and not layer._kept_weights
        and not getattr(layer, "stateful", False)
        and getattr(layer, "noise_shape", None) is None
        and getattr(layer, "axis", None) != 0
        and (function is None or all(isinstance(operation, Layer) for operation in function.operations))
    )


def _merged(x: Any) -> Any:
    """The first two axes made one."""
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))
