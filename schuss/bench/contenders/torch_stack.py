"""Stacks of layers in PyTorch: see `_stack`. Channels come first, as PyTorch has them, also in the data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from ._stack import StackLayer, layers_of

_PLAIN = torch.contiguous_format
_MOMENTUM, _EPSILON = 0.01, 1e-3  # of normalizations, as Keras has them
_ACTIVATIONS = {"relu": nn.ReLU}  # others stand last only, within the loss


def stack(workload: dict[str, Any]) -> nn.Module:
    """The stack, whose results are logits where the loss is a cross-entropy."""
    layers = layers_of(workload["layers"], workload["inputs"])
    modules = [module for layer in layers for module in _LAYERS[layer.kind](layer, *layer.arguments)]
    return nn.Sequential(*_bags(modules)).to(memory_format=_memory_format(workload))


def rows_of(x: torch.Tensor, workload: dict[str, Any]) -> torch.Tensor:
    """Images, or sequences of features, as PyTorch's convolutions want them."""
    if x.ndim < 3 or not x.is_floating_point():
        return x
    return x.movedim(-1, 1).contiguous(memory_format=_memory_format(workload) if x.ndim == 4 else _PLAIN)


def _memory_format(workload: dict[str, Any]) -> torch.memory_format:
    """In which order channels and places lie. Measured: with normalization, channels last take two thirds of the time
    (ResNet-20); without it, a quarter more (two convolutions)."""
    return torch.channels_last if any(kind == "conv2d_norm" for kind, *_ in workload["layers"]) else _PLAIN


class Block(nn.Module):
    """A residual block."""

    def __init__(self, inputs: int, units: int, stride: int) -> None:
        super().__init__()
        self.way = nn.Sequential(*_norm(inputs, units, stride), nn.ReLU(), *_norm(units, units))
        same = stride == 1 and inputs == units
        self.shortcut = nn.Identity() if same else nn.Sequential(*_norm(inputs, units, stride, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.way(x) + self.shortcut(x))


class Recurrent(nn.Module):
    """An LSTM or GRU, and which of its outputs are wanted."""

    def __init__(self, kind: type[nn.RNNBase], features: int, units: int, sequences: bool) -> None:
        super().__init__()
        self.cells = kind(features, units, batch_first=True)
        self.sequences = sequences

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.cells(x)
        return outputs if self.sequences else outputs[:, -1]


class Positions(nn.Module):
    """A learned vector for each place is added."""

    def __init__(self, steps: int, features: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(steps, features) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.table


class Transformer(nn.Module):
    """A block of causal attention and dense layers. One matrix makes queries, keys and values, which is quickest."""

    def __init__(self, features: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(features, _EPSILON), nn.LayerNorm(features, _EPSILON)
        self.projections, self.results = nn.Linear(features, 3 * features), nn.Linear(features, features)
        self.dense = nn.Sequential(
            nn.Linear(features, 4 * features), nn.GELU(), nn.Linear(4 * features, features)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attended(self.first(x))
        return x + self.dense(self.second(x))

    def attended(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.projections(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.results(y.transpose(1, 2).flatten(2))


class Average(nn.Module):
    """The mean over all axes between the batch's and the channels."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(self.axes)


class TimeFirst(nn.Module):
    """From (batch, channels, time) to (batch, time, channels)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(1, 2)


def _norm(inputs: int, units: int, stride: int = 1, size: int = 3) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, units, size, stride, padding=size // 2, bias=False)
    return [conv, nn.BatchNorm2d(units, _EPSILON, _MOMENTUM)]


def _with(module: nn.Module, activation: str) -> list[nn.Module]:
    return [module, _ACTIVATIONS[activation]()] if activation in _ACTIVATIONS else [module]


def _recurrent(kind: type[nn.RNNBase]) -> Callable[[StackLayer, int, bool], list[nn.Module]]:
    return lambda layer, units, sequences: [Recurrent(kind, layer.inputs[-1], units, sequences)]


def _bags(modules: list[nn.Module]) -> list[nn.Module]:
    """An embedding and the mean over its words are one module, with sparse gradients, which are quicker."""
    found: list[nn.Module] = []
    for module, after in pairwise([*modules, nn.Identity()]):
        if isinstance(module, nn.Embedding) and isinstance(after, Average):
            words, units = module.weight.shape
            found.append(nn.EmbeddingBag(words, units, mode="mean", sparse=True))
        elif not (isinstance(module, Average) and found and isinstance(found[-1], nn.EmbeddingBag)):
            found.append(module)
    return found


_LAYERS: dict[str, Callable[..., list[nn.Module]]] = {
    "dense": lambda layer, units, activation: _with(nn.Linear(layer.inputs[-1], units), activation),
    "conv1d": lambda layer, units, size, activation: [
        *_with(nn.Conv1d(layer.inputs[-1], units, size), activation),
        TimeFirst(),
    ],
    "conv2d": lambda layer, units, size, activation: _with(
        nn.Conv2d(layer.inputs[-1], units, size), activation
    ),
    "conv2d_norm": lambda layer, units: [*_norm(layer.inputs[-1], units), nn.ReLU()],
    "block": lambda layer, units, stride: [Block(layer.inputs[-1], units, stride)],
    "max_pool2d": lambda layer, size: [nn.MaxPool2d(size)],
    "average1d": lambda layer: [Average((1,))],
    "average2d": lambda layer: [Average((2, 3))],
    "flatten": lambda layer: [nn.Flatten()],
    "dropout": lambda layer, rate: [nn.Dropout(rate)],
    "embedding": lambda layer, words, units: [nn.Embedding(words, units)],
    "lstm": _recurrent(nn.LSTM),
    "gru": _recurrent(nn.GRU),
    "positions": lambda layer: [Positions(*layer.inputs)],
    "transformer": lambda layer, heads: [Transformer(layer.inputs[-1], heads)],
    "layer_norm": lambda layer: [nn.LayerNorm(layer.inputs[-1], _EPSILON)],
}
