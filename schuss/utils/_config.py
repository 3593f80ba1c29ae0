"""Config: settings of a program, as attributes and as a dict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schuss.utils._names import suggestion


class Config:
    """Named values that can be read as attributes or by their names, and frozen.

    Args:
        **kwargs: the first values.

    Example:
        >>> import schuss
        >>> config = schuss.utils.Config(learning_rate=0.1)
        >>> config.momentum = 0.9
        >>> config["momentum"], list(config), config.to_json()
        (0.9, ['learning_rate', 'momentum'], '{"learning_rate": 0.1, "momentum": 0.9}')
        >>> config.freeze()
        >>> config.momentum = 0.5
        Traceback (most recent call last):
        ValueError: Cannot change `momentum`: the config is frozen.
    """

    _config: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any):
        self.__dict__.update(_config=kwargs, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        self.__dict__["_frozen"] = True

    def unfreeze(self) -> None:
        """Allow changes again."""
        self.__dict__["_frozen"] = False

    def _require_unfrozen(self, name: Any) -> None:
        if self._frozen:
            raise ValueError(f"Cannot change `{name}`: the config is frozen.")

    def as_dict(self) -> dict[str, Any]:
        """A new dict of the values."""
        return dict(self._config)

    def to_json(self) -> str:
        return json.dumps(self._config)

    def keys(self) -> Any:
        return self._config.keys()

    def values(self) -> Any:
        return self._config.values()

    def items(self) -> Any:
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        self._require_unfrozen(args[0] if args else "")
        return self._config.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        new = dict(*args, **kwargs)
        self._require_unfrozen(", ".join(new))
        self._config.update(new)

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_config", {})
        if name in values:
            return values[name]
        raise AttributeError(f"Config has no value {name!r}. {suggestion(name, values)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(f"`{name}` is a method of Config; config[{name!r}] may be set.")
        self[name] = value

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __setitem__(self, key: str, item: Any) -> None:
        self._require_unfrozen(key)
        self._config[key] = item

    def __delitem__(self, key: str) -> None:
        self._require_unfrozen(key)
        del self._config[key]

    def __contains__(self, item: Any) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"
