"""Lamb: Adam's direction, at a length that fits the layer."""

from __future__ import annotations

from typing import Any, Unpack

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers._optimizer import Common
from schuss.optimizers.adam import _Moments


class Lamb(_Moments):
    """Adam's steps, scaled to each variable's own length (You et al., https://arxiv.org/abs/1904.00962)::

        m ← β₁ m + (1 − β₁) g,   m̂ = m / (1 − β₁ᵗ)
        v ← β₂ v + (1 − β₂) g²,  v̂ = v / (1 − β₂ᵗ)
        r = m̂ / (√v̂ + ε)
        w ← w − α ‖w‖ / ‖r‖ · r          (the ratio is 1 where a norm is 0)

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        beta_1: β₁, float in [0, 1); 0.9.
        beta_2: β₂, float in [0, 1); 0.999.
        epsilon: ε, float ≥ 0; 1e-7.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        m_hat = self._first(gradient, variable) / self._missing(self.beta_1, variable)
        v_hat = self._second(gradient, variable) / self._missing(self.beta_2, variable)
        direction = m_hat / (ops.sqrt(v_hat) + self.epsilon)
        have, want = _length(direction), _length(variable)
        known = ops.logical_and(ops.greater(have, 0.0), ops.greater(want, 0.0))
        ratio = ops.where(known, want / ops.where(known, have, 1.0), 1.0)
        variable.assign(variable - lr * ops.cast(ratio, variable.dtype) * direction)


def _length(x: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(x)))
