"""SimpleRNN: h' = f(x W + h U + b), a layer of neurons that see their own outputs of the step before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import ops
from schuss.layers.rnn._cell import RecurrentCell, product
from schuss.layers.rnn._cell_layer import CellLayer
from schuss.layers.rnn._settings import given


class SimpleRNNCell(RecurrentCell):
    """One step of `SimpleRNN`: ``h' = f(x W + h U + b)``; the output is h'.

    Args:
        units: size of h. activation: f. Default ``"tanh"``.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint,
            dropout, recurrent_dropout, seed: as for `SimpleRNN`.

    Call arguments:
        inputs: ``(batch, features)``. states: ``[h]``, h of shape ``(batch, units)``. training: bool.

    Returns:
        ``(h', [h'])``.

    Example:
        >>> import numpy as np, schuss
        >>> cell = schuss.layers.SimpleRNNCell(4)
        >>> h, states = cell(np.zeros((2, 3)), cell.get_initial_state(batch_size=2))
        >>> h.shape
        (2, 4)
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(given(locals()))

    def build(self, input_shape: Any) -> None:
        n = self.units
        self._make_weights((input_shape[-1], n), (n, n), (n,))

    def project(self, inputs: Any, masks: Any) -> Any:
        x = product(inputs, self.kernel, masks)
        return x if self.bias is None else ops.add(x, self.bias)

    def step(self, projected: Any, states: Sequence[Any], masks: Any) -> list[Any]:
        (h,) = states
        return [self.activation(ops.add(projected, product(h, self.recurrent_kernel, masks)))]

    def _is_active(self, rate: float) -> bool:
        return rate > 0


class SimpleRNN(CellLayer):
    """The plain recurrent layer: ``hₜ = f(xₜ W + hₜ₋₁ U + b)``, and its output is h.

    Args:
        units: size of h. Positive integer.
        activation: f: a name, function or None for the identity. Default ``"tanh"``.
        use_bias: whether there is a b. Default True.
        kernel_initializer: of W. Default ``"glorot_uniform"``.
        recurrent_initializer: of U. Default ``"orthogonal"``.
        bias_initializer: of b. Default ``"zeros"``.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties on W, U and b. Default None.
        activity_regularizer: penalty on the output. Default None.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to W, U and b after each update. Default None.
        dropout: share of x that is dropped in training, the same features in all time steps. Default 0.
        recurrent_dropout: the same for h on its way into the next step. Default 0.
        return_sequences, return_state, go_backwards, stateful, unroll: as for `RNN`. Default False.
        seed: integer, for repeatable dropout. Default None.
        **kwargs: ``zero_output_for_mask`` as for `RNN`; ``name``, ``dtype``, ``trainable`` as for every `Layer`.

    Input shape: ``(batch, time, features)``. Output shape: ``(batch, units)``, with `return_sequences`
    ``(batch, time, units)``. Call arguments (`initial_state`, `mask`, `training`) as for `RNN`.

    Weights: ``kernel`` W, ``(features, units)``; ``recurrent_kernel`` U, ``(units, units)``; ``bias`` b, ``(units,)``.

    Raises:
        ValueError: `units` is not a positive integer; inputs, masks or states of shapes that do not fit.

    Source: Elman, Finding Structure in Time (1990).

    Example:
        >>> import numpy as np, schuss
        >>> x = np.zeros((32, 10, 8))
        >>> schuss.layers.SimpleRNN(4)(x).shape
        (32, 4)
        >>> y, h = schuss.layers.SimpleRNN(4, return_sequences=True, return_state=True)(x)
        >>> y.shape, h.shape
        ((32, 10, 4), (32, 4))
    """

    cell_class, cell_name = SimpleRNNCell, "simple_rnn_cell"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(given(locals()))
