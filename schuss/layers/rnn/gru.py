"""GRU: a state of which one gate decides how much is new, another how much of it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import ops
from schuss.layers.rnn._cell import GatedCell, product
from schuss.layers.rnn._cell_layer import CellLayer
from schuss.layers.rnn._settings import given


class GRUCell(GatedCell):
    """One step of `GRU`; the output is h'.

    Args:
        units: size of h. All others: as for `GRU`.

    Call arguments:
        inputs: ``(batch, features)``. states: ``[h]``, h of shape ``(batch, units)``, or h. training: bool.

    Returns:
        ``(h', [h'])``, or ``(h', h')``.

    Example:
        >>> import numpy as np, schuss
        >>> cell = schuss.layers.GRUCell(4)
        >>> h, states = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
        >>> h.shape
        (2, 4)
    """

    gates = 3
    reset_after: bool

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(given(locals()))

    def build(self, input_shape: Any) -> None:
        n = self.units
        self._make_weights((input_shape[-1], 3 * n), (n, 3 * n), (2, 3 * n) if self.reset_after else (3 * n,))

    def project(self, inputs: Any, masks: Any) -> Any:
        x = product(inputs, self.kernel, masks)
        if self.bias is None:
            return x
        return ops.add(x, self.bias[0] if self.reset_after else self.bias)

    def step(self, projected: Any, states: Sequence[Any], masks: Any) -> list[Any]:
        (h,) = states
        x_z, x_r, x_g = ops.split(projected, 3, axis=-1)
        if self.reset_after:
            inner = product(h, self.recurrent_kernel, masks)
            if self.bias is not None:
                inner = ops.add(inner, self.bias[1])
            h_z, h_r, h_g = ops.split(inner, 3, axis=-1)
            z, r = self.recurrent_activation(ops.add(x_z, h_z)), self.recurrent_activation(ops.add(x_r, h_r))
            seen = ops.multiply(r, h_g)
        else:
            gates, candidate = ops.split(self.recurrent_kernel, [2 * self.units], axis=-1)
            h_z, h_r = ops.split(product(h, gates, masks and masks[:2]), 2, axis=-1)
            z, r = self.recurrent_activation(ops.add(x_z, h_z)), self.recurrent_activation(ops.add(x_r, h_r))
            dropped = h if masks is None else ops.multiply(h, masks[2])
            seen = ops.matmul(ops.multiply(r, dropped), candidate)
        g = self.activation(ops.add(x_g, seen))
        return [ops.add(ops.multiply(z, h), ops.multiply(ops.subtract(1.0, z), g))]


class GRU(CellLayer):
    """A gated recurrent unit. With σ the `recurrent_activation` and φ the `activation`::

        z, r = σ(x W + b + h U + b'), each with its own block of columns
        g = φ(x W + b + r·(h U + b')) with its own (reset_after), or φ(x W + b + (r·h) U)
        h' = z·h + (1 − z)·g

    The blocks of W, U and b are in the order update gate z, reset gate r, candidate g.

    Args:
        units: size of h. Positive integer.
        activation: φ: a name, function or None for the identity. Default ``"tanh"``.
        recurrent_activation: σ. Default ``"sigmoid"``.
        use_bias: whether there is a b. Default True.
        kernel_initializer: of W. Default ``"glorot_uniform"``.
        recurrent_initializer: of U. Default ``"orthogonal"``.
        bias_initializer: of b and b'. Default ``"zeros"``.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on W, U and b. Default None.
        activity_regularizer: penalty on the output. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to W, U and b after each update. Default None.
        dropout: share of x that is dropped in training, the same features in all time steps. Default 0.
        recurrent_dropout: the same for h on its way into the next step; then, for x and for h, each gate has its own
            mask. Default 0.
        seed: integer, for repeatable dropout. Default None.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`. Default False.
        reset_after: whether the reset gate comes after the product with U (see above). Default True.
        use_cudnn: taken for Keras's sake; there is one way to compute it.
        **kwargs: ``zero_output_for_mask`` as for `RNN`; ``implementation``: 1 for a mask of dropout for each gate, 2
            (default) for one; ``name``, ``dtype``, ``trainable`` as for every `Layer`.

    Input shape: ``(batch, time, features)``. Output shape: ``(batch, units)``, with `return_sequences`
    ``(batch, time, units)``. Call arguments (`initial_state`, `mask`, `training`) as for `RNN`.

    Weights: ``kernel`` W, ``(features, 3·units)``; ``recurrent_kernel`` U, ``(units, 3·units)``; ``bias``: b and b',
    ``(2, 3·units)``, or, without `reset_after`, b, ``(3·units,)``.

    Raises:
        ValueError: `units` is not a positive integer; inputs, masks or states of shapes that do not fit.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014).

    Example:
        >>> import numpy as np, schuss
        >>> x = np.zeros((32, 10, 8))
        >>> schuss.layers.GRU(4)(x).shape
        (32, 4)
        >>> y, h = schuss.layers.GRU(4, return_sequences=True, return_state=True)(x)
        >>> y.shape, h.shape
        ((32, 10, 4), (32, 4))
    """

    cell_class, cell_name = GRUCell, "gru_cell"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        super().__init__(given(locals()))
