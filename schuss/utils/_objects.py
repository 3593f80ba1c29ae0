"""Objects by name and as dicts: what ``'relu'``, ``"l2"`` or ``{"class_name": "Zeros", …}`` stand for, and
back."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from schuss.utils._names import suggestion


class Vocabulary:
    """The classes (or functions) of one kind under all the names that users give them.

    Args:
        kind: for messages: ``"initializer"``.
        table: name → class or function.
    """

    def __init__(self, kind: str, table: Mapping[str, Any]):
        self.kind, self.table = kind, dict(table)

    def get(self, identifier: Any) -> Any:
        """The object that `identifier` stands for: None, a name, a config dict, a class (made without
        arguments), or anything that can be called.

        Raises:
            ValueError: unknown name (with the nearest known ones), or something that is none of these.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            found = self.find(identifier)
            return found() if inspect.isclass(found) else found
        if isinstance(identifier, dict):
            return self._from_dict(identifier)
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier):
            return identifier
        raise ValueError(
            f"Could not interpret {self.kind} identifier: {identifier!r}. Expected a name such as "
            f"{next(iter(self.table))!r}, a config dict, or something to call."
        )

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that a dict (or a name) describes; names in `custom_objects` mean what they say
        there."""
        from schuss.saving import CustomObjectScope

        with CustomObjectScope(custom_objects):
            return self.get(config)

    def find(self, *names: str | None) -> Any:
        """What the first known of the names stands for: the user's classes and functions come before ours.

        Raises:
            ValueError: none is known.
        """
        from schuss.saving import get_registered_object

        for name in names:
            found = get_registered_object(name, module_objects=self.table) if name else None
            if found is not None:
                return found
        raise ValueError(
            f"Unknown {self.kind} {names[-1]!r}. {suggestion(str(names[-1]), self.table)} If it is your own, "
            "register "
            "it with @schuss.saving.register_keras_serializable()."
        )

    def _from_dict(self, config: Mapping[str, Any]) -> Any:
        if "class_name" not in config:
            raise ValueError(
                f"Could not interpret {self.kind} config: expected a dict with the keys 'class_name' and "
                "'config', "
                f"got the keys {sorted(map(str, config))}."
            )
        name, arguments, registered = (
            config["class_name"],
            config.get("config", {}),
            config.get("registered_name"),
        )
        if name == "function":
            return self.find(None if registered == "function" else registered, str(arguments))
        found = self.find(registered, name)
        if not inspect.isclass(found):
            return found
        make: Any = found
        return make.from_config(dict(arguments or {}))
