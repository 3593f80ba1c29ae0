"""Masks travel beside values: which places of a batch are padding is remembered for the value, not in it."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from schuss.graph import Tensor
from schuss.graph.primitives import identity_p

_of_arrays: dict[int, tuple[weakref.ref[Any], Any]] = {}
_of_traces: weakref.WeakKeyDictionary[Any, dict[int, Any]] = weakref.WeakKeyDictionary()


def set_mask(value: Any, mask: Any) -> None:
    """Remember `mask` (bool, the leading axes of `value`; None for none) for `value`."""
    if isinstance(value, Tensor):
        if mask is None and value.trace not in _of_traces:
            return
        _of_traces.setdefault(value.trace, {})[value.id] = mask
    elif isinstance(value, np.ndarray):
        key = id(value)
        if mask is None:
            _of_arrays.pop(key, None)
        else:
            _of_arrays[key] = (weakref.ref(value, lambda _, key=key: _of_arrays.pop(key, None)), mask)
    elif hasattr(value, "_keras_history"):
        value._keras_mask = mask


def get_mask(value: Any) -> Any:
    """The mask remembered for `value`, None if there is none."""
    if isinstance(value, Tensor):
        return _of_traces.get(value.trace, {}).get(value.id)
    if isinstance(value, np.ndarray):
        entry = _of_arrays.get(id(value)) if _of_arrays else None
        return entry[1] if entry is not None and entry[0]() is value else None
    return getattr(value, "_keras_mask", None)


def unmasked_twin(value: Any) -> Any:
    """The same value without its mask, which stays for others that use `value`: what a layer gives that drops masks
    and whose call found nothing to do, as a `Reshape` to the shape that there is."""
    if isinstance(value, Tensor):
        return identity_p.bind(value)
    return value.view() if isinstance(value, np.ndarray) else value
