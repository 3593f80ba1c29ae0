"""Primitives that say how a value is treated: where gradients end, which function computes it, which graph, turn after
turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.graph._body import Body, divided
from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import fail

identity_p = Primitive("identity")
stop_gradient_p = Primitive("stop_gradient")
materialize_p = Primitive("materialize")
recompute_p = Primitive("recompute")
custom_gradient_p = Primitive("custom_gradient", several_results=True)
host_call_p = Primitive("host_call", several_results=True)
scan_p = Primitive("scan", several_results=True)


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


def _scan(*operands: Spec, body: Body, counts: tuple[int, int], length: int, reverse: bool) -> list[Spec]:
    consts, carries, xs = divided(operands, counts)
    if any(x.ndim == 0 or x.shape[0] != length for x in xs):
        raise fail(scan_p, f"what it goes through needs the leading size {length}", *xs)
    wanted = [t.spec for t in body.graph.inputs]
    given = [*consts, *carries, *(Spec(x.shape[1:], x.dtype) for x in xs)]
    if wanted != given:
        raise fail(scan_p, f"the body's inputs are {', '.join(map(str, wanted))}", *given)
    if body.specs[: len(carries)] != carries:
        raise fail(
            scan_p, f"the body's carries become {', '.join(map(str, body.specs[: len(carries)]))}", *carries
        )
    return [*carries, *(Spec((length, *y.shape), y.dtype) for y in body.specs[len(carries) :])]


shape_rules[identity_p] = _same
shape_rules[stop_gradient_p] = _same
shape_rules[materialize_p] = _same
shape_rules[recompute_p] = _recompute
shape_rules[custom_gradient_p] = _custom_gradient
shape_rules[host_call_p] = _host_call
shape_rules[scan_p] = _scan
