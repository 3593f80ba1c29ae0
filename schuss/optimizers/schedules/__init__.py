"""Learning rates as functions of the step, written in `schuss.ops`, so that they are part of the compiled
step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schuss.optimizers.schedules._decays import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from schuss.optimizers.schedules._schedule import LearningRateSchedule
from schuss.saving import serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

_VOCABULARY = Vocabulary(
    "learning rate schedule",
    {
        cls.__name__: cls
        for cls in (
            CosineDecay,
            CosineDecayRestarts,
            ExponentialDecay,
            InverseTimeDecay,
            PiecewiseConstantDecay,
            PolynomialDecay,
        )
    },
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as a dict of plain values, as Keras writes it."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule that `serialize` described.

    Args:
        config: ``{"class_name": …, "config": {…}}``.
        custom_objects: classes of one's own, by name.

    Raises:
        ValueError: an unknown class name, or no such dict.
    """
    if not isinstance(config, dict):
        raise ValueError(
            f"Expected a dict with 'class_name' and 'config' that describes a schedule, got {config!r}."
        )
    return _VOCABULARY.deserialize(config, custom_objects)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "schedule", name, __all__)
