"""Sequential: a stack of layers, each fed with what the one before it returns."""

from __future__ import annotations

from typing import Any

from schuss.graph import _tree, is_text
from schuss.layers._call import building
from schuss.layers._layer import Layer
from schuss.layers._masks import set_mask
from schuss.layers._shapes import is_shape
from schuss.layers._symbolic import is_symbolic
from schuss.layers.core.input_layer import InputLayer
from schuss.models._function import Function
from schuss.models.model import Model
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Args:
        layers: list of layers. With an `Input` (or `InputLayer`) in the first place, or an ``input_shape``
            given to the first layer, the model is built at once; else at the first call, from the shape of
            the data.
        trainable: default True.
        name: default ``"sequential"``, ``"sequential_1"``, …

    Raises:
        ValueError: something that is not a layer; two layers of the same name; an input that is not the
            first.

    Example:
        >>> import schuss
        >>> from schuss import layers
        >>> model = schuss.Sequential([layers.Input((784,)), layers.Dense(64, "relu"), layers.Dense(10, "softmax")])
        >>> model.count_params(), model.output_shape
        (50890, (None, 10))
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        if not isinstance(trainable, bool):
            raise ValueError(
                f"Sequential: `trainable` must be True or False, got {trainable!r}. Layers are given in a list: "
                "Sequential([...])."
            )
        super().__init__(name=name, **kwargs)
        self._stack: list[Layer] = []
        self._input_layer: InputLayer | None = None
        self._tensors: list[Any] = []
        self.autocast = False
        self.supports_masking = True
        if layers is not None:
            if not isinstance(layers, (list, tuple)):
                raise ValueError(
                    f"Sequential: `layers` must be a list of layers, got {type(layers).__name__}. "
                    "Did you mean Sequential([...])?"
                )
            for layer in layers:
                self.add(layer)
        if not trainable:
            self.trainable = False

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: a `Layer`, or in the first place what `Input` returns.
            rebuild: accepted as in Keras; a model whose input is known always builds what is added.
        """
        if is_symbolic(layer) and layer._keras_history and isinstance(layer._keras_history[0], InputLayer):
            layer = layer._keras_history[0]
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only layers can be added to a Sequential model; got {layer!r} (of type "
                f"{type(layer).__name__})."
                + (" It is a class: add an instance, with parentheses." if isinstance(layer, type) else "")
            )
        if isinstance(layer, InputLayer):
            if self._stack or self._input_layer is not None:
                raise ValueError(
                    f'Sequential model "{self.name}" has its input already; an Input can only be the first in it.'
                )
            self._set_input(layer)
            return
        if any(layer.name == known.name and layer is not known for known in self._stack):
            raise ValueError(
                f'Sequential model "{self.name}" has a layer of the name "{layer.name}" already. Names must be unique: '
                "make a new layer, with another `name`, for each place."
            )
        self._stack.append(layer)
        if not self._trainable:
            layer.trainable = False
        if self._input_layer is None and len(self._stack) == 1:
            first = _input_layer_for(layer)
            if first is not None:
                self._set_input(first)
        if self._input_layer is not None:
            try:
                self._extend_to(len(self._stack))
            except Exception:
                self._stack.pop()
                raise

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off, and return it.

        Args:
            rebuild: accepted as in Keras.

        Raises:
            ValueError: there is none.
        """
        if not self._stack:
            raise ValueError(f'Sequential model "{self.name}" has no layers.')
        layer = self._stack.pop()
        if self._input_layer is not None:
            del self._tensors[len(self._stack) + 1 :]
            self._extend_to(len(self._stack))
        return layer

    def _set_input(self, layer: InputLayer) -> None:
        self._input_layer = layer
        self._tensors = [layer.output]
        self._extend_to(len(self._stack))

    def _extend_to(self, count: int) -> None:
        """Call the layers that have not been called yet on the symbolic output of the one before."""
        with building(self.name) as path:
            self._path = path
            while len(self._tensors) <= count:
                self._tensors.append(self._stack[len(self._tensors) - 1](self._tensors[-1]))
        self._function = None
        self.built = bool(self._stack)
        if self._stack:
            self._function = Function(self._tensors[0], self._tensors[-1], self.name)
            self._build_shapes = {"input_shape": self._tensors[0].shape}

    def build(self, input_shape: Any = None) -> None:
        """Create the weights for inputs of a shape.

        Args:
            input_shape: with the batch axis: ``(None, 784)``.
        """
        if self._input_layer is not None:
            return
        if not self._stack:
            raise ValueError(f'Sequential model "{self.name}" cannot be built: it has no layers.')
        if input_shape is None:
            raise ValueError(
                f'Sequential model "{self.name}": build needs the `input_shape`, for instance (None, 784).'
            )
        if is_shape(input_shape):
            self._set_input(InputLayer(batch_shape=tuple(input_shape), dtype=self._stack[0].input_dtype))

    def _build_for(self, arguments: dict[str, Any]) -> None:
        inputs = arguments.get("inputs")
        shape = getattr(inputs, "shape", None)
        if self._input_layer is None and shape:
            shape = (self._batch_size_for(shape), *shape[1:])
            if is_text(inputs) and self._stack:
                self._set_input(InputLayer(batch_shape=shape, dtype="string"))
            else:
                self.build(shape)
        else:
            super()._build_for(arguments)

    def _batch_size_for(self, shape: Any) -> int | None:
        """The batch size that the input gets from what the model is called on first: none, unless layers keep states."""
        layers = self._flatten_layers(include_self=False)
        stateful = any(getattr(layer, "stateful", False) for layer in layers)
        return shape[0] if stateful else None

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return list(self._stack)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The last layer's output for `inputs`."""
        x = inputs
        if self._function is not None:
            x = self._function.standardized(x)[0]
        if mask is not None:
            set_mask(x, mask)
        for layer in self._stack:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self._stack:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return self._traced_output_spec(inputs, training=training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        first = [] if self._input_layer is None else [self._input_layer]
        config = Layer.get_config(self)
        config["layers"] = [serialize_keras_object(layer) for layer in [*first, *self._stack]]
        if self._input_layer is not None:
            config["build_input_shape"] = self._input_layer.batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A new model (without weights) from what `get_config` returned."""
        from schuss.saving.registration import CustomObjectScope

        with CustomObjectScope(custom_objects):
            layers = [deserialize_keras_object(layer) for layer in config["layers"]]
        model = cls(layers, name=config.get("name"))
        if not config.get("trainable", True):
            model.trainable = False
        if not model.built and config.get("build_input_shape") and layers:
            model.build(tuple(config["build_input_shape"]))
        return model

    def get_build_config(self) -> dict[str, Any] | None:
        return Layer.get_build_config(self)

    def build_from_config(self, config: dict[str, Any]) -> None:
        if not self.built:
            super().build_from_config(config)


def _input_layer_for(layer: Any) -> InputLayer | None:
    """The input that a first layer implies: by its `input_shape` argument, or, for a model, by its own
    input."""
    if layer._batch_input_shape is not None:
        return InputLayer(batch_shape=layer._batch_input_shape, dtype=layer.input_dtype)
    if isinstance(layer, Model) and layer.inputs is not None and len(_tree.leaves(layer.inputs)) == 1:
        tensor = layer.inputs[0]
        return InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype)
    return None
