"""Whatever the compiler fuses, orders and places in memory: the numbers are the reference evaluator's."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schuss
from schuss.backends import reference
from schuss.backends.cpu import compile_graph
from schuss.graph import Spec, Variable, trace

sys.path.insert(0, str(Path(__file__).parent))
from random_programs import random_arrays, random_function


def _agree(got: np.ndarray, want: np.ndarray, tolerance: float) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-4), ("float64", 1e-10)])
@settings(max_examples=260, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_compiled_equals_reference(dtype, tolerance, rng):
    arrays = random_arrays(rng, dtype, rng.randrange(1, 4))
    function = random_function(rng, rng.randrange(2, 14))
    graph = trace(function, *arrays)
    want, _ = reference.evaluate(graph, arrays)
    for got, expected in zip(compile_graph(graph)(*arrays), want, strict=True):
        _agree(got, np.asarray(expected), tolerance)


@settings(max_examples=40, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_variables_are_updated_in_place_as_in_the_reference(rng):
    arrays = random_arrays(rng, "float64", 2)
    variables = [Variable(a, name=f"v{i}") for i, a in enumerate(arrays)]
    function = random_function(rng, rng.randrange(3, 10))

    def step(x):
        old = [v.value for v in variables]
        results = function(*old, x)
        for result in results:
            for variable, value in zip(variables, old, strict=True):
                if result.shape == value.shape:
                    variable.assign(schuss.ops.tanh(result + variable.value))
        first, second = variables
        if first.shape == second.shape:  # a swap cannot be done in place
            kept = first.value
            first.assign(second.value)
            second.assign(kept)
        return results[0]

    x = random_arrays(rng, "float64", 1)[0]
    graph = trace(step, Spec.of(x))
    program = compile_graph(graph)
    start = [v.array.copy() for v in variables]
    for _ in range(3):
        _, changed = reference.evaluate(graph, [x])
        for variable, value in changed.items():
            np.copyto(variable.array, value)
    want = [v.array.copy() for v in variables]
    for variable, value in zip(variables, start, strict=True):
        np.copyto(variable.array, value)
    for _ in range(3):
        program(x)
    for variable, value in zip(variables, want, strict=True):
        _agree(variable.array, value, 1e-9)


@settings(max_examples=25, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_any_number_of_threads_gives_the_same_bits(rng):
    numbers = np.random.default_rng(rng.randrange(2**32))
    batch, features, units = rng.choice((8, 24, 33)), rng.choice((5, 40, 64)), rng.choice((3, 17, 48))
    data = numbers.standard_normal((batch * 4, features)).astype("float32")
    weights = Variable(numbers.standard_normal((features, units)).astype("float32") * 0.1)
    function = random_function(rng, 6)

    def step(x):
        z = schuss.ops.tanh(schuss.ops.matmul(x, weights.value))
        extra = function(z)[0]
        gradient = schuss.ops.matmul(schuss.ops.transpose(x), z)
        weights.assign(weights.value - 0.01 * gradient)
        return schuss.ops.mean(extra)

    program = compile_graph(trace(step, Spec((batch, features), np.dtype("float32"))), batch_inputs=1)
    start = weights.array.copy()
    rows = np.arange(batch * 4)
    results = []
    for threads in (1, 2, 3, 5):
        np.copyto(weights.array, start)
        loss = np.zeros((), "float32")
        run = program.start([data], rows, 4, (), [loss], threads=threads, inline=False)
        run.result()
        results.append((weights.array.tobytes(), loss.tobytes()))
    assert all(r == results[0] for r in results)
