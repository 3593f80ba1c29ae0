"""Products with rows of a small table are made once for each row of the table."""

import math

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.compiler import simplify
from schuss.graph import Spec, primitives, trace
from schuss.layers import LSTM, Dense, Embedding, Input

BATCH, LENGTH, WORDS, WIDTH, UNITS = 6, 20, 10, 24, 16
SPECS = (
    Spec((BATCH, LENGTH), np.dtype("int32")),
    Spec((WORDS, WIDTH), np.dtype("float64")),
    Spec((WIDTH, UNITS), np.dtype("float64")),
)


def inputs(dtype="int32", low=0, high=WORDS):
    rng = np.random.default_rng(0)
    numbers = rng.integers(low, high, (BATCH, LENGTH)).astype(dtype)
    return numbers, rng.normal(size=(WORDS, WIDTH)), rng.normal(size=(WIDTH, UNITS))


def taken(numbers, table):
    return ops.take(table, numbers, axis=0)


def places(numbers, width):
    """Rows by numbers and all columns, as indices of the primitives."""
    shape = (*numbers.shape, width)
    return [
        ops.broadcast_to(ops.expand_dims(numbers, -1), shape),
        primitives.iota_p.bind(shape=shape, dtype=np.dtype("int32"), axis=2),
    ]


def made(numbers, weight):
    """Updates of rows, each by a product."""
    factors = ops.cos(ops.cast(numbers[:, :, None] + ops.arange(UNITS), "float64"))
    return ops.matmul(factors, ops.transpose(weight))


PRODUCTS = {
    "after": lambda i, e, w: ops.matmul(taken(i, e), w),
    "time first": lambda i, e, w: ops.matmul(ops.transpose(taken(i, e), (1, 0, 2)), w),
    "columns first": lambda i, e, w: ops.einsum("dbt,du->btu", ops.transpose(taken(i, e), (2, 0, 1)), w),
    "before": lambda i, e, w: ops.einsum("du,btd->ubt", w, taken(i, e)),
    "before, time first": lambda i, e, w: ops.einsum("du,tbd->utb", w, ops.transpose(taken(i, e), (1, 0, 2))),
    "heads": lambda i, e, w: ops.einsum("btd,dhk->bthk", taken(i, e), ops.reshape(w, (WIDTH, 4, UNITS // 4))),
    "twice": lambda i, e, w: ops.matmul(ops.matmul(taken(i, e), w), ops.transpose(w)),
    "shifted": lambda i, e, w: ops.matmul(ops.tanh(ops.matmul(taken(i, e), w)), ops.transpose(w)),
    "also without a product": lambda i, e, w: ops.matmul(taken(i, e), w) + ops.sum(taken(i, e)),
}


def products(graph):
    """Of each product in it, how often two numbers are multiplied."""
    counts = []
    for node in simplify(graph).nodes:
        if node.primitive.name == "dot_general":
            x, axes = node.inputs[0], node.params["contract"][0]
            counts.append(node.outputs[0].spec.size * math.prod(x.shape[a] for a in axes))
    return counts


def gradients(product):
    """The sum of a product's squares, weighted so that no gradient is alike in two places, and its gradients."""

    def step(i, e, w):
        def loss(e, w):
            made = product(i, e, w)
            return ops.sum(
                ops.square(made) * ops.reshape(ops.arange(made.spec.size, dtype="float64"), made.shape)
            )

        return [product(i, e, w), *schuss.grad(loss, argnums=(0, 1))(e, w)]

    return step


def check(step, *given):
    graph = trace(step, *(Spec.of(np.asarray(a)) for a in given))
    expected = backends.compile(graph, backend="reference")(*given)
    for a, b in zip(backends.compile(graph, backend="cpu")(*given), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-9 * np.abs(b).max())
    return graph


@pytest.mark.parametrize("name", PRODUCTS)
def test_results_and_gradients_are_the_references(name):
    check(gradients(PRODUCTS[name]), *inputs())


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_made_of_the_table(name):
    counts = products(trace(lambda *given: [PRODUCTS[name](*given)], *SPECS))
    assert counts[0] == WORDS * WIDTH * UNITS
    assert name == "shifted" or max(counts) == WORDS * WIDTH * UNITS


@pytest.mark.parametrize("name", ["after", "time first", "before", "before, time first", "heads"])
def test_gradients_are_made_of_the_table(name):
    assert products(trace(gradients(PRODUCTS[name]), *SPECS)) == [WORDS * WIDTH * UNITS] * 3


def test_both_gradients_share_their_sums():
    for name in ("after", "time first", "before"):
        nodes = simplify(trace(gradients(PRODUCTS[name]), *SPECS)).nodes
        assert [n.primitive.name for n in nodes].count("scatter_add") == 1


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64"])
@pytest.mark.parametrize("name", ["after", "before"])
def test_all_kinds_of_numbers(name, dtype):
    check(gradients(PRODUCTS[name]), *inputs(dtype))


@pytest.mark.parametrize("words", [3, 200])
def test_numbers_outside(words):
    """Looking up takes the nearest row; a table of more rows than a byte counts is still indexed by bytes."""
    rng = np.random.default_rng(1)
    numbers = rng.integers(-128, 127, (30, 20)).astype("int8")
    table, weight = rng.normal(size=(words, WIDTH)), rng.normal(size=(WIDTH, UNITS))

    def looked_up(i, e, w):
        return ops.matmul(primitives.gather_p.bind(e, *places(i, WIDTH)), w)

    check(gradients(looked_up), numbers, table, weight)


@pytest.mark.parametrize("name", ["after", "before", "heads"])
def test_rows_that_are_not_looked_up_may_hold_anything(name):
    numbers, table, weight = inputs(high=WORDS - 2)
    table[-2], table[-1] = np.nan, np.inf
    graph = check(gradients(PRODUCTS[name]), numbers, table, weight)
    made = backends.compile(graph, backend="cpu")(numbers, table, weight)
    assert all(np.isfinite(array).all() for array in made)


def test_a_table_of_which_few_rows_are_looked_up_stays():
    specs = (SPECS[0], Spec((BATCH * LENGTH, WIDTH), np.dtype("float64")), SPECS[2])
    assert products(trace(PRODUCTS["after"], *specs)) == [BATCH * LENGTH * WIDTH * UNITS]


def test_short_sums_stay():
    specs = (SPECS[0], Spec((WORDS, 4), np.dtype("float64")), Spec((4, UNITS), np.dtype("float64")))
    assert products(trace(PRODUCTS["after"], *specs)) == [BATCH * LENGTH * 4 * UNITS]


def test_what_is_added_to_a_table_that_is_not_zero():
    def step(i, e, w):
        return [primitives.scatter_add_p.bind(e, made(i, w), *places(i, WIDTH))]

    given = inputs(low=-3, high=WORDS + 3)  # what lies outside is dropped
    graph = check(step, *given)
    assert max(products(graph)) == WORDS * WIDTH * UNITS


def test_updates_that_are_wanted_otherwise_are_made():
    def step(i, e, w):
        updates = made(i, w)
        return [primitives.scatter_add_p.bind(e, updates, *places(i, WIDTH)), updates]

    graph = check(step, *inputs())
    assert products(graph) == [BATCH * LENGTH * WIDTH * UNITS]


@pytest.mark.parametrize("layer", [lambda: LSTM(16, return_sequences=True), lambda: Dense(16, "relu")])
def test_a_network_learns_as_by_the_reference(layer):
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 12, (64, 10)), rng.integers(0, 12, (64, 10))
    losses = []
    for eager in (True, False):
        schuss.utils.set_random_seed(5)
        model = schuss.Sequential(
            [Input((10,), dtype="int32"), Embedding(12, 20), layer(), Dense(12, activation="softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager)
        losses.append(model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
