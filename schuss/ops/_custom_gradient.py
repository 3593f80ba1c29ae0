"""Functions that bring their own gradient."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from schuss.graph import Tensor, _tree, as_value, is_float, observers
from schuss.graph import primitives as p
from schuss.ops._operands import convert
from schuss.ops._symbolic import accepting_symbolic

__all__ = ["custom_gradient"]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` as a function whose gradient is the one it states.

    Args:
        f: returns ``(output, gradient)``. ``gradient(*upstream)`` gets ``dL/dy`` for each output array, in
            order, and returns ``dL/dx`` for each positional argument of `f`, of its structure and shape, or
            None for no gradient. It may also be written for Keras's call ``gradient(upstream=…)``. It may use
            what `f` computed.

    Returns:
        A function with `f`'s arguments that returns the output alone.

    Example:
        >>> import schuss
        >>> @schuss.custom_gradient
        ... def log1pexp(x):
        ...     e = schuss.ops.exp(x)
        ...     return schuss.ops.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
        >>> float(schuss.grad(log1pexp)(100.0))
        1.0
    """

    @accepting_symbolic
    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)
        if not isinstance(result, (tuple, list)) or len(result) != 2 or not callable(result[1]):
            raise TypeError(
                f"custom_gradient: {_name(f)} must return (output, gradient function), it returned "
                f"{type(result).__name__}."
            )
        output, gradient = result
        leaves = _tree.leaves(args)
        carrying = [i for i, leaf in enumerate(leaves) if hasattr(leaf, "dtype")]
        xs = [as_value(leaves[i]) for i in carrying]
        flat, definition = _tree.flatten(output)
        ys = [as_value(leaf) for leaf in flat]
        if not observers and not any(isinstance(value, Tensor) for value in xs + ys):
            return output

        def backward(*dys: Any) -> list[Any]:
            given = _called(gradient, list(dys), _tree.unflatten(definition, dys))
            dxs = _for_leaves(given, args, _name(f))
            return [_as_cotangent(dxs[i], x) for i, x in zip(carrying, xs, strict=True)]

        results = p.custom_gradient_p.bind(*xs, *ys, n=len(xs), gradient=backward)
        return _tree.unflatten(definition, results)

    return function


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _called(gradient: Callable[..., Any], dys: list[Any], upstream: Any) -> Any:
    """`gradient` of the upstream gradients, one by one or, where it has a single parameter or a keyword,
    together."""
    try:
        parameters = list(inspect.signature(gradient).parameters.values())
    except (TypeError, ValueError):  # written in C
        return gradient(*dys)
    positional = [q for q in parameters if q.kind in (q.POSITIONAL_ONLY, q.POSITIONAL_OR_KEYWORD)]
    if any(q.kind == q.VAR_POSITIONAL for q in parameters):
        return gradient(*dys)
    if not positional and any(q.name == "upstream" for q in parameters):
        return gradient(upstream=upstream)
    return gradient(upstream) if len(positional) == 1 else gradient(*dys)


def _for_leaves(given: Any, args: tuple[Any, ...], name: str) -> list[Any]:
    """The returned gradients, one for each leaf of the arguments."""
    if len(args) == 1:
        wrapped = isinstance(given, (tuple, list)) and len(given) == 1
        if wrapped and isinstance(args[0], (tuple, list)):
            wrapped = given[0] is None or isinstance(given[0], (tuple, list))
        given = given if wrapped else (given,)
    if not isinstance(given, (tuple, list)) or len(given) != len(args):
        count = len(given) if isinstance(given, (tuple, list)) else 1
        raise ValueError(
            f"custom_gradient: the gradient function of {name} must return a gradient (or None) for each of "
            "the "
            f"{len(args)} positional arguments, it returned {count}."
        )
    dxs: list[Any] = []
    for number, (dx, argument) in enumerate(zip(given, args, strict=True)):
        expected = len(_tree.leaves(argument))
        found = [None] * expected if dx is None else _tree.leaves(dx)
        if len(found) != expected:
            raise ValueError(
                f"custom_gradient: the gradient function of {name} returned {len(found)} arrays for argument "
                f"{number}, "
                f"which has {expected}. Return zeros where nothing flows."
            )
        dxs += found
    return dxs


def _as_cotangent(dx: Any, x: Any) -> Any:
    """A returned gradient in the argument's dtype; None for integers."""
    if dx is None or not is_float(x.dtype):
        return None
    dx = as_value(dx)
    if tuple(dx.shape) != tuple(x.shape):
        raise ValueError(
            f"custom_gradient: the gradient by an argument of shape {tuple(x.shape)} has shape "
            f"{tuple(dx.shape)}."
        )
    return convert(dx, x.dtype)
