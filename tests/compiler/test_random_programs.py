"""Whatever the compiler fuses, orders and places in memory: the numbers are the reference evaluator's."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import schuss
from schuss.backends import reference
from schuss.backends.cpu import compile_graph
from schuss.graph import Spec, Variable, trace

sys.path.insert(0, str(Path(__file__).parent))
from random_programs import random_arrays, random_function, random_mixed_arrays, random_scalar_function


def _agree(got: np.ndarray, want: np.ndarray, tolerance: float) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-4), ("float64", 1e-10)])
@settings(max_examples=250, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_compiled_equals_reference(dtype, tolerance, rng):
    arrays = random_mixed_arrays(rng, dtype, rng.randrange(1, 4))
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


@settings(max_examples=20, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_gradient_and_hessian_vector_product_are_finite_differences(rng):
    xs = random_arrays(rng, "float64", rng.randrange(1, 3))
    f = random_scalar_function(rng, rng.randrange(2, 9))
    numbers = np.random.default_rng(rng.randrange(2**32))
    vs = [numbers.uniform(-1, 1, x.shape) for x in xs]
    wrt = tuple(range(len(xs)))

    def along(*point):
        slopes = schuss.grad(f, argnums=wrt)(*point)
        return sum(schuss.ops.sum(dx * v) for dx, v in zip(slopes, vs, strict=True))

    slope, curvature = schuss.jit(lambda *point: (along(*point), schuss.grad(along, argnums=wrt)(*point)))(
        *xs
    )

    def difference(function, h):
        ahead, behind = ([x + s * h * v for x, v in zip(xs, vs, strict=True)] for s in (1, -1))
        return (float(function(*ahead)) - float(function(*behind))) / (2 * h)

    for function, derivative in (
        (f, float(slope)),
        (along, float(sum(np.sum(h * v) for h, v in zip(curvature, vs, strict=True)))),
    ):
        wide, narrow = difference(function, 1e-5), difference(function, 2.5e-6)
        assume(abs(wide - narrow) <= 1e-6 * max(1.0, abs(wide)))  # no kink, no pole nearby
        assert abs(derivative - wide) <= 1e-5 * max(1.0, abs(wide))


def _random_data(numbers: np.random.Generator, rows: int, features: int) -> np.ndarray:
    """A data set as people have them: floats of both sizes, images of bytes, counts."""
    dtype = numbers.choice(["float32", "float64", "uint8", "int64"])
    if dtype.startswith("float"):
        return numbers.standard_normal((rows, features)).astype(dtype)
    return numbers.integers(0, 256, (rows, features)).astype(dtype)


@settings(max_examples=20, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_any_number_of_threads_gives_the_same_bits(rng):
    numbers = np.random.default_rng(rng.randrange(2**32))
    batch, features, units = (
        rng.choice((1, 8, 24, 33, 130)),
        rng.choice((1, 5, 40, 64)),
        rng.choice((1, 3, 17, 48)),
    )
    data = _random_data(numbers, batch * 4, features)
    labels = numbers.integers(0, units, batch * 4)
    weights = Variable(numbers.standard_normal((features, units)).astype("float32") * 0.1)
    function = random_function(rng, 6)

    def step(x, labels):
        x = schuss.ops.tanh(schuss.ops.cast(x, "float32") / 100.0)
        z = schuss.ops.tanh(schuss.ops.matmul(x, weights.value))
        extra = function(z, labels)[0]
        error = z - schuss.ops.one_hot(labels, units)
        weights.assign(weights.value - 0.01 * schuss.ops.matmul(schuss.ops.transpose(x), error))
        return schuss.ops.sum(schuss.ops.cast(extra, "float32")), z

    specs = Spec((batch, features), data.dtype), Spec((batch,), labels.dtype)
    program = compile_graph(trace(step, *specs), batch_inputs=2, row_outputs=(False, True))
    start = weights.array.copy()
    rows = numbers.permutation(batch * 4)
    results = []
    for threads in (1, 2, 3, 5):
        np.copyto(weights.array, start)
        loss, kept = np.zeros((), "float32"), np.zeros((batch * 4, units), "float32")
        run = program.start([data, labels], rows, 4, (), [loss, kept], threads=threads, inline=False)
        run.result()
        results.append((weights.array.tobytes(), loss.tobytes(), kept.tobytes()))
    assert all(r == results[0] for r in results)


def test_what_the_host_reads_lies_by_itself_though_it_is_padded_as_well():
    x = np.linspace(-1, 1, 7)
    graph = trace(lambda x: (schuss.ops.sort(x * 2), schuss.ops.pad(x * 2, (1, 1))), x)
    want, _ = reference.evaluate(graph, [x])
    for got, expected in zip(compile_graph(graph)(x), want, strict=True):
        _agree(got, np.asarray(expected), 1e-12)
