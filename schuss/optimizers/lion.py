"""Lion: the sign of a momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class Lion(Optimizer):
    """Steps of one size, in the direction of a momentum's sign (Chen et al.,
    https://arxiv.org/abs/2302.06675)::

        w ← w − α sign(β₁ m + (1 − β₁) g)
        m ← β₂ m + (1 − β₂) g

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001. A third to a tenth of Adam's serves best.
        beta_1: β₁, float in (0, 1]; 0.9.
        beta_2: β₂, float in [0, 1); 0.99.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Unpack[Common]
    ):
        super().__init__(learning_rate, **common)
        self.beta_1 = _checks.number(self, "beta_1", beta_1, high=1.0, without_low=True)
        self.beta_2 = _checks.fraction(self, "beta_2", beta_2)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        slot = self._momentums[self._get_variable_index(variable)]
        rest_1, rest_2 = self._rest(self.beta_1, variable), self._rest(self.beta_2, variable)
        variable.assign(variable - lr * ops.sign(self.beta_1 * slot + rest_1 * gradient))
        slot.assign(self.beta_2 * slot + rest_2 * gradient)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
