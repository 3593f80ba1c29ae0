"""Functions of functions: branches, loops, maps. In a trace loops of known length are written out, branches
both run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from schuss.graph import Tensor, _tree, as_value
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
    turn = 0
    going: Any = True
    while maximum_iterations is None or turn < maximum_iterations:
        more = as_value(cond(*state))
        if isinstance(more, Tensor):
            if maximum_iterations is None:
                raise TypeError(
                    "while_loop: how often the body runs depends on a value that is not known while a "
                    "function is "
                    "traced. Give `maximum_iterations`, or use fori_loop or scan."
                )
            going = more if going is True else where(going, more, False)
        elif not bool(more):
            break
        new = body(*state)
        new = tuple(new) if isinstance(new, (tuple, list)) else (new,)
        state = new if going is True else _tree.map_structure(partial(where, going), new, state)
        turn += 1
    return state[0] if single else kind(state)


def fori_loop(lower: int, upper: int, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``val = body_fun(i, val)`` for i from `lower` up to but without `upper`, which must be known in a
    trace."""
    first, last = (int(concrete(bound, "fori_loop", "lower, upper")) for bound in (lower, upper))
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

    Args:
        f: ``(carry, x) -> (carry, y)``. init: the first carry. xs: structure of arrays, or None with
            `length`.
        reverse: from the last slice to the first (the ys keep the places of their xs). unroll: taken for
            Keras's sake.

    Returns:
        ``(last carry, ys stacked along axis 0)``.

    Example:
        >>> from schuss import ops
        >>> carry, ys = ops.scan(lambda c, x: (c + x, c), ops.array(0), ops.array([1, 2, 3]))
        >>> int(carry), ys.tolist()
        (6, [0, 1, 3])
    """
    leaves = [value(leaf) for leaf in _tree.leaves(xs)]
    sizes = {leaf.shape[0] for leaf in leaves} | ({length} if length is not None else set())
    if len(sizes) != 1:
        raise ValueError(f"scan: give `xs` of one leading size, or `length`. Received: sizes {sorted(sizes)}")
    turns = sizes.pop()
    definition = _tree.flatten(xs)[1]
    carry, collected = init, []
    for i in reversed(range(turns)) if reverse else range(turns):
        x = _tree.unflatten(definition, [get_item(leaf, i) for leaf in leaves])
        carry, y = f(carry, x)
        collected.append(y)
    if reverse:
        collected.reverse()
    if not collected:
        return carry, None
    ys = _tree.map_structure(lambda *rows: stack(rows), collected[0], *collected[1:])
    return carry, ys


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
