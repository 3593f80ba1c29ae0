"""Where a recurrence begins: how many states a cell has, zeros for them, and those that a user gives."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.graph import _tree
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._symbolic import KerasTensor


def require_cell(owner: str, cell: Any) -> None:
    """A ValueError that says what is missing, unless `cell` has what a cell needs."""
    if not hasattr(cell, "call"):
        raise ValueError(
            f"{owner}: a cell must have a `call(inputs, states)` method, got {cell!r} (of type {type(cell).__name__})."
        )
    if getattr(cell, "state_size", None) is None:
        raise ValueError(
            f"{owner}: a cell must have a `state_size`, an integer or a list of integers, one for each state; got "
            f"{cell!r}, which has none."
        )


def sizes_of(owner: str, cell: Any) -> list[Any]:
    """A cell's `state_size` as a list."""
    size = cell.state_size
    if not (is_integer(size) or isinstance(size, (list, tuple))):
        raise ValueError(
            f"{owner}: the cell's `state_size` must be an integer or a list of integers, one for each state; got {size!r}."
        )
    return [size] if is_integer(size) else list(size)


def build_cell(cell: Any, step_shape: Any) -> None:
    """Create the weights of a cell, and of the layers in it, for a time step's inputs of a shape."""
    if not isinstance(cell, Layer) or cell.built:
        return
    shape = tuple(step_shape)
    if type(cell).build is not Layer.build:
        cell.build(shape)
    elif any(not layer.built for layer in cell._layers_held):  # a step's call builds them
        sizes = sizes_of(type(cell).__name__, cell)
        states = _tree.map_structure(lambda size: KerasTensor((shape[0], size), cell.compute_dtype), sizes)
        cell._traced_output_spec(KerasTensor(shape, cell.compute_dtype), states)
    cell.built = True


def output_size_of(cell: Any) -> Any:
    """The size of a cell's output: what it says, else that of its first state."""
    size = getattr(cell, "output_size", None)
    return sizes_of(type(cell).__name__, cell)[0] if size is None else size


def zero_states(cell: Any, batch_size: Any, dtype: Any) -> Any:
    """What a cell says its first states are; zeros, if it says nothing (one for one state, else a list)."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=batch_size)
    return _tree.map_structure(lambda size: ops.zeros((batch_size, size), dtype=dtype), cell.state_size)


def given_states(owner: str, given: Any, shapes: list[tuple[int, ...]] | None, definition: Any) -> list[Any]:
    """The states that a layer was called with, in a list, if they are as many and of such shapes as its cell has.

    Args:
        owner: for messages. given: one state, or a structure of them.
        shapes: those of the cell's states, flat; None: any. definition: the structure in which the cell has them.

    Raises:
        ValueError: another number, or shapes that cannot be broadcast to these.
    """
    flat = _tree.leaves(given)
    if shapes is None:
        return list(given) if isinstance(given, (list, tuple)) else [given]
    if len(flat) != len(shapes) or not all(
        _fits(state, shape) for state, shape in zip(flat, shapes, strict=True)
    ):
        raise ValueError(
            f"{owner}: `initial_state` must be {len(shapes)} array(s) of shapes {_listed(shapes)}; got {len(flat)} of "
            f"shapes {_listed([tuple(state.shape) for state in flat])}."
        )
    fitted = [ops.broadcast_to(state, shape) for state, shape in zip(flat, shapes, strict=True)]
    return _tree.unflatten(definition, fitted)


def _fits(state: Any, shape: tuple[int, ...]) -> bool:
    own = tuple(state.shape)
    return len(own) == len(shape) and all(n in (1, m) for n, m in zip(own, shape, strict=True))


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"
