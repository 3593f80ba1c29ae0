"""Gradients of elementwise primitives: the chain rule, with the derivatives of school and handbook."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from schuss import ops
from schuss.graph import Tensor, gradient_rules
from schuss.graph import primitives as p


def _divide(dz: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    dx = dz / y
    return dx, -dx * z


def _power(dz: Any, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    """Where y = 0 the power is 1 whatever x; where x is not positive it has no derivative by y, and gets
    0."""
    by_y = dz * z * ops.log(ops.where(x > 0, x, 1))
    exponent = _constant(y)
    if exponent is not None:
        return dz * (exponent * ops.power(x, exponent - 1)) if exponent else ops.zeros_like(x), by_y
    return dz * (y * ops.power(x, ops.where(y == 0, 1, y - 1))), by_y


def _constant(x: Any) -> float | None:
    """The number that x consists of everywhere, if that is known: so that x² has the gradient 2x."""
    if not isinstance(x, Tensor):
        return None  # an array that is followed as it is computed
    while x.node is not None and x.node.primitive is p.broadcast_in_dim_p:
        x = x.node.inputs[0]
    return None if x.array is None or x.array.size != 1 else x.array.item()


def _atan2(dz: Any, y: Any, x: Any, z: Any) -> tuple[Any, Any]:
    dz_by_square = dz / (x * x + y * y)
    return x * dz_by_square, -y * dz_by_square


def trigamma(x: Any) -> Any:
    """The derivative of digamma, ``ψ₁(x) = Σ 1/(x + k)²`` over k = 0, 1, …

    Below ½ by ``ψ₁(1 − x) + ψ₁(x) = π²/sin²(πx)``; above 10 by its asymptotic series (Abramowitz and Stegun,
    6.4.7 and 6.4.12).
    """
    low = x < 0.5
    z = ops.where(low, 1 - x, x)
    total = 0.0
    for k in range(10):
        total = total + 1 / ((z + k) * (z + k))
    w = 1 / (z + 10)
    s = w * w
    series = 1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66 - s * (691 / 2730)))))
    total = total + w + s / 2 + w * s * series
    sine = ops.sin(math.pi * ops.where(low, x, 0.5))
    return ops.where(low, math.pi**2 / (sine * sine) - total, total)


_ONE_OPERAND: dict[Any, Callable[..., Any]] = {
    p.negative_p: lambda dy, x, y: -dy,
    p.abs_p: lambda dy, x, y: dy * ops.sign(x),
    p.exponential_p: lambda dy, x, y: dy * y,
    p.exponential_minus_one_p: lambda dy, x, y: dy * (y + 1),
    p.log_p: lambda dy, x, y: dy / x,
    p.log_plus_one_p: lambda dy, x, y: dy / (1 + x),
    p.logistic_p: lambda dy, x, y: dy * (y * (1 - y)),
    p.sqrt_p: lambda dy, x, y: dy / (2 * y),
    p.rsqrt_p: lambda dy, x, y: dy * (-0.5 * y / x),
    p.sine_p: lambda dy, x, y: dy * ops.cos(x),
    p.cosine_p: lambda dy, x, y: -dy * ops.sin(x),
    p.tan_p: lambda dy, x, y: dy * (1 + y * y),
    p.asin_p: lambda dy, x, y: dy * ops.rsqrt((1 - x) * (1 + x)),
    p.acos_p: lambda dy, x, y: -dy * ops.rsqrt((1 - x) * (1 + x)),
    p.atan_p: lambda dy, x, y: dy / (1 + x * x),
    p.sinh_p: lambda dy, x, y: dy * ops.cosh(x),
    p.cosh_p: lambda dy, x, y: dy * ops.sinh(x),
    p.tanh_p: lambda dy, x, y: dy * (1 - y * y),
    p.asinh_p: lambda dy, x, y: dy * ops.rsqrt(x * x + 1),
    p.acosh_p: lambda dy, x, y: dy * ops.rsqrt((x - 1) * (x + 1)),
    p.atanh_p: lambda dy, x, y: dy / ((1 - x) * (1 + x)),
    p.erf_p: lambda dy, x, y: dy * (2 / math.sqrt(math.pi) * ops.exp(-x * x)),
    p.erf_inv_p: lambda dy, x, y: dy * (math.sqrt(math.pi) / 2 * ops.exp(y * y)),
    p.lgamma_p: lambda dy, x, y: dy * ops.digamma(x),
    p.digamma_p: lambda dy, x, y: dy * trigamma(x),
}

# At a tie the whole gradient of maximum and minimum goes to the second operand. So relu, which is max(x, 0),
# has the derivative 0 at 0, and relu6, min(relu(x), 6), the derivative 0 at 6, as in Keras; and each half is
# one select.
_TWO_OPERANDS: dict[Any, Callable[..., Any]] = {
    p.add_p: lambda dz, x, y, z: (dz, dz),
    p.subtract_p: lambda dz, x, y, z: (dz, -dz),
    p.multiply_p: lambda dz, x, y, z: (dz * y, dz * x),
    p.divide_p: _divide,
    p.remainder_p: lambda dz, x, y, z: (dz, -dz * ops.floor(x / y)),
    p.power_p: _power,
    p.atan2_p: _atan2,
    p.maximum_p: lambda dz, x, y, z: (ops.where(x > y, dz, 0), ops.where(x > y, 0, dz)),
    p.minimum_p: lambda dz, x, y, z: (ops.where(x < y, dz, 0), ops.where(x < y, 0, dz)),
}


def _of_one(rule: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda dy, operands, y: [rule(dy, *operands, y)]


def _of_two(rule: Callable[..., Any]) -> Callable[..., list[Any]]:
    return lambda dz, operands, z: list(rule(dz, *operands, z))


def _select(dy: Any, operands: list[Any], y: Any) -> list[Any]:
    pred = operands[0]
    return [None, ops.where(pred, dy, 0), ops.where(pred, 0, dy)]


def _convert(dy: Any, operands: list[Any], y: Any, dtype: Any) -> list[Any]:
    return [ops.cast(dy, operands[0].dtype)]


gradient_rules |= {primitive: _of_one(rule) for primitive, rule in _ONE_OPERAND.items()}
gradient_rules |= {primitive: _of_two(rule) for primitive, rule in _TWO_OPERANDS.items()}
gradient_rules[p.select_p] = _select
gradient_rules[p.convert_p] = _convert
