"""RNN: a cell carried along a sequence."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.graph import Spec, Variable, _tree
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers.rnn._cell import RecurrentCell
from schuss.layers.rnn._loop import Loop
from schuss.layers.rnn._masks import drawn, time_major
from schuss.layers.rnn._states import (
    build_cell,
    given_states,
    output_size_of,
    require_cell,
    sizes_of,
    zero_states,
)
from schuss.layers.rnn.stacked_rnn_cells import StackedRNNCells, trains
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object

_LOOP = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")


class _Kept:
    """The states that a stateful layer keeps from batch to batch. They are not weights: they are not saved."""

    def __init__(self, states: Any):
        self.states = states


class RNN(Layer):
    """A recurrent layer: ``yₜ, sₜ = cell(xₜ, sₜ₋₁)`` for one time step t after the other, from ``s₀``.

    Args:
        cell: a cell, or a list of cells, each of which gets the output of the one before (see `StackedRNNCells`). A cell
            has a ``call(inputs, states)`` that returns ``(output, new_states)``, and a ``state_size``: an int, or a
            list of ints for several states. It may have an ``output_size`` (default: the first state's) and a
            ``get_initial_state(batch_size)`` (default: zeros). One that is a `Layer` may have weights.
        return_sequences: whether to return the outputs of all time steps, not only the last. Default False.
        return_state: whether to return the last states, too. Default False.
        go_backwards: from the last time step to the first; the outputs come in the order in which they were made.
            Default False.
        stateful: begin each batch with the states in which the one before it ended, row by row; `reset_state` makes
            them zeros. The batch size must be fixed then. Default False.
        unroll: write the loop out: faster for a few steps, much slower to compile for many. Default False.
        zero_output_for_mask: outputs of masked steps are zeros; otherwise those of the step before. Default False.

    Call arguments:
        sequences: ``(batch, time, features…)``.
        initial_state: list of the first states. Default: zeros, or what a stateful layer keeps.
        mask: ``(batch, time)``, bool: at steps where it is false the states stay as they are.
        training: whether dropout is active.

    Output shape: ``(batch, units)``, or ``(batch, time, units)`` with `return_sequences`. With `return_state` a tuple
    of this and the states.

    Raises:
        ValueError: no cell; inputs, masks or states of other shapes than these; a stateful layer for batches of an
            unknown or another size.

    Example:
        >>> import numpy as np, schuss
        >>> class Total(schuss.layers.Layer):
        ...     state_size = 1
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> x = np.array([[[1.0], [2.0], [3.0]]])
        >>> schuss.layers.RNN(Total(), return_sequences=True)(x).ravel().tolist()
        [1.0, 3.0, 6.0]
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ):
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        require_cell(type(self).__name__, cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self.state_size = sizes_of(type(self).__name__, cell)
        self.single_state = is_integer(cell.state_size)
        self._kept: _Kept | None = None

    # Shapes ---

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, time = sequences_shape[:2]
        states = [_tree.map_structure(lambda n: (batch, n), size) for size in self.state_size]
        return self._output_shapes(batch, time, (self._output_size,), states)

    def _output_shapes(self, batch: Any, time: Any, output: tuple[Any, ...], states: list[Any]) -> Any:
        shape = (batch, time, *output) if self.return_sequences else (batch, *output)
        return (shape, *states) if self.return_state else shape

    @property
    def _output_size(self) -> int:
        size = output_size_of(self.cell)
        if not is_integer(size):
            raise ValueError(f"{self._owner}: the cell's `output_size` must be an integer, got {size!r}.")
        return size

    @property
    def _owner(self) -> str:
        return f'Layer "{self.name}" ({type(self).__name__})'

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        flat = previous_mask if isinstance(previous_mask, (list, tuple)) else [previous_mask]
        mask = flat[0] if self.return_sequences and flat else None
        return [mask, *(None for _ in _tree.leaves(self.state_size))] if self.return_state else mask

    # State ---

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, sequences_shape: Any, initial_state_shape: Any = None
    ) -> None:
        self._check_input(sequences_shape)
        build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
        if self.stateful and self._kept is None:
            if sequences_shape[0] is None:
                raise ValueError(
                    f"{self._owner}: with `stateful=True` the batch size must be fixed, but the input's "
                    f"shape is {tuple(sequences_shape)}. Say it: Input(batch_shape=(32, …))."
                )
            self._kept = _Kept(
                _tree.map_structure(self._state_variable, self.get_initial_state(sequences_shape[0]))
            )

    def _check_input(self, shape: Any) -> None:
        if len(shape) < 3 or shape[1] == 0:
            raise ValueError(
                f"{self._owner}: expected an input of at least 3 axes, (batch, time, features), and at least one time "
                f"step; got the shape {tuple(shape)}."
            )

    def _state_variable(self, value: Any) -> Variable:
        variable = Variable(value, dtype=self.variable_dtype, trainable=False, name="rnn_state")
        variable.path = f"{self.path}/rnn_state"
        return variable

    @property
    def states(self) -> Any:
        """The variables in which a stateful layer keeps its states; None if it keeps none (yet)."""
        return None if self._kept is None else self._kept.states

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states from which sequences start when none are given, in a list."""
        states = zero_states(self.cell, batch_size, getattr(self.cell, "compute_dtype", self.compute_dtype))
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def reset_state(self) -> None:
        """Make the states that a stateful layer keeps zeros."""
        for variable in _tree.leaves(self.states):
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def reset_states(self) -> None:
        """`reset_state`, by its older name."""
        self.reset_state()

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        batch, kept = sequences.shape[0], self.states if self.stateful else None
        fixed = batch if kept is None else _tree.leaves(kept)[0].shape[0]
        if fixed != batch:
            raise ValueError(
                f"{self._owner} is stateful: all batches must have the size of the first, {fixed}, but the "
                f"input has the shape {tuple(sequences.shape)}."
            )
        if initial_state is not None:
            shapes, definition = self._state_shapes(batch), _tree.flatten(self.state_size)[1]
            states = given_states(self._owner, initial_state, shapes, definition)
        else:
            states = self.get_initial_state(batch) if kept is None else list(kept)
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return _tree.map_structure(lambda state: ops.cast(state, dtype), states)

    def _state_shapes(self, batch: int) -> list[tuple[int, ...]] | None:
        """The shapes of the states, flat; None where the cell alone knows them."""
        if isinstance(self.cell, RecurrentCell):
            return self.cell.state_shapes(batch)
        sizes = _tree.leaves(self.state_size)
        return [(batch, size) for size in sizes] if all(is_integer(size) for size in sizes) else None

    # Computing ---

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False) -> Any:
        self._check_input(sequences.shape)
        states = self._first_states(sequences, initial_state)
        loop = Loop(
            owner=self._owner,
            mask=time_major(self._owner, sequences, mask),
            backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output=self.zero_output_for_mask,
            sequences=self.return_sequences,
        )
        xs = ops.swapaxes(sequences, 0, 1)
        with drawn(self.cell, tuple(xs.shape[1:]), states, training):
            if isinstance(self.cell, RecurrentCell) and type(self.cell).call is RecurrentCell.call:
                last, outputs, states = self._by_halves(loop, xs, states, initial_state, training)
            else:
                more = trains(self.cell, training)
                last, outputs, states = loop.by_cell(
                    lambda x, states: self.cell(x, tuple(states), **more), xs, states
                )
        if self.stateful:
            for variable, state in zip(_tree.leaves(self.states), _tree.leaves(states), strict=True):
                variable.assign(state)
        output = (
            _tree.map_structure(lambda y: ops.swapaxes(y, 0, 1), outputs) if self.return_sequences else last
        )
        returned = (output, *states) if self.return_state else output
        return _tree.map_structure(lambda y: ops.cast(y, self.compute_dtype), returned)

    def _by_halves(self, loop: Loop, xs: Any, states: list[Any], initial_state: Any, training: Any) -> Any:
        """The loop for a cell of the library: the inputs' half of it for all time steps at once."""
        cell: RecurrentCell = self.cell
        makes_zeros = (
            type(self).get_initial_state is RNN.get_initial_state
            and type(cell).get_initial_state is RecurrentCell.get_initial_state
        )
        with cell._precision():
            xs = cell._converted(xs)
            masks, state_masks = cell.masks(Spec(tuple(xs.shape[1:]), xs.dtype), states[0], training)
            return loop.by_state(
                lambda x, states: cell.step(x, states, state_masks),
                cell.project(xs, masks),
                states,
                from_zero=initial_state is None and not self.stateful and makes_zeros,
            )

    # Configuration ---

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in _LOOP},
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        cell = deserialize_keras_object(config.pop("cell"), custom_objects=custom_objects)
        return cls(cell, **config)
