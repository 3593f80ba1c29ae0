"""Stacks of layers as data, ``[kind, *arguments]`` each: what shapes come out, and how much is multiplied.

| row | what it is |
|---|---|
| ``dense, units, activation`` | over the last axis |
| ``conv1d`` or ``conv2d, units, size, activation`` | stride 1, no padding |
| ``conv2d_norm, units`` | 3×3, padded, no bias; batch normalization; relu |
| ``block, units, stride`` | a residual block of two of these; where shapes differ, 1×1 and normalization on the shortcut |
| ``max_pool2d, size`` | |
| ``average1d``, ``average2d`` | over all axes but the batch's and the last |
| ``flatten``; ``dropout, rate`` | |
| ``embedding, words, units`` | |
| ``lstm`` or ``gru, units, sequences`` | all outputs, or the last one |
| ``positions`` | a learned vector for each place of the sequence is added |
| ``transformer, heads`` | causal attention, then dense layers, 4 times as wide between; each normalized before and added |
| ``layer_norm`` | over the last axis |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True)
class StackLayer:
    """A layer of a stack.

    Attributes:
        kind, arguments: its row. inputs, outputs: shapes of a row of the batch.
        products: floating-point operations of its contractions forward, for a row, a multiply-add being two.
    """

    kind: str
    arguments: tuple[Any, ...]
    inputs: Shape
    outputs: Shape
    products: int


def layers_of(rows: Any, inputs: Shape) -> list[StackLayer]:
    """Each layer, with its shapes.

    Args:
        rows: of the table above. inputs: the shape of a row of the batch.
    """
    found: list[StackLayer] = []
    shape = tuple(inputs)
    for kind, *arguments in rows:
        outputs, products = _RULES[kind](shape, *arguments)
        found.append(StackLayer(kind, tuple(arguments), shape, outputs, products))
        shape = outputs
    return found


def _dense(shape: Shape, units: int, activation: str) -> tuple[Shape, int]:
    return (*shape[:-1], units), 2 * math.prod(shape) * units


def _conv(shape: Shape, units: int, size: int, activation: str) -> tuple[Shape, int]:
    places = tuple(n - size + 1 for n in shape[:-1])
    return (*places, units), 2 * math.prod(places) * size ** len(places) * shape[-1] * units


def _conv2d_norm(shape: Shape, units: int, stride: int = 1, size: int = 3) -> tuple[Shape, int]:
    places = tuple(-(-n // stride) for n in shape[:-1])
    return (*places, units), 2 * math.prod(places) * size**2 * shape[-1] * units


def _block(shape: Shape, units: int, stride: int) -> tuple[Shape, int]:
    between, first = _conv2d_norm(shape, units, stride)
    outputs, second = _conv2d_norm(between, units)
    shortcut = _conv2d_norm(shape, units, stride, 1)[1] if outputs != shape else 0
    return outputs, first + second + shortcut


def _recurrent(gates: int) -> Callable[[Shape, int, bool], tuple[Shape, int]]:
    def rule(shape: Shape, units: int, sequences: bool) -> tuple[Shape, int]:
        steps, features = shape
        outputs = (steps, units) if sequences else (units,)
        return outputs, 2 * steps * gates * units * (features + units)

    return rule


def _transformer(shape: Shape, heads: int) -> tuple[Shape, int]:
    steps, features = shape
    matrices, scores = 12 * features**2, 2 * steps * features
    return shape, 2 * steps * (matrices + scores)


def _average(shape: Shape) -> tuple[Shape, int]:
    return shape[-1:], 0


_RULES: dict[str, Callable[..., tuple[Shape, int]]] = {
    "dense": _dense,
    "conv1d": _conv,
    "conv2d": _conv,
    "conv2d_norm": _conv2d_norm,
    "block": _block,
    "max_pool2d": lambda shape, size: ((shape[0] // size, shape[1] // size, shape[2]), 0),
    "average1d": _average,
    "average2d": _average,
    "flatten": lambda shape: ((math.prod(shape),), 0),
    "dropout": lambda shape, rate: (shape, 0),
    "embedding": lambda shape, words, units: ((*shape, units), 0),
    "lstm": _recurrent(4),
    "gru": _recurrent(3),
    "positions": lambda shape: (shape, 0),
    "transformer": _transformer,
    "layer_norm": lambda shape: (shape, 0),
}
