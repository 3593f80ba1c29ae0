"""Models made again from what describes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._symbolic import is_symbolic
from schuss.layers.core.input_layer import Input, InputLayer
from schuss.models.model import Model
from schuss.models.sequential import Sequential
from schuss.saving.serialization import deserialize_keras_object, live_objects, serialize_keras_object


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Model:
    """A model of the same structure with new weights, compiled in the same way.

    Args:
        model: sequential, functional, or of a class with `get_config`.
        input_tensors: symbolic inputs for the new model, in the structure of the old one's; default: new
            ones.
        clone_function: layer → layer to use in its place; default: a new one of the same config. Not for
            models with a `call` of their own.
        call_function: ``(layer, *args, **kwargs) -> outputs``, called in place of the layers. For functional
            models.
        recursive: clone models within by `clone_model` with the same functions, instead of by
            `clone_function`. Default False.

    Raises:
        ValueError: not a model, or an argument that is not for this kind of model.

    Example:
        >>> import schuss
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(3)])
        >>> schuss.models.clone_model(model).count_params()
        15
    """
    if not isinstance(model, Model):
        raise ValueError(f"clone_model: expected a model, got {type(model).__name__}.")
    return _Cloning(clone_function, call_function, recursive).clone(model, input_tensors)


class _Cloning:
    """One call of `clone_model`: a layer that is met twice is cloned once."""

    def __init__(
        self,
        clone_function: Callable[[Layer], Layer] | None,
        call_function: Callable[..., Any] | None,
        recursive: bool,
    ):
        self.clone_function, self.call_function, self.recursive = clone_function, call_function, recursive
        self.made: dict[int, tuple[Layer, Layer]] = {}

    def clone(self, model: Model, input_tensors: Any = None) -> Model:
        if isinstance(model, Sequential):
            made: Model = self._sequential(model, input_tensors)
        elif model._function is not None and type(model).__init__ is Model.__init__:
            made = self._functional(model, input_tensors)
        else:
            return self._by_config(model, input_tensors)
        if model.compiled:
            with live_objects():
                made.compile_from_config(model.get_compile_config())
        return made

    def _layer(self, layer: Layer) -> Layer:
        if id(layer) not in self.made:
            self.made[id(layer)] = (layer, self._new(layer))
        return self.made[id(layer)][1]

    def _new(self, layer: Any) -> Layer:
        if self.recursive and isinstance(layer, Model) and layer._function is not None:
            return self.clone(layer)
        return self.clone_function(layer) if self.clone_function else _of_same_config(layer)

    def _sequential(self, model: Sequential, input_tensors: Any) -> Sequential:
        if self.call_function is not None and not self.recursive:
            raise ValueError(
                f'clone_model: `call_function` is for functional models; "{model.name}" is sequential.'
            )
        layers: list[Any] = [self._layer(layer) for layer in model.layers]
        if input_tensors is not None:
            layers.insert(0, _as_input(input_tensors))
        elif model._input_layer is not None:
            layers.insert(0, _of_same_config(model._input_layer))
        return Sequential(layers, name=model.name, trainable=model.trainable)

    def _functional(self, model: Model, input_tensors: Any) -> Model:
        function = model._function
        assert function is not None
        if input_tensors is None:
            inputs = _tree.map_structure(_like, function.inputs)
        else:
            inputs = input_tensors
            if not all(is_symbolic(leaf) for leaf in _tree.leaves(inputs)):
                raise ValueError(
                    f"clone_model: `input_tensors` must be symbolic tensors, got {input_tensors!r}."
                )
        flat = _tree.leaves(inputs)
        if len(flat) != len(function.input_tensors):
            raise ValueError(
                f'clone_model: model "{model.name}" has {len(function.input_tensors)} inputs, but `input_tensors` has '
                f"{len(flat)}."
            )
        values = {id(old): new for old, new in zip(function.input_tensors, flat, strict=True)}
        for node in function.nodes:
            args, kwargs = node.arguments(values)
            outputs = _tree.leaves(self._called(node.operation, args, kwargs))
            values.update((id(old), new) for old, new in zip(node.output_tensors, outputs, strict=True))
        outputs = _tree.map_structure(lambda tensor: values[id(tensor)], function.outputs)
        return type(model)(inputs, outputs, name=model.name)

    def _called(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not isinstance(operation, Layer):
            return operation.symbolic_call(args, kwargs)
        layer = self._layer(operation)
        return (
            layer(*args, **kwargs)
            if self.call_function is None
            else self.call_function(layer, *args, **kwargs)
        )

    def _by_config(self, model: Model, input_tensors: Any) -> Model:
        if not (self.clone_function is None and self.call_function is None and input_tensors is None):
            raise ValueError(
                "clone_model: `input_tensors`, `clone_function` and `call_function` are for sequential and functional "
                f'models; "{model.name}" is of the class {type(model).__name__}.'
            )
        with live_objects():
            return deserialize_keras_object(serialize_keras_object(model))


def _of_same_config(layer: Any) -> Any:
    with live_objects():
        return type(layer).from_config(layer.get_config())


def _like(tensor: Any) -> Any:
    operation = tensor._keras_history[0] if tensor._keras_history else None
    if isinstance(operation, InputLayer):
        return _of_same_config(operation).output
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype)


def _as_input(tensors: Any) -> Any:
    flat = _tree.leaves(tensors)
    if len(flat) != 1 or not is_symbolic(flat[0]):
        raise ValueError(f"clone_model: `input_tensors` must be one symbolic tensor, got {tensors!r}.")
    operation = flat[0]._keras_history[0] if flat[0]._keras_history else None
    return flat[0] if isinstance(operation, InputLayer) else Input(tensor=flat[0])


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """The model (without weights) whose `Model.to_json` was `json_string`.

    Args:
        json_string: text. custom_objects: name → class or function, for those that are not registered.

    Raises:
        ValueError: it is not JSON, not of a model, or of unknown classes.
    """
    try:
        config = json.loads(json_string)
    except json.JSONDecodeError as error:
        raise ValueError(f"model_from_json: the text is not JSON: {error}.") from None
    model = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(model, Model):
        raise ValueError("model_from_json: the text does not describe a model.")
    return model
