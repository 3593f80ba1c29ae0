"""What weights must satisfy. In: a variable's new value. Out: the nearest allowed one, or a step towards
it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schuss.constraints._constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from schuss.saving import serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_VOCABULARY = Vocabulary(
    "constraint",
    {
        "MaxNorm": MaxNorm,
        "MinMaxNorm": MinMaxNorm,
        "NonNeg": NonNeg,
        "UnitNorm": UnitNorm,
        "max_norm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "non_neg": NonNeg,
        "unit_norm": UnitNorm,
    },
)


def get(identifier: Any) -> Any:
    """The constraint that `identifier` stands for.

    Args:
        identifier: a name (``"max_norm"``, ``"NonNeg"``), a config dict, a class, a constraint or any
            callable ``w -> w``, or None (None).

    Raises:
        ValueError: nothing has that name.

    Example:
        >>> from schuss import constraints
        >>> constraints.get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return _VOCABULARY.get(identifier)


def serialize(constraint: Any) -> dict[str, Any]:
    """The constraint as a dict of plain values."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that `serialize` wrote down.

    Args:
        config: dict. custom_objects: name → class, for classes of the user's.
    """
    return _VOCABULARY.deserialize(config, custom_objects)


__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "constraint", name, __all__)
