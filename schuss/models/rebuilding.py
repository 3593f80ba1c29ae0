"""Models made again from what describes them."""

from __future__ import annotations

import json
from typing import Any

from schuss.models.model import Model
from schuss.saving.serialization import deserialize_keras_object


def clone_model(model: Model) -> Model:
    """A model of the same structure with new weights.

    Args:
        model: sequential, functional, or of a class with `get_config`.

    Example:
        >>> import schuss
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(3)])
        >>> schuss.models.clone_model(model).count_params()
        15
    """
    if not isinstance(model, Model):
        raise ValueError(f"clone_model: expected a model, got {type(model).__name__}.")
    return type(model).from_config(model.get_config())


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """The model (without weights) whose `Model.to_json` was `json_string`.

    Args:
        json_string: text. custom_objects: name → class or function, for those that are not registered.

    Raises:
        ValueError: it is not JSON, not of a model, or of unknown classes.
    """
    try:
        config = json.loads(json_string)
    except json.JSONDecodeError as error:
        raise ValueError(f"model_from_json: the text is not JSON: {error}.") from None
    model = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(model, Model):
        raise ValueError("model_from_json: the text does not describe a model.")
    return model
