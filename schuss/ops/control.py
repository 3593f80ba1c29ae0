"""Functions of functions: branches, loops, maps. In a trace loops of known length are one body that is repeated,
branches both run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from schuss.graph import Tensor, _tree, as_value
from schuss.graph.primitives import iota_p
from schuss.ops._looping import UnstableCarryError, looping, worth_a_loop
from schuss.ops._operands import axis_of, concrete, value
from schuss.ops.indexing import get_item, where
from schuss.ops.shaping import flip, moveaxis, stack

__all__ = [
    "associative_scan", "cond", "fori_loop", "map", "scan", "switch", "vectorize", "vectorized_map", "while_loop",
]  # fmt: skip


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """``true_fn()`` if `pred` is true, else ``false_fn()``.

    Inside a trace with a traced `pred` both run, and the result is chosen element by element; they must
    return structures alike, and neither should assign variables.

    Example:
        >>> from schuss import ops
        >>> float(ops.cond(True, lambda: 1.0, lambda: 2.0))
        1.0
    """
    pred = as_value(pred)
    if not isinstance(pred, Tensor):
        return true_fn() if bool(pred) else false_fn()
    return _tree.map_structure(partial(where, pred), true_fn(), false_fn())


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """``branches[index](*operands)``; an index out of range means the nearest. In traces as `cond`."""
    index = as_value(index)
    if not isinstance(index, Tensor):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    result = branches[-1](*operands)
    for number in range(len(branches) - 2, -1, -1):
        result = _tree.map_structure(partial(where, index <= number), branches[number](*operands), result)
    return result


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """``body`` as long as ``cond`` is true.

    Args:
        cond: ``(*loop_vars) -> bool``. body: ``(*loop_vars) -> loop_vars``.
        loop_vars: tuple, list, or one value. maximum_iterations: needed in a trace where `cond` gives a
            tensor; there all iterations run and the results of those that should not have are dropped.

    Example:
        >>> from schuss import ops
        >>> int(ops.while_loop(lambda i: i < 10, lambda i: (i * 2,), (1,))[0])
        16
    """
    single = not isinstance(loop_vars, (tuple, list))
    kind = tuple if single else type(loop_vars)
    state = (loop_vars,) if single else tuple(loop_vars)

    def following(state: tuple[Any, ...]) -> tuple[Any, ...]:
        new = body(*state)
        return tuple(new) if isinstance(new, (tuple, list)) else (new,)

    turn = 0
    while maximum_iterations is None or turn < maximum_iterations:
        more = as_value(cond(*state))
        if isinstance(more, Tensor):
            state = _while_traced(cond, following, state, maximum_iterations, turn)
            break
        if not bool(more):
            break
        state = following(state)
        turn += 1
    return state[0] if single else kind(state)


def _while_traced(
    cond: Callable[..., Any], following: Callable[[Any], Any], state: Any, most: int | None, turn: int
) -> Any:
    """The turns that are left, where it is not known how many of them count."""
    if most is None:
        raise TypeError(
            "while_loop: how often the body runs depends on a value that is not known while a "
            "function is "
            "traced. Give `maximum_iterations`, or use fori_loop or scan."
        )

    def step(carry: Any, _: Any) -> Any:
        going, state = carry
        going = where(going, cond(*state), False)
        return (going, _tree.map_structure(partial(where, going), following(state), state)), None

    try:
        return scan(step, (np.True_, state), length=most - turn)[0][1]
    except UnstableCarryError:  # as where a Python number becomes an array
        return scan(step, (np.True_, state), length=most - turn, unroll=True)[0][1]


def fori_loop(lower: int, upper: int, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``val = body_fun(i, val)`` for i from `lower` up to but without `upper`, which must be known in a
    trace."""
    first, last = (int(concrete(bound, "fori_loop", "lower, upper")) for bound in (lower, upper))
    if worth_a_loop(last - first):
        counts = iota_p.bind(shape=(last - first,), dtype=np.dtype("int32"), axis=0)
        try:
            return scan(lambda val, i: (body_fun(i + first, val), None), init_val, counts)[0]
        except (TypeError, UnstableCarryError):  # it needs i as a number, or changes a shape: written out
            pass
    val = init_val
    for i in range(first, last):
        val = body_fun(i, val)
    return val


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for each slice x of xs along axis 0.

    In a trace it becomes a loop: f is traced once, on tensors that stand for a slice, and the loop runs in machine
    code. Short ones are written out, turn after turn.

    Args:
        f: ``(carry, x) -> (carry, y)``; in a loop the new carry must have the shapes and dtypes of the old one.
            Variables that it assigns are carried, too.
        init: the first carry; a Python number in it takes the dtype that f gives it.
        xs: structure of arrays, or None with `length`.
        length: the number of turns; default: the leading size of `xs`.
        reverse: from the last slice to the first (the ys keep the places of their xs).
        unroll: True: written out. Other values are taken for Keras's sake.

    Returns:
        ``(last carry, ys stacked along axis 0)``.

    Raises:
        ValueError: xs have different leading sizes, or in a loop the new carry differs from the old one.

    Example:
        >>> from schuss import ops
        >>> carry, ys = ops.scan(lambda c, x: (c + x, c), ops.array(0), ops.array([1, 2, 3]))
        >>> int(carry), ys.tolist()
        (6, [0, 1, 3])
    """
    leaves, definition = _tree.flatten(xs)
    leaves = [value(leaf) for leaf in leaves]
    if any(not leaf.ndim for leaf in leaves):
        raise ValueError("scan: `xs` are scalars; they need an axis along which to go.")
    sizes = {int(leaf.shape[0]) for leaf in leaves} | ({int(length)} if length is not None else set())
    if len(sizes) != 1:
        raise ValueError(f"scan: give `xs` of one leading size, or `length`. Received: sizes {sorted(sizes)}")
    turns = sizes.pop()
    if turns < 0:
        raise ValueError(f"scan: `length` must not be negative, got {turns}.")
    if turns and (unroll is True or not worth_a_loop(turns)):
        return _written_out(f, init, leaves, definition, turns, reverse)
    return looping(f, init, leaves, definition, turns, reverse)


def _written_out(
    f: Callable[[Any, Any], Any], init: Any, leaves: list[Any], definition: Any, turns: int, reverse: bool
) -> tuple[Any, Any]:
    """One turn after the other: outside of traces at once."""
    carry, collected = init, []
    for i in reversed(range(turns)) if reverse else range(turns):
        carry, y = f(carry, _tree.unflatten(definition, [get_item(leaf, i) for leaf in leaves]))
        collected.append(y)
    if reverse:
        collected.reverse()
    return carry, _tree.map_structure(lambda *rows: stack(rows), collected[0], *collected[1:])


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """``f`` of every slice of xs along axis 0, stacked."""
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of every slice of `elements` along axis 0, stacked."""
    return map(function, elements)


def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Running results of an associative function along an axis: ``y[i] = f(y[i − 1], x[i])``.

    Args:
        f: ``(a, b) -> a`` on structures of slices. elems: structure of arrays. reverse: from the end. axis:
            default 0.
    """
    leaves, definition = _tree.flatten(elems)
    leaves = [value(leaf) for leaf in leaves]
    front = [moveaxis(leaf, axis_of(axis, leaf.ndim, "associative_scan"), 0) for leaf in leaves]
    front = [flip(leaf, 0) for leaf in front] if reverse else front
    total = _tree.unflatten(definition, [get_item(leaf, slice(0, 1)) for leaf in front])
    results = [total]
    for i in range(1, front[0].shape[0]):
        total = f(total, _tree.unflatten(definition, [get_item(leaf, slice(i, i + 1)) for leaf in front]))
        results.append(total)
    from schuss.ops.shaping import concatenate

    joined = _tree.map_structure(lambda *rows: concatenate(rows), results[0], *results[1:])
    return _tree.map_structure(lambda leaf: moveaxis(flip(leaf, 0) if reverse else leaf, 0, axis), joined)


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """`pyfunc`, written for scalars, as a function of arrays (broadcast against each other).

    Args:
        pyfunc: takes and returns scalars. excluded: numbers or names of arguments that stay as they are.
        signature: not supported.
    """
    if signature is not None:
        raise NotImplementedError(
            "vectorize: `signature` is not supported; write the axes out with reshape and matmul."
        )
    fixed = set(excluded or ())

    def vectorized(*args: Any, **kwargs: Any) -> Any:
        from schuss.ops._operands import broadcast, joint_shape, reshaped

        moving = [i for i in range(len(args)) if i not in fixed]
        arrays = [value(args[i]) for i in moving]
        shape = joint_shape(*arrays, name="vectorize")
        flat = [reshaped(broadcast(x, shape), (int(np.prod(shape, dtype="int64")),)) for x in arrays]
        rows = []
        for i in range(flat[0].shape[0]):
            given = list(args)
            for place, x in zip(moving, flat, strict=True):
                given[place] = get_item(x, i)
            rows.append(pyfunc(*given, **kwargs))
        return _tree.map_structure(lambda *leaf: reshaped(stack(leaf), shape), rows[0], *rows[1:])

    return vectorized
