"""Penalties that keep weights small, few or different. In: a variable. Out: a scalar, added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schuss.regularizers._regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from schuss.saving import serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_VOCABULARY = Vocabulary(
    "regularizer",
    {
        "L1": L1,
        "L1L2": L1L2,
        "L2": L2,
        "OrthogonalRegularizer": OrthogonalRegularizer,
        "l1": L1,
        "l1_l2": L1L2,
        "l1l2": L1L2,
        "l2": L2,
        "orthogonal_regularizer": OrthogonalRegularizer,
    },
)


def get(identifier: Any) -> Any:
    """The regularizer that `identifier` stands for.

    Args:
        identifier: a name (``"l2"``, ``"L1L2"``), a config dict, a class, a regularizer or any callable
            ``x -> scalar``, or None (None).

    Raises:
        ValueError: nothing has that name.

    Example:
        >>> from schuss import regularizers
        >>> regularizers.get("l2").get_config()
        {'l2': 0.01}
    """
    return _VOCABULARY.get(identifier)


def serialize(regularizer: Any) -> dict[str, Any]:
    """The regularizer as a dict of plain values."""
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that `serialize` wrote down.

    Args:
        config: dict. custom_objects: name → class, for classes of the user's.
    """
    return _VOCABULARY.deserialize(config, custom_objects)


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "regularizer", name, __all__)
