"""A functional model as a config, and back: its layers, and for each the calls made on it."""

from __future__ import annotations

from typing import Any

from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._symbolic import Node, is_symbolic
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


def functional_config(model: Any) -> dict[str, Any]:
    """``{"name", "trainable", "layers", "input_layers", "output_layers"}``, Keras 3's layout."""
    function = model._function
    address: dict[int, list[Any]] = {}
    for tensor, layer in zip(function.input_tensors, function.input_layers, strict=True):
        address[id(tensor)] = [layer.name, 0, 0]
    calls: dict[int, list[Node]] = {}
    for node in function.nodes:
        if not isinstance(node.operation, Layer):
            raise NotImplementedError(
                f'Model "{model.name}" uses the function "{node.operation.name}" on symbolic values; only layers can '
                "be written to a config. Put it into a layer, for instance a Lambda of a registered function."
            )
        nodes = calls.setdefault(id(node.operation), [])
        for index, tensor in enumerate(node.output_tensors):
            address[id(tensor)] = [node.operation.name, len(nodes), index]
        nodes.append(node)
    layers = [
        {
            **serialize_keras_object(layer),
            "name": layer.name,
            "inbound_nodes": [_described_call(node, address) for node in calls.get(id(layer), [])],
        }
        for layer in function.layers
    ]
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _addresses(function.inputs, address),
        "output_layers": _addresses(function.outputs, address),
    }


def _addresses(structure: Any, address: dict[int, list[Any]]) -> Any:
    return _tree.map_structure(lambda tensor: address[id(tensor)], structure)


def _described_call(node: Node, address: dict[int, list[Any]]) -> dict[str, Any]:
    def described(leaf: Any) -> Any:
        if not is_symbolic(leaf):
            return serialize_keras_object(leaf)
        history = address[id(leaf)]
        config = {"shape": list(leaf.shape), "dtype": leaf.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    args = [_nested(described, arg) for arg in node.args]
    kwargs = {key: _nested(described, value) for key, value in node.kwargs.items()}
    return {"args": args, "kwargs": kwargs}


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
        layer = deserialize_keras_object(
            {k: v for k, v in described.items() if k not in ("name", "inbound_nodes")}
        )
        layers[described["name"]] = layer
        waiting += [(layer, call) for call in described["inbound_nodes"]]
    made: dict[tuple[str, int], Node] = {}
    counts: dict[str, int] = {}
    names = {id(layer): name for name, layer in layers.items()}
    for name, layer in layers.items():
        if layer._inbound_nodes and not hasattr(layer, "_function"):
            made[name, 0] = layer._inbound_nodes[-1]
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
    inputs, outputs = (_tensors_at(config[key], made) for key in ("input_layers", "output_layers"))
    model = cls(inputs=inputs, outputs=outputs, name=config.get("name"))
    if not config.get("trainable", True):
        model.trainable = False
    return model


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
