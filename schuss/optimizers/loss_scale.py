"""LossScaleOptimizer: another optimizer, with a loss that is scaled up as far as its gradients stay finite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Variable
from schuss.optimizers import _checks
from schuss.optimizers._optimizer import Optimizer
from schuss.saving import deserialize_keras_object, serialize_keras_object


class LossScaleOptimizer(Optimizer):
    """Wraps an optimizer, and multiplies the loss by a scale s so that small gradients do not underflow
    (Micikevicius et al., https://arxiv.org/abs/1710.03740).

    A step whose gradients are not all finite is left out, and ``s ← s / 2``. Otherwise the inner optimizer
    gets g / s, and after `dynamic_growth_steps` such steps in a row ``s ← 2 s``.

    Args:
        inner_optimizer: the `Optimizer`. Its own `loss_scale_factor` is not used.
        initial_scale: float > 0, 2¹⁵: the first s.
        dynamic_growth_steps: int ≥ 1, 2000.
        name: str.

    Raises:
        ValueError: another argument of `Optimizer`; it belongs to the inner optimizer.

    Example:
        >>> import schuss
        >>> optimizer = schuss.optimizers.LossScaleOptimizer(schuss.optimizers.Adam(0.01))
        >>> float(optimizer.scale_loss(0.5))
        16384.0
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ):
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(
                f"LossScaleOptimizer: `inner_optimizer` must be an Optimizer, got {inner_optimizer!r}."
            )
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer: dynamic=False is not supported. Set `loss_scale_factor` on the inner "
                "optimizer instead."
            )
        given = {key: value for key, value in kwargs.items() if value != _UNUSED.get(key, kwargs)}
        if given:
            raise ValueError(
                f"LossScaleOptimizer does not support {', '.join(f'`{key}`' for key in given)}. Arguments of "
                "optimizers belong to the `inner_optimizer`."
            )
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = _checks.number(self, "initial_scale", initial_scale, without_low=True)
        self.dynamic_growth_steps = _checks.positive_integer(
            self, "dynamic_growth_steps", dynamic_growth_steps
        )
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        start = lambda shape, dtype: np.full(shape, self.initial_scale, dtype)  # noqa: E731
        self.dynamic_scale = self.add_variable((), start, "float32", name="dynamic_scale")
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """One step, as `Optimizer.apply`, with gradients of the scaled loss."""
        grads, variables = self._given(grads, trainable_variables)
        if not grads:
            return
        present = [ops.convert_to_tensor(gradient) for gradient in grads if gradient is not None]
        finite = ops.convert_to_tensor(True)
        for gradient in present:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(gradient)))
        # Where the step is left out, its numbers do not matter; zeros do not overflow.
        inverse = ops.where(finite, ops.true_divide(1.0, self.dynamic_scale), 0.0)
        unscaled = [None if g is None else self._unscaled(g, finite, inverse) for g in grads]
        self._assign_where(finite, lambda: self.inner_optimizer.apply(unscaled, variables))
        self._adapt_scale(finite)

    def _unscaled(self, gradient: Any, finite: Any, inverse: Any) -> Any:
        gradient = ops.where(finite, gradient, ops.zeros_like(gradient))
        return ops.multiply(gradient, ops.cast(inverse, gradient.dtype))

    def _adapt_scale(self, finite: Any) -> None:
        scale, count = ops.convert_to_tensor(self.dynamic_scale), ops.convert_to_tensor(self.step_counter)
        grows = ops.equal(count, self.dynamic_growth_steps - 1)
        self.dynamic_scale.assign(ops.where(finite, ops.where(grows, scale * 2.0, scale), scale * 0.5))
        goes_on = ops.logical_and(finite, ops.logical_not(grows))
        self.step_counter.assign(ops.where(goes_on, count + 1, ops.zeros_like(count)))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times s."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        self.inner_optimizer.finalize_variable_values(var_list)

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's. Settable."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        self.inner_optimizer.learning_rate = rate

    @property
    def seeks_rate(self) -> bool:
        return self.inner_optimizer.seeks_rate

    def take_rate(self, rate: float) -> None:
        self.inner_optimizer.take_rate(rate)

    @property
    def learning_rate_sources(self) -> tuple[Any, ...]:
        return self.inner_optimizer.learning_rate_sources

    @property
    def iterations(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.iterations

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> LossScaleOptimizer:
        config = dict(config)
        inner = deserialize_keras_object(config.pop("inner_optimizer"), custom_objects=custom_objects)
        return cls(inner, **config)


# What older configs have, though it never had an effect.
_UNUSED: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
