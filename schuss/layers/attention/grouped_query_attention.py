"""GroupQueryAttention: heads of queries in groups, each with one head of keys and values."""

from __future__ import annotations

from typing import Any

from schuss.layers.attention._projected import ProjectedAttention, checked_size


class GroupedQueryAttention(ProjectedAttention):
    """`MultiHeadAttention` whose heads of queries share heads of keys and values, in groups of equal size: one group is
    multi-query attention; as many as heads, multi-head attention.

    Args:
        head_dim: size of a head's queries, keys and values. num_query_heads: number of heads.
        num_key_value_heads: number of groups, a divisor of `num_query_heads`. Positive integers.
        dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, use_gate, seed: as in
            `MultiHeadAttention`; `activity_regularizer` looks at the layer's results, too.

    Call arguments: as in `MultiHeadAttention`, for queries, values and keys with three axes.

    Output shape: that of the query.

    Weights: as in `MultiHeadAttention`, with `num_key_value_heads` heads of ``key`` and ``value``.

    Raises:
        ValueError: a size is not a positive integer, or the heads are not divided by the groups; keys and values are
            not pairs.

    Source: Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models (2023).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.GroupQueryAttention(head_dim=8, num_query_heads=4, num_key_value_heads=2)
        >>> x = np.zeros((1, 5, 16))
        >>> layer(x, x).shape, [v.shape for v in layer.weights[:4:2]]
        ((1, 5, 16), [(16, 4, 8), (16, 2, 8)])
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ):
        owner = "GroupQueryAttention"
        self.head_dim = checked_size(owner, "head_dim", head_dim)
        self.num_query_heads = checked_size(owner, "num_query_heads", num_query_heads)
        self.num_key_value_heads = checked_size(owner, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{owner}: `num_query_heads` ({num_query_heads}) must be divisible by `num_key_value_heads` "
                f"({num_key_value_heads})."
            )
        super().__init__(
            key_size=head_dim,
            dropout=dropout,
            use_bias=use_bias,
            use_gate=use_gate,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            seed=seed,
            parts={
                "kernel_initializer": kernel_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "bias_regularizer": bias_regularizer,
                "kernel_constraint": kernel_constraint,
                "bias_constraint": bias_constraint,
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.activity_regularizer = self._penalty_on_projections

    @property
    def dropout(self) -> float:
        return self._rate

    @property
    def use_bias(self) -> bool:
        return self._with_bias

    @property
    def use_gate(self) -> bool:
        return self._with_gate

    @property
    def sliding_window(self) -> int | None:
        return self._window

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        self._make_projections(
            (query_shape, value_shape, value_shape if key_shape is None else key_shape),
            heads=(self.num_query_heads, self.num_key_value_heads),
            sizes=(self.head_dim, self.head_dim),
            output_shape=(query_shape[-1],),
            axes=(1,),
        )

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                f'Layer "{self.name}" (GroupQueryAttention): queries and values must have the same last axis; got the '
                f"shapes {tuple(query_shape)} and {tuple(value_shape)}."
            )
        self._require_pairs(value_shape, value_shape if key_shape is None else key_shape)
        return tuple(query_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            **self._common_config(),
        }
