"""Products with derivatives of functions of any shape: Jacobians from the left and from the right,
Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.autodiff._arguments import float_leaves, matched, scalar_loss, split_aux
from schuss.autodiff._backward import backward
from schuss.autodiff._evaluate import evaluated, replayed
from schuss.graph import (
    Graph,
    Spec,
    Tensor,
    Trace,
    _tree,
    active_trace,
    as_value,
    is_float,
    needed_nodes,
    tracing,
)  # fmt: skip
from schuss.graph.primitives import identity_p
from schuss.ops._operands import filled


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """``y = f(x)`` and the function that takes ``dy`` to ``dyᵀ J``, with J the Jacobian of f at x.

    Args:
        f: written in `schuss.ops`; takes and returns nested structures of arrays.
        *primals: its arguments, nested structures of float arrays.

    Returns:
        ``(y, pullback)``. ``pullback(dy)`` takes a structure like y and returns a tuple with one gradient for
        each primal, of its structure. f runs once; the pullback can be called many times.

    Raises:
        TypeError: a primal is not of floats. ValueError (by the pullback): dy has another structure or shape
            than y.

    Example:
        >>> import numpy as np, schuss
        >>> y, pullback = schuss.vjp(lambda x: x * x, np.array([1.0, 2.0]))
        >>> pullback(np.array([10.0, 100.0]))[0].tolist()
        [20.0, 400.0]
    """
    values, definition = float_leaves(primals, range(len(primals)), "vjp")
    trace = active_trace()
    if trace is not None:
        return _vjp_recorded(trace, f, values, definition)
    with tracing() as trace:
        xs = [trace.input(Spec.of(value)) for value in values]
        ys, y_definition = _results(trace, f(*_tree.unflatten(definition, xs)))
        split = len(trace.nodes)
        dys = [trace.input(y.spec) for y in ys]
        dxs = backward(ys, _floats_only(ys, dys), xs)
        nodes = needed_nodes(trace.nodes[split:], dxs)
        kept = _used_but_not_made(nodes, dxs, dys)
        forward = trace.graph(xs, ys + kept)
    results = replayed(forward, values)
    remembered = results[len(ys) :]
    back = Graph(kept + dys, dxs, nodes)
    specs = [y.spec for y in ys]

    def pullback(dy: Any) -> tuple[Any, ...]:
        given = matched(dy, y_definition, specs, "vjp", "argument of the pullback")
        return _tree.unflatten(definition, replayed(back, remembered + given))

    return _tree.unflatten(y_definition, results[: len(ys)]), pullback


def _vjp_recorded(trace: Trace, f: Callable[..., Any], values: list[Any], definition: Any) -> Any:
    start = len(trace.nodes)
    xs = [trace.record(identity_p, [value], {}) for value in values]
    ys, y_definition = _results(trace, f(*_tree.unflatten(definition, xs)))
    nodes = trace.nodes[start:]
    specs = [y.spec for y in ys]

    def pullback(dy: Any) -> tuple[Any, ...]:
        given = matched(dy, y_definition, specs, "vjp", "argument of the pullback")
        return _tree.unflatten(definition, backward(ys, _floats_only(ys, given), xs, nodes))

    return _tree.unflatten(y_definition, ys), pullback


def _results(trace: Trace, result: Any) -> tuple[list[Tensor], Any]:
    flat, definition = _tree.flatten(result)
    return [trace.own(as_value(leaf)) for leaf in flat], definition


def _floats_only(ys: list[Tensor], dys: list[Any]) -> list[Any]:
    return [dy if is_float(y.dtype) else None for y, dy in zip(ys, dys, strict=True)]


def _used_but_not_made(nodes: list[Any], results: list[Tensor], given: list[Tensor]) -> list[Tensor]:
    """The tensors that `nodes` and `results` need from before: what the way back remembers of the way
    there."""
    made = {t.id for node in nodes for t in node.outputs} | {t.id for t in given}
    used = {t.id: t for t in [*(t for node in nodes for t in node.inputs), *results]}
    return [t for t in used.values() if t.id not in made and t.array is None]


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``y = f(x)`` and ``dy = J dx``, the derivative of f at x in the direction dx.

    Args:
        fun: f, written in `schuss.ops`; takes and returns nested structures of arrays.
        primals: its arguments x, a tuple or list; anything else is a single argument.
        tangents: dx, of the structure and shapes of `primals`.
        has_aux: whether f returns ``(y, aux)``; aux is not differentiated. Default False.

    Returns:
        ``(y, dy)``, of one structure; with `has_aux` ``(y, dy, aux)``.

    Raises:
        TypeError: a primal is not of floats, or with `has_aux` f does not return a pair. ValueError: `tangents`
            has another structure or shape.

    The gradient's pullback ``u ↦ uᵀ J`` is linear in u; its own pullback is ``dx ↦ J dx``.

    Example:
        >>> import schuss
        >>> y, dy = schuss.jvp(lambda x: x * x, 3.0, 1.0)
        >>> float(y), float(dy)
        (9.0, 6.0)
    """
    arguments, directions = _as_arguments(primals), _as_arguments(tangents)
    values, definition = float_leaves(arguments, range(len(arguments)), "jvp")
    given = matched(directions, definition, [Spec.of(v) for v in values], "jvp", "tangents")

    def body(trace: Trace, tensors: list[Tensor]) -> Any:
        start = len(trace.nodes)
        xs, dxs = tensors[: len(values)], tensors[len(values) :]
        result, aux = fun(*_tree.unflatten(definition, xs)), ()
        if has_aux:
            result, aux = split_aux(result, "jvp")
        ys, y_definition = _results(trace, result)
        us = [trace.record(identity_p, [filled(y.shape, 0, y.dtype)], {}) for y in ys]
        pulled = backward(ys, _floats_only(ys, us), xs, trace.nodes[start:])
        dys = backward(pulled, dxs, us, trace.nodes[start:])
        pair = _tree.unflatten(y_definition, ys), _tree.unflatten(y_definition, dys)
        return (*pair, aux) if has_aux else pair

    return evaluated(body, values + given)


def hvp(f: Callable[..., Any], primals: Any, vectors: Any) -> Any:
    """``H v``: the product of a scalar function's Hessian at x with a vector, without the Hessian.

    Args:
        f: written in `schuss.ops`; returns a scalar.
        primals: its arguments x, a tuple or list; anything else is a single argument.
        vectors: v, of the structure and shapes of `primals`.

    Returns:
        ``H v`` in the structure of `primals`.

    Raises:
        TypeError: a primal or the result is not of floats. ValueError: the result is no scalar, or `vectors`
            has
        another structure or shape.

    Source: B. Pearlmutter, "Fast exact multiplication by the Hessian" (1994); here as the gradient of
    ``vᵀ ∇f``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.hvp(lambda x: schuss.ops.sum(x * x * x), np.array([1.0, 2.0]), np.array([1.0, 10.0])).tolist()
        [6.0, 120.0]
    """
    arguments, directions = _as_arguments(primals), _as_arguments(vectors)
    values, definition = float_leaves(arguments, range(len(arguments)), "hvp")
    given = matched(directions, definition, [Spec.of(v) for v in values], "hvp", "vectors")

    def body(trace: Trace, tensors: list[Tensor]) -> Any:
        start = len(trace.nodes)
        xs, vs = tensors[: len(values)], tensors[len(values) :]
        loss = trace.own(scalar_loss(f(*_tree.unflatten(definition, xs)), "hvp"))
        dxs = backward([loss], [np.ones((), loss.dtype)], xs, trace.nodes[start:])
        products = _tree.unflatten(definition, backward(dxs, vs, xs, trace.nodes[start:]))
        if not isinstance(primals, (tuple, list)):
            return products[0]
        return type(primals)(products) if type(primals) in (tuple, list) else products

    return evaluated(body, values + given)


def _as_arguments(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)
