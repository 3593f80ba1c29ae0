"""Symbols for the tensors of a step: x, W⁽¹⁾, z⁽¹⁾, a⁽¹⁾, …, numbered by layers in the order in which they were called."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from schuss.graph import Node, Tensor, Variable
from schuss.insight.explanation._explanation import Quantity
from schuss.insight.explanation._record import Call, Recorded
from schuss.insight.explanation._words import SYMBOLS

_PASSES_ON = ("identity", "materialize", "recompute", "stop_gradient")
_MOVES = ("broadcast_in_dim", "reshape", "convert", "transpose", *_PASSES_ON)


class Symbols:
    """Which quantity stands for which tensor."""

    def __init__(self, step: Recorded):
        self.step = step
        self.by_tensor: dict[int, Quantity] = {}
        self.by_variable: dict[int, Quantity] = {}
        self._keys: set[str] = set()

    def add(self, tensor: Tensor, key: str, symbol: str, name: str, formula: str = "") -> Quantity:
        """A new quantity for the tensor, or the one it has."""
        if tensor.id in self.by_tensor:
            return self.by_tensor[tensor.id]
        made = Quantity(self.key(key), symbol, name, self.step.values[tensor.id], formula, tensor)
        self.by_tensor[tensor.id] = made
        return made

    def key(self, wanted: str) -> str:
        """The key, or one like it that is not in use."""
        key, number = wanted, 2
        while key in self._keys:
            key, number = f"{wanted}#{number}", number + 1
        self._keys.add(key)
        return key

    def known(self, tensor: Tensor) -> Quantity | None:
        """The quantity with the tensor's numbers: of itself, or of what was only handed on."""
        while tensor.id not in self.by_tensor:
            node = tensor.node
            if node is None or not _hands_on(node):
                return None
            tensor = node.inputs[0]
        return self.by_tensor[tensor.id]

    def weights_of(self, call: Call, number: int) -> dict[str, Quantity]:
        """The layer's weights by their letters, numbered like the layer in which they were seen first."""
        found: dict[str, Quantity] = {}
        for variable in call.variables:
            if id(variable) not in self.step.reads:
                continue
            letter = _letter(variable)
            same = [v for v in call.variables if _letter(v) == letter]
            if len(same) > 1:
                letter = f"{letter}_{1 + next(i for i, v in enumerate(same) if v is variable)}"
            found[letter] = self.weight(variable, letter, number)
        return found

    def weight(self, variable: Variable, letter: str, number: int) -> Quantity:
        """The quantity of a variable's old value."""
        if id(variable) not in self.by_variable:
            plain = letter.strip('"').replace("_", "")
            quantity = self.add(
                self.step.reads[id(variable)], f"{plain}{number}", raised(letter, number), variable.path
            )
            self.by_variable[id(variable)] = quantity
        return self.by_variable[id(variable)]


def raised(letter: str, number: int) -> str:
    """The letter with the layer's number: ``W^(2)``; ``W_1^(2)`` if it has an index."""
    return f"{letter}^({number})"


def _letter(variable: Variable) -> str:
    name = re.sub(r"[^A-Za-z0-9 ]", " ", variable.name).strip() or "w"
    return SYMBOLS.get(variable.name, name if len(name) == 1 else f'"{name}"')


def _hands_on(node: Node) -> bool:
    if node.primitive.name in _PASSES_ON:
        return True
    x = node.inputs[0] if node.inputs else None
    if x is None:
        return False
    same = node.primitive.name == "convert" and x.dtype.kind in "fiu" and node.outputs[0].dtype.kind in "fiu"
    return same or (node.primitive.name == "reshape" and x.shape == node.outputs[0].shape)


def before_activation(call: Call, nodes: list[Node], weights: list[Tensor]) -> Tensor | None:
    """z: the sum that a layer's activation is applied to: where the bias was added, else its last product."""
    output = call.outputs[0] if len(call.outputs) == 1 else None
    if output is None:
        return None
    own = [nodes[n] for n in call.own_nodes()]
    moved = {t.id for t in weights if len(t.shape) <= 1}
    product: set[int] = set()
    found = None
    for node in own:
        name, made = node.primitive.name, node.outputs[0]
        if name == "dot_general" or (name in ("custom_gradient",) and _has_product(own)):
            product.add(made.id)
        elif name in _MOVES:
            for ids in (moved, product):
                if node.inputs[0].id in ids:
                    ids.add(made.id)
        elif (
            name == "add"
            and any(t.id in moved for t in node.inputs)
            and any(t.id in product for t in node.inputs)
        ):
            return made if made.shape == output.shape else None
        if made.id in product and made.shape == output.shape:
            found = made
    return found


def _has_product(nodes: list[Node]) -> bool:
    return any(node.primitive.name == "dot_general" for node in nodes)


def sizes(array: np.ndarray) -> str:
    """An array's shape as text: ``4 × 3``."""
    return " × ".join(map(str, array.shape)) or "a number"


def plain_name(thing: Any) -> str:
    """A class's name."""
    return type(thing).__name__
