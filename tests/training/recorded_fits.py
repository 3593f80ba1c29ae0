"""Models and fits described in JSON, for Keras (tools/record_keras_training.py) and for us: the same calls on
both."""

from __future__ import annotations

from typing import Any

import numpy as np


def build(lib: Any, case: dict[str, Any]) -> Any:
    """The case's model: a stack of layers, then one or more heads; compiled."""
    x = lib.Input((case["features"],))
    h = x
    for name, config in case["layers"]:
        h = getattr(lib.layers, name)(**config)(h)
    heads = [
        lib.layers.Dense(units, activation=activation, name=name)(h)
        for name, units, activation in case["heads"]
    ]
    model = lib.Model(x, heads[0] if len(heads) == 1 else heads)
    arguments = dict(case["compile"])
    name, config = arguments.pop("optimizer")
    loss = arguments.pop("loss")
    if isinstance(loss, dict) and "class" in loss:
        loss = getattr(lib.losses, loss["class"])(**loss["config"])
    model.compile(optimizer=getattr(lib.optimizers, name)(**config), loss=loss, **arguments)
    return model


def arguments(case: dict[str, Any], data: dict[str, np.ndarray]) -> dict[str, Any]:
    """The arguments of `fit`, in which names like ``"@y"`` stand for arrays."""

    def value(given: Any) -> Any:
        if isinstance(given, str) and given.startswith("@"):
            return data[given[1:]]
        if isinstance(given, list) and any(isinstance(g, str) and g.startswith("@") for g in given):
            return [value(g) for g in given]
        return given

    found = {key: value(given) for key, given in case["fit"].items()}
    if "class_weight" in found:
        found["class_weight"] = {int(label): weight for label, weight in found["class_weight"].items()}
    if "validation_data" in found:
        found["validation_data"] = tuple(found["validation_data"])
    return found
