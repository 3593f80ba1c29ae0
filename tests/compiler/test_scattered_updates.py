"""Updates of a table's rows: only what occurs is touched, in its place, and threads share the columns."""

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.compiler import Kernel, plan
from schuss.graph import Spec, Variable, trace
from schuss.layers import Dense, Embedding, GlobalAveragePooling1D, Input


def step_of(update, rows=50, columns=64, also=()):
    """A step that takes rows from a table by numbers, and updates the table by its gradient."""
    rng = np.random.default_rng(0)
    table = Variable(rng.normal(size=(rows, columns)).astype("float32"), name="table")

    def step(tokens, weights):
        taken = ops.take(table, tokens, axis=0)
        gradient = schuss.grad(lambda w: ops.sum(ops.square(ops.take(w, tokens, axis=0)) * weights))(
            table.value
        )
        table.assign(update(table.value, gradient, taken))
        return [ops.sum(taken), *(f(gradient) for f in also)]

    return table, trace(step, Spec((8, 20), np.dtype("int32")), Spec((8, 20, 1), np.dtype("float32")))


UPDATES = {
    "descent": lambda w, g, taken: w - 0.1 * g,
    "ascent": lambda w, g, taken: g * 0.1 + w,
    "decay": lambda w, g, taken: w * 0.9 - 0.1 * g,
    "rate that is computed": lambda w, g, taken: w - ops.mean(taken) * g,
    "without a rate": lambda w, g, taken: w - g,
    "gradient twice": lambda w, g, taken: w - g * g,
}


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("columns", [1, 5, 64, 100])
def test_compiled_is_reference(name, columns):
    rng = np.random.default_rng(1)
    tokens = rng.integers(-50, 50, (8, 20)).astype("int32")
    weights = rng.normal(size=(8, 20, 1)).astype("float32")
    results = []
    for backend in ("reference", "cpu"):
        table, graph = step_of(UPDATES[name], columns=columns)
        backends.compile(graph, backend=backend)(tokens, weights)
        results.append(table.array.copy())
    np.testing.assert_allclose(results[1], results[0], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["descent", "ascent", "rate that is computed", "without a rate"])
def test_nothing_goes_through_the_table(name):
    kernels = [k for k in plan(step_of(UPDATES[name], rows=10_000)[1]).leaves if isinstance(k, Kernel)]
    assert not any(k.dims and k.dims[0].size >= 10_000 for k in kernels)
    (scattered,) = [k for k in kernels if k.stores[0].accumulate]
    assert scattered.stores[0].buffer.kind == "variable"
    assert scattered.chunks > 1


def test_a_gradient_that_is_wanted_otherwise_is_made_once():
    _, graph = step_of(UPDATES["descent"], rows=10_000, also=[ops.sum])
    assert sum(k.stores[0].accumulate for k in plan(graph).leaves if isinstance(k, Kernel)) == 1


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_training_has_the_same_bits_on_any_number_of_threads(threads, monkeypatch):
    rng = np.random.default_rng(2)
    x, y = rng.integers(0, 300, (64, 30)), rng.integers(0, 2, (64, 1)).astype("float32")
    tables = []
    for count in (1, threads):
        schuss.utils.set_random_seed(3)
        model = schuss.Sequential(
            [Input((30,), dtype="int32"), Embedding(300, 40), GlobalAveragePooling1D(), Dense(1)]
        )
        model.compile(schuss.optimizers.SGD(0.5, momentum=0.5), "mse")
        monkeypatch.setenv("SCHUSS_NUM_THREADS", str(count))
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        tables.append(model.layers[0].weights[0].array.copy())
    np.testing.assert_array_equal(*tables)
