"""Lambda: any function as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.layers._layer import Layer
from schuss.layers._shapes import map_shapes
from schuss.saving.serialization import serialize_keras_object


class Lambda(Layer):
    """``y = function(x)``, for a function without weights, written with `schuss.ops`.

    Args:
        function: takes the inputs (and ``mask`` or ``training``, if it has arguments of these names).
        output_shape: shape of one output example (of several outputs a structure of shapes), or a function
            of the input shape; default: found by tracing.
        mask: the mask of the output, or a function ``(inputs, mask) -> mask``.
        arguments: dict of further keyword arguments for `function`.

    Save models with named functions that are registered (`schuss.saving.register_keras_serializable`): of a
    lambda function the code is written, which is only read with ``safe_mode=False``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Lambda(lambda x: x * 2)(np.array([1.0, 2.0])).tolist()
        [2.0, 4.0]
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: `function` must be a function, got {function!r}.")
        self.function = function
        self.arguments = dict(arguments or {})
        self._output_shape, self.mask = output_shape, mask
        self.supports_masking = mask is not None
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        names = getattr(getattr(self.function, "__code__", None), "co_varnames", ())
        extra = {name: value for name, value in (("mask", mask), ("training", training)) if name in names}
        return self.function(inputs, **{**self.arguments, **extra})

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        sizes: list[int | None] = []
        map_shapes(input_shape, lambda shape: sizes.append(shape[0]))
        return map_shapes(self._output_shape, lambda shape: (sizes[0], *shape))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return (
            self._traced_output_spec(*args, **kwargs)
            if self._output_shape is None
            else super().compute_output_spec(*args, **kwargs)
        )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        given = {"output_shape": self._output_shape, "mask": self.mask}
        return {
            **super().get_config(),
            "function": serialize_keras_object(self.function),
            **{name: serialize_keras_object(value) for name, value in given.items() if value is not None},
            "arguments": serialize_keras_object(self.arguments),
        }
