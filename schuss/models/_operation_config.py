"""Functions called on symbolic values as configs, in Keras 3's layout, and back."""

from __future__ import annotations

import inspect
from typing import Any

from schuss import ops
from schuss.graph import OPERATORS
from schuss.layers._symbolic import Node, Operation
from schuss.models._keras_operations import BY_CLASS, BY_FUNCTION, KerasOperation
from schuss.saving.serialization import deserialize_arguments, serialize_keras_object


def class_name_of(operation: Operation) -> str:
    """What Keras calls the function's class: ``"ExpandDims"``; without one, the function's own name."""
    row = BY_FUNCTION.get(_function_name(operation))
    return row.class_name if row else _function_name(operation)


def operation_config(operation: Operation, node: Node) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The config of a function with its options, and the arguments of its call.

    Raises:
        NotImplementedError: Keras has no class for it, or not for one of the options.
    """
    row = BY_FUNCTION.get(_function_name(operation))
    if row is None:
        raise NotImplementedError(
            f'The function "{_function_name(operation)}" on symbolic values cannot be written to a config. Put it into '
            "a layer: a class of your own, or a Lambda of a registered function."
        )
    signature = inspect.signature(operation.function)
    bound = signature.bind(*node.args, **node.kwargs)
    bound.apply_defaults()
    options = {name: value for name, value in bound.arguments.items() if name in row.options}
    call: list[Any] = []
    for name, value in bound.arguments.items():
        if name in options:
            continue
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            call.extend(value)
        elif kind is not inspect.Parameter.VAR_KEYWORD:
            call.append(value)
    while call and call[-1] is None:
        call.pop()
    config = {"name": operation.name, **serialize_keras_object(options)}
    described = {
        "module": row.module,
        "class_name": row.class_name,
        "config": config,
        "registered_name": row.class_name,
    }
    return described, tuple(call)


def is_operation_config(config: dict[str, Any]) -> bool:
    return str(config.get("module") or "").startswith("keras.src.ops.") and config["class_name"] in BY_CLASS


class RevivedOperation:
    """A function with its options, from a config; to be called on symbolic values, once or several times.

    Args:
        config: what `operation_config` returned, or Keras wrote.

    Raises:
        ValueError: there is no such function here.
    """

    def __init__(self, config: dict[str, Any]):
        self._row: KerasOperation = BY_CLASS[config["class_name"]]
        name = self._row.function
        function = OPERATORS["getitem"] if name == "get_item" else _function(name)
        if function is None:
            raise ValueError(
                f"The config has the operation {self._row.class_name!r} ({config['module']}), but there is no "
                f"schuss.ops.{name}."
            )
        options = deserialize_arguments(config["config"])
        self._operation = Operation(inspect.unwrap(function), options.pop("name", None))
        self.options = options
        self.name = self._operation.name

    @property
    def _inbound_nodes(self) -> list[Node]:
        return self._operation._inbound_nodes

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        signature = inspect.signature(self._operation.function)
        known = {name: value for name, value in self.options.items() if name in signature.parameters}
        named: dict[str, Any] = {**kwargs, **known}
        positional: list[Any] = []
        rest = list(args)
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional += rest
                rest = []
            elif parameter.name in named:
                positional.append(named.pop(parameter.name))
            elif rest and parameter.kind is not parameter.KEYWORD_ONLY:
                positional.append(rest.pop(0))
            else:
                break
        if self._row.function == "get_item" and isinstance(positional[1], list):
            positional[1] = tuple(positional[1])
        return self._operation.symbolic_call(tuple(positional), named)


def _function(name: str) -> Any:
    return getattr(ops, name, None) or getattr(ops.image, name, None)


def _function_name(operation: Operation) -> str:
    return getattr(operation.function, "__name__", "function")
