"""The many arguments that a cell and the layer around it share: taken together, handed on, described."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from schuss import activations, constraints, initializers, regularizers

_ROOMS: dict[str, ModuleType] = {
    "activation": activations,
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


def _room(name: str) -> ModuleType | None:
    """The module whose objects an argument of this name takes: initializers for ``kernel_initializer``."""
    return _ROOMS.get(name.rsplit("_", 1)[-1])


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of an `__init__`, by name, from the `locals()` at its beginning."""
    own = {k: v for k, v in arguments.items() if k not in ("self", "kwargs") and not k.startswith("__")}
    return {**own, **arguments["kwargs"]}


@cache
def names_of(cls: type) -> tuple[str, ...]:
    """The names of the arguments that the `__init__` of the library's class spells out, for `cls` or the one that it
    was derived from."""
    known = next(kind for kind in cls.__mro__ if kind.__module__.startswith("schuss.layers.rnn"))
    parameters = list(inspect.signature(known.__init__).parameters.values())[1:]
    return tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)


def resolved(name: str, value: Any) -> Any:
    """What an argument stands for: the function for the name of an activation, and so on; others as they are."""
    room = _room(name)
    return value if room is None else room.get(value)


def described(owner: Any, names: Iterable[str]) -> dict[str, Any]:
    """The attributes `names` of a layer or cell as plain values, for its config."""
    values = {name: getattr(owner, name) for name in names}
    return {name: _described(_room(name), value) for name, value in values.items()}


def _described(room: Any, value: Any) -> Any:
    return value if room is None else room.serialize(value)
