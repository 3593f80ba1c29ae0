"""Embedding: a vector for each integer, looked up in a table that is learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import constraints, initializers, ops, regularizers
from schuss.graph import is_integer as is_integer_dtype
from schuss.layers._low_rank import AdaptedWeight, LowRank
from schuss.layers._shapes import is_integer


class Embedding(LowRank):
    """``y = E[x]``: each integer becomes the row of that number of the table E.

    Args:
        input_dim: how many different integers there are (the largest + 1).
        output_dim: size of the vectors.
        embeddings_initializer: of E. Default ``"uniform"``.
        embeddings_regularizer, embeddings_constraint: default None.
        mask_zero: whether 0 stands for padding, which later layers are to ignore. Default False.
        weights: first value of E, an array (or a list with it). Default None.
        lora_rank, lora_alpha: as in `Dense`, for E. Default None.

    Input shape: ``(batch, …)`` of integers from 0 to ``input_dim − 1``. Output shape:
    ``(batch, …, output_dim)``.

    Weights: ``embeddings`` E, shape ``(input_dim, output_dim)``.

    Raises:
        ValueError: integers out of range (outside of compiled programs).

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Embedding(1000, 64)(np.array([[3, 7, 7]])).shape
        (1, 3, 64)
    """

    adapted = "embeddings"
    embeddings = AdaptedWeight()

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ):
        length = kwargs.pop("input_length", None)
        if length is not None:
            kwargs.setdefault("input_shape", (length,))
        super().__init__(lora_rank=lora_rank, lora_alpha=lora_alpha, **kwargs)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not is_integer(value) or value <= 0:
                raise ValueError(f"Embedding: `{name}` must be a positive integer, got {value!r}.")
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = mask_zero
        self.autocast = False
        if weights is not None:
            self.build()
            listed = isinstance(weights, (list, tuple)) and len(weights) == 1
            self.set_weights(weights if listed else [weights])

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Any) -> Any:
        if not is_integer_dtype(inputs.dtype):
            inputs = ops.cast(inputs, "int32")
        if (
            isinstance(inputs, np.ndarray)
            and inputs.size
            and (inputs.min() < 0 or inputs.max() >= self.input_dim)
        ):
            hint = "Count them from 0." if inputs.min() < 0 else "Make `input_dim` at least the largest + 1."
            raise ValueError(
                f'Layer "{self.name}" (Embedding) has vectors for the integers 0 to {self.input_dim - 1}, but its input '
                f"has integers from {inputs.min()} to {inputs.max()}. {hint}"
            )
        return ops.cast(ops.take(self.embeddings, inputs, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
