"""What is said of kernels' machine code is what their code does, for processors of several kinds."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.backends._description import KernelCode
from schuss.backends.cpu import _describe
from schuss.backends.cpu._target import Target
from schuss.backends.cpu.nests import emit_kernel
from schuss.compiler import Kernel, plan
from schuss.graph import Spec, trace

TARGETS = [Target("", "", size, registers, True) for size, registers in ((64, 32), (32, 16), (16, 32))]


@pytest.fixture(params=TARGETS, ids=lambda target: f"{target.vector_bytes}_bytes")
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(_describe, "host", lambda: request.param)
    return request.param


def descent(x: Any, y: Any, w: Any, v: Any) -> Any:
    """Two layers' weights after a step."""

    def loss(weights: Any) -> Any:
        return ops.sum((ops.relu(x @ weights[0]) @ weights[1] - y) ** 2)

    dw, dv = schuss.grad(loss)([w, v])
    return w - 0.1 * dw, v - 0.1 * dv


def described(batch: int, *sizes: int) -> list[tuple[Kernel, KernelCode]]:
    """The kernels of a step of descent, and what is said of them."""
    first, hidden, last = sizes
    shapes = [(batch, first), (batch, last), (first, hidden), (hidden, last)]
    program = plan(trace(descent, *[Spec(shape, np.dtype("float32")) for shape in shapes]), 2, (), None, 2)
    codes = _describe.describe(program)
    return [(k, c) for k, c in zip(program.steps, codes, strict=True) if isinstance(k, Kernel) and c]


@pytest.mark.parametrize("shape", [(64, 300, 320, 100), (1024, 100, 256, 8), (40, 70, 30, 5)])
def test_panels_and_requests_are_where_it_is_said(target: Target, shape: tuple[int, ...]) -> None:
    for kernel, code in described(*shape):
        text = str(emit_kernel(ir.Module(), kernel, "kernel", target))
        assert text.count("alloca [") == len(code.panels)
        assert ("llvm.prefetch" in text) == bool(code.ahead)


def test_a_transposed_factor_has_a_panel(target: Target) -> None:
    panels = [panel for _, code in described(64, 300, 320, 100) for panel in code.panels]
    assert any(panel.transposed for panel in panels)
    for kernel, code in described(64, 300, 320, 100):
        for panel in code.panels:
            assert set(panel.shared) <= set(kernel.dims)
            assert panel.factor.dims.isdisjoint(panel.shared)
            assert code.vector in panel.factor.dims


def test_weights_that_are_updated_are_asked_for(target: Target) -> None:
    asked = [ahead for _, code in described(64, 300, 320, 100) for ahead in code.ahead]
    assert (300, 320) in {ahead.load.buffer.shape for ahead in asked if ahead.dim is None}
    assert {ahead.load.buffer.kind for ahead in asked if ahead.dim is not None} == {"batch"}


def convolved(x: Any, w: Any) -> Any:
    """A convolution and its gradients."""
    y = ops.conv(x, w, padding="same")
    return [
        y,
        *schuss.grad(lambda both: ops.sum(ops.sin(ops.conv(both[0], both[1], padding="same"))))([x, w]),
    ]


def recurrent(x: Any, w: Any) -> Any:
    """States of a loop, all of them, and the gradient by the matrix in it."""

    def states(w: Any) -> Any:
        return ops.scan(lambda h, x: (ops.tanh(h @ w + x),) * 2, x[0] * 0, x)[1]

    return [states(w), schuss.grad(lambda w: ops.sum(ops.sin(states(w))))(w)]


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (convolved, [(64, 32, 32, 16), (3, 3, 16, 16)]),
        (convolved, [(128, 8, 8, 64), (3, 3, 64, 64)]),
        (recurrent, [(32, 64, 128), (128, 128)]),
    ],
)
def test_what_is_asked_for_is_said_of_all_kinds_of_loops(
    target: Target, function: Any, shapes: list[tuple[int, ...]]
) -> None:
    program = plan(trace(function, *[Spec(shape, np.dtype("float32")) for shape in shapes]), 1, (), None, 2)
    said = list(zip(program.leaves, _describe.describe(program), strict=True))
    for kernel, code in said:
        if isinstance(kernel, Kernel) and code:
            text = str(emit_kernel(ir.Module(), kernel, "kernel", target))
            assert ("llvm.prefetch" in text) == bool(code.ahead), kernel.label
    assert any(code and code.ahead for _, code in said)
    if function is convolved:
        assert any(code and code.shared for _, code in said)
