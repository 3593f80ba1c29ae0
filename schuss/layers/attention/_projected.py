"""Attention between projections: queries, keys and values made by learned matrices, in several heads, and a
projection of the results. What multi-head and grouped-query attention have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from string import ascii_lowercase
from typing import Any

from schuss import config, constraints, initializers, ops, regularizers
from schuss.layers._layer import Layer
from schuss.layers._masks import get_mask, set_mask
from schuss.layers._shapes import is_integer
from schuss.layers.activations.activations import Softmax
from schuss.layers.attention._visibility import causal, checked_window, joined, with_heads, within
from schuss.layers.core.einsum_dense import EinsumDense
from schuss.layers.regularization.dropout import Dropout

PARTS = (("initializer", initializers), ("regularizer", regularizers), ("constraint", constraints))


class ProjectedAttention(Layer):
    """``y = (softmax(Q Kᵀ/√d)·V)·W_o`` in each head, with ``Q = query W_q``, ``K = key W_k``, ``V = value W_v``.

    Subclasses create the projections in `build`, by `_make_projections`. `parts` are the initializers,
    regularizers and constraints of kernels and biases.
    """

    _query_dense: EinsumDense
    _key_dense: EinsumDense
    _value_dense: EinsumDense
    _output_dense: EinsumDense

    def __init__(
        self,
        *,
        key_size: int,
        dropout: float,
        use_bias: bool,
        use_gate: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        seed: Any,
        parts: dict[str, Any],
        activity_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.supports_masking = True
        self._rate, self._with_bias, self._with_gate = dropout, use_bias, use_gate
        self._window = checked_window(owner, sliding_window)
        self._flash = flash_attention or config.is_flash_attention_enabled()
        self._scale = 1.0 / math.sqrt(key_size)
        self._parts = {
            f"{of}_{kind}": module.get(parts[f"{of}_{kind}"])
            for kind, module in PARTS
            for of in ("kernel", "bias")
        }
        self._penalty_on_projections = regularizers.get(activity_regularizer)
        self.seed = seed
        if self._flash and dropout > 0:
            raise ValueError(
                f"{owner}: `dropout` must be 0 with flash attention, which has no dropout; got {dropout}."
            )

    # Building ---

    def _make_projections(
        self,
        shapes: tuple[Any, Any, Any],
        heads: tuple[int, int],
        sizes: tuple[int, int],
        output_shape: tuple[int, ...],
        axes: tuple[int, ...],
    ) -> None:
        """Create the projections.

        Args:
            shapes: of query, value, key. heads: of the queries, of keys and values. sizes: of a head's keys, of its
                values. output_shape: of the last projection's results. axes: of the sequence.
        """
        query, value, key = shapes
        self._query_dense = self._projection("query", query, (heads[0], sizes[0]))
        self._key_dense = self._projection("key", key, (heads[1], sizes[0]))
        if self._with_gate:
            self._gate_dense = self._projection("gate", query, (heads[0], sizes[1]), activation="sigmoid")
        self._value_dense = self._projection("value", value, (heads[1], sizes[1]))
        ndim = len(query) + 1
        self._equations = _equations(ndim, axes)
        self._attended = len(axes)
        self._softmax = Softmax(axis=tuple(range(-len(axes), 0)), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(self._rate, dtype=self.dtype_policy, seed=self.seed)
        between = (*query[:-1], heads[0], sizes[1])
        self._output_dense = self._projection("attention_output", between, output_shape, bound=2)

    def _projection(
        self, name: str, shape: Any, sizes: tuple[int, ...], bound: int = 1, activation: Any = None
    ) -> EinsumDense:
        """A product over the `bound` last axes of its input, which become axes of the given sizes."""
        free = len(shape) - bound
        x, y = ascii_lowercase[: len(shape)], ascii_lowercase[len(shape) : len(shape) + len(sizes)]
        layer = EinsumDense(
            f"{x},{x[free:]}{y}->{x[:free]}{y}",
            output_shape=(*(None,) * (free - 1), *sizes),
            bias_axes=y if self._with_bias else None,
            activation=activation,
            activity_regularizer=self._penalty_on_projections,
            name=name,
            dtype=self.dtype_policy,
            **{part: _another(value) for part, value in self._parts.items()},
        )
        layer.build(shape)
        return layer

    # Calling ---

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
        key = value if key is None else key
        mask = self._compute_attention_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
        )
        with _unmasked(
            query, value, key
        ):  # the masks are heeded here: the projections have nothing to do with them
            gate = self._gate_dense(query) if self._with_gate else None
            projected = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        y, scores = self._compute_attention(
            *projected,
            attention_mask=mask,
            training=training,
            return_attention_scores=return_attention_scores,
        )
        y = self._output_dense(y if gate is None else ops.multiply(y, gate))
        return (y, scores) if return_attention_scores else y

    def _compute_attention_mask(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """bool, broadcasts to [batch, queries, keys]: which keys a query sees. None: all."""
        lengths = query.shape[1], value.shape[1]
        order = causal(*lengths) if use_causal_mask else None
        window = within(self._window, *lengths) if self._window is not None else None
        own = None if query_mask is None else ops.expand_dims(query_mask, -1)
        others = [None if m is None else ops.expand_dims(m, -2) for m in (value_mask, key_mask)]
        return joined([attention_mask, own, *others, order, window])

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
    ) -> tuple[Any, Any]:
        """The weighted means of the projected values, and, unless they are not asked for, the weights."""
        if self._flash and return_attention_scores:
            raise ValueError(
                f'Layer "{self.name}" ({type(self).__name__}): flash attention has no scores that could be '
                "returned. Leave out `return_attention_scores`, or make the layer without `flash_attention`."
            )
        ndim = len(query.shape) - 1 + self._attended
        if attention_mask is not None:
            attention_mask = with_heads(attention_mask, ndim, self._attended)
        if len(query.shape) == 4 and not return_attention_scores and self._rate == 0:
            y = ops.dot_product_attention(query, key, value, mask=attention_mask, scale=self._scale)
            return y, None
        groups = query.shape[-2] // key.shape[-2]
        if groups > 1:
            key, value = (ops.repeat(x, groups, axis=-2) for x in (key, value))
        products, combination = self._equations
        scores = ops.einsum(products, ops.multiply(query, self._scale), key)
        weights = self._softmax(scores, mask=attention_mask)
        kept = self._dropout_layer(weights, training=training) if self._rate > 0 else weights
        return ops.einsum(combination, kept, value), weights

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        given = self._call_signature.bind(self.name, args, kwargs).arguments
        shapes = [given[name].shape for name in ("query", "value", "key") if given.get(name) is not None]
        self.compute_output_shape(*shapes)  # for its errors
        return self._traced_output_spec(*args, **kwargs)

    def _require_pairs(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f'Layer "{self.name}" ({type(self).__name__}): there must be a value for each key, but the values '
                f"have the shape {tuple(value_shape)} and the keys {tuple(key_shape)}; all axes between the first "
                "and the last must be equal."
            )

    def _common_config(self) -> dict[str, Any]:
        """What all such layers say of themselves in their configs."""
        parts = {
            f"{of}_{kind}": m.serialize(self._parts[f"{of}_{kind}"])
            for kind, m in PARTS
            for of in ("kernel", "bias")
        }
        return {
            "dropout": self._rate,
            "use_bias": self._with_bias,
            "use_gate": self._with_gate,
            "sliding_window": self._window,
            **parts,
            "activity_regularizer": regularizers.serialize(self._penalty_on_projections),
            "seed": self.seed,
        }


@contextmanager
def _unmasked(*values: Any) -> Iterator[None]:
    """Within the block the values have no masks."""
    kept = [(value, get_mask(value)) for value in values]
    for value in values:
        set_mask(value, None)
    try:
        yield
    finally:
        for value, mask in kept:
            set_mask(value, mask)


def checked_size(owner: str, argument: str, given: Any) -> int:
    if not is_integer(given) or given <= 0:
        raise ValueError(f"{owner}: `{argument}` must be a positive integer; got {given!r}.")
    return int(given)


def _another(part: Any) -> Any:
    """An initializer like the given one: one without a seed draws other numbers. Other parts are as they are."""
    if isinstance(part, initializers.Initializer):
        return type(part).from_config(part.get_config())
    return part


def _equations(ndim: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """The products of queries and keys, and the sums of values, in Einstein's notation.

    Both have `ndim` axes: batch, …, heads, features, and the sequence's among them; the scores have the axes that are
    no sequence's first, heads last among these, then the queries', then the keys'.
    """
    query = ascii_lowercase[:ndim]
    others = dict(zip(axes, ascii_lowercase[ndim:]))
    key = "".join(others.get(axis, letter) for axis, letter in enumerate(query))
    batch = "".join(letter for axis, letter in enumerate(query[:-1]) if axis not in axes)
    scores = batch + "".join(query[axis] for axis in axes) + "".join(others[axis] for axis in axes)
    return f"{query},{key}->{scores}", f"{scores},{key}->{query}"
