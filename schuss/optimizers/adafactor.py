"""Adafactor: second moments of matrices kept as a row and a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Common, Optimizer


class Adafactor(Optimizer):
    """Adam without momentum, whose second moment takes the memory of its margins (Shazeer & Stern,
    https://arxiv.org/abs/1804.04235)::

        β = 1 − tᵈ                               d = beta_2_decay
        R ← β R + (1 − β) mean_columns(g² + ε₁)
        C ← β C + (1 − β) mean_rows(g² + ε₁)
        V = R Cᵀ / mean(R)                       (for vectors V ← β V + (1 − β) (g² + ε₁))
        u = g / √V,   û = u / max(1, rms(u) / clip_threshold)
        w ← w − max(ε₂, rms(w)) · min(α, 1/√t) · û

    Args:
        learning_rate: α, float ≥ 0, schedule or function; 0.001.
        beta_2_decay: d, float ≤ 0; -0.8.
        epsilon_1: ε₁, float ≥ 0; 1e-30.
        epsilon_2: ε₂, float ≥ 0; 1e-3.
        clip_threshold: float > 0; 1.0.
        relative_step: bool, True: a float learning rate is at most 1/√t. False: it is used as it is.
        **common: the arguments of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[Common],
    ):
        super().__init__(learning_rate, **common)
        self.beta_2_decay = _checks.number(self, "beta_2_decay", beta_2_decay, low=-float("inf"), high=0.0)
        self.epsilon_1 = _checks.number(self, "epsilon_1", epsilon_1)
        self.epsilon_2 = _checks.number(self, "epsilon_2", epsilon_2)
        self.clip_threshold = _checks.number(self, "clip_threshold", clip_threshold, without_low=True)
        self.relative_step = bool(relative_step)

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._rows: list[Variable] = []
        self._columns: list[Variable] = []
        self._squares: list[Variable] = []
        for variable in variables:
            shape, dtype = variable.shape, variable.dtype
            if len(shape) < 2:  # nothing to factor; the places are kept, so that files of weights fit Keras's
                self._rows.append(self.add_variable((), dtype="int32", name=variable.name))
                self._columns.append(self.add_variable((), dtype="int32", name=variable.name))
            else:
                self._rows.append(self.add_variable(shape[:-1], dtype=dtype, name=variable.name))
                self._columns.append(
                    self.add_variable(shape[:-2] + shape[-1:], dtype=dtype, name=variable.name)
                )
            self._squares.append(self.add_variable_from_reference(variable, "velocity"))

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        lr, t = self._in_dtype(learning_rate, variable), self._step_number(variable)
        if self.relative_step and isinstance(self._learning_rate, Variable):
            lr = ops.minimum(lr, ops.rsqrt(t))
        beta = self._once("beta", variable, lambda _: 1.0 - ops.power(t, float(self.beta_2_decay)))
        v = self._second_moment(
            ops.square(gradient) + self.epsilon_1, beta, self._get_variable_index(variable)
        )
        u = gradient * ops.rsqrt(v)
        alpha = lr * ops.maximum(_rms(variable), self.epsilon_2)
        variable.assign(variable - alpha / ops.maximum(_rms(u) / self.clip_threshold, 1.0) * u)

    def _second_moment(self, square: Any, beta: Any, i: int) -> Any:
        slot = self._squares[i]
        if square.ndim < 2:
            v = beta * slot + (1.0 - beta) * square
        else:
            row = beta * self._rows[i] + (1.0 - beta) * ops.mean(square, axis=-1)
            column = beta * self._columns[i] + (1.0 - beta) * ops.mean(square, axis=-2)
            self._rows[i].assign(row)
            self._columns[i].assign(column)
            share = row / ops.mean(row, axis=-1, keepdims=True)
            v = ops.expand_dims(share, -1) * ops.expand_dims(column, -2)
        slot.assign(v)
        return v

    def get_config(self) -> dict[str, Any]:
        names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _rms(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))
