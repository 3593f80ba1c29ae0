"""Learning rates for each element, from all past gradients: Adagrad, Adadelta, Ftrl."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


def _filled(value: float) -> Any:
    return lambda shape, dtype: np.full(shape, value, dtype)


class Adagrad(Optimizer):
    """Steps that shrink with the sum of squared gradients (Duchi et al., 2011)::

        a ← a + g²
        w ← w − α g / √(a + ε)

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001 (the paper's form has 1.0).
        initial_accumulator_value: a's start, float ≥ 0; 0.1.
        epsilon: ε, float ≥ 0; 1e-7.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = _checks.number(
            self, "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = _checks.number(self, "epsilon", epsilon)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        start = _filled(self.initial_accumulator_value)
        self._sums = self.add_optimizer_variables(variables, "accumulator", start)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        slot = self._sums[self._get_variable_index(variable)]
        total = slot + ops.square(gradient)
        slot.assign(total)
        variable.assign(variable - lr * gradient / ops.sqrt(total + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adadelta(Optimizer):
    """Steps in the units of the variable: past steps over past gradients (Zeiler,
    https://arxiv.org/abs/1212.5701)::

        a ← ρ a + (1 − ρ) g²
        Δ = −√(d + ε) / √(a + ε) · g
        d ← ρ d + (1 − ρ) Δ²
        w ← w + α Δ

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001 (the paper's form has 1.0).
        rho: ρ, float in [0, 1); 0.95.
        epsilon: ε, float ≥ 0; 1e-7.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Unpack[Common]
    ):
        super().__init__(learning_rate, **common)
        self.rho = _checks.fraction(self, "rho", rho)
        self.epsilon = _checks.number(self, "epsilon", epsilon)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        names = ("accumulated_grad", "accumulated_delta_var")
        self._squares, self._steps = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        i, rho = self._get_variable_index(variable), self.rho
        square = rho * self._squares[i] + (1.0 - rho) * ops.square(gradient)
        step = -ops.sqrt(self._steps[i] + self.epsilon) / ops.sqrt(square + self.epsilon) * gradient
        self._squares[i].assign(square)
        self._steps[i].assign(rho * self._steps[i] + (1.0 - rho) * ops.square(step))
        variable.assign(variable + lr * step)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class Ftrl(Optimizer):
    """ "Follow the regularised leader", for sparse linear models (McMahan et al., 2013)::

        n' = n + g²
        z ← z + g' − (n'⁻ᵖ − n⁻ᵖ) / α · w        g' = g + 2 λₛ w
        w ← (clip(z, −λ₁, λ₁) − z) / (n'⁻ᵖ / α + 2 (λ₂ + β / 2α))
        n ← n'

    Args:
        learning_rate: α, float > 0, schedule or function; 0.001.
        learning_rate_power: p, float ≤ 0; -0.5.
        initial_accumulator_value: n's start, float ≥ 0; 0.1.
        l1_regularization_strength: λ₁, float ≥ 0; 0.0.
        l2_regularization_strength: λ₂, float ≥ 0; 0.0.
        l2_shrinkage_regularization_strength: λₛ, float ≥ 0; 0.0.
        beta: β, float ≥ 0; 0.0.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.learning_rate_power = _checks.number(
            self, "learning_rate_power", learning_rate_power, low=-np.inf, high=0.0
        )
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for name in self._not_negative:
            _checks.number(self, name, getattr(self, name))

    _not_negative = (
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        starts = (_filled(self.initial_accumulator_value), "zeros")
        self._sums, self._linears = self.add_optimizer_variables(variables, ("accumulator", "linear"), starts)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr, i = self._in_dtype(learning_rate, variable), self._get_variable_index(variable)
        power, l1, l2 = (
            -self.learning_rate_power,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
        )
        total = self._sums[i] + ops.square(gradient)
        root, old_root = ops.power(total, power), ops.power(self._sums[i], power)
        shrunk = gradient
        if self.l2_shrinkage_regularization_strength:
            shrunk = gradient + 2.0 * self.l2_shrinkage_regularization_strength * variable
        linear = self._linears[i] + shrunk - (root - old_root) / lr * variable
        quadratic = root / lr + (2.0 * l2 + self.beta / lr)
        variable.assign((ops.clip(linear, -l1, l1) - linear) / quadratic)
        self._linears[i].assign(linear)
        self._sums[i].assign(total)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("learning_rate_power", *self._not_negative)}
        return {**super().get_config(), **own}
