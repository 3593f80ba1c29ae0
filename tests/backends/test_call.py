"""A single step, prepared for many calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.graph import Spec


def running_sum() -> tuple[Any, schuss.Variable]:
    """Adds a batch's sum to a variable; the second output, that sum, is checked."""
    total = schuss.Variable(np.zeros((), "float32"), name="total")

    def step(x: schuss.Tensor, factor: schuss.Tensor) -> list[schuss.Tensor]:
        total.assign_add(ops.sum(x))
        return [x * factor, total.value]

    graph = schuss.trace(step, Spec((2, 3), "float32"), Spec((), "float32"))
    return backends.compile(graph, batch_inputs=1, row_outputs=(True, False), check=1, backend="cpu"), total


def test_each_call_is_a_step() -> None:
    program, total = running_sum()
    call = program.prepare()
    for n in range(1, 4):
        call.inputs[0][...] = n
        call.inputs[1][...] = 2
        call()
        assert call.outputs[0].tolist() == [[2 * n] * 3] * 2
        assert call.outputs[1] == total.numpy() == 6 * n * (n + 1) / 2
        assert not call.failed


def test_it_follows_a_variable_to_another_array() -> None:
    program, total = running_sum()
    call = program.prepare()
    old = total.array
    call()
    total.array = np.full((), 10, "float32")
    call.inputs[0][...] = 1
    call()
    assert total.array == 16
    assert old == 0
    total.array = np.zeros(3, "float32")
    with pytest.raises(ValueError, match="changed its shape"):
        call()


def test_a_check_that_fails_is_told_of_that_call_alone() -> None:
    program, total = running_sum()
    call = program.prepare()
    for value, failed in ((1, False), (np.inf, True)):
        call.inputs[0][...] = value
        call()
        assert call.failed == failed
    total.assign(0)
    call.inputs[0][...] = 1
    call()
    assert not call.failed


def test_errors_of_host_calls_come_out_and_leave_it_usable() -> None:
    def host(x: np.ndarray) -> list[np.ndarray]:
        if x[0] < 0:
            raise ArithmeticError("negative")
        return [np.sqrt(x)]

    from schuss.graph import PRIMITIVES

    specs = (Spec((2,), "float32"),)
    graph = schuss.trace(
        lambda x: PRIMITIVES["host_call"].bind(x, function=host, specs=specs)[0], Spec((2,), "float32")
    )
    call = backends.compile(graph, backend="cpu").prepare()
    for value in (4, -1, 9):
        call.inputs[0][...] = value
        if value < 0:
            with pytest.raises(ArithmeticError, match="negative"):
                call()
        else:
            call()
            assert call.outputs[0].tolist() == [value**0.5] * 2


def test_calls_do_not_share_memory() -> None:
    program, _ = running_sum()
    first, second = program.prepare(), program.prepare()
    first.inputs[0][...], second.inputs[0][...] = 1, 2
    first.inputs[1][...] = second.inputs[1][...] = 1
    first()
    second()
    assert first.outputs[0].tolist() == [[1.0] * 3] * 2
    assert second.outputs[0].tolist() == [[2.0] * 3] * 2


def test_long_steps_are_not_prepared() -> None:
    spec = Spec((600, 600), "float32")
    graph = schuss.trace(lambda x, y: ops.matmul(x, y), spec, spec)
    assert backends.compile(graph, backend="cpu").prepare() is None
    small = schuss.trace(lambda x: x + 1, Spec((2,), "float32"))
    assert backends.compile(small, backend="reference").prepare() is None
