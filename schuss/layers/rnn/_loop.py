"""The loop over time steps: states from step to step, and what a mask does to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schuss import ops
from schuss.graph import Spec, Tensor, _tree, trace

Step = Callable[[Any, Any], Any]


@dataclass
class Loop:
    """How a recurrence runs over sequences whose first axis is time.

    At steps where the mask is false the states stay as they are, and the output is that of the step before (zeros, if
    there is none, or for `zero_output`).

    Attributes:
        owner: the layer and its class, for messages. mask: [time, batch], bool, or None.
        backwards: from the last step to the first; outputs come in the order in which they are made.
        unroll: write the loop out. zero_output: see above. sequences: whether all outputs are wanted.
    """

    owner: str
    mask: Any
    backwards: bool
    unroll: bool
    zero_output: bool
    sequences: bool

    def by_state(self, step: Step, xs: Any, states: list[Any], from_zero: bool) -> tuple[Any, Any, list[Any]]:
        """The last output, all outputs (None if not wanted) and the last states of ``states = step(x, states)``, where
        the first state is the output.

        Args:
            from_zero: whether the first states are zeros, which outputs before the first unmasked step are, too.
        """

        def body(states: list[Any], slices: Any) -> tuple[list[Any], Any]:
            x, kept = slices
            after = _kept(kept, step(x, states), states)
            return after, after[0] if self.sequences else None

        states, outputs = self._scan(body, states, xs)
        last = states[0]
        if self.mask is not None and self.zero_output:
            last = _kept(self._last(self.mask), last)
            outputs = _kept(self._ordered(self.mask), outputs)
        elif self.mask is not None and not from_zero:
            last = _kept(ops.any(self.mask, axis=0), last)
            seen = ops.greater(ops.cumsum(ops.cast(self._ordered(self.mask), "int32"), axis=0), 0)
            outputs = _kept(seen, outputs)
        return last, outputs, states

    def by_cell(self, step: Step, xs: Any, states: list[Any]) -> tuple[Any, Any, list[Any]]:
        """As `by_state`, of ``output, states = step(x, states)``, where the output is something else."""

        def body(carry: tuple[Any, list[Any]], slices: Any) -> tuple[Any, Any]:
            output, states = carry
            x, kept = slices
            new_output, new_states = step(x, states)
            after = _kept(kept, self._alike(new_states, states), states)
            before = None if self.zero_output else output
            after_output = _kept(kept, _as_before(new_output, output), before)
            return (after_output, after), after_output if self.sequences else None

        start = _zeros_like_output(step, xs, states)
        (last, states), outputs = self._scan(body, (start, states), xs)
        return last, outputs, states

    def _scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any) -> tuple[Any, Any]:
        carry, outputs = ops.scan(body, carry, (xs, self.mask), reverse=self.backwards, unroll=self.unroll)
        return carry, _tree.map_structure(self._ordered, outputs)

    def _ordered(self, x: Any) -> Any:
        """What belongs to time steps, in the order in which the loop meets them."""
        return ops.flip(x, axis=0) if self.backwards else x

    def _last(self, x: Any) -> Any:
        return x[0] if self.backwards else x[-1]

    def _alike(self, new: Any, states: list[Any]) -> list[Any]:
        """What a cell returned as states, in the structure and dtypes of those that it was given."""
        old, definition = _tree.flatten(states)
        flat = [ops.convert_to_tensor(state) for state in _tree.leaves(new)]
        if [tuple(n.shape) for n in flat] != [tuple(o.shape) for o in old]:
            raise ValueError(
                f"{self.owner}: the cell was given {len(old)} state(s) of shapes {_shapes(old)}, but returned "
                f"{len(flat)} of shapes {_shapes(flat)}. A cell returns (output, new states), these with the shapes of "
                "the old."
            )
        pairs = zip(flat, old, strict=True)
        return _tree.unflatten(definition, [ops.cast(n, o.dtype) for n, o in pairs])


def _kept(kept: Any, new: Any, old: Any = None) -> Any:
    """`new` where `kept`, whose axes are its first, is true, elsewhere `old` (default: zeros); structures of these."""
    if kept is None or new is None:
        return new
    if old is None:
        old = _tree.map_structure(ops.zeros_like, new)

    def chosen(n: Any, o: Any) -> Any:
        return ops.where(ops.reshape(kept, (*kept.shape, *(1,) * (len(n.shape) - len(kept.shape)))), n, o)

    return _tree.map_structure(chosen, new, old)


def _as_before(output: Any, before: Any) -> Any:
    return _tree.map_structure(lambda new, old: ops.cast(new, old.dtype), output, before)


def _zeros_like_output(step: Step, xs: Any, states: list[Any]) -> Any:
    """Zeros of the structure, shapes and dtypes of a cell's output, found by tracing a step."""
    graph = trace(
        lambda x, states: step(x, states)[0],
        Spec(tuple(xs.shape[1:]), xs.dtype),
        _tree.map_structure(Spec.of, states),
    )
    zeros = [ops.zeros(output.shape, dtype=output.dtype) for output in graph.outputs]
    return _tree.unflatten(graph.out_tree, zeros)


def _shapes(states: list[Tensor]) -> str:
    return ", ".join(str(tuple(state.shape)) for state in states) or "none"
