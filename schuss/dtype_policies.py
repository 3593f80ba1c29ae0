"""In which types layers compute and keep their variables."""

from typing import Any

from schuss.layers._dtype_policy import DTypePolicy
from schuss.layers._dtype_policy import get_policy as get
from schuss.layers._dtype_policy import serialize_policy as serialize

FloatDTypePolicy = DTypePolicy


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The policy that `serialize` described."""
    from schuss.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)


__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
