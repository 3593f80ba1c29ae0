"""Holder: something that holds variables and other holders. What a layer's weights, states, losses and
metrics are."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from schuss.graph import Tensor, Variable, active_trace, structure, structure_changed
from schuss.random import SeedGenerator
from schuss.utils._cached import cached_property

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
        "_found",
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


def holds_state(name: str, value: Any) -> bool:
    """Whether an attribute, by itself or in what it contains, can be part of a layer's state."""
    return (
        name not in _NOT_STATE
        and not isinstance(value, _PLAIN)
        and (isinstance(value, (dict, list, tuple)) or _is_held(value))
    )


def _is_held(value: Any) -> bool:
    return isinstance(value, (Holder, Variable)) or is_metric(value) or is_seed_generator(value)


class _Contents:
    """What the lists and dicts that were looked into contained."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Any, tuple[Any, ...]]] = {}

    def looked_into(self, container: Any) -> bool:
        """Note what a list, tuple or dict contains; False if that has been done before."""
        if id(container) in self._of:
            return False
        self._of[id(container)] = container, _items(container)
        return True

    def changing(self) -> list[tuple[Any, tuple[Any, ...]]]:
        """Those that can change, with what was in them."""
        return [(c, items) for c, items in self._of.values() if not isinstance(c, tuple)]


def _items(container: Any) -> tuple[Any, ...]:
    return tuple(container.values() if isinstance(container, dict) else container)


def _held_in(value: Any, contents: _Contents) -> Iterator[Any]:
    if isinstance(value, _PLAIN):
        return
    if isinstance(value, (dict, list, tuple)):
        if contents.looked_into(value):
            for item in _items(value):
                yield from _held_in(item, contents)
    elif _is_held(value):
        yield value


class Found:
    """What there is in a holder and in the holders within, from one look at all of them. It holds until
    `is_current` says no.

    Args:
        root: the holder.

    Attributes:
        layers: the root and the holders in it, outer ones first. trainable, variables, weights, metrics: what
            the properties of `Holder` say. key: by which two such looks can be compared while both are kept.
    """

    def __init__(self, root: Holder):
        self._mark = structure.mark  # before the look: a change meanwhile must not be missed
        self._contents: list[tuple[Any, tuple[Any, ...]]] = []
        self._held: dict[int, list[Any]] = {}
        self.layers: list[Any] = []
        pending: list[Any] = [root]
        while pending:
            layer = pending.pop()
            if id(layer) in self._held:
                continue
            contents = _Contents()
            self._held[id(layer)] = held = layer._held(contents)
            self._contents += contents.changing()
            self.layers.append(layer)
            pending.extend(item for item in held[::-1] if isinstance(item, Holder))

    def is_current(self) -> bool:
        """Whether a new look would find the same."""
        if self._mark is not structure.mark:
            return False
        for container, items in self._contents:
            now = container.values() if isinstance(container, dict) else container
            if len(now) != len(items) or not all(map(operator.is_, now, items)):
                return False
        return True

    def _own_variables(self, layer: Any) -> list[Any]:
        return layer._own_variables(self._held[id(layer)])

    @cached_property
    def key(self) -> tuple[Any, ...]:
        return tuple((id(layer), layer._trainable, layer._generation) for layer in self.layers)

    @cached_property
    def trainable(self) -> list[Variable]:
        found: dict[int, Variable] = {}
        seen: set[int] = set()
        pending: list[Any] = [self.layers[0]]
        while pending:
            layer = pending.pop()
            if id(layer) in seen or not layer._trainable:
                continue
            seen.add(id(layer))
            found.update((id(v), v) for v in self._own_variables(layer) if v.trainable and id(v) not in found)
            pending.extend(item for item in self._held[id(layer)][::-1] if isinstance(item, Holder))
        return list(found.values())

    @cached_property
    def weights(self) -> list[Variable]:
        return unique(v for layer in self.layers for v in self._own_variables(layer))

    @cached_property
    def variables(self) -> list[Variable]:
        return unique(
            v
            for layer in self.layers
            for v in (
                *self._own_variables(layer),
                *(item.state for item in self._held[id(layer)] if is_seed_generator(item)),
            )
        )

    @cached_property
    def metrics(self) -> list[Any]:
        return unique(item for layer in self.layers for item in self._held[id(layer)] if is_metric(item))


class Holder:
    """Variables and other holders as attributes, in lists or in dicts; found by looking, when they are asked
    for, and again when the structure has changed."""

    name: str
    _trained_weights: list[Variable]
    _kept_weights: list[Variable]
    _losses: list[tuple[Any, Any]]
    _trainable: bool
    _found: Found | None
    built: bool
    _generation = 0
    """Counts how often what `adapt` learns has changed: programs have it in them."""

    def _held(self, contents: _Contents | None = None) -> list[Any]:
        """What the attributes hold directly: layers, variables, metrics, seed generators."""
        contents = _Contents() if contents is None else contents
        return unique(
            item
            for name, value in vars(self).items()
            if name not in _NOT_STATE
            for item in _held_in(value, contents)
        )

    def _all(self) -> Found:
        """What there is in this layer and in the layers in it."""
        found = self._found
        if found is None or not found.is_current():
            found = Found(self)
            object.__setattr__(self, "_found", found)
        return found

    def _adopt(self, variable: Variable) -> None:
        if not any(variable is known for known in self._trained_weights + self._kept_weights):
            (self._trained_weights if variable.trainable else self._kept_weights).append(variable)
            structure_changed()

    def _disown(self, variable: Variable) -> None:
        for weights in (self._trained_weights, self._kept_weights):
            weights[:] = [known for known in weights if known is not variable]
        structure_changed()

    @property
    def _layers_held(self) -> list[Any]:
        return [item for item in self._held() if isinstance(item, Holder) and item is not self]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        """This layer and the layers in it, outer ones first."""
        layers = self._all().layers[1:] if recursive else self._layers_held
        return [self, *layers] if include_self else layers

    def _own_variables(self, held: list[Any] | None = None) -> list[Variable]:
        held = self._held() if held is None else held
        return unique(
            [*self._trained_weights, *self._kept_weights, *(v for v in held if isinstance(v, Variable))]
        )

    @property
    def weights(self) -> list[Variable]:
        """All variables that learning makes: trainable ones and statistics, without the states of random
        generators."""
        return list(self._all().weights)

    @property
    def variables(self) -> list[Variable]:
        """All variables of the layer and of the layers in it, with the states of random generators."""
        return list(self._all().variables)

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that gradient descent changes; none where `trainable` is False."""
        return list(self._all().trainable)

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
        return list(self._all().metrics)

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
        layers = self._all().layers
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
        for layer in self._all().layers:
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
        for index, variable in enumerate(self._stored_variables()):
            store[str(index)] = variable.numpy()

    def _stored_variables(self) -> list[Variable]:
        """The own variables that files hold."""
        return self._own_variables()

    def _loaded(self) -> None:
        """What is to be done when values from a file have been assigned."""

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote.

        Raises:
            ValueError: the store holds another number of arrays, or a shape differs.
        """
        variables = self._stored_variables()
        arrays = [np.asarray(store[key]) for key in sorted(store.keys(), key=_numeric)]
        check_assignable(f'Layer "{self.name}" ({type(self).__name__})', variables, arrays)
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        self._loaded()


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
