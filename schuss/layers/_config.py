"""Config in, config out: what a layer was made with, from which an equal one can be made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from schuss import regularizers
from schuss.layers._dtype_policy import DTypePolicy, serialize_policy
from schuss.layers._state import Holder


class Configurable(Holder):
    """`get_config` and `from_config`. The arguments of `__init__` are kept as given, in `_auto_config`."""

    dtype_policy: DTypePolicy
    activity_regularizer: Any
    _auto_config: dict[str, Any] | None

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer (without weights).

        A subclass with arguments of its own extends it:
            ``return {**super().get_config(), "units": self.units}``. One
        that does not gets the arguments it was made with, if these are plain values or can be serialized.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_policy(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if next(kind for kind in type(self).__mro__ if "get_config" in vars(kind)) in _AUTOMATIC:
            config.update(self._serialized_arguments())
        return config

    def _serialized_arguments(self) -> dict[str, Any]:
        from schuss.saving.serialization import serialize_keras_object

        own = {k: v for k, v in (self._auto_config or {}).items() if k not in ("name", "trainable", "dtype")}
        own = {k: v for k, v in own.items() if k != "activity_regularizer"}
        try:
            return {key: serialize_keras_object(value) for key, value in own.items()}
        except (TypeError, ValueError) as error:
            raise NotImplementedError(
                f"{type(self).__name__} was made with arguments that cannot be serialized by themselves "
                f"({error}). "
                "Give it a `get_config` method that returns its arguments as plain values."
            ) from None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new layer from what `get_config` returned.

        Raises:
            TypeError: the config has arguments that the class does not take.
        """
        from schuss.saving.serialization import deserialize_arguments

        config = deserialize_arguments(config)
        for name in _ADAPTERS:  # which Keras 3 writes into the configs of layers that have none
            if config.get(name, config) is None:
                del config[name]
        common = _not_taken_by(cls, config)
        try:
            made = cls(**{key: value for key, value in config.items() if key not in common})
        except TypeError as error:
            raise TypeError(f"{cls.__name__} cannot be made from the config {config}: {error}") from None
        made.name = common.get("name", made.name)
        if not common.get("trainable", True):
            made.trainable = False
        return made


def _not_taken_by(cls: type, config: dict[str, Any]) -> dict[str, Any]:
    """What every layer's config has, where the class's `__init__` has no such argument (nor ``**kwargs``)."""
    parameters = inspect.signature(cls.__init__).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return {}
    common = ("name", "trainable", "dtype")
    return {key: config[key] for key in common if key in config and key not in parameters}


_AUTOMATIC: set[type] = {Configurable}


def configures_automatically(cls: type) -> type:
    """Class decorator: subclasses without a `get_config` of their own get the arguments they were made
    with."""
    _AUTOMATIC.add(cls)
    return cls


def given_arguments(
    init: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any] | None:
    """The arguments of an `__init__` call by name, with defaults; None where they do not fit its
    signature."""
    signature = inspect.signature(init)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    given: dict[str, Any] = {}
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(bound.arguments[name])
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            given[name] = bound.arguments[name]
    return given


_ADAPTERS = ("lora_rank", "lora_alpha", "quantization_config")


def argument_names(cls: type) -> list[str]:
    names: list[str] = []
    for kind in cls.__mro__:
        if "__init__" in vars(kind) and kind is not object:
            parameters = inspect.signature(kind.__init__).parameters.values()
            names += [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return [name for name in dict.fromkeys(names) if name != "self"]
