"""Gradient descent and its relatives. In: gradients. Out: assignments to variables, written in `schuss.ops`.

An optimizer is used through ``model.compile(optimizer=…)``, by name (``"adam"``) or as an object, or by hand
with `apply`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schuss.optimizers import schedules
from schuss.optimizers._optimizer import Optimizer
from schuss.optimizers.adafactor import Adafactor
from schuss.optimizers.adam import Adam, Adamax, AdamW, Nadam
from schuss.optimizers.adaptive import Adadelta, Adagrad, Ftrl
from schuss.optimizers.lamb import Lamb
from schuss.optimizers.lion import Lion
from schuss.optimizers.loss_scale import LossScaleOptimizer
from schuss.optimizers.multi import MultiOptimizer, OptimizerMap
from schuss.optimizers.muon import Muon
from schuss.optimizers.rmsprop import RMSprop
from schuss.optimizers.schedule_free import ScheduleFreeAdamW
from schuss.optimizers.sgd import SGD
from schuss.saving import serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

_CLASSES = (SGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Muon, Nadam, RMSprop)
_CLASSES += (LossScaleOptimizer, MultiOptimizer, ScheduleFreeAdamW)
_VOCABULARY = Vocabulary("optimizer", {cls.__name__.lower(): cls for cls in _CLASSES})

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer's class and arguments as a dict of plain values, as Keras writes it."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimizer that `serialize` described, without its variables' values.

    Args:
        config: ``{"class_name": …, "config": {…}}``; case does not matter in built-in names.
        custom_objects: classes of one's own, by name.

    Raises:
        ValueError: an unknown class name, or no such dict.
    """
    if not isinstance(config, dict):
        raise ValueError(
            f"Expected a dict with 'class_name' and 'config' that describes an optimizer, got {config!r}."
        )
    name = config.get("class_name")
    if isinstance(name, str) and name.lower() in _VOCABULARY.table:
        config = {**config, "class_name": name.lower()}
    return _VOCABULARY.deserialize(config, custom_objects)


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that is meant.

    Args:
        identifier: an `Optimizer`; a name, ``"adam"``; a dict as from `serialize`; None, which stays None.

    Raises:
        ValueError: none of these, or an unknown name (the nearest known ones are named).

    Example:
        >>> import schuss
        >>> type(schuss.optimizers.get("sgd")).__name__
        'SGD'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier})
    hint = f" Pass an object: {identifier.__name__}()." if isinstance(identifier, type) else ""
    raise ValueError(
        f"An optimizer is an Optimizer, a name like 'adam', or a dict, got {identifier!r}.{hint}"
    )


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "optimizer", name, __all__)
