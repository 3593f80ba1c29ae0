"""Attention: each query takes the mean of the values, weighted by how its scores with their keys compare."""

from __future__ import annotations

from typing import Any

from schuss import ops, random
from schuss.layers._layer import Layer
from schuss.layers.attention._visibility import causal
from schuss.random import SeedGenerator


class Attention(Layer):
    """``y = softmax(scores(q, k))·v``, with ``scores = s·q kᵀ`` (Luong).

    Args:
        use_scale: whether the scores are multiplied by a learned number s. Default False: s = 1.
        score_mode: ``"dot"`` (default); or ``"concat"``: ``scores = c·Σ tanh(s·(q + k))``, with a learned number
            c.
        dropout: share of the weights that are set to 0 during training. Default 0.
        seed: of the dropout, an integer. Default None.

    Call arguments:
        inputs: the list ``[query, value]`` or ``[query, value, key]``: q of shape ``(batch, …, T, dim)``, v of
            ``(batch, …, S, dim')``, k of ``(batch, …, S, dim)``; k is v if it is left out.
        mask: ``[query_mask, value_mask]``, bool ``(batch, T)`` and ``(batch, S)``, or None for each. Values with
            False do not count; results of queries with False are 0. Default: the masks that the inputs have.
        training: whether there is dropout.
        return_attention_scores: whether the weights, ``(batch, …, T, S)``, are returned, too. Default False.
        use_causal_mask: whether query t sees only values up to t. Default False.

    Output shape: ``(batch, …, T, dim')``.

    Weights: ``scale`` s, if `use_scale`; ``concat_score_weight`` c, if `score_mode` is ``"concat"``.

    Raises:
        ValueError: `score_mode` is another one; the inputs are no list of 2 or 3; the masks no list of 2 or 3.

    Source: Luong et al., Effective Approaches to Attention-based Neural Machine Translation (2015).

    Example:
        >>> import numpy as np, schuss
        >>> q, v = np.array([[[1.0, 0.0]]]), np.array([[[1.0, 0.0], [0.0, 9.0]]])
        >>> schuss.layers.Attention()([q, v], mask=[None, np.array([[True, False]])]).tolist()
        [[[1.0, 0.0]]]
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                f"{type(self).__name__}: `score_mode` must be 'dot' or 'concat'; got {score_mode!r}."
            )
        self.use_scale, self.score_mode, self.dropout, self.seed = use_scale, score_mode, dropout, seed
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self._calculate_scores(query, key)
        visible = _visible(value_mask, scores, use_causal_mask)
        if visible is not None:
            low = 65504.0 if scores.dtype == "float16" else 1e9
            scores = ops.where(visible, scores, ops.subtract(scores, low))
        weights = ops.softmax(scores, axis=(-1,))
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        y = ops.matmul(weights, value)
        if query_mask is not None:
            y = ops.where(ops.expand_dims(query_mask, axis=-1), y, ops.zeros_like(y))
        return (y, weights) if return_attention_scores else y

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """How well each query fits each key: ``(…, T, dim)``, ``(…, S, dim)`` → ``(…, T, S)``."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        pairs = every_pair(query, key)
        pairs = pairs if self.scale is None else ops.multiply(self.scale, pairs)
        return ops.multiply(self.concat_score_weight, ops.sum(ops.tanh(pairs), axis=-1))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The queries' mask; the weights have none."""
        self._check(inputs, previous_mask)
        return None if previous_mask is None or previous_mask[0] is None else [previous_mask[0]]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return self._traced_output_spec(*args, **kwargs)

    def _check(self, inputs: Any, mask: Any = None) -> None:
        owner = f'Layer "{self.name}" ({type(self).__name__})'
        if not isinstance(inputs, list) or not 2 <= len(inputs) <= 3:
            got = f"{len(inputs)} in a list" if isinstance(inputs, list) else type(inputs).__name__
            raise ValueError(
                f"{owner} must be called on a list of inputs, [query, value] or [query, value, key]; got {got}."
            )
        if mask is not None and (not isinstance(mask, list) or not 2 <= len(mask) <= 3):
            got = f"{len(mask)} in a list" if isinstance(mask, list) else type(mask).__name__
            raise ValueError(f"{owner}: `mask` must be a list, [query_mask, value_mask]; got {got}.")

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("use_scale", "score_mode", "dropout", "seed")}
        return {**super().get_config(), **own}


def every_pair(query: Any, key: Any) -> Any:
    """The sum of each query with each key: ``(…, T, dim)``, ``(…, S, dim)`` → ``(…, T, S, dim)``."""
    return ops.add(ops.expand_dims(query, axis=-2), ops.expand_dims(key, axis=-3))


def _visible(value_mask: Any, scores: Any, use_causal_mask: bool) -> Any:
    """bool, broadcasts to the scores: which values a query sees. None: all."""
    if value_mask is not None:
        value_mask = ops.cast(value_mask, "bool")
        if use_causal_mask or len(value_mask.shape) == 2:
            value_mask = ops.expand_dims(value_mask, axis=-2)
    if not use_causal_mask:
        return value_mask
    order = causal(*scores.shape[-2:])
    return order if value_mask is None else ops.logical_and(value_mask, order)
