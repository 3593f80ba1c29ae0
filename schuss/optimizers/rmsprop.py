"""RMSprop: gradients divided by the root of their mean square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class RMSprop(Optimizer):
    """Gradients divided by the root of a moving average of their squares (Hinton, 2012)::

        v ← ρ v + (1 − ρ) g²
        Δ = α g / √(v + ε)
        w ← w − Δ

    ``centered`` subtracts the squared mean, ``ḡ ← ρ ḡ + (1 − ρ) g``, ``Δ = α g / √(v − ḡ² + ε)``; with
    ``momentum`` μ > 0 ``m ← μ m + Δ`` and ``w ← w − m``.

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        rho: ρ, float in [0, 1); 0.9.
        momentum: μ, float in [0, 1]; 0.0.
        epsilon: ε, float ≥ 0; 1e-7.
        centered: bool, False.
        **common: the arguments of `Optimizer`: weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
            ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.rho = _checks.fraction(self, "rho", rho)
        self.momentum = _checks.number(self, "momentum", momentum, high=1.0)
        self.epsilon = _checks.number(self, "epsilon", epsilon)
        self.centered = bool(centered)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._squares = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []
        self._means = self.add_optimizer_variables(variables, "average_gradient") if self.centered else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        i, rho = self._get_variable_index(variable), self.rho
        square = rho * self._squares[i] + (1.0 - rho) * ops.square(gradient)
        self._squares[i].assign(square)
        variance = square
        if self.centered:
            mean = rho * self._means[i] + (1.0 - rho) * gradient
            self._means[i].assign(mean)
            variance = square - ops.square(mean)
        step = lr * gradient * ops.rsqrt(variance + self.epsilon)
        if self.momentum:
            step = self.momentum * self._momentums[i] + step
            self._momentums[i].assign(step)
        variable.assign(variable - step)

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
