"""Loops in traces: the body is traced once, on tensors that stand for one turn's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import (
    Spec,
    StateSlot,
    Tensor,
    Trace,
    _tree,
    active_trace,
    closed,
    result_type,
    tracing,
)
from schuss.graph.primitives import scan_p
from schuss.ops._operands import filled, is_weak, kind_of, value

_SHORT = 4  # turns up to which a loop is written out


class UnstableCarryError(ValueError):
    """A turn changes the shape, the dtype or the structure of what it carries."""


def worth_a_loop(turns: int) -> bool:
    """Whether a loop of so many turns is one here: in a trace, unless it is short."""
    return turns > _SHORT and active_trace() is not None


def looping(
    f: Callable[[Any, Any], Any], init: Any, leaves: list[Any], definition: Any, turns: int, reverse: bool
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` as one operation. Outside of traces it must not have any turns."""
    start, carry_tree = _tree.flatten(init)
    slices = [Spec(leaf.shape[1:], leaf.dtype) for leaf in leaves]
    dtypes = [kind_of(leaf) if not is_weak(leaf) else value(leaf).dtype for leaf in start]
    while True:
        values = [value(leaf, dtype) for leaf, dtype in zip(start, dtypes, strict=True)]
        with tracing() as trace:
            carries = [trace.input(Spec.of(v)) for v in values]
            xs = [trace.input(spec) for spec in slices]
            result = f(_tree.unflatten(carry_tree, carries), _tree.unflatten(definition, xs))
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise TypeError(f"scan: f must return (carry, y), it returned {type(result).__name__}.")
            (new, new_tree), (ys, y_tree) = _tree.flatten(result[0]), _tree.flatten(result[1])
            new, ys = ([trace.own(value(leaf)) for leaf in part] for part in (new, ys))
        wider = _wider(start, dtypes, new)
        if wider == dtypes:
            break
        dtypes = wider
    _check_carries(carries, new, carry_tree, new_tree)
    if not turns:
        return _tree.unflatten(carry_tree, values), _tree.unflatten(
            y_tree, [filled((0, *y.shape), 0, y.dtype) for y in ys]
        )
    results = _repeated(trace, carries, xs, new, ys, values, leaves, turns, reverse)
    return _tree.unflatten(new_tree, results[: len(new)]), _tree.unflatten(y_tree, results[len(new) :])


def _wider(start: list[Any], dtypes: list[Any], new: list[Tensor]) -> list[Any]:
    """The carries' dtypes, those of Python numbers as wide as a turn makes them."""
    if len(new) != len(start):
        return dtypes
    return [
        result_type(dtype, after.dtype) if is_weak(leaf) and after.dtype != dtype else dtype
        for leaf, dtype, after in zip(start, dtypes, new, strict=True)
    ]


def _check_carries(before: list[Tensor], after: list[Tensor], before_tree: Any, after_tree: Any) -> None:
    if len(before) != len(after):
        raise UnstableCarryError(
            f"scan: the carry that f returns, {_tree.describe(after_tree)}, has another structure than the one that it is "
            f"given, {_tree.describe(before_tree)}."
        )
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.spec != new.spec:
            raise UnstableCarryError(
                f"scan: array {number} of the carry, {_tree.describe(before_tree)}, is {old.spec} before a turn and "
                f"{new.spec} after it. Give `init` the shape and dtype that f returns, or cast what f returns; with "
                "`unroll=True` they may differ."
            )


def _repeated(
    trace: Trace,
    carries: list[Tensor],
    xs: list[Tensor],
    new: list[Tensor],
    ys: list[Tensor],
    values: list[Any],
    leaves: list[Any],
    turns: int,
    reverse: bool,
) -> list[Any]:
    """The last carries and the ys. Variables that a turn assigns are carried along, and have their last values then."""
    slots = [slot for key, slot in trace.slots.items() if trace.values[key] is not slot.input]
    kept = [slot.input for slot in slots]
    assigned = [trace.values[id(slot.variable)] for slot in slots]
    body, consts, _ = closed(trace, [*kept, *carries, *xs], [*assigned, *new, *ys])
    operands = [*consts, *(_now(slot) for slot in slots), *values, *leaves]
    counts = (len(consts), len(kept) + len(carries))
    results = scan_p.bind(*operands, body=body, counts=counts, length=turns, reverse=reverse)
    for slot, result in zip(slots, results, strict=False):
        slot.variable.assign(result)
    return results[len(slots) :]


def _now(slot: StateSlot) -> Any:
    """The variable's value before the loop, in its own dtype."""
    from schuss.graph._trace import read_variable

    return np.asarray(slot.variable.array) if active_trace() is None else read_variable(slot.variable)
