"""ONNX for loops over the steps of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import PRIMITIVES
from schuss.saving._onnx._emitter import Emitter, Name, rules
from schuss.saving._onnx._graphs import OpenGraph, Shape, Step
from schuss.saving._onnx._sizes import AnySize


def _scan(
    e: Emitter,
    step: Step,
    *operands: Name,
    body: OpenGraph,
    counts: tuple[int, int],
    length: AnySize,
    reverse: bool,
) -> list[str]:
    consts, carries = operands[: counts[0]], operands[counts[0] : sum(counts)]
    xs = [str(x) for x in operands[sum(counts) :]]
    inner = e.inner()
    for value, const in zip(body.inputs, consts):
        inner.set_name(value, str(const))
    infos = []
    for value in body.inputs[counts[0] :]:
        inner.set_name(value, inner.unique("step"))
        infos.append(described(e, inner.name(value), value.dtype, value.shape))
    if not xs:  # a loop goes through something
        limit = e.op("Squeeze", e.dimension(length), e.integers(0))
        xs = [e.op("Range", e.scalar(0, "int64"), limit, e.scalar(1, "int64"))]
        infos.append(described(e, inner.unique("turn"), np.dtype("int64"), ()))
    inner.emit(body)
    results = [inner.op("Identity", inner.name(value)) for value in body.outputs]
    outputs = [described(e, name, value.dtype, value.shape) for name, value in zip(results, body.outputs)]
    graph = e.onnx.helper.make_graph(needed(inner.nodes, results), e.unique("body"), infos, outputs)
    directions = {"scan_input_directions": [int(reverse)] * len(xs)}
    if len(step.outputs) > counts[1]:
        directions["scan_output_directions"] = [int(reverse)] * (len(step.outputs) - counts[1])
    operands_of_scan = [*map(str, carries), *xs]
    return e.several(
        "Scan", operands_of_scan, len(step.outputs), body=graph, num_scan_inputs=len(xs), **directions
    )


def described(e: Emitter, name: str, dtype: Any, shape: Shape) -> Any:
    """An input or output of an ONNX graph: its name, dtype and shape."""
    kind = e.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return e.onnx.helper.make_tensor_value_info(
        name, kind, [n if isinstance(n, int) else str(n) for n in shape]
    )


def needed(nodes: list[Any], results: list[str]) -> list[Any]:
    """The nodes on which the results depend, in their order."""
    wanted, kept = set(results), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(names_read(node))
    return kept[::-1]


def names_read(node: Any) -> set[str]:
    """What a node reads: its inputs, and what graphs within it take from outside."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            names |= names_read(inner)
    return names


if "scan" in PRIMITIVES:
    rules[PRIMITIVES["scan"]] = _scan
