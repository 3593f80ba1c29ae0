"""The network for a table's encoded rows, and its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import schuss
from schuss import layers
from schuss.tabular._encoder import Encoded
from schuss.tabular._target import Target

_ONE_HOT = 16
"""Categories of at most so many values are ones and zeros; those of more have vectors that are learned."""


@dataclass(frozen=True)
class Size:
    """How large a network is, and how it is held back from learning rows by heart.

    Attributes:
        units: of each hidden layer. dropout: the share of hidden numbers that is left out in training.
        decay: of weights, decoupled (AdamW), per step and unit of rate. batch: rows in a step.
    """

    units: tuple[int, ...]
    dropout: float
    decay: float
    batch: int


def size_for(rows: int, target: Target) -> Size:
    """A size that suits so many rows, as measured on tables of a few hundred to some thousand rows (docs/tables.md)."""
    if rows < 2_000:
        return Size((256,), 0.5, 0.1, 32 if rows < 1_000 else 64)
    if rows < 20_000:
        return Size((256, 128), 0.3, 0.1, 128)
    if rows < 200_000:
        return Size((256, 256, 128), 0.1, 0.02, 256)
    return Size((512, 256, 128), 0.05, 0.01, 1024)


def network(encoded: Encoded, target: Target, size: Size, seed: int, name: str = "network") -> Any:
    """Encoded rows → a probability (two classes), probabilities, or a standardized quantity: dense layers on numbers, ones
    and zeros for small categories, vectors for large ones, and the mean of words' vectors.

    Args:
        encoded: what the encoder gives. target: what is predicted. size: of the network. seed: of its start.
    """
    made = np.random.default_rng(seed)
    inputs = {
        key: layers.Input(tuple(tensor.shape[1:]), dtype=str(tensor.dtype), name=f"{name}_{key}")
        for key, tensor in encoded.outputs.items()
    }
    x = _joined(_features(inputs, encoded, made), layers.Concatenate(name="features"))
    for number, units in enumerate(size.units, start=1):
        x = layers.Dense(units, kernel_initializer=_start("he_normal", made), name=f"hidden_{number}")(x)
        x = layers.Activation("silu", name=f"active_{number}")(x)
        if size.dropout:
            x = layers.Dropout(size.dropout, seed=_seed(made), name=f"dropout_{number}")(x)
    activation = None if target.task == "regression" else "sigmoid" if target.outputs == 1 else "softmax"
    out = layers.Dense(
        target.outputs, activation, kernel_initializer=_start("glorot_normal", made), name="out"
    )(x)
    return schuss.Model(inputs, out, name=name)


def _features(inputs: dict[str, Any], encoded: Encoded, made: np.random.Generator) -> list[Any]:
    features = [inputs["numbers"]] if "numbers" in inputs else []
    for place, size in enumerate(encoded.sizes):
        code = inputs["codes"][:, place]
        if size <= _ONE_HOT:
            features.append(
                layers.CategoryEncoding(size, output_mode="one_hot", name=f"one_hot_{place}")(code)
            )
            continue
        width = int(np.clip(round(1.6 * size**0.5), 4, 48))
        start = schuss.initializers.RandomNormal(stddev=width**-0.5, seed=_seed(made))
        features.append(
            layers.Embedding(size, width, embeddings_initializer=start, name=f"vectors_{place}")(code)
        )
    for key, size in encoded.words.items():
        words = layers.Embedding(
            size,
            48,
            embeddings_initializer=_start("random_normal", made),
            mask_zero=True,
            name=f"vectors_{key}",
        )(inputs[key])
        features.append(layers.GlobalAveragePooling1D(name=f"mean_{key}")(words))
    return features


def _joined(parts: list[Any], concatenate: Any) -> Any:
    return parts[0] if len(parts) == 1 else concatenate(parts)


def _seed(made: np.random.Generator) -> int:
    return int(made.integers(2**31 - 1))


def _start(name: str, made: np.random.Generator) -> Any:
    initializer = schuss.initializers.get(name)
    return type(initializer)(**{**initializer.get_config(), "seed": _seed(made)})


def loss_of(target: Target) -> str:
    if target.task == "regression":
        return "mse"
    return "binary_crossentropy" if target.outputs == 1 else "sparse_categorical_crossentropy"
