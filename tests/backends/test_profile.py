"""The profile by kernel: what is counted, what is measured, and that it leaves everything as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.backends.cpu import CpuProgram, _clock, compile_graph
from schuss.backends.cpu._profile import Profiler, ProgramProfile
from schuss.compiler._counts import bytes_of, flops_of
from schuss.graph import Spec, trace
from schuss.graph import primitives as p


def compiled(function: Any, *shapes: tuple[int, ...]) -> CpuProgram:
    return compile_graph(trace(function, *[Spec(shape, "float32") for shape in shapes]), 1)


def profiled(program: CpuProgram, steps: int = 3, threads: int | None = None) -> ProgramProfile:
    rng = np.random.default_rng(0)
    data = [rng.standard_normal((50, *b.shape[1:]), "float32") for b in program.plan.batch_inputs]
    rows = rng.integers(0, 50, steps * program.batch)
    arguments = [rng.standard_normal(b.shape, "float32") for b in program.plan.arguments]
    outputs = [np.empty(b.shape, b.dtype) for b in program.plan.outputs]
    return Profiler(program, threads).profile(data, rows, steps, arguments, outputs, seconds=0.0)


def test_a_multiply_add_is_two_operations() -> None:
    (kernel,) = compiled(lambda x, w: ops.matmul(x, w), (8, 30), (30, 20)).plan.steps
    assert flops_of(kernel) == 2 * 8 * 30 * 20
    assert bytes_of(kernel) == (4 * (8 * 30 + 30 * 20), 4 * 8 * 20)


def test_elementwise_operations_are_one_each() -> None:
    (kernel,) = compiled(lambda x: ops.exp(x) * 2.0 + 1.0, (8, 30)).plan.steps
    assert flops_of(kernel) == 3 * 8 * 30
    assert bytes_of(kernel) == (4 * 8 * 30, 4 * 8 * 30)


def test_what_depends_on_some_loops_counts_once_for_their_turns() -> None:
    (kernel,) = compiled(lambda x, b: x + b * b, (8, 30), (30,)).plan.steps
    assert flops_of(kernel) == 30 + 8 * 30


def test_integers_are_no_floating_point_operations() -> None:
    graph = trace(lambda x: x * x + 1, Spec((8,), "int32"))
    (kernel,) = compile_graph(graph, 1).plan.steps
    assert flops_of(kernel) == 0


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_kernel_and_barrier_is_measured(threads: int) -> None:
    program = compiled(
        lambda x: ops.matmul(ops.exp(x), ops.sum(ops.matmul(ops.transpose(x), x), 0, keepdims=True).T),
        (40, 300),
    )
    found = profiled(program, threads=threads)
    assert found.threads == program.threads(threads)
    assert [k.label for k in found.kernels] == [step.label for step in program.plan.steps]
    assert len(found.barriers) == program.plan.barriers
    for kernel, step in zip(found.kernels, program.plan.steps, strict=True):
        assert kernel.calls >= 1
        assert (kernel.chunks, kernel.phase) == (step.chunks, step.phase)
        assert 0 < kernel.seconds <= kernel.thread_seconds <= found.threads * kernel.seconds
    busy = sum(k.thread_seconds for k in found.kernels) + sum(b.thread_seconds for b in found.barriers)
    assert busy <= 1.05 * found.threads * found.timed_seconds


def test_loops_are_written_as_people_say_them() -> None:
    found = profiled(compiled(lambda x, w: ops.matmul(x, w), (8, 30), (30, 20)))
    assert found.kernels[0].loops == "8×20, sum of 30"


def test_calls_of_python_are_measured() -> None:
    def doubled(x: np.ndarray) -> np.ndarray:
        return 2 * x

    specs = (Spec((8, 30), "float32"),)
    program = compiled(lambda x: p.host_call_p.bind(x, function=doubled, specs=specs)[0], (8, 30))
    found = profiled(program)
    (host,) = [k for k in found.kernels if k.host]
    assert host.calls == 1
    assert host.seconds > 0


def test_variables_are_left_as_they_were() -> None:
    variable = schuss.Variable(np.ones((30,), "float32"), name="w")

    def step(x: object) -> object:
        variable.assign(variable.value - 0.1 * ops.mean(x, 0))
        return ops.sum(variable.value)

    program = compile_graph(trace(step, Spec((8, 30), "float32")), 1)
    profiled(program)
    assert (variable.array == 1).all()


def test_a_loss_that_is_no_number_is_said() -> None:
    program = compile_graph(trace(lambda x: ops.log(-ops.sum(x * x)), Spec((8, 30), "float32")), 1, check=0)
    with pytest.raises(ValueError, match="loss was not finite in step 0"):
        profiled(program)


def test_the_counter_is_held_against_the_quickest_of_several_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0, 90, 100, 104, 110, 200, 210, 300, 310, 400])  # before and after each look
    ticks = iter(range(5))
    monkeypatch.setattr(_clock.time, "perf_counter_ns", lambda: next(moments))
    assert _clock.both(lambda: next(ticks)) == (1, 102)
