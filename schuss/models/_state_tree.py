"""A model's variables as nested dicts by their paths, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.layers._state import check_assignable

_KINDS = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")


def variables_of(model: Any, kind: str) -> list[Variable]:
    if kind not in _KINDS:
        raise ValueError(f"A state tree has the keys {', '.join(_KINDS)}; got {kind!r}.")
    if kind != "optimizer_variables":
        return getattr(model, kind)
    optimizer = getattr(model, "optimizer", None)
    return [] if optimizer is None else optimizer.variables


def state_tree(model: Any, value_format: str) -> dict[str, Any]:
    if value_format not in ("backend_tensor", "numpy_array"):
        raise ValueError(
            f"get_state_tree: `value_format` must be 'backend_tensor' or 'numpy_array', got {value_format!r}."
        )
    return {kind: _nested(variables_of(model, kind)) for kind in _KINDS}


def _nested(variables: list[Variable]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for variable in variables:
        *outer, last = variable.path.split("/")
        place = tree
        for part in outer:
            place = place.setdefault(part, {})
        if last in place:
            raise ValueError(
                f"get_state_tree: two variables have the path {variable.path!r}. Give layers unique names."
            )
        place[last] = variable.numpy()
    return tree


def set_state_tree(model: Any, tree: dict[str, Any]) -> None:
    """All is checked before anything is assigned."""
    variables: list[Variable] = []
    arrays: list[np.ndarray] = []
    for kind, nested in tree.items():
        known = {variable.path: variable for variable in variables_of(model, kind)}
        for path, value in _flat(nested):
            if path not in known:
                raise ValueError(
                    f"set_state_tree: the model has no variable {path!r} among its {kind}; it has "
                    f"{', '.join(known) or 'none'}."
                )
            variables.append(known[path])
            arrays.append(np.asarray(value))
    check_assignable("set_state_tree", variables, arrays)
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _flat(nested: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", value
