"""Primitives that say how a value is treated, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.backends.reference._evaluate import evaluate_all
from schuss.graph import Body, Spec, divided, reference_rules
from schuss.graph import primitives as p


def _custom_gradient(*operands: np.ndarray, n: int, gradient: Callable[..., Any]) -> list[np.ndarray]:
    return list(operands[n:])


def _host_call(
    *operands: np.ndarray, function: Callable[..., Any], specs: tuple[Spec, ...]
) -> list[np.ndarray]:
    result = function(*operands)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    name = getattr(function, "__name__", "function")
    if len(results) != len(specs):
        raise ValueError(f"host_call: {name} promised {len(specs)} results and returned {len(results)}.")
    arrays = [np.asarray(y).astype(spec.dtype, copy=False) for y, spec in zip(results, specs, strict=True)]
    for index, (array, spec) in enumerate(zip(arrays, specs, strict=True)):
        if array.shape != tuple(spec.shape):
            raise ValueError(
                f"host_call: result {index} of {name} was promised as {spec} and came with shape "
                f"{array.shape}."
            )
    return arrays


def _scan(
    *operands: np.ndarray, body: Body, counts: tuple[int, int], length: int, reverse: bool
) -> list[np.ndarray]:
    consts, carries, xs = divided(operands, counts)
    ys = [np.empty((length, *spec.shape), spec.dtype) for spec in body.specs[len(carries) :]]
    for turn in reversed(range(length)) if reverse else range(length):
        values = evaluate_all(body.graph, [*consts, *carries, *(x[turn] for x in xs)])
        results = [values[t.id] for t in body.graph.outputs]
        carries = results[: len(carries)]
        for y, row in zip(ys, results[len(carries) :], strict=True):
            y[turn] = row
    return [*carries, *ys]


reference_rules |= {
    p.identity_p: lambda x: x,
    p.stop_gradient_p: lambda x: x,
    p.materialize_p: lambda x: x,
    p.recompute_p: lambda x, region=0: x,
    p.custom_gradient_p: _custom_gradient,
    p.host_call_p: _host_call,
    p.scan_p: _scan,
}
