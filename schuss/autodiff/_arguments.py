"""What may be differentiated: checks of arguments, results and cotangents, with errors that say which one and
why."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from schuss.graph import Spec, _tree, as_value, is_float
from schuss.ops import cast


def positions(argnums: Any, count: int, name: str) -> tuple[int, ...]:
    """`argnums` as different positions of positional arguments, of which there are `count`."""
    given = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    try:
        numbers = [operator.index(number) for number in given]
    except TypeError:
        raise TypeError(f"{name}: `argnums` must be an int or a tuple of ints, got {argnums!r}.") from None
    if not numbers or any(not -count <= number < count for number in numbers):
        raise ValueError(
            f"{name}: `argnums`={argnums!r}, but the function was called with {count} positional argument"
            f"{'' if count == 1 else 's'}. Pass what is to be differentiated by position."
        )
    found = tuple(number % count for number in numbers)
    if len(set(found)) != len(found):
        raise ValueError(f"{name}: `argnums`={argnums!r} names an argument twice.")
    return found


def float_leaves(arguments: Sequence[Any], numbers: Sequence[int], name: str) -> tuple[list[Any], Any]:
    """The leaves of the arguments, which must be floats, as arrays or tensors, and the definition of their
    structure."""
    flat, definition = _tree.flatten(tuple(arguments))
    values = []
    for place, leaf in zip(_paths(arguments, numbers), flat, strict=True):
        try:
            value = as_value(leaf)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{name}: {place} is no array of numbers but {type(leaf).__name__}; it cannot be "
                f"differentiated by. {error}"
            ) from None
        if not is_float(value.dtype):
            raise TypeError(
                f"{name}: {place} has dtype {value.dtype.name} (shape {tuple(value.shape)}); derivatives "
                "exist by floats "
                "only. Cast it, e.g. schuss.ops.cast(x, 'float32'), or choose other arguments by `argnums`."
            )
        values.append(value)
    return values, definition


def _paths(arguments: Sequence[Any], numbers: Sequence[int]) -> list[str]:
    """Names of the leaves: ``argument 0['w'][1]``."""
    found: list[str] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key in sorted(node, key=lambda k: (type(k).__name__, k)):
                walk(node[key], f"{path}[{key!r}]")
        elif isinstance(node, (list, tuple)):
            for index, child in enumerate(node):
                walk(child, f"{path}[{index}]")
        elif node is not None:
            found.append(path)

    for number, argument in zip(numbers, arguments, strict=True):
        walk(argument, f"argument {number}")
    return found


def split_aux(result: Any, name: str) -> tuple[Any, Any]:
    """The two halves of what a function with `has_aux` returned."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise TypeError(
            f"{name}: with has_aux=True the function must return (result, auxiliary), it returned "
            f"a {type(result).__name__}{f' of {len(result)}' if isinstance(result, (tuple, list)) else ''}."
        )
    return result[0], result[1]


def scalar_loss(result: Any, name: str) -> Any:
    """The result of a function as an array or tensor, which must be a float and a scalar."""
    if isinstance(result, (tuple, list, dict)) or result is None:
        raise TypeError(
            f"{name}: the function must return one scalar, it returned {_described(result)}. If it returns "
            "(loss, more), pass has_aux=True."
        )
    value = as_value(result)
    if tuple(value.shape) != ():
        raise ValueError(
            f"{name}: the function must return a scalar, it returned shape {tuple(value.shape)}. Reduce it, "
            "e.g. with "
            "schuss.ops.sum or mean, or use schuss.vjp, which takes functions of any shape."
        )
    if not is_float(value.dtype):
        raise TypeError(f"{name}: the function must return a float, it returned {value.dtype.name}.")
    return value


def _described(result: Any) -> str:
    return "None" if result is None else f"a {type(result).__name__} of {len(result)}"


def matched(given: Any, definition: Any, specs: Sequence[Spec], name: str, what: str) -> list[Any]:
    """The leaves of `given`, one for each spec, of its shape, in its dtype.

    Raises:
        ValueError: structure or a shape differs.
    """
    flat, found = _tree.flatten(given)
    if len(flat) != len(specs) or _tree.describe(found) != _tree.describe(definition):
        raise ValueError(
            f"{name}: the {what} must have the structure {_tree.describe(definition)}, got "
            f"{_tree.describe(found)}."
        )
    values = []
    for number, (leaf, spec) in enumerate(zip(flat, specs, strict=True)):
        value = as_value(leaf)
        if tuple(value.shape) != spec.shape:
            where = f" (leaf {number} of {len(specs)})" if len(specs) > 1 else ""
            raise ValueError(
                f"{name}: the {what}{where} must have shape {spec.shape}, got {tuple(value.shape)}."
            )
        values.append(cast(value, spec.dtype))
    return values
