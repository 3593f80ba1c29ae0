"""StackedRNNCells: several cells as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss.layers._layer import Layer
from schuss.layers.rnn._states import build_cell, output_size_of, require_cell, zero_states
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object


class StackedRNNCells(Layer):
    """Cells on top of each other as one cell: within a time step each gets the output of the one before.

    Args:
        cells: list of cells. The states are a list with one entry, or list of states, for each cell.

    Raises:
        ValueError: something that is no cell.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.layers import RNN, GRUCell, LSTMCell
        >>> RNN([LSTMCell(8), GRUCell(3)])(np.zeros((2, 5, 4))).shape
        (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any):
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"{type(self).__name__}: `cells` must be a list of cells, got {cells!r}.")
        for cell in cells:
            require_cell(type(self).__name__, cell)
        super().__init__(**kwargs)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        return output_size_of(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The first states of each cell, in a list."""
        return [zero_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        for cell in self.cells:
            build_cell(cell, shape)
            shape = (shape[0], output_size_of(cell))

    def call(self, inputs: Any, states: Any, training: Any = False, **kwargs: Any) -> Any:
        """One step of each cell. Returns the last one's output, and the list of the new states of each."""
        if len(states) != len(self.cells):
            raise ValueError(
                f'Cell "{self.name}" (StackedRNNCells) needs the states of its {len(self.cells)} cells, but was called '
                f"with {len(states)}."
            )
        after: list[Any] = []
        for cell, before in zip(self.cells, states, strict=True):
            listed = isinstance(before, (list, tuple))
            inputs, new = cell(
                inputs, list(before) if listed else [before], **kwargs, **trains(cell, training)
            )
            new = list(new) if isinstance(new, (list, tuple)) else [new]
            after.append(new if listed else new[0])
        return inputs, after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        cells = deserialize_keras_object(config.pop("cells"), custom_objects=custom_objects)
        return cls(cells, **config)


def trains(cell: Any, training: Any) -> dict[str, Any]:
    """The argument `training`, for a cell that takes it."""
    return {"training": training} if isinstance(cell, Layer) and cell._call_signature.has("training") else {}
