"""MultiOptimizer: different optimizers for different variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from schuss.graph import Variable
from schuss.optimizers._optimizer import Optimizer
from schuss.optimizers.loss_scale import LossScaleOptimizer
from schuss.saving import deserialize_keras_object, serialize_keras_object


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Which optimizer is for which variable: by the variable's path.

    A key is a path, or a regular expression that the whole path matches: ``"encoder/.*"``.

    Args:
        default_optimizer: for variables that no key fits.
        optimizer_map: dict from keys to optimizers.

    Example:
        >>> from schuss.optimizers import Adam, OptimizerMap, SGD
        >>> chosen = OptimizerMap(SGD(), {".*/bias": Adam()})
        >>> type(chosen["dense/bias"]).__name__, type(chosen["dense/kernel"]).__name__
        ('Adam', 'SGD')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None):
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                f"OptimizerMap: `default_optimizer` must be an Optimizer, got {default_optimizer!r}."
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"OptimizerMap: `optimizer_map` must be a dict, got {optimizer_map!r}.")
        self.default_optimizer = default_optimizer
        self._optimizers = dict(optimizer_map or {})

    def __getitem__(self, path: str) -> Optimizer:
        if path in self._optimizers:
            return self._optimizers[path]
        fitting = [key for key in self._optimizers if re.fullmatch(key, path)]
        if len(fitting) > 1:
            raise ValueError(f"OptimizerMap: several keys fit the variable {path!r}: {fitting}.")
        return self._optimizers[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise ValueError(f"OptimizerMap: keys must be strings, got {key!r}.")
        if key in self._optimizers:
            raise ValueError(f"OptimizerMap: there is an optimizer for {key!r} already. Delete it first.")
        _check_inner(optimizer)
        self._optimizers[key] = optimizer

    def __delitem__(self, key: str) -> None:
        del self._optimizers[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizers)

    def __len__(self) -> int:
        return len(self._optimizers)

    def __call__(self, variable: Variable) -> Optimizer:
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        return {
            "default_optimizer": serialize_keras_object(self.default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizers),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> OptimizerMap:
        made = {k: deserialize_keras_object(v, custom_objects=custom_objects) for k, v in config.items()}
        return cls(**made)


class MultiOptimizer(Optimizer):
    """Gives each variable to the optimizer that is meant for it.

    Args:
        optimizer_map: an `OptimizerMap`, or a function of the variable that returns its optimizer.
        loss_scale_factor: float or None: for all of the optimizers, whatever they were made with.
        name: str.

    Attributes:
        optimizers: the optimizers. Each has its own learning rate; this one has none.

    Example:
        >>> from schuss.optimizers import Adam, MultiOptimizer, OptimizerMap, SGD
        >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {"embedding/.*": Adam(0.01)}))
        >>> [type(o).__name__ for o in optimizer.optimizers]
        ['Adam', 'SGD']
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ):
        if not callable(optimizer_map):
            raise ValueError(
                "MultiOptimizer: `optimizer_map` must be an OptimizerMap, or a function from a variable to "
                f"its optimizer, got {optimizer_map!r}."
            )
        self.optimizers: list[Optimizer] = []
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._parts: list[list[Variable]] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._place(optimizer)

    def _place(self, optimizer: Optimizer) -> int:
        """The optimizer's place in `optimizers`; a new one is added."""
        for i, known in enumerate(self.optimizers):
            if known is optimizer:
                return i
        _check_inner(optimizer)
        optimizer.loss_scale_factor = self.loss_scale_factor
        self.optimizers.append(optimizer)
        self._parts.append([])
        return len(self.optimizers) - 1

    def build(self, variables: Iterable[Variable]) -> None:
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        self._place_of: dict[int, int] = {}
        for variable in variables:
            place = self._place(self._optimizer_map(variable))
            self._place_of[id(variable)] = place
            self._parts[place].append(variable)
        for optimizer, part in zip(self.optimizers, self._parts, strict=True):
            if part:
                optimizer.build(part)

    @property
    def loss_scale_factor(self) -> float | None:
        """Of all optimizers. Settable."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        self._loss_scale_factor = factor
        for optimizer in self.optimizers:
            optimizer.loss_scale_factor = factor

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of `optimizers`."""
        return [*self._variables, *(variable for o in self.optimizers for variable in o.variables)]

    @property
    def learning_rate(self) -> Any:
        raise AttributeError(
            f"{self.name} has no learning rate of its own: use those of its `optimizers`, "
            "optimizer.optimizers[0].learning_rate."
        )

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        raise AttributeError(
            f"The learning rate of {self.name} cannot be set: set those of its `optimizers`, "
            "optimizer.optimizers[0].learning_rate = …"
        )

    @property
    def seeks_rate(self) -> bool:
        return any(o.seeks_rate for o in self.optimizers)

    @property
    def learning_rate_sources(self) -> tuple[Any, ...]:
        return tuple(source for o in self.optimizers for source in o.learning_rate_sources)

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """One step of every optimizer that has a gradient, as `Optimizer.apply`."""
        grads, variables = self._given(grads, trainable_variables)
        if not grads:
            return
        grads, variables = self._matched(grads, variables)
        for place, optimizer in enumerate(self.optimizers):
            pairs = [(g, v) for g, v in zip(grads, variables) if self._place_of[id(v)] == place]
            if pairs:
                optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        for place, optimizer in enumerate(self.optimizers):
            part = [variable for variable in var_list if self._place_of.get(id(variable)) == place]
            if part:
                optimizer.finalize_variable_values(part)

    def get_config(self) -> dict[str, Any]:
        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> MultiOptimizer:
        config = dict(config)
        chosen = deserialize_keras_object(config.pop("optimizer_map"), custom_objects=custom_objects)
        return cls(chosen, **config)


def _check_inner(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"An optimizer for some variables must be an Optimizer, got {optimizer!r}.")
    if isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ValueError(f"A {type(optimizer).__name__} cannot be one of several optimizers.")
