"""What predictions leave out of this machine's arithmetic: two steps, whose times are predicted and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from schuss import backends, ops
from schuss.graph import Variable, trace
from schuss.insight.diagnosis._machine import MachineModel, machine_model, quickest_step
from schuss.insight.diagnosis._prediction import program_times

_SIZE = 64  # rows and columns of the steps' matrices: they stay in the first caches
_LEAST, _MOST = 0.5, 2.5


@cache
def this_machine() -> MachineModel:
    """The model of this machine, with what products, and other operations, lose on it."""
    bare = machine_model()
    products = replace(bare, loss=max(_measured_to_predicted(_products(), bare), 1.0))
    return replace(products, others=_measured_to_predicted(_operations(), bare))


def _measured_to_predicted(step: Callable[[], list[object]], machine: MachineModel) -> float:
    program = backends.compile(trace(step), 0)
    predicted = sum(kernel.seconds for kernel in program_times(program, machine, 0))
    return min(max(quickest_step(program, 1) / predicted, _LEAST), _MOST)


def _matrices(count: int) -> list[Variable]:
    rng = np.random.default_rng(0)
    return [Variable(rng.uniform(0.5, 1.0, (_SIZE, _SIZE)).astype("float32")) for _ in range(count)]


def _products() -> Callable[[], list[object]]:
    """Of a layer, forwards and backwards."""
    x, w, made, slope = _matrices(4)

    def step() -> list[object]:
        made.assign(ops.matmul(x.value, w.value))
        slope.assign(ops.matmul(ops.transpose(x.value), made.value))
        made.assign(ops.matmul(slope.value / _SIZE, ops.transpose(w.value)))
        return []

    return step


def _operations() -> Callable[[], list[object]]:
    """Of an activation, a gate, and Adam."""
    x, w, mean, square = _matrices(4)

    def step() -> list[object]:
        made = ops.tanh(x.value) * ops.exp(-x.value)
        mean.assign(0.9 * mean.value + 0.1 * made)
        square.assign(0.999 * square.value + 0.001 * made * made)
        w.assign(w.value - 1e-6 * mean.value / (ops.sqrt(square.value) + 1e-7))
        return []

    return step
