"""Gradients of scalar functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.autodiff._arguments import float_leaves, positions, scalar_loss, split_aux
from schuss.autodiff._backward import backward
from schuss.autodiff._evaluate import evaluated
from schuss.graph import Tensor, Trace, Variable, _tree, active_trace, as_value


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes the gradient ``∂f/∂x`` of a scalar function.

    Args:
        f: written in `schuss.ops`; takes nested structures (dicts, lists, tuples) of float arrays and returns
            a scalar.
        argnums: the position, or a tuple of positions, of the arguments by which to differentiate. Other
            arguments reach `f` unchanged.
        has_aux: whether `f` returns ``(scalar, auxiliary)``; then so does the gradient:
            ``(gradient, auxiliary)``.

    Returns:
        A function of `f`'s arguments. Its result has the structure, shapes and dtypes of the argument (a
        tuple of such where `argnums` is a tuple). Outside of a trace it holds arrays, inside tensors, so that
        it can be differentiated again. Variables that `f` reads are constants here.

    Raises:
        TypeError: an argument to differentiate by, or the result, is not of floats. ValueError: the result is
            no scalar,
        or `argnums` does not fit the call.

    Example:
        >>> import schuss
        >>> slope = schuss.grad(lambda x: x * x * x)
        >>> float(slope(2.0)), float(schuss.grad(slope)(2.0))
        (12.0, 12.0)
    """
    both = _value_and_grad(f, argnums, has_aux, "grad")

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        (_, aux), dx = both(*args, **kwargs)
        return (dx, aux) if has_aux else dx

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that computes the value of a scalar function together with its gradient.

    Args:
        f, argnums, has_aux: as in `grad`.

    Returns:
        A function of `f`'s arguments with the result ``(value, gradient)``, with `has_aux`
        ``((value, auxiliary), gradient)``.

    Example:
        >>> import schuss
        >>> value, slope = schuss.value_and_grad(lambda x: x * x)(3.0)
        >>> float(value), float(slope)
        (9.0, 6.0)
    """
    both = _value_and_grad(f, argnums, has_aux, "value_and_grad")

    @functools.wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        (value, aux), dx = both(*args, **kwargs)
        return ((value, aux) if has_aux else value), dx

    return value_and_gradient


def _value_and_grad(f: Callable[..., Any], argnums: Any, has_aux: bool, name: str) -> Callable[..., Any]:
    """The function that returns ``((value, auxiliary or None), gradient)``."""
    if not callable(f):
        raise TypeError(f"{name}: expected a function, got {type(f).__name__}. Write schuss.{name}(f)(x).")

    def function(*args: Any, **kwargs: Any) -> Any:
        numbers = positions(argnums, len(args), name)
        values, definition = float_leaves([args[number] for number in numbers], numbers, name)

        def body(trace: Trace, xs: list[Tensor]) -> Any:
            start = len(trace.nodes)
            given = list(args)
            for number, x in zip(numbers, _tree.unflatten(definition, xs), strict=True):
                given[number] = x
            result, aux = split_aux(f(*given, **kwargs), name) if has_aux else (f(*given, **kwargs), None)
            loss = trace.own(scalar_loss(result, name))
            dxs = backward([loss], [np.ones((), loss.dtype)], xs, trace.nodes[start:])
            dx = _tree.unflatten(definition, dxs)
            return (loss, aux), dx if isinstance(argnums, (tuple, list)) else dx[0]

        return evaluated(body, values)

    return function


def gradients(loss: Any, wrt: Sequence[Tensor | Variable]) -> list[Tensor]:
    """``∂loss/∂x`` for each x of `wrt`, inside a running trace.

    Args:
        loss: a scalar float tensor.
        wrt: tensors of the trace, or variables, which stand for the value that they have in the trace now.

    Returns:
        Tensors of the shapes and dtypes of `wrt`; zeros where the loss does not depend on it.

    Example:
        >>> import schuss
        >>> w = schuss.Variable([1.0, 2.0])
        >>> def step(x):
        ...     loss = schuss.ops.sum(w * w * x)
        ...     return schuss.autodiff.gradients(loss, [w])
        >>> print(schuss.trace(step, 3.0).outputs[0].spec)
        float32[2]
    """
    trace = active_trace()
    if trace is None:
        raise RuntimeError(
            "gradients: works inside a trace (schuss.trace, jit, fit); outside use schuss.grad."
        )
    xs = [trace.own(as_value(x)) for x in wrt]
    for x, given in zip(xs, wrt, strict=True):
        if x.dtype.kind != "f":
            name = f"variable {given.path!r}" if isinstance(given, Variable) else "a tensor"
            raise TypeError(f"gradients: {name} has dtype {x.dtype.name}; derivatives exist by floats only.")
    y = trace.own(scalar_loss(loss, "gradients"))
    return backward([y], [np.ones((), y.dtype)], xs)
