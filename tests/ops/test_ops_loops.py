"""scan, fori_loop, while_loop and map in traces: one body that is repeated."""

import numpy as np
import pytest
from cases_numpy import agree

import schuss
from schuss import ops

X = np.arange(28, dtype="float32").reshape(7, 4) / 10


def primitives_of(function, *arrays):
    return [node.primitive.name for node in schuss.trace(function, *arrays).nodes]


def test_a_scan_is_one_operation_and_a_short_one_is_written_out():
    def total(x):
        return ops.scan(lambda c, r: (c + r, None), ops.zeros(4), x)[0]

    assert primitives_of(total, X).count("scan") == 1
    assert "scan" not in primitives_of(total, X[:4])
    assert "scan" not in primitives_of(
        lambda x: ops.scan(lambda c, r: (c + r, None), ops.zeros(4), x, unroll=True)[0], X
    )


def test_variables_that_a_turn_reads_and_assigns():
    count, step = schuss.Variable(0.0), schuss.Variable(2.0)

    def function(x):
        count.assign_add(1.0)

        def turn(carry, row):
            count.assign_add(step)
            return carry + row * count, count * 1.0

        result = ops.scan(turn, ops.zeros(4), x)
        count.assign_add(1.0)
        return result

    counts = 1 + 2.0 * np.arange(1, 8)
    total, seen = schuss.jit(function)(X)
    np.testing.assert_allclose(total, (X * counts[:, None]).sum(0), rtol=1e-5)
    np.testing.assert_allclose(seen, counts)
    assert float(count) == 16.0
    count.assign(0.0)
    np.testing.assert_allclose(function(X)[0], total, rtol=1e-5)
    assert float(count) == 16.0


def test_tensors_of_the_function_around_are_constants_of_the_body():
    agree(
        lambda x: ops.map(lambda outer: ops.map(lambda inner: inner + outer * x[0, 1], x), x),
        X[None] + X[:, None] * X[0, 1],
        X,
    )


def test_what_a_turn_reads_of_a_variable_and_of_its_value_before():
    v = schuss.Variable(1.0)

    def function(x):
        before = v * 1.0
        v.assign(before)

        def turn(carry, row):
            v.assign_add(1.0)
            return carry + before, v.value

        return ops.scan(turn, 0.0, x)

    total, values = schuss.jit(function)(X)
    assert float(total) == 7.0
    assert values.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def test_python_numbers_in_the_carry_take_the_dtype_of_what_follows():
    agree(lambda x: ops.scan(lambda c, r: (c + r[0], c), 0, x)[0], X[:, 0].sum(), X)


@pytest.mark.parametrize(
    ("turn", "start", "message"),
    [
        (
            lambda c, r: (ops.cast(c, "float64"), None),
            ops.zeros(4),
            r"array 0 of the carry, \*, is float32\[4\] before",
        ),
        (
            lambda c, r: ((c[0], c[1][:2]), None),
            (ops.zeros(4), ops.zeros(4)),
            r"array 1 of the carry, \(\*, \*\)",
        ),
        (lambda c, r: ((c, c), None), ops.zeros(4), "another structure"),
    ],
)
def test_carries_must_not_change(turn, start, message):
    with pytest.raises(ValueError, match=message):
        schuss.trace(lambda x: ops.scan(turn, start, x), X)


def test_f_must_return_a_pair():
    with pytest.raises(TypeError, match="must return"):
        schuss.trace(lambda x: ops.scan(lambda c, r: c, ops.zeros(4), x), X)
    with pytest.raises(ValueError, match="scalars"):
        ops.scan(lambda c, r: (c, r), 0.0, np.float32(3))


@pytest.mark.parametrize("reverse", [False, True])
def test_no_turns(reverse):
    def function(x):
        return ops.scan(lambda c, r: (c + r, (c, r * 2)), ops.ones(4), x, reverse=reverse)

    for found in (function(X[:0]), schuss.jit(function)(X[:0])):
        np.testing.assert_array_equal(found[0], np.ones(4))
        assert [y.shape for y in found[1]] == [(0, 4), (0, 4)]


def test_fori_loop_is_a_loop_unless_it_needs_its_index():
    def power(x):
        return ops.fori_loop(2, 9, lambda i, v: v + i, x)

    assert primitives_of(power, X).count("scan") == 1
    agree(power, X + 35, X)
    columns = [0, 1, 2, 3, 0, 1]
    agree(lambda x: ops.fori_loop(0, 6, lambda i, v: v + x[:, columns[i]], x[:, 0]), X @ [3, 2, 1, 1], X)


def test_while_loop_drops_what_comes_after_its_end():
    def function(x):
        return ops.while_loop(lambda i, v: ops.sum(v) < 100, lambda i, v: (i + 1, v * 2), (0, x), 20)

    turns, value = schuss.jit(function)(X)
    assert "scan" in primitives_of(function, X)
    assert (int(turns), float(value[1, 0])) == (2, pytest.approx(1.6))
    assert X.sum() * 4 >= 100


def test_graphs_show_bodies():
    text = str(schuss.trace(lambda x: ops.scan(lambda c, r: (ops.tanh(c + r), None), ops.zeros(4), x)[0], X))
    assert "scan" in text
    assert "tanh" in text
