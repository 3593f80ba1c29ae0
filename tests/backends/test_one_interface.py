"""Programs: one interface, two evaluators."""

from __future__ import annotations

import time

import numpy as np
import pytest

import schuss
from schuss import backends, ops

pytestmark = pytest.mark.usefixtures("backend")


def counting_graph(limit: float = np.inf) -> tuple[schuss.graph.Graph, schuss.Variable]:
    """Adds each batch's sum to a variable; its second output is infinite from `limit` on."""
    total = schuss.Variable(np.zeros((), "float32"), name="total")

    def step(x: schuss.Tensor, factor: schuss.Tensor) -> list[schuss.Tensor]:
        total.assign_add(ops.sum(x))
        checked = ops.where(total.value >= limit, np.float32(np.inf), total.value)
        return [x * factor, checked]

    return schuss.trace(step, schuss.Spec((2, 3), "float32"), schuss.Spec((), "float32")), total


def test_a_run_gathers_batches_and_keeps_rows() -> None:
    graph, total = counting_graph()
    program = backends.compile(graph, batch_inputs=1, row_outputs=(True, False), check=1)
    data = np.arange(15, dtype="float32").reshape(5, 3)
    rows = np.array([4, 0, 2, 1])
    out, last = np.empty((4, 3), "float32"), np.empty((), "float32")
    run = program.start([data], rows, 2, [np.full((), 2, "float32")], [out, last])
    run.result()
    np.testing.assert_array_equal(out, 2 * data[rows])
    assert total.numpy() == last == data[rows].sum()
    assert (run.steps_done, run.failed_step) == (2, None)


def test_a_run_stops_where_the_check_fails() -> None:
    graph, _ = counting_graph(limit=20)
    program = backends.compile(graph, batch_inputs=1, row_outputs=(True, False), check=1)
    data = np.ones((10, 3), "float32")
    outputs = [np.zeros((10, 3), "float32"), np.zeros((), "float32")]
    run = program.start([data], np.arange(10), 5, [np.ones((), "float32")], outputs)
    run.result()
    assert run.failed_step == 3
    assert outputs[1] == np.inf


def test_one_step_with_plain_arrays() -> None:
    graph, total = counting_graph()
    program = backends.compile(graph, batch_inputs=1, row_outputs=(True, False))
    y, new = program(np.ones((2, 3)), 3.0)
    assert y.tolist() == [[3.0] * 3] * 2
    assert new == total.numpy() == 6


def test_stop_ends_after_a_whole_step() -> None:
    graph, total = counting_graph()
    program = backends.compile(graph, batch_inputs=1, row_outputs=(False, False))
    outputs = [np.zeros((2, 3), "float32"), np.zeros((), "float32")]
    steps = 1_000_000
    run = program.start(
        [np.ones((2, 3), "float32")], np.tile([0, 1], steps), steps, [np.ones((), "float32")], outputs
    )
    time.sleep(0.01)
    run.stop()
    run.result()
    assert run.wait(0)
    assert run.steps_done <= steps
    assert total.numpy() == min(run.steps_done * 6, 2**24 + 8)  # float32 stops counting somewhere there


def test_wrong_number_of_arrays() -> None:
    graph, _ = counting_graph()
    program = backends.compile(graph, batch_inputs=1, row_outputs=(True, False))
    with pytest.raises(ValueError, match="Expected 2 output arrays, got 0"):
        program.start([np.ones((2, 3), "float32")], np.arange(2), 1, [np.ones((), "float32")])


def test_unknown_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, _ = counting_graph()
    with pytest.raises(ValueError, match="Unknown backend 'gpu' in backend: expected 'cpu' or 'reference'"):
        backends.compile(graph, backend="gpu")
    monkeypatch.setenv("SCHUSS_BACKEND", "tpu")
    with pytest.raises(ValueError, match="'tpu' in the environment variable SCHUSS_BACKEND"):
        backends.compile(graph)


def test_variables_are_swapped_and_old_values_returned() -> None:
    a, b = schuss.Variable(np.array([1.0, 2.0], "float32")), schuss.Variable(np.array([3.0, 4.0], "float32"))

    def swap() -> schuss.Tensor:
        old_a, old_b = a.value, b.value
        a.assign(old_b)
        b.assign(old_a)
        return old_a

    program = backends.compile(schuss.trace(swap))
    assert program()[0].tolist() == [1, 2]
    assert (a.numpy().tolist(), b.numpy().tolist()) == ([3, 4], [1, 2])
    assert program()[0].tolist() == [3, 4]
