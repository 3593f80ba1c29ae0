"""MultiHeadAttention: several attentions next to each other, each between projections of its own."""

from __future__ import annotations

from typing import Any

from schuss.layers._masks import get_mask
from schuss.layers._shapes import is_integer
from schuss.layers.attention._projected import ProjectedAttention, checked_size


class MultiHeadAttention(ProjectedAttention):
    """``y = Σ_h softmax(Q_h K_hᵀ/√key_dim)·V_h·W_o``, with projections ``Q = query W_q + b_q``, ``K = key W_k + b_k``,
    ``V = value W_v + b_v`` for each head h.

    Args:
        num_heads: number of heads. key_dim: size of a head's queries and keys. Positive integers.
        value_dim: size of a head's values. Default: `key_dim`.
        dropout: share of the weights that are set to 0 during training. Default 0.
        use_bias: whether the projections have biases. Default True.
        output_shape: sizes of the results' last axes, an int or several. Default: that of the query.
        attention_axes: axes of the sequence, an int or several; heads look along these and are the same for all
            others. Default: all between batch and features.
        sliding_window: a query sees only keys nearer than this, on both sides. Default None: all.
        flash_attention: taken for Keras's sake: the compiler decides how it is computed. With it there is no dropout
            and there are no scores.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: of each projection, as in `Dense`.
        use_gate: whether the results are multiplied by ``sigmoid(query W_g + b_g)`` before the last projection (Qiu
            et al., Gated Attention for Large Language Models, 2025). Default False.
        seed: of the dropout, an integer. Default None.

    Call arguments:
        query: ``(batch, T, dim)``. value: ``(batch, S, dim')``. key: ``(batch, S, dim'')``, default: `value`.
        attention_mask: bool, broadcasts to ``(batch, T, S)``: which keys a query sees. Masks of the inputs, order
            and window are joined with it.
        query_mask, value_mask, key_mask: bool ``(batch, T)``, ``(batch, S)``; default: the masks that the inputs
            have. The query's is taken from the query alone, as in Keras.
        return_attention_scores: whether the weights, ``(batch, heads, T, S)``, are returned, too. Default False.
        training: whether there is dropout.
        use_causal_mask: whether query t sees only keys up to t. Default False.

    Output shape: ``(batch, T, dim)``, or ``(batch, T, *output_shape)``. Several axes may stand for T and S.

    Weights: ``query/kernel`` (dim, heads, key_dim), ``query/bias`` (heads, key_dim); the same of ``key``; of ``gate``,
    with value_dim, where there is one; of ``value``; and of ``attention_output`` (heads, value_dim, dim), (dim,).

    Raises:
        ValueError: a size is not a positive integer; keys and values are not pairs.

    Source: Vaswani et al., Attention Is All You Need (2017).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.MultiHeadAttention(num_heads=2, key_dim=8)
        >>> x = np.zeros((1, 5, 16))
        >>> layer(x, x, use_causal_mask=True).shape, layer.count_params()
        ((1, 5, 16), 1088)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
        owner = "MultiHeadAttention"
        self._num_heads = checked_size(owner, "num_heads", num_heads)
        self._key_dim = checked_size(owner, "key_dim", key_dim)
        self._value_dim = self._key_dim if value_dim is None else checked_size(owner, "value_dim", value_dim)
        self._output_shape = _sizes(output_shape)
        self._attention_axes = _axes(attention_axes)
        super().__init__(
            key_size=key_dim,
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

    @property
    def num_heads(self) -> int:
        return self._num_heads

    @property
    def key_dim(self) -> int:
        return self._key_dim

    @property
    def value_dim(self) -> int:
        return self._value_dim

    @property
    def dropout(self) -> float:
        return self._rate

    @property
    def use_bias(self) -> bool:
        return self._with_bias

    @property
    def attention_axes(self) -> Any:
        """The axes of the sequence; all between batch and features, once the layer is built, if None was given."""
        return self._attention_axes

    @property
    def query_dense(self) -> Any:
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        return self._output_dense

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._require_pairs(value_shape, key_shape)
        ndim = len(query_shape)
        axes = self._attention_axes
        self._attention_axes = (
            tuple(range(1, ndim - 1)) if axes is None else tuple(a if a >= 0 else a + ndim for a in axes)
        )
        self._make_projections(
            (query_shape, value_shape, key_shape),
            heads=(self._num_heads, self._num_heads),
            sizes=(self._key_dim, self._value_dim),
            output_shape=self._output_shape or (query_shape[-1],),
            axes=self._attention_axes,
        )

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        return super().call(
            query,
            value,
            key=key,
            query_mask=get_mask(query),
            value_mask=value_mask,
            key_mask=key_mask,
            attention_mask=attention_mask,
            return_attention_scores=return_attention_scores,
            training=training,
            use_causal_mask=use_causal_mask,
        )

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        self._require_pairs(value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
            **self._common_config(),
        }


def _sizes(given: Any) -> tuple[int, ...] | None:
    """`output_shape` as sizes; None where the query decides."""
    sizes = (given,) if is_integer(given) else given
    if not sizes:
        return None
    if not isinstance(sizes, (list, tuple)) or not all(is_integer(n) and n > 0 for n in sizes):
        raise ValueError(
            f"MultiHeadAttention: `output_shape` must be a positive integer, or a tuple or list of them; got {given!r}."
        )
    return tuple(sizes)


def _axes(given: Any) -> tuple[int, ...] | None:
    axes = (given,) if is_integer(given) else given
    if not axes:
        return None
    if not isinstance(axes, (list, tuple)) or not all(is_integer(a) for a in axes):
        raise ValueError(
            f"MultiHeadAttention: `attention_axes` must be an integer, or a tuple or list of them; got {given!r}."
        )
    return tuple(axes)
