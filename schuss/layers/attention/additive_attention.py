"""AdditiveAttention: attention whose scores are a sum over a layer of tanh."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers.attention.attention import Attention, every_pair


class AdditiveAttention(Attention):
    """``y = softmax(scores(q, k))·v``, with ``scores = Σ s·tanh(q + k)`` over the features (Bahdanau).

    Args:
        use_scale: whether there is a learned s; else s = 1. Default True.
        dropout: share of the weights that are set to 0 during training. Default 0.
        **kwargs: ``seed`` of the dropout; and those of every `Layer`.

    Call arguments, output shape: as in `Attention`.

    Weights: ``scale`` s, of shape ``(dim,)``, if `use_scale`.

    Source: Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and Translate (2014).

    Example:
        >>> import numpy as np, schuss
        >>> q, v = np.zeros((1, 3, 2)), np.ones((1, 4, 2))
        >>> schuss.layers.AdditiveAttention()([q, v]).shape
        (1, 3, 2)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any):
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check(input_shape)
        self.scale = None
        if self.use_scale:
            size = input_shape[0][-1]
            self.scale = self.add_weight(name="scale", shape=(size,), initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        terms = ops.tanh(every_pair(query, key))
        return ops.sum(terms if self.scale is None else ops.multiply(self.scale, terms), axis=-1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config
