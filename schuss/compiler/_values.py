"""What is known of a tensor's elements before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import Tensor


def scalar_value(tensor: Tensor) -> Any:
    """The number of which the tensor consists, if it is one constant everywhere; None otherwise."""
    while tensor.node is not None and tensor.node.primitive.name in (
        "broadcast_in_dim",
        "reshape",
        "convert",
    ):
        if tensor.node.primitive.name == "convert":
            inner = scalar_value(tensor.node.inputs[0])
            return None if inner is None else np.asarray(inner).astype(tensor.dtype).item()
        tensor = tensor.node.inputs[0]
    return tensor.array.reshape(()).item() if tensor.array is not None and tensor.array.size == 1 else None


def counted(tensor: Tensor) -> int | None:
    """n, if the tensor holds counts from 0 to n - 1, repeated or moved about."""
    while tensor.node is not None and tensor.node.primitive.name in (
        "broadcast_in_dim",
        "reshape",
        "transpose",
    ):
        tensor = tensor.node.inputs[0]
    if tensor.node is None or tensor.node.primitive.name != "iota" or tensor.dtype.kind not in "iu":
        return None
    return tensor.shape[tensor.node.params["axis"]]
