"""Primitives that say how a value is treated: where gradients end, or which function computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import fail

identity_p = Primitive("identity")
stop_gradient_p = Primitive("stop_gradient")
materialize_p = Primitive("materialize")
recompute_p = Primitive("recompute")
custom_gradient_p = Primitive("custom_gradient", several_results=True)
host_call_p = Primitive("host_call", several_results=True)


def _same(x: Spec) -> Spec:
    return x


def _recompute(x: Spec, region: int = 0) -> Spec:
    return x


def _custom_gradient(*operands: Spec, n: int, gradient: Callable[..., Any]) -> list[Spec]:
    if not 0 <= n < len(operands):
        raise fail(custom_gradient_p, f"`n`={n} must leave at least one result", *operands)
    return list(operands[n:])


def _host_call(*operands: Spec, function: Callable[..., Any], specs: tuple[Spec, ...]) -> list[Spec]:
    return [Spec(tuple(spec.shape), spec.dtype) for spec in specs]


shape_rules[identity_p] = _same
shape_rules[stop_gradient_p] = _same
shape_rules[materialize_p] = _same
shape_rules[recompute_p] = _recompute
shape_rules[custom_gradient_p] = _custom_gradient
shape_rules[host_call_p] = _host_call
