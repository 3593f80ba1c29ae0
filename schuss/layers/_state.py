"""Holder: something that holds variables and other holders. What a layer's weights, states, losses and
metrics are."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from schuss.graph import Tensor, Variable, active_trace
from schuss.random import SeedGenerator

_PLAIN = (int, float, str, bool, type(None), np.ndarray)
_NOT_STATE = frozenset(
    [
        "_auto_config",
        "_inbound_nodes",
        "_losses",
        "_trained_weights",
        "_kept_weights",
        "_build_shapes",
        "_input_spec",
    ]
)


def is_metric(value: Any) -> bool:
    """Whether it has a metric's verbs (metrics live above layers, so their class cannot be asked for
    here)."""
    return _is_metric_class(type(value))


@functools.cache
def _is_metric_class(kind: type) -> bool:
    return all(hasattr(kind, verb) for verb in ("update_state", "result", "reset_state"))


def is_seed_generator(value: Any) -> bool:
    return isinstance(value, SeedGenerator)


def unique(values: Iterable[Any]) -> list[Any]:
    """Each object once, in the order of first appearance."""
    return list({id(value): value for value in values}.values())


def _held_in(value: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, _PLAIN) or id(value) in seen:
        return
    if isinstance(value, dict):
        seen.add(id(value))
        for item in value.values():
            yield from _held_in(item, seen)
    elif isinstance(value, (list, tuple)):
        seen.add(id(value))
        for item in value:
            yield from _held_in(item, seen)
    elif isinstance(value, (Holder, Variable)) or is_metric(value) or is_seed_generator(value):
        yield value


class Holder:
    """Variables and other holders as attributes, in lists or in dicts; found by looking, whenever they are
    asked for."""

    name: str
    _trained_weights: list[Variable]
    _kept_weights: list[Variable]
    _losses: list[tuple[Any, Any]]
    _trainable: bool
    built: bool

    def _held(self) -> list[Any]:
        """What the attributes hold directly: layers, variables, metrics, seed generators."""
        seen: set[int] = set()
        return unique(
            item
            for name, value in vars(self).items()
            if name not in _NOT_STATE
            for item in _held_in(value, seen)
        )

    def _adopt(self, variable: Variable) -> None:
        if not any(variable is known for known in self._trained_weights + self._kept_weights):
            (self._trained_weights if variable.trainable else self._kept_weights).append(variable)

    def _disown(self, variable: Variable) -> None:
        for weights in (self._trained_weights, self._kept_weights):
            weights[:] = [known for known in weights if known is not variable]

    @property
    def _layers_held(self) -> list[Any]:
        return [item for item in self._held() if isinstance(item, Holder) and item is not self]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        """This layer and the layers in it, outer ones first."""
        found: dict[int, Any] = {id(self): self}
        pending = self._layers_held[::-1]
        while pending:
            layer = pending.pop()
            if id(layer) in found:
                continue
            found[id(layer)] = layer
            if recursive:
                pending.extend(layer._layers_held[::-1])
        return list(found.values())[0 if include_self else 1 :]

    def _own_variables(self) -> list[Variable]:
        return unique(
            [
                *self._trained_weights,
                *self._kept_weights,
                *(v for v in self._held() if isinstance(v, Variable)),
            ]
        )

    def _own_seeds(self) -> list[Variable]:
        return [item.state for item in self._held() if is_seed_generator(item)]

    @property
    def weights(self) -> list[Variable]:
        """All variables that learning makes: trainable ones and statistics, without the states of random
        generators."""
        return unique(v for layer in self._flatten_layers() for v in layer._own_variables())

    @property
    def variables(self) -> list[Variable]:
        """All variables of the layer and of the layers in it, with the states of random generators."""
        return unique(
            v for layer in self._flatten_layers() for v in [*layer._own_variables(), *layer._own_seeds()]
        )

    def _collect_trainable(self, seen: set[int]) -> Iterator[Variable]:
        if id(self) in seen or not self._trainable:
            return
        seen.add(id(self))
        yield from (v for v in self._own_variables() if v.trainable)
        for layer in self._layers_held:
            yield from layer._collect_trainable(seen)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that gradient descent changes; none where `trainable` is False."""
        return unique(self._collect_trainable(set()))

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """All other variables: statistics, states of random generators, frozen weights."""
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.variables if id(v) not in trained]

    @property
    def trainable_weights(self) -> list[Variable]:
        return self.trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        trained = {id(v) for v in self.trainable_variables}
        return [v for v in self.weights if id(v) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether gradient descent may change the weights. Setting it also sets it in all layers within."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for variable in layer._trained_weights:
                variable.trainable = bool(value)

    @property
    def metrics(self) -> list[Any]:
        """The metrics held by the layer and the layers in it."""
        return unique(item for layer in self._flatten_layers() for item in layer._held() if is_metric(item))

    @property
    def metrics_variables(self) -> list[Variable]:
        return unique(variable for metric in self.metrics for variable in metric.variables)

    @property
    def losses(self) -> list[Any]:
        """Scalars to be added to the loss: from `add_loss` and activity regularizers in the last call, and
        the regularizers of trainable weights now."""
        trace = active_trace()
        within = set()
        while trace is not None:
            within.add(id(trace))
            trace = trace.parent
        layers = self._flatten_layers()
        called = [
            value
            for layer in layers
            for value, made_in in layer._losses
            if made_in is None or id(made_in) in within
        ]
        penalties = [v.regularizer(v) for v in self.trainable_variables if v.regularizer is not None]
        return called + penalties

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or a list of scalars) to what training minimizes. To be called in `call`.

        Args:
            loss: scalar tensor, or several in a list or tuple.
        """
        for value in loss if isinstance(loss, (list, tuple)) else [loss]:
            self._losses.append((value, value.trace if isinstance(value, Tensor) else None))

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            layer._losses.clear()

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the values of `weights`, in their order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set `weights` from arrays in the same order, as `get_weights` returns them.

        Raises:
            ValueError: another number of arrays, or a shape that differs. Nothing is changed then.
        """
        arrays = [np.asarray(array) for array in weights]
        check_assignable(f'Layer "{self.name}"', self.weights, arrays)
        for variable, array in zip(self.weights, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights have."""
        return sum(variable.size for variable in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Write this layer's own variables (not those of layers within) into a dict-like `store`, as "0",
        "1", …"""
        for index, variable in enumerate(self._own_variables()):
            store[str(index)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: the store holds another number of arrays, or a shape differs.
        """
        variables = self._own_variables()
        arrays = [np.asarray(store[key]) for key in sorted(store.keys(), key=_numeric)]
        check_assignable(f'Layer "{self.name}" ({type(self).__name__})', variables, arrays)
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)


def check_assignable(owner: str, variables: list[Variable], arrays: list[np.ndarray]) -> None:
    """Raise a ValueError that says which variable, which shape it has and which came, unless `arrays` fit."""
    if len(arrays) != len(variables):
        hint = "" if variables else " The layer has no weights (yet): call it on data or `build` it first."
        raise ValueError(
            f"{owner} expected {len(variables)} weight array(s) "
            f"({', '.join(f'{v.name} {v.shape}' for v in variables) or 'none'}), but received {len(arrays)} "
            f"({', '.join(str(a.shape) for a in arrays) or 'none'}).{hint}"
        )
    for variable, array in zip(variables, arrays, strict=True):
        if array.shape != variable.shape:
            raise ValueError(
                f"{owner}: weight {variable.path!r} has shape {variable.shape}, but received an array of "
                "shape "
                f"{array.shape}."
            )


def _numeric(key: str) -> tuple[int, Any]:
    return (0, int(key)) if key.isdigit() else (1, key)
