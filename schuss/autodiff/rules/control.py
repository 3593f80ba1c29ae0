"""Gradients of the primitives that say how a value is treated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss import ops
from schuss.graph import gradient_rules
from schuss.graph import primitives as p


def _identity(dy: Any, operands: list[Any], y: Any) -> list[Any]:
    return [dy]


def _recompute(dy: Any, operands: list[Any], y: Any, region: int = 0) -> list[Any]:
    return [dy]


def _custom_gradient(
    dys: list[Any], operands: list[Any], ys: list[Any], n: int, gradient: Callable[..., Any]
) -> list[Any]:
    """What its author says; the way in which the results were computed gets nothing."""
    given = [ops.zeros_like(y) if dy is None else dy for dy, y in zip(dys, ys, strict=True)]
    return [*gradient(*given), *(None for _ in ys)]


def _host_call(
    dys: list[Any], operands: list[Any], ys: list[Any], function: Callable[..., Any], specs: tuple[Any, ...]
) -> list[Any]:
    """Nothing is known about the function, and zeros would be wrong without a word."""
    name = getattr(function, "__name__", type(function).__name__)
    raise TypeError(
        f"The gradient cannot pass through {name!r}, which NumPy computes on the host. State its gradient "
        "with "
        "schuss.custom_gradient, or hold it constant with schuss.stop_gradient around its arguments."
    )


gradient_rules |= {
    p.identity_p: _identity,
    p.materialize_p: _identity,
    p.recompute_p: _recompute,
    p.custom_gradient_p: _custom_gradient,
    p.host_call_p: _host_call,
}
