"""ReversibleEmbedding: an embedding that also leads back, from vectors to scores of the integers."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.graph import standardize_dtype
from schuss.layers._masks import set_mask
from schuss.layers._symbolic import KerasTensor
from schuss.layers.core.embedding import Embedding


class ReversibleEmbedding(Embedding):
    """``y = E[x]``, or in reverse ``z = y Eᵀ``: for each vector the scores (logits) of all integers.

    Args:
        input_dim: how many different integers there are (the largest + 1).
        output_dim: size of the vectors.
        tie_weights: whether the way back uses E transposed (default), or a matrix of its own.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of E. Default ``"uniform"``, None, None.
        mask_zero: whether 0 stands for padding, which later layers are to ignore. Default False.
        reverse_dtype: in which type the scores are computed. Default None: the layer's.
        logit_soft_cap: c; scores become ``c·tanh(z / c)``, which lie between −c and c. Default None: z.

    Call arguments: ``reverse``: whether to go back. Default False.

    Input shape: ``(batch, …)`` of integers; in reverse ``(batch, …, output_dim)``. Output shape: ``(batch, …,
    output_dim)``; in reverse ``(batch, …, input_dim)``.

    Weights: ``embeddings`` E, shape ``(input_dim, output_dim)``; without `tie_weights` also ``reverse_embeddings``, shape
    ``(output_dim, input_dim)``.

    Source: Press and Wolf, Using the Output Embedding to Improve Language Models (2016).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.ReversibleEmbedding(1000, 64)
        >>> layer(layer(np.array([[3, 7, 7]])), reverse=True).shape
        (1, 3, 1000)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ):
        self.tie_weights = tie_weights
        self.reverse_dtype = None if reverse_dtype is None else standardize_dtype(reverse_dtype)
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **kwargs,
        )

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            y = super().call(inputs)
            if self.mask_zero:
                set_mask(y, ops.not_equal(inputs, 0))
            return y
        if inputs.shape[-1] != self.output_dim:
            raise ValueError(
                f'Layer "{self.name}" (ReversibleEmbedding): in reverse the last axis of the input must have the size '
                f"output_dim={self.output_dim}; got the shape {tuple(inputs.shape)}."
            )
        dtype = self.reverse_dtype or self.compute_dtype
        matrix = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        z = ops.matmul(ops.cast(inputs, dtype), ops.cast(matrix, dtype))
        if self.logit_soft_cap is None:
            return z
        return ops.multiply(ops.tanh(ops.divide(z, self.logit_soft_cap)), self.logit_soft_cap)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None  # set in call, for one direction only

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        dtype = (self.reverse_dtype if reverse else None) or self.compute_dtype
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
