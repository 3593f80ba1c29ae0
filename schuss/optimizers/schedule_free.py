"""ScheduleFreeAdamW: averages of the iterates in place of a falling learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class ScheduleFreeAdamW(Optimizer):
    """AdamW without a schedule: gradients are taken between a fast iterate z and its running mean x (Defazio
    et al., https://arxiv.org/abs/2405.15682). The variable w is that point between them::

        v ← v + (1 − β₂)(g² − v)
        z' = z − αₜ g / (√(v / (1 − β₂ᵗ)) + ε)       αₜ = α · min(1, t / warmup_steps)
        x' = (1 − 1/t) x + z' / t                    x  = (w − (1 − β₁) z') / β₁
        w ← (1 − β₁) z' + β₁ x',   z ← z'

    z is kept as ``momentum``, and starts at w. That x is found with z' and not, as in the paper, with z, is
    what Keras computes (on TensorFlow and PyTorch, where it is read after z's assignment).

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.0025.
        beta_1: β₁, float in (0, 1); 0.9: how near to x gradients are taken.
        beta_2: β₂, float in [0, 1); 0.999.
        epsilon: ε, float ≥ 0; 1e-8.
        warmup_steps: int ≥ 0, 0: the learning rate rises from 0 in so many steps.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = _checks.number(self, "beta_1", beta_1, high=1.0, without_low=True)
        self.beta_2 = _checks.fraction(self, "beta_2", beta_2)
        self.epsilon = _checks.number(self, "epsilon", epsilon)
        self.warmup_steps = _checks.number(self, "warmup_steps", warmup_steps)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._fast: list[Variable] = []
        self._squares: list[Variable] = []
        for variable in variables:
            start = np.array(variable.array)
            self._fast.append(
                self.add_variable_from_reference(
                    variable, "momentum", lambda shape, dtype, start=start: start.astype(dtype)
                )
            )
            self._squares.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        i, t = self._get_variable_index(variable), self._step_number(variable)
        z, square = self._fast[i], self._squares[i]
        rest_1, rest_2 = self._rest(self.beta_1, variable), self._rest(self.beta_2, variable)
        v = square + rest_2 * (ops.square(gradient) - square)
        there = self._once("there", variable, lambda dtype: 1.0 - ops.power(ops.cast(self.beta_2, dtype), t))
        z_new = z - self._warm(learning_rate, variable) * gradient / (ops.sqrt(v / there) + self.epsilon)
        x = (variable - rest_1 * z_new) / self.beta_1
        x_new = (1.0 - 1.0 / t) * x + z_new / t
        square.assign(v)
        z.assign(z_new)
        variable.assign(rest_1 * z_new + self.beta_1 * x_new)

    def _warm(self, learning_rate: Any, variable: Variable) -> Any:
        """αₜ, the learning rate in warm-up."""
        lr, t = self._in_dtype(learning_rate, variable), self._step_number(variable)
        if not self.warmup_steps:
            return lr
        return self._once(
            "warm", variable, lambda _: lr * ops.minimum(t / self.warmup_steps, 1.0), of=learning_rate
        )

    def get_config(self) -> dict[str, Any]:
        names = ("beta_1", "beta_2", "epsilon", "warmup_steps")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
