"""Masks of a whole sequence: which steps count, and what dropout drops in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schuss import ops
from schuss.graph import Spec
from schuss.layers.rnn._states import output_size_of
from schuss.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from schuss.layers.rnn.stacked_rnn_cells import StackedRNNCells


def time_major(owner: str, sequences: Any, mask: Any) -> Any:
    """A mask ``(batch, time)`` as bool, [time, batch]; None for none.

    Raises:
        ValueError: its shape is not that of the sequences' first two axes.
    """
    if isinstance(mask, (list, tuple)):
        mask = mask[0] if mask else None
    if mask is None:
        return None
    shape, wanted = tuple(mask.shape), tuple(sequences.shape[:2])
    if shape not in (wanted, (*wanted, 1)):
        raise ValueError(
            f"{owner}: the mask must have the shape (batch, time) of the input, {wanted}, but has {shape}; the input's "
            f"whole shape is {tuple(sequences.shape)}."
        )
    return ops.swapaxes(ops.reshape(ops.cast(mask, "bool"), wanted), 0, 1)


@contextmanager
def drawn(cell: Any, step_shape: tuple[int, ...], states: Any, training: Any) -> Iterator[None]:
    """Within the block the masks of a cell's dropout, and of the cells in it, are the same at every call.

    Args:
        step_shape: shape of a time step's inputs. states: the first states.
    """
    if training:
        _draw(cell, step_shape, states)
    try:
        yield
    finally:
        _forget(cell)


def _draw(cell: Any, shape: tuple[int, ...], states: Any) -> None:
    if isinstance(cell, DropoutRNNCell):
        state = states[0] if isinstance(states, (list, tuple)) else states
        dtype = getattr(cell, "compute_dtype", state.dtype)
        cell.get_dropout_mask(Spec(shape, dtype))
        cell.get_recurrent_dropout_mask(Spec(tuple(state.shape), dtype))
    if isinstance(cell, StackedRNNCells):
        for inner, own in zip(cell.cells, states, strict=True):
            _draw(inner, shape, own)
            shape = (shape[0], output_size_of(inner))


def _forget(cell: Any) -> None:
    if isinstance(cell, DropoutRNNCell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
    for inner in cell.cells if isinstance(cell, StackedRNNCells) else ():
        _forget(inner)
