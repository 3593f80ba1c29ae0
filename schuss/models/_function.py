"""Function: what leads from symbolic inputs to symbolic outputs, as a list of calls that can be repeated on
values."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.graph import _tree, as_text, is_text
from schuss.layers._input_spec import InputSpec, check_inputs
from schuss.layers._layer import Layer
from schuss.layers._masks import get_mask, set_mask
from schuss.layers._symbolic import KerasTensor, Node, is_symbolic
from schuss.layers.core.input_layer import InputLayer


class Function:
    """The calls of layers and operations between symbolic inputs and outputs.

    Args:
        inputs, outputs: nested structures of `KerasTensor`s.
        name: of the model, for messages.

    Attributes:
        nodes: the calls, in an order in which they can be made. operations: the layers and operations, in
            Keras's order (from the inputs on, by their distance from the outputs).

    Raises:
        ValueError: an output depends on an input that is not among `inputs`.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str):
        self.inputs, self.outputs, self.name = inputs, outputs, name
        self.input_tensors = _symbolic_leaves(inputs, "inputs", name)
        self.output_tensors = _symbolic_leaves(outputs, "outputs", name)
        if len({id(tensor) for tensor in self.input_tensors}) != len(self.input_tensors):
            raise ValueError(f'Model "{name}": an input is listed more than once.')
        self.input_layers = [_input_layer_of(tensor) for tensor in self.input_tensors]
        self.nodes: list[Node] = []
        self._visited: dict[Any, None] = {}
        self._find_nodes()
        self.operations = self._operations_by_depth()
        _require_unique_names(self.operations, name)
        self.specs = [
            self._spec(tensor, layer) for tensor, layer in zip(self.input_tensors, self.input_layers)
        ]

    def _spec(self, tensor: KerasTensor, layer: InputLayer) -> InputSpec:
        shape = (None, *tensor.shape[1:]) if tensor.shape else ()
        name = layer.name if isinstance(self.inputs, dict) or len(self.input_tensors) > 1 else None
        return InputSpec(shape=shape, allow_last_axis_squeeze=True, name=name, optional=layer.optional)

    def _find_nodes(self) -> None:
        """Fill `nodes`, each after those whose outputs it takes; iterative, for models may be deep."""
        known = {id(tensor): layer for tensor, layer in zip(self.input_tensors, self.input_layers)}
        done: set[int] = set()
        pending: list[tuple[KerasTensor | None, Node | None]] = [(t, None) for t in self.output_tensors[::-1]]
        while pending:
            tensor, finished = pending.pop()
            if finished is not None:
                self.nodes.append(finished)
                continue
            if tensor is None:
                continue
            if id(tensor) in known:
                self._visited.setdefault(known[id(tensor)])
                continue
            if tensor._keras_history is None:
                raise ValueError(
                    f'Model "{self.name}": {tensor} was not made by calling a layer on an `Input`.'
                )
            operation, index, _ = tensor._keras_history
            node = operation._inbound_nodes[index]
            if id(node) in done:
                continue
            if node.is_input:
                raise ValueError(
                    f'Model "{self.name}": the outputs depend on the input "{operation.name}", which is not among the '
                    f"model's inputs ({', '.join(layer.name for layer in self.input_layers)}). Add it to "
                    "`inputs`."
                )
            done.add(id(node))
            self._visited.setdefault(operation)
            pending.append((None, node))
            pending.extend((source, None) for source in node.input_tensors[::-1])

    def _operations_by_depth(self) -> list[Any]:
        """Operations far from the outputs first; those equally far in the order in which the outputs lead to
        them."""
        maker = {id(tensor): node for node in self.nodes for tensor in node.output_tensors}
        depth_of_node: dict[int, int] = {}
        depth: dict[int, int] = {}
        for node in reversed(self.nodes):
            own = max(depth_of_node.get(id(node), 0), depth.get(id(node.operation), 0))
            depth_of_node[id(node)] = depth[id(node.operation)] = own
            for tensor in node.input_tensors:
                source = maker.get(id(tensor))
                if source is not None:
                    depth_of_node[id(source)] = max(depth_of_node.get(id(source), 0), own + 1)
        for tensor, layer in zip(self.input_tensors, self.input_layers):
            users = [
                depth_of_node[id(node)] for node in self.nodes if any(t is tensor for t in node.input_tensors)
            ]
            depth[id(layer)] = max(users, default=-1) + 1
        unused = [layer for layer in self.input_layers if layer not in self._visited]
        ordered = [*unused, *self._visited]
        return sorted(ordered, key=lambda operation: -depth[id(operation)])

    @property
    def layers(self) -> list[Layer]:
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    def standardized(self, inputs: Any) -> list[Any]:
        """The inputs as a list in the model's order, with the ranks and dtypes that it was built for.

        Raises:
            ValueError: another number of inputs, a missing name, or a shape that does not fit; the model is
                named.
        """
        if isinstance(inputs, dict):
            flat = self._by_name(inputs)
        else:
            self._require_order()
            flat = [None] if inputs is None else _flat_inputs(inputs)
        self._check(flat)
        return [
            self._text(value, layer) if layer.dtype == "string" or is_text(value) else _fitted(value, tensor)
            for value, tensor, layer in zip(flat, self.input_tensors, self.input_layers, strict=True)
        ]

    def _text(self, value: Any, layer: InputLayer) -> Any:
        """Text for an input of text, with a last axis of size 1 added or removed where it was declared so."""
        if value is None or is_symbolic(value):
            return value
        if layer.dtype != "string" or not is_text(value):
            wanted, came = ("text", value.dtype) if layer.dtype == "string" else (layer.dtype, "text")
            raise TypeError(
                f'Model "{self.name}": the input "{layer.name}" takes {wanted}, but received {came}. '
                "Input(…, dtype='string') declares an input of text."
            )
        value = as_text(value) if not hasattr(value, "numbers") else value
        rank, shape = len(layer.batch_shape), tuple(value.shape)
        if len(shape) == rank + 1 and shape[-1] == 1:
            return value.reshape(shape[:-1])
        if len(shape) == rank - 1 and layer.batch_shape[-1] == 1:
            return value.reshape((*shape, 1))
        return value

    def _check(self, flat: list[Any]) -> None:
        if len(flat) != len(self.specs):
            check_inputs(self.specs, flat, self.name)
        missing = [
            layer.name
            for value, layer in zip(flat, self.input_layers)
            if value is None and not layer.optional
        ]
        if missing:
            raise ValueError(
                f'Model "{self.name}": None was given for the input "{missing[0]}", which is not optional.'
            )
        given = [(spec, value) for spec, value in zip(self.specs, flat, strict=True) if value is not None]
        check_inputs([spec for spec, _ in given], [value for _, value in given], self.name)

    def _require_order(self) -> None:
        """A ValueError if inputs without names could be meant in two orders: that of the dict, or that of its
        sorted keys."""
        if isinstance(self.inputs, dict) and list(self.inputs) != sorted(self.inputs):
            raise ValueError(
                f'Model "{self.name}" was made with a dict of inputs, {list(self.inputs)}; pass a dict with these keys.'
            )

    def _by_name(self, inputs: dict[str, Any]) -> list[Any]:
        if isinstance(self.inputs, dict) and set(self.inputs) <= set(inputs):
            return [inputs[key] for key in sorted(self.inputs)]
        names = [layer.name for layer in self.input_layers]
        missing = [
            layer.name for layer in self.input_layers if layer.name not in inputs and not layer.optional
        ]
        if missing:
            raise ValueError(
                f'Model "{self.name}": missing data for input "{missing[0]}". It has the inputs {names}; given were '
                f"{sorted(inputs)}."
            )
        return [inputs.get(name) for name in names]

    def __call__(self, inputs: Any) -> Any:
        """The outputs for values of the inputs."""
        flat = self.standardized(inputs)
        values = {id(tensor): value for tensor, value in zip(self.input_tensors, flat, strict=True)}
        for node in self.nodes:
            args, kwargs = node.arguments(values)
            outputs = _tree.leaves(node.operation(*args, **kwargs))
            values.update(
                (id(tensor), value) for tensor, value in zip(node.output_tensors, outputs, strict=True)
            )
        return _filled(self.outputs, values)


def _filled(structure: Any, values: dict[int, Any]) -> Any:
    """`structure` with values (by the id of the symbolic tensor) in place of tensors; the keys of dicts keep
    their order."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: _filled(item, values) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        items = [_filled(item, values) for item in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)
    return values[id(structure)]


def _require_unique_names(operations: list[Any], model: str) -> None:
    names = [operation.name for operation in operations]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f'Model "{model}": the name "{name}" is used {names.count(name)} times. All names of layers (and '
                "inputs) must be unique: give each a `name` of its own, or none."
            )


def _symbolic_leaves(structure: Any, what: str, name: str) -> list[KerasTensor]:
    flat = _tree.leaves(structure)
    for leaf in flat:
        if not is_symbolic(leaf):
            raise ValueError(
                f'Model "{name}": `{what}` must be made of `Input`s and what layers return for them; got '
                f"{type(leaf).__name__}: {leaf!r}."
            )
    if not flat:
        raise ValueError(f'Model "{name}": `{what}` is empty.')
    return flat


def _input_layer_of(tensor: KerasTensor) -> InputLayer:
    """The layer that made an input; a new one for a tensor inside of another model, which is cut there."""
    operation = tensor._keras_history[0] if tensor._keras_history else None
    if isinstance(operation, InputLayer):
        return operation
    return InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype)


def _flat_inputs(inputs: Any) -> list[Any]:
    if isinstance(inputs, (list, tuple)):
        return [leaf for item in inputs for leaf in ([None] if item is None else _tree.leaves(item))]
    return _tree.leaves(inputs)


def _fitted(value: Any, tensor: KerasTensor) -> Any:
    """`value` with a last axis of size 1 added or removed where the input was declared so, in the declared
    dtype."""
    if value is None or is_symbolic(value):
        return value
    rank = len(tensor.shape)
    mask, given = get_mask(value), value
    if len(value.shape) == rank + 1 and value.shape[-1] == 1:
        value = ops.squeeze(value, axis=-1)
    elif len(value.shape) == rank - 1 and tensor.shape[-1] == 1:
        value = ops.expand_dims(value, axis=-1)
    if value.dtype != tensor.dtype:
        value = ops.cast(value, tensor.dtype)
    if mask is not None and value is not given:
        set_mask(value, mask)
    return value
