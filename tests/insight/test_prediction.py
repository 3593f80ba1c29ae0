"""Predicted times: what threads that share a step take from each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.backends.cpu._limits import Limits
from schuss.graph import Spec, Variable, trace
from schuss.insight.diagnosis._calibration import this_machine
from schuss.insight.diagnosis._machine import MachineModel, _meeting
from schuss.insight.diagnosis._prediction import kernel_times, step_seconds
from schuss.layers import Dense, Input
from schuss.training._data import Piece
from schuss.training._steps import PREDICT, TRAIN

MACHINE = MachineModel(
    Limits(2, 1e11, 2e11, 2e10, 1 << 27, 1e11, 1 << 19),
    ((1 << 20, 5e10), (1 << 25, 2e10), (1 << 27, 1e10)),
    multiply_add=2e-10,
    barrier=1e-6,
    line=1e-8,
    row=1e-8,
)


def seconds(program, threads=2, **changed):
    machine = replace(MACHINE, **changed)
    times = kernel_times(program.plan, program.describe(), machine, 1 << 20, threads)
    return step_seconds(program.plan, times, threads, machine)


def program_of(kind):
    model = schuss.Sequential([Input((128,)), Dense(128, activation="tanh"), Dense(128)])
    model.compile("sgd", "mse")
    x = np.zeros((512, 128), "float32")
    model._steps.look_at(model)
    piece = Piece((x, x, None), np.arange(512), 512, 1)
    return model._steps.get(model, kind, piece).program


def test_two_threads_take_more_than_half_of_what_one_takes():
    program = program_of(TRAIN)
    assert seconds(program, 1) / 2 < seconds(program, 2) < seconds(program, 1)


def test_lines_cross_where_updates_read_what_all_threads_made():
    program = program_of(TRAIN)
    free, dear = seconds(program, line=0.0), seconds(program)
    weights_and_batch = 4 * (2 * 128 * 128 + 4 * 512 * 128) / 64 * MACHINE.line
    assert 0 < dear - free < weights_and_batch
    assert seconds(program, 1) == seconds(program, 1, line=0.0)


def test_no_line_crosses_where_each_thread_keeps_its_rows_and_nothing_is_updated():
    program = program_of(PREDICT)
    assert seconds(program) == seconds(program, line=0.0)


def test_what_one_kernel_writes_by_rows_and_another_reads_by_columns_crosses():
    matrix, sums = Variable(np.ones((256, 64), "float32")), Variable(np.zeros(64, "float32"))

    def step(x):
        made = matrix.value * x
        matrix.assign(made)
        sums.assign(ops.sum(made, axis=0))
        return []

    program = backends.compile(trace(step, Spec((), np.dtype("float32"))), 0)
    lines = matrix.array.nbytes / 64
    slow = replace(MACHINE, line=1.0)  # beside which everything else is nothing
    times = kernel_times(program.plan, program.describe(), slow, 1 << 20, 2)
    assert sum(t.shared for t in times) == pytest.approx(lines / 4)  # half of the half that a thread reads


def test_meetings_are_measured():
    barrier, line = _meeting(2)
    assert 1e-8 < barrier < 1
    assert 0 <= line < 1e-3
    assert _meeting(1) == (0.0, 0.0)


def test_what_products_and_other_operations_lose_is_measured_once():
    machine = this_machine()
    assert machine is this_machine()
    assert 1 <= machine.loss <= 2.5
    assert 0.5 <= machine.others <= 2.5


def test_operations_that_take_twice_as_long_count_twice():
    program = program_of(TRAIN)
    plain, slow = seconds(program, 1), seconds(program, 1, loss=2 * MACHINE.loss, others=2 * MACHINE.others)
    assert plain < slow < 2 * plain
    assert plain < seconds(program, 1, others=2 * MACHINE.others) < slow
