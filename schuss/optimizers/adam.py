"""Adam and what is made of it by one change: AdamW, Adamax, Nadam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from schuss import ops
from schuss.graph import Variable, floatx
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class _Moments(Optimizer):
    """Common to the family: two decay rates, ε, and two slots for each variable."""

    _slots = ("momentum", "velocity")

    def __init__(
        self, learning_rate: Any, beta_1: float, beta_2: float, epsilon: float, **common: Unpack[Common]
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = _checks.fraction(self, "beta_1", beta_1)
        self.beta_2 = _checks.fraction(self, "beta_2", beta_2)
        self.epsilon = _checks.number(self, "epsilon", epsilon)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._firsts, self._seconds = self.add_optimizer_variables(variables, self._slots)

    def _first(self, gradient: Any, variable: Variable) -> Any:
        """``m ← m + (1 − β₁)(g − m)``"""
        slot = self._firsts[self._get_variable_index(variable)]
        m = slot + (1.0 - self.beta_1) * (gradient - slot)
        slot.assign(m)
        return m

    def _second(self, gradient: Any, variable: Variable) -> Any:
        """``v ← v + (1 − β₂)(g² − v)``"""
        slot = self._seconds[self._get_variable_index(variable)]
        v = slot + (1.0 - self.beta_2) * (ops.square(gradient) - slot)
        slot.assign(v)
        return v

    def _missing(self, beta: float, variable: Variable) -> Any:
        """``1 − βᵗ``: the part of a moving average that is there after t steps."""
        t = self._step_number(variable)
        return self._once(
            f"missing {beta}", variable, lambda dtype: 1.0 - ops.power(ops.cast(beta, dtype), t)
        )

    def get_config(self) -> dict[str, Any]:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


class Adam(_Moments):
    """Steps scaled by moving averages of the gradient and of its square (Kingma & Ba,
    https://arxiv.org/abs/1412.6980)::

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        w ← w − α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)

    With ``amsgrad`` the largest v so far takes v's place (Reddi et al.,
    https://openreview.net/forum?id=ryQu7f-RZ).

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        beta_1: β₁, float in [0, 1); 0.9.
        beta_2: β₂, float in [0, 1); 0.999.
        epsilon: ε, float ≥ 0; 1e-7.
        amsgrad: bool, False.
        **common: the arguments of `Optimizer`: weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
            ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **common)
        self.amsgrad = bool(amsgrad)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._largest = self.add_optimizer_variables(variables, "velocity_hat") if self.amsgrad else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        m, v = self._first(gradient, variable), self._second(gradient, variable)
        if self.amsgrad:
            slot = self._largest[self._get_variable_index(variable)]
            v = ops.maximum(slot, v)
            slot.assign(v)
        variable.assign(variable - self._alpha(variable, learning_rate) * m / (ops.sqrt(v) + self.epsilon))

    def _alpha(self, variable: Variable, learning_rate: Any) -> Any:
        """``α √(1 − β₂ᵗ) / (1 − β₁ᵗ)``"""
        lr = self._in_dtype(learning_rate, variable)
        first, second = self._missing(self.beta_1, variable), self._missing(self.beta_2, variable)
        return self._once("alpha", variable, lambda _: lr * ops.sqrt(second) / first, of=learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}


class AdamW(Adam):
    """`Adam` with weight decay (Loshchilov & Hutter, https://arxiv.org/abs/1711.05101): first ``w ← w − α λ
    w``.

    The decay is apart from the gradient, so that it is not divided by √v as an L2 penalty would be.

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        weight_decay: λ, float ≥ 0; 0.004. `exclude_from_weight_decay` names variables to leave out.
        beta_1, beta_2, epsilon, amsgrad, **common: as in `Adam`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **common)
        if weight_decay is None:
            raise ValueError(
                "AdamW: `weight_decay` must be a finite number >= 0, got None. Without decay, use Adam."
            )


class Adamax(_Moments):
    """Adam with the infinity norm in place of the root mean square (Kingma & Ba,
    https://arxiv.org/abs/1412.6980)::

        m ← β₁ m + (1 − β₁) g
        u ← max(β₂ u, |g|)
        w ← w − α / (1 − β₁ᵗ) · m / (u + ε)

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        beta_1: β₁, float in [0, 1); 0.9.
        beta_2: β₂, float in [0, 1); 0.999.
        epsilon: ε, float ≥ 0; 1e-7.
        **common: the arguments of `Optimizer`.
    """

    _slots = ("momentum", "norm")

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
        lr, first = self._in_dtype(learning_rate, variable), self._missing(self.beta_1, variable)
        alpha = self._once("alpha", variable, lambda _: lr / first, of=learning_rate)
        m, slot = self._first(gradient, variable), self._seconds[self._get_variable_index(variable)]
        u = ops.maximum(self.beta_2 * slot, ops.abs(gradient))
        slot.assign(u)
        variable.assign(variable - alpha * m / (u + self.epsilon))


class Nadam(_Moments):
    """Adam with Nesterov momentum (Dozat, 2016)::

        μₜ = β₁ (1 − 0.96ᵗ / 2),   Πₜ = μ₁ μ₂ … μₜ
        m ← β₁ m + (1 − β₁) g,     m̂ = μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ)
        v ← β₂ v + (1 − β₂) g²,    v̂ = v / (1 − β₂ᵗ)
        w ← w − α m̂ / (√v̂ + ε)

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

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        dtype = variables[0].dtype if variables else floatx()
        self._product = self.add_variable((), np.ones, dtype)  # nameless, as in Keras

    def _update_all(self, grads: list[Any], variables: list[Variable], rate: Any) -> None:
        before = ops.convert_to_tensor(self._product)
        super()._update_all(grads, variables, rate)
        dtype = self._product.dtype
        t = ops.cast(self.iterations + 1, dtype)
        self._product.assign(before * self._mu(t, dtype))

    def _mu(self, t: Any, dtype: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * ops.power(ops.cast(0.96, dtype), t))

    def _weights(self, variable: Variable) -> tuple[Any, Any]:
        """What m and g count in m̂: ``μₜ₊₁ / (1 − Πₜ₊₁)`` and ``(1 − μₜ) / (1 − Πₜ)``."""

        def make(dtype: Any) -> tuple[Any, Any]:
            t = self._step_number(variable)
            now, then = self._mu(t, dtype), self._mu(t + 1.0, dtype)
            product = ops.cast(self._product, dtype) * now
            return then / (1.0 - product * then), (1.0 - now) / (1.0 - product)

        return self._once("weights", variable, make)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        of_m, of_g = self._weights(variable)
        i = self._get_variable_index(variable)
        m = self._firsts[i] + self._rest(self.beta_1, variable) * (gradient - self._firsts[i])
        v = self._seconds[i] + self._rest(self.beta_2, variable) * (ops.square(gradient) - self._seconds[i])
        self._firsts[i].assign(m)
        self._seconds[i].assign(v)
        v_hat = v / self._missing(self.beta_2, variable)
        variable.assign(variable - lr * (of_m * m + of_g * gradient) / (ops.sqrt(v_hat) + self.epsilon))
