"""A functional model as a config, and back: its layers, and for each the calls made on it."""

from __future__ import annotations

from typing import Any

from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._symbolic import Node, is_symbolic
from schuss.layers.core.input_layer import InputLayer
from schuss.models._operation_config import RevivedOperation, is_operation_config, operation_config
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


def functional_config(model: Any) -> dict[str, Any]:
    """``{"name", "trainable", "layers", "input_layers", "output_layers"}``, Keras 3's layout."""
    function = model._function
    address: dict[int, list[Any]] = {}
    for tensor, layer in zip(function.input_tensors, function.input_layers, strict=True):
        address[id(tensor)] = [layer.name, 0, 0]
    calls: dict[int, list[Node]] = {}
    for node in function.nodes:
        nodes = calls.setdefault(id(node.operation), [])
        for index, tensor in enumerate(node.output_tensors):
            address[id(tensor)] = [node.operation.name, len(nodes), index]
        nodes.append(node)
    layers = [
        _described(operation, calls.get(id(operation), []), address) for operation in function.operations
    ]
    ends = _with_own_node(address, function)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _addresses(function.inputs, ends),
        "output_layers": _addresses(function.outputs, ends),
    }


def _described(operation: Any, nodes: list[Node], address: dict[int, list[Any]]) -> dict[str, Any]:
    """A layer or function with its calls."""
    if isinstance(operation, Layer):
        described, calls = serialize_keras_object(operation), [(node.args, node.kwargs) for node in nodes]
    else:
        found = [operation_config(operation, node) for node in nodes]
        described, calls = found[0][0], [(args, {}) for _, args in found]
    inbound = [_described_call(args, kwargs, address) for args, kwargs in calls]
    return {**described, "name": operation.name, "inbound_nodes": inbound}


def _with_own_node(address: dict[int, list[Any]], function: Any) -> dict[int, list[Any]]:
    """Addresses as Keras counts them for a model's inputs and outputs: a functional model within has one call
    more, the first, that leads from its own inputs to its own outputs."""
    within = {operation.name for operation in function.operations if _is_functional(operation)}
    return {
        key: [name, index + 1, place] if name in within else [name, index, place]
        for key, (name, index, place) in address.items()
    }


def _is_functional(layer: Any) -> bool:
    """Whether it is made of inputs and outputs (a sequential model is not)."""
    return getattr(layer, "_function", None) is not None and not hasattr(layer, "_stack")


def _addresses(structure: Any, address: dict[int, list[Any]]) -> Any:
    return _tree.map_structure(lambda tensor: address[id(tensor)], structure)


def _described_call(
    args: tuple[Any, ...], kwargs: dict[str, Any], address: dict[int, list[Any]]
) -> dict[str, Any]:
    def described(leaf: Any) -> Any:
        if not is_symbolic(leaf):
            return serialize_keras_object(leaf)
        history = address[id(leaf)]
        config = {"shape": list(leaf.shape), "dtype": leaf.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    return {
        "args": [_nested(described, arg) for arg in args],
        "kwargs": {key: _nested(described, value) for key, value in kwargs.items()},
    }


def _nested(function: Any, structure: Any) -> Any:
    return None if structure is None else _tree.map_structure(function, structure)


def model_from_config(cls: type, config: dict[str, Any]) -> Any:
    """A functional model: its layers are made, then called as the config says.

    Raises:
        ValueError: the config refers to a layer or a call that it does not contain.
    """
    layers: dict[str, Any] = {}
    waiting: list[tuple[Any, dict[str, Any]]] = []
    for described in config["layers"]:
        layer = _revived_layer({k: v for k, v in described.items() if k not in ("name", "inbound_nodes")})
        layers[described["name"]] = layer
        waiting += [(layer, call) for call in described["inbound_nodes"]]
    made: dict[tuple[str, int], Node] = {}
    counts: dict[str, int] = {}
    names = {id(layer): name for name, layer in layers.items()}
    for name, layer in layers.items():
        if isinstance(layer, InputLayer):
            made[name, 0] = layer._inbound_nodes[0]
    while waiting:
        left: list[tuple[Any, dict[str, Any]]] = []
        blocked: set[int] = set()
        for layer, call in waiting:
            if id(layer) in blocked or not _is_ready(call, made):
                blocked.add(id(layer))
                left.append((layer, call))
                continue
            _make_call(layer, call, made)
            name = names[id(layer)]
            made[name, counts.get(name, 0)] = layer._inbound_nodes[-1]
            counts[name] = counts.get(name, 0) + 1
        if len(left) == len(waiting):
            stuck = ", ".join(sorted({names[id(layer)] for layer, _ in left}))
            raise ValueError(f"The model's config is inconsistent: the inputs of {stuck} are never made.")
        waiting = left
    own = {name for name, layer in layers.items() if _is_functional(layer)}
    ends = {(name, index + 1 if name in own else index): node for (name, index), node in made.items()}
    inputs, outputs = (_tensors_at(config[key], ends) for key in ("input_layers", "output_layers"))
    model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
    if not config.get("trainable", True):
        model.trainable = False
    return model


def _revived_layer(config: dict[str, Any]) -> Any:
    return RevivedOperation(config) if is_operation_config(config) else deserialize_keras_object(config)


def _is_tensor_config(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _histories(value: Any) -> list[Any]:
    if _is_tensor_config(value):
        return [value["config"]["keras_history"]]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return [history for item in items for history in _histories(item)]


def _is_ready(call: dict[str, Any], made: dict[tuple[str, int], Node]) -> bool:
    return all((name, index) in made for name, index, _ in _histories([call["args"], call["kwargs"]]))


def _make_call(layer: Any, call: dict[str, Any], made: dict[tuple[str, int], Node]) -> None:
    def value(described: Any) -> Any:
        if _is_tensor_config(described):
            name, index, place = described["config"]["keras_history"]
            return made[name, index].output_tensors[place]
        if isinstance(described, dict) and not _histories(described):
            return deserialize_keras_object(described)
        if isinstance(described, dict):
            return {key: value(item) for key, item in described.items()}
        if isinstance(described, (list, tuple)):
            return [value(item) for item in described]
        return described

    layer(*[value(arg) for arg in call["args"]], **{key: value(item) for key, item in call["kwargs"].items()})


def _tensors_at(structure: Any, made: dict[tuple[str, int], Node]) -> Any:
    if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
        name, index, place = structure
        if (name, index) not in made:
            raise ValueError(
                f"The model's config refers to call {index} of layer {name!r}, which it does not contain."
            )
        return made[name, index].output_tensors[place]
    if isinstance(structure, dict):
        return {key: _tensors_at(item, made) for key, item in structure.items()}
    return [_tensors_at(item, made) for item in structure]
