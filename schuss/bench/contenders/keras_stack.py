"""Stacks of layers in Keras's words: see `_stack`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def stack(workload: dict[str, Any], layers: Any) -> list[Callable[[Any], Any]]:
    """What a batch goes through, one after the other.

    Args:
        layers: the module ``layers`` of Keras or Schuss.
    """
    return [_LAYERS[kind](layers, *arguments) for kind, *arguments in workload["layers"]]


def _norm(layers: Any, units: int, stride: int = 1, size: int = 3, activation: str = "relu") -> Any:
    conv = layers.Conv2D(units, size, strides=stride, padding="same", use_bias=False)
    norm = layers.BatchNormalization()
    end = layers.Activation(activation)
    return lambda x: end(norm(conv(x)))


def _block(layers: Any, units: int, stride: int) -> Any:
    first, second = _norm(layers, units, stride), _norm(layers, units, activation="linear")
    end = layers.Activation("relu")

    def block(x: Any) -> Any:
        same = stride == 1 and x.shape[-1] == units
        shortcut = x if same else _norm(layers, units, stride, 1, "linear")(x)
        return end(layers.Add()([second(first(x)), shortcut]))

    return block


def _positions(layers: Any) -> Any:
    class Positions(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.table = self.add_weight(shape=input_shape[1:], initializer="random_uniform", name="table")

        def call(self, x: Any) -> Any:
            return x + self.table

    return Positions()


def _transformer(layers: Any, heads: int) -> Any:
    def block(x: Any) -> Any:
        units = x.shape[-1]
        attention = layers.MultiHeadAttention(heads, units // heads)
        wide, narrow = layers.Dense(4 * units, activation="gelu"), layers.Dense(units)
        z = layers.LayerNormalization()(x)
        x = layers.Add()([x, attention(z, z, use_causal_mask=True)])
        return layers.Add()([x, narrow(wide(layers.LayerNormalization()(x)))])

    return block


_LAYERS: dict[str, Callable[..., Any]] = {
    "dense": lambda layers, units, activation: layers.Dense(units, activation=activation),
    "conv1d": lambda layers, units, size, activation: layers.Conv1D(units, size, activation=activation),
    "conv2d": lambda layers, units, size, activation: layers.Conv2D(units, size, activation=activation),
    "conv2d_norm": _norm,
    "block": _block,
    "max_pool2d": lambda layers, size: layers.MaxPooling2D(size),
    "average1d": lambda layers: layers.GlobalAveragePooling1D(),
    "average2d": lambda layers: layers.GlobalAveragePooling2D(),
    "flatten": lambda layers: layers.Flatten(),
    "dropout": lambda layers, rate: layers.Dropout(rate),
    "embedding": lambda layers, words, units: layers.Embedding(words, units),
    "lstm": lambda layers, units, sequences: layers.LSTM(units, return_sequences=sequences),
    "gru": lambda layers, units, sequences: layers.GRU(units, return_sequences=sequences),
    "positions": _positions,
    "transformer": _transformer,
    "layer_norm": lambda layers: layers.LayerNormalization(),
}
