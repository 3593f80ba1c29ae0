"""Muon: momentum, orthogonalised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Optimizer


class Muon(Optimizer):
    """Momentum whose matrix is replaced by a nearly orthogonal one, for the weights of hidden layers (Jordan,
    2024, https://kellerjordan.github.io/posts/muon; scaled as in https://arxiv.org/abs/2502.16982)::

        M ← μ M + G
        O = orthogonal(G + μ M) if nesterov, else orthogonal(M)
        W ← W − α · s · O                        s = rms_rate · √max(rows, columns)

    `orthogonal` is `ns_steps` of the Newton–Schulz iteration ``X ← a X + (b A + c A²) X, A = X Xᵀ`` from ``X
    = G / ‖G‖``. Variables that are no matrices, embeddings, and those named in `exclude_layers` are updated
    by AdamW.

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        adam_beta_1, adam_beta_2: floats in [0, 1); 0.9, 0.999.
        adam_weight_decay: float ≥ 0 or None; 0.004: the decay of the variables that AdamW updates.
        epsilon: float ≥ 0; 1e-7, of AdamW.
        weight_decay: float ≥ 0 or None; 0.004: the decay of the other variables.
        exclude_layers: list of regular expressions; variables whose path matches one are updated by AdamW.
        exclude_embeddings: bool, True.
        muon_a, muon_b, muon_c: the iteration's coefficients; 3.4445, -4.775, 2.0315.
        adam_lr_ratio: float ≥ 0; 1: AdamW's learning rate over α.
        momentum: μ, float in [0, 1]; 0.95.
        ns_steps: int ≥ 1; 5.
        nesterov: bool, True.
        rms_rate: float or None; 0.2. With None, s = 1.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Any,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **common)
        self.adam_beta_1 = _checks.fraction(self, "adam_beta_1", adam_beta_1)
        self.adam_beta_2 = _checks.fraction(self, "adam_beta_2", adam_beta_2)
        self.adam_weight_decay = _checks.optional_number(self, "adam_weight_decay", adam_weight_decay)
        self.epsilon = _checks.number(self, "epsilon", epsilon)
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.adam_lr_ratio = _checks.number(self, "adam_lr_ratio", adam_lr_ratio)
        self.momentum = _checks.number(self, "momentum", momentum, high=1.0)
        self.ns_steps = _checks.positive_integer(self, "ns_steps", ns_steps)
        self.nesterov = bool(nesterov)
        self.rms_rate = _checks.optional_number(self, "rms_rate", rms_rate)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._momentums: list[Variable] = []
        self._velocities: dict[int, Variable] = {}
        for i, variable in enumerate(variables):
            self._momentums.append(self.add_variable_from_reference(variable, "momentum"))
            if self._uses_adam(variable):
                self._velocities[i] = self.add_variable_from_reference(variable, "velocity")

    def _uses_adam(self, variable: Variable) -> bool:
        if variable.ndim != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(keyword, variable.path) for keyword in self.exclude_layers)

    def _decay_weights(self, variables: list[Variable], rate: Any) -> None:
        for variable in variables:
            decay = self.adam_weight_decay if self._uses_adam(variable) else self.weight_decay
            if decay and self._use_weight_decay(variable):
                variable.assign(variable - variable * (self._in_dtype(rate, variable) * decay))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr = self._in_dtype(learning_rate, variable)
        if self._uses_adam(variable):
            self._adam_step(gradient, variable, lr * self.adam_lr_ratio)
            return
        slot = self._momentums[self._get_variable_index(variable)]
        m = self.momentum * slot + gradient
        slot.assign(m)
        step = self._orthogonal(gradient + self.momentum * m if self.nesterov else m)
        variable.assign(variable - lr * self._scale(variable.shape) * step)

    def _adam_step(self, gradient: Any, variable: Variable, lr: Any) -> None:
        i = self._get_variable_index(variable)
        first, second = self._momentums[i], self._velocities[i]
        t = self._step_number(variable)
        m = first + (1.0 - self.adam_beta_1) * (gradient - first)
        v = second + (1.0 - self.adam_beta_2) * (ops.square(gradient) - second)
        first.assign(m)
        second.assign(v)
        there_1 = 1.0 - ops.power(ops.cast(self.adam_beta_1, variable.dtype), t)
        there_2 = 1.0 - ops.power(ops.cast(self.adam_beta_2, variable.dtype), t)
        variable.assign(variable - lr * ops.sqrt(there_2) / there_1 * m / (ops.sqrt(v) + self.epsilon))

    def _scale(self, shape: tuple[int, ...]) -> float:
        return 1.0 if self.rms_rate is None else self.rms_rate * max(shape) ** 0.5

    def _orthogonal(self, g: Any) -> Any:
        tall = g.shape[0] > g.shape[1]
        x = ops.transpose(g) if tall else g
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            a = ops.matmul(x, ops.transpose(x))
            b = self.muon_b * a + self.muon_c * ops.matmul(a, a)
            x = self.muon_a * x + ops.matmul(b, x)
        return ops.transpose(x) if tall else x

    def get_config(self) -> dict[str, Any]:
        names = (
            "adam_beta_1",
            "adam_beta_2",
            "adam_weight_decay",
            "epsilon",
            "exclude_layers",
            "exclude_embeddings",
            "muon_a",
            "muon_b",
            "muon_c",
            "adam_lr_ratio",
            "momentum",
            "ns_steps",
            "nesterov",
            "rms_rate",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
