"""Stacks of layers in plain JAX: see `_stack`. Those without state and chance only, which take a few lines each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from . import UnableError
from ._stack import StackLayer, layers_of

Weights = tuple[Any, ...]


def stack(workload: dict[str, Any]) -> tuple[Any, Callable[[Any, Any], Any]]:
    """First weights, and the function of weights and rows; its results are logits, where the loss is a
    cross-entropy.

    Raises:
        UnableError: a layer of another kind.
    """
    layers = layers_of(workload["layers"], workload["inputs"])
    for layer in layers:
        if layer.kind not in _LAYERS:
            raise UnableError(f"no {layer.kind} in plain JAX")
    keys = jax.random.split(jax.random.key(0), len(layers))
    initial = [
        tuple(_first(key, shape) for shape in _LAYERS[layer.kind][0](layer, *layer.arguments))
        for key, layer in zip(keys, layers, strict=True)
    ]

    def forward(weights: Any, x: Any) -> Any:
        for own, layer in zip(weights, layers, strict=True):
            x = _LAYERS[layer.kind][1](own, x, *layer.arguments)
        return x

    return initial, forward


def _first(key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros for a bias, small normal numbers for a matrix."""
    return jnp.zeros(shape) if len(shape) == 1 else jax.random.normal(key, shape) * shape[-1] ** -0.5


def _activation(name: str) -> Callable[[Any], Any]:
    return jax.nn.relu if name == "relu" else lambda z: z  # others stand last only, within the loss


def _dense(weights: Weights, x: Any, units: int, activation: str) -> Any:
    W, b = weights
    return _activation(activation)(x @ W + b)


def _conv1d(weights: Weights, x: Any, units: int, size: int, activation: str) -> Any:
    W, b = weights
    z = jax.lax.conv_general_dilated(x, W, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC"))
    return _activation(activation)(z + b)


def _lstm(weights: Weights, x: Any, units: int, sequences: bool) -> Any:
    W, U, b = weights
    zeros = jnp.zeros((len(x), units))

    def step(states: Any, z: Any) -> Any:
        h, c = states
        i, f, g, o = jnp.split(z + h @ U, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h if sequences else None

    (h, _), outputs = jax.lax.scan(step, (zeros, zeros), (x @ W + b).swapaxes(0, 1))
    return outputs.swapaxes(0, 1) if sequences else h


def _gru(weights: Weights, x: Any, units: int, sequences: bool) -> Any:
    W, U, b, d = weights

    def step(h: Any, z: Any) -> Any:
        z, r, n = jnp.split(z, 3, axis=-1)
        uz, ur, un = jnp.split(h @ U + d, 3, axis=-1)
        z, r = jax.nn.sigmoid(z + uz), jax.nn.sigmoid(r + ur)
        h = z * h + (1 - z) * jnp.tanh(n + r * un)
        return h, h if sequences else None

    h, outputs = jax.lax.scan(step, jnp.zeros((len(x), units)), (x @ W + b).swapaxes(0, 1))
    return outputs.swapaxes(0, 1) if sequences else h


def _norm(shift: Any, x: Any, scale: Any) -> Any:
    z = x - x.mean(-1, keepdims=True)
    return z * jax.lax.rsqrt((z * z).mean(-1, keepdims=True) + 1e-3) * (1 + scale) + shift


def _transformer_shapes(layer: StackLayer, heads: int) -> list[tuple[int, ...]]:
    n = layer.inputs[-1]
    return [
        (n,),
        (n,),
        (n, 3 * n),
        (3 * n,),
        (n, n),
        (n,),
        (n,),
        (n,),
        (n, 4 * n),
        (4 * n,),
        (4 * n, n),
        (n,),
    ]


def _transformer(weights: Weights, x: Any, heads: int) -> Any:
    shift, scale, W, b, V, c, shift2, scale2, W1, b1, W2, b2 = weights
    parts = jnp.split(_norm(shift, x, scale) @ W + b, 3, axis=-1)
    q, k, v = (part.reshape(*x.shape[:2], heads, -1) for part in parts)
    x = x + jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(x.shape) @ V + c
    return x + jax.nn.gelu(_norm(shift2, x, scale2) @ W1 + b1, approximate=False) @ W2 + b2


def _recurrent_shapes(gates: int, biases: int) -> Callable[..., list[tuple[int, ...]]]:
    def shapes(layer: StackLayer, units: int, sequences: bool) -> list[tuple[int, ...]]:
        wide = gates * units
        return [(layer.inputs[-1], wide), (units, wide), *[(wide,)] * biases]

    return shapes


_LAYERS: dict[str, tuple[Callable[..., list[tuple[int, ...]]], Callable[..., Any]]] = {
    "dense": (lambda layer, units, activation: [(layer.inputs[-1], units), (units,)], _dense),
    "conv1d": (lambda layer, units, size, activation: [(size, layer.inputs[-1], units), (units,)], _conv1d),
    "average1d": (lambda layer: [], lambda weights, x: x.mean(1)),
    "flatten": (lambda layer: [], lambda weights, x: x.reshape(len(x), -1)),
    "embedding": (lambda layer, words, units: [(words, units)], lambda weights, x, *_: weights[0][x]),
    "lstm": (_recurrent_shapes(4, 1), _lstm),
    "gru": (_recurrent_shapes(3, 2), _gru),
    "positions": (lambda layer: [layer.inputs], lambda weights, x: x + weights[0]),
    "transformer": (_transformer_shapes, _transformer),
    "layer_norm": (
        lambda layer: [layer.inputs[-1:]] * 2,
        lambda weights, x: _norm(weights[0], x, weights[1]),
    ),
}
