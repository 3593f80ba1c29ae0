"""Gradient descent, with momentum if wished."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class SGD(Optimizer):
    """Gradient descent: every parameter takes a step against its gradient.

    For the weights W and biases b of a layer, the loss J and the learning rate α::

        W ← W − α ∇_W J
        b ← b − α ∇_b J

    With ``momentum`` μ > 0, a velocity v remembers past steps (Polyak, 1964)::

        v ← μ v − α g
        w ← w + v

    With ``nesterov=True`` the step looks ahead along the velocity (Sutskever et al., 2013)::

        v ← μ v − α g
        w ← w + μ v − α g

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.01.
        momentum: μ, float in [0, 1]; 0.0.
        nesterov: bool, False.
        **common: the arguments of `Optimizer`: weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema,
            ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name.

    Example:
        >>> import numpy as np, schuss
        >>> w = schuss.Variable(np.array([1.0, 2.0], "float32"))
        >>> optimizer = schuss.optimizers.SGD(learning_rate=0.5)
        >>> optimizer.apply([np.array([1.0, -1.0], "float32")], [w])
        >>> w.numpy().tolist()
        [0.5, 2.5]
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.momentum = _checks.number(self, "momentum", momentum, high=1.0)
        self.nesterov = bool(nesterov)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        step = self._in_dtype(learning_rate, variable) * gradient
        if not self.momentum:
            variable.assign(variable - step)
            return
        slot = self._velocities[self._get_variable_index(variable)]
        velocity = self.momentum * slot - step
        slot.assign(velocity)
        variable.assign(variable + (self.momentum * velocity - step if self.nesterov else velocity))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
