"""Questions about symbolic tensors."""

from __future__ import annotations

from typing import Any

from schuss.layers._symbolic import KerasTensor


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is symbolic: an `Input`, or made of one.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.utils.is_keras_tensor(schuss.Input((3,))), schuss.utils.is_keras_tensor(np.ones(3))
        (True, False)
    """
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: Any) -> list[KerasTensor]:
    """The inputs of which a symbolic tensor was made, in the order in which they were used.

    Example:
        >>> import schuss
        >>> x = schuss.Input((3,), name="x")
        >>> schuss.utils.get_source_inputs(schuss.layers.Dense(2)(x * 2.0))
        [<KerasTensor shape=(None, 3), dtype=float32, name=x>]
    """
    if not is_keras_tensor(tensor):
        raise TypeError(f"get_source_inputs: expected a symbolic tensor, got {type(tensor).__name__}.")
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    pending = [tensor]
    while pending:
        tensor = pending.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        history = tensor._keras_history
        before = history[0]._inbound_nodes[history[1]].input_tensors if history else []
        if not before:
            found[id(tensor)] = tensor
        pending.extend(reversed(before))
    return list(found.values())
