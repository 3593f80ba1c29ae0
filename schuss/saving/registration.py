"""The user's own classes and functions, by name: what files may refer to beside the library's vocabulary."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any

_by_name: dict[str, Any] = {}
_name_of: dict[Any, str] = {}


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[dict[str, Any]] = []


_scopes = _Scopes()


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorator: a class (with `get_config`) or function that configs and files refer to as
    ``"package>name"``.

    Args:
        package: whose it is. Default ``"Custom"``.
        name: default: the object's own name.

    Raises:
        ValueError: a class without `get_config`.

    Example:
        >>> import schuss
        >>> @schuss.saving.register_keras_serializable(package="mine")
        ... def squared(x):
        ...     return x * x
        >>> schuss.saving.get_registered_name(squared)
        'mine>squared'
    """

    def register(thing: Any) -> Any:
        registered = f"{package}>{name or thing.__name__}"
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"Cannot register {thing.__name__}: a class needs a `get_config` method, from whose result "
                "it can be "
                "made again."
            )
        _by_name[registered] = thing
        _name_of[thing] = registered
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered; its own name if it was not."""
    return _name_of.get(obj) or str(obj.__name__)


def get_registered_object(
    name: str | None,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The class or function with that name, None if there is none.

    Looked at in turn: the open `custom_object_scope`s, the registered names, `custom_objects`,
    `module_objects`.
    """
    for table in (*reversed(_scopes.stack), _by_name, custom_objects or {}, module_objects or {}):
        if name is not None and name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The table of registered objects itself; may be changed."""
    return _by_name


class CustomObjectScope:
    """Within ``with CustomObjectScope({"Name": thing}):`` configs may refer to `thing` by that name.

    Args:
        custom_objects: dict from names to classes or functions.
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None):
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self) -> CustomObjectScope:
        _scopes.stack.append(self.custom_objects)
        return self

    def __exit__(self, *exc: object) -> None:
        _scopes.stack.pop()


custom_object_scope = CustomObjectScope
