"""Copies of layers and models in memory, and pickles: a config that holds classes themselves, and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.saving.assets import Files, assets_of, give_assets, give_own_stores, own_stores
from schuss.saving.serialization import deserialize_sharing, live_objects, serialize_sharing


def reduced(layer: Any) -> tuple[Any, tuple[Any, ...]]:
    """What pickle needs to make the layer (or model) again: structure, weights, what it was compiled with,
    the optimizer's state.

    Raises:
        TypeError, NotImplementedError: it has parts without `get_config`.
    """
    with live_objects():
        config = serialize_sharing(layer)
    optimizer = getattr(layer, "optimizer", None)
    state = [v.numpy() for v in optimizer.variables] if optimizer is not None and optimizer.built else None
    assets = assets_of(layer), own_stores(layer)
    return restored, (config, [v.numpy() for v in layer.variables], state, assets)


def restored(
    config: dict[str, Any],
    arrays: list[np.ndarray],
    state: list[np.ndarray] | None,
    assets: tuple[Files, dict[str, Any]] = ({}, {}),
) -> Any:
    """The layer of which `reduced` gave this."""
    with live_objects():
        layer = deserialize_sharing(config, None, safe_mode=True)
    variables = layer.variables
    if len(variables) != len(arrays):
        raise ValueError(
            f'A copy of "{layer.name}" ({type(layer).__name__}) has {len(variables)} variables where the original '
            f"has {len(arrays)}: its config does not say all. Give the class a `get_config` with all arguments, and a "
            "`build` that makes all its weights."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    give_own_stores(layer, assets[1])
    give_assets(layer, assets[0], f'The copy of "{layer.name}"')
    if state is not None and layer.optimizer is not None:
        if not layer.optimizer.built:
            layer.optimizer.build(layer.trainable_variables)
        layer.optimizer.set_weights(state)
    return layer


def copied(layer: Any) -> Any:
    """A copy that shares nothing with the original."""
    make, arguments = reduced(layer)
    return make(*arguments)
