"""LSTM: a memory cell whose gates decide what is forgotten, what is stored and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import initializers, ops
from schuss.layers.rnn._cell import GatedCell, product
from schuss.layers.rnn._cell_layer import CellLayer
from schuss.layers.rnn._settings import given


class LSTMCell(GatedCell):
    """One step of `LSTM`; the output is h'.

    Args:
        units: size of h and c. All others: as for `LSTM`.

    Call arguments:
        inputs: ``(batch, features)``. states: ``[h, c]``, each of shape ``(batch, units)``. training: bool.

    Returns:
        ``(h', [h', c'])``.

    Example:
        >>> import numpy as np, schuss
        >>> cell = schuss.layers.LSTMCell(4)
        >>> h, states = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
        >>> h.shape, len(states)
        ((2, 4), 2)
    """

    gates, states = 4, 2
    unit_forget_bias: bool

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(given(locals()))

    def build(self, input_shape: Any) -> None:
        n = self.units
        bias = forget_bias(self.bias_initializer, n) if self.unit_forget_bias else None
        self._make_weights((input_shape[-1], 4 * n), (n, 4 * n), (4 * n,), bias)

    def project(self, inputs: Any, masks: Any) -> Any:
        x = product(inputs, self.kernel, masks)
        return x if self.bias is None else ops.add(x, self.bias)

    def step(self, projected: Any, states: Sequence[Any], masks: Any) -> list[Any]:
        h, c = states
        z = ops.add(projected, product(h, self.recurrent_kernel, masks))
        return list(gated_memory(z, c, self.activation, self.recurrent_activation, axis=-1))


def forget_bias(initializer: Any, units: int) -> Any:
    """An initializer for the gates' biases ``[i, f, c, o]``: 1 for the forget gate, others by `initializer`.

    Source: Jozefowicz et al., An Empirical Exploration of Recurrent Network Architectures (2015).
    """

    def bias(_: Any, dtype: Any = None) -> Any:
        ones = initializers.get("ones")
        blocks = ((initializer, units), (ones, units), (initializer, 2 * units))
        return ops.concatenate([make((size,), dtype=dtype) for make, size in blocks])

    return bias


def gated_memory(z: Any, c: Any, activation: Any, recurrent_activation: Any, axis: int) -> tuple[Any, Any]:
    """``h', c'`` of an LSTM from its memory c and its gates' sums z, side by side along `axis` as i, f, c, o."""
    z_i, z_f, z_c, z_o = ops.split(z, 4, axis=axis)
    i, f, o = recurrent_activation(z_i), recurrent_activation(z_f), recurrent_activation(z_o)
    c = ops.add(ops.multiply(f, c), ops.multiply(i, activation(z_c)))
    return ops.multiply(o, activation(c)), c


class LSTM(CellLayer):
    """Long short-term memory. With σ the `recurrent_activation` and φ the `activation`::

        i, f, o = σ(x W + h U + b), each with its own block of columns; g = φ(x W + h U + b) with its own
        c' = f·c + i·g
        h' = o·φ(c')

    The blocks of W, U and b are in the order input gate i, forget gate f, candidate g, output gate o.

    Args:
        units: size of h and c. Positive integer.
        activation: φ: a name, function or None for the identity. Default ``"tanh"``.
        recurrent_activation: σ. Default ``"sigmoid"``.
        use_bias: whether there is a b. Default True.
        kernel_initializer: of W. Default ``"glorot_uniform"``.
        recurrent_initializer: of U. Default ``"orthogonal"``.
        bias_initializer: of b. Default ``"zeros"``.
        unit_forget_bias: whether the forget gate's b begins as 1. Default True.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on W, U and b. Default None.
        activity_regularizer: penalty on the output. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to W, U and b after each update. Default None.
        dropout: share of x that is dropped in training, the same features in all time steps. Default 0.
        recurrent_dropout: the same for h on its way into the next step; then, for x and for h, each gate has its own
            mask. Default 0.
        seed: integer, for repeatable dropout. Default None.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`. Default False.
        use_cudnn: taken for Keras's sake; there is one way to compute it.
        **kwargs: ``zero_output_for_mask`` as for `RNN`; ``implementation``: 1 for a mask of dropout for each gate, 2
            (default) for one; ``name``, ``dtype``, ``trainable`` as for every `Layer`.

    Input shape: ``(batch, time, features)``. Output shape: ``(batch, units)``, with `return_sequences`
    ``(batch, time, units)``. Call arguments (`initial_state`, `mask`, `training`) as for `RNN`.
    With `return_state` the states h and c follow.

    Weights: ``kernel`` W, ``(features, 4·units)``; ``recurrent_kernel`` U, ``(units, 4·units)``; ``bias`` b,
    ``(4·units,)``.

    Raises:
        ValueError: `units` is not a positive integer; inputs, masks or states of shapes that do not fit.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997); with forget gates: Gers et al. (2000).

    Example:
        >>> import numpy as np, schuss
        >>> x = np.zeros((32, 10, 8))
        >>> schuss.layers.LSTM(4)(x).shape
        (32, 4)
        >>> y, h, c = schuss.layers.LSTM(4, return_sequences=True, return_state=True)(x)
        >>> y.shape, h.shape, c.shape
        ((32, 10, 4), (32, 4), (32, 4))
    """

    cell_class, cell_name = LSTMCell, "lstm_cell"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        super().__init__(given(locals()))
