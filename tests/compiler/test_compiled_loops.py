"""Loops of scans, compiled: what the reference evaluator says, the same bits on any number of threads, few barriers."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schuss
from schuss import ops
from schuss.backends import reference
from schuss.backends.cpu import compile_graph
from schuss.compiler import Loop, plan
from schuss.graph import trace

RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype("float32")


def agree(function: Any, *arrays: Any, hosts: int = 0) -> Any:
    """The function's program, after a look at whether it computes what the reference evaluator does."""
    graph = trace(function, *arrays)
    wanted, _ = reference.evaluate(graph, arrays)
    program = compile_graph(graph)
    for got, want in zip(program(*arrays), wanted, strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)
    assert len(program.host_calls) == hosts
    return program


def lstm(w: Any, u: Any, x: Any, h: Any, c: Any, reverse: bool = False) -> Any:
    """x: [time, batch, features]."""
    z = ops.matmul(x, w)

    def turn(carry: Any, z: Any) -> Any:
        h, c = carry
        i, f, g, o = ops.split(z + ops.matmul(h, u), 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return (h, c), h

    return ops.scan(turn, (h, c), z, reverse=reverse)


def lstm_arrays(time: int = 6, batch: int = 16, features: int = 5, units: int = 8) -> list[np.ndarray]:
    shapes = [
        (features, 4 * units),
        (units, 4 * units),
        (time, batch, features),
        (batch, units),
        (batch, units),
    ]
    return [normal(*shape) / 2 for shape in shapes]


def loops_of(program: Any) -> list[Loop]:
    return [step for step in program.plan.steps if isinstance(step, Loop)]


def lstm_loss(*arrays: Any, reverse: bool = False) -> Any:
    (h, c), hs = lstm(*arrays, reverse=reverse)
    return ops.sum(hs * hs) + ops.sum(h * c)


@pytest.mark.parametrize("reverse", [False, True])
def test_an_lstm_is_two_kernels_in_a_turn(reverse: bool) -> None:
    (loop,) = loops_of(agree(lambda *a: lstm(*a, reverse=reverse), *lstm_arrays()))
    assert len(loop.steps) == 2
    assert loop.barriers == 0


@pytest.mark.parametrize("reverse", [False, True])
def test_the_way_back_of_an_lstm_is_two_kernels_in_a_turn(reverse: bool) -> None:
    gradient = schuss.grad(lambda *a: lstm_loss(*a, reverse=reverse), argnums=(0, 1, 2, 3, 4))
    there, back = loops_of(agree(gradient, *lstm_arrays()))
    assert (len(there.steps), len(back.steps)) == (2, 2)
    assert there.barriers == back.barriers == 0


def test_the_gradient_of_a_recurrent_kernel_is_one_product_after_the_loop() -> None:
    program = agree(schuss.grad(lstm_loss, argnums=1), *lstm_arrays())
    _, back = loops_of(program)
    after = program.plan.steps[program.plan.steps.index(back) + 1 :]
    assert [step.label.split()[0] for step in after] == ["dot_general"]


def test_long_loops_are_no_larger_than_short_ones() -> None:
    plans = [plan(trace(schuss.grad(lstm_loss, argnums=(0, 1)), *lstm_arrays(n))) for n in (10, 1000)]
    assert len(plans[0].leaves) == len(plans[1].leaves)
    agree(lambda x: ops.scan(lambda c, r: (c * 0.5 + r, None), ops.zeros(3), x)[0], normal(1000, 3))


def test_the_same_bits_on_any_number_of_threads() -> None:
    graph = trace(schuss.grad(lstm_loss, argnums=(0, 1, 2)), *lstm_arrays(7, 40, 9, 24))
    program, arrays = compile_graph(graph), lstm_arrays(7, 40, 9, 24)
    found = []
    for threads in (1, 2, 4):
        outputs = [np.empty(b.shape, b.dtype) for b in program.plan.outputs]
        program.start([], np.arange(1), 1, arrays, outputs, threads=threads, inline=False).result()
        found.append(outputs)
    for others in found[1:]:
        for a, b in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(a, b)


def test_carries_of_bools_and_integers() -> None:
    def turn(carry: Any, x: Any) -> Any:
        seen, count = carry
        seen = ops.logical_or(seen, x > 1)
        return (seen, count + ops.cast(seen, "int32")), ops.logical_not(seen)

    agree(lambda x: ops.scan(turn, (x[0] > 9, ops.zeros((4,), "int32")), x), normal(9, 4))


def test_carries_that_are_swapped_constant_or_slices() -> None:
    def turn(carry: Any, x: Any) -> Any:
        a, b, c, d = carry
        return (b, a, c, x), (a, x, c, d, 2.0)

    agree(lambda x, c: ops.scan(turn, (c, c * 2, c * 3, c), x), normal(7, 4), normal(4))


def test_one_value_for_two_carries_and_two_results() -> None:
    def turn(carry: Any, x: Any) -> Any:
        new = carry[0] + x * carry[1]
        return (new, new), (new, new, new * 2)

    agree(lambda x: ops.scan(turn, (ops.zeros(4), ops.ones(4)), x, reverse=True), normal(6, 4))


def test_without_slices_and_without_results() -> None:
    agree(lambda x: ops.scan(lambda c, _: (ops.sin(c), None), x, length=12)[0], normal(3, 4))
    agree(lambda x: ops.scan(lambda c, r: (c, r * 2), None, x)[1], normal(6, 4))


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_lengths(length: int) -> None:
    agree(lambda x: ops.scan(lambda c, r: (c + r, c * 2), ops.zeros(4), x), normal(length, 4))


def test_a_loop_within_a_loop() -> None:
    def turn(carry: Any, x: Any) -> Any:
        inner, steps = ops.scan(lambda c, r: (ops.tanh(c + r), c * r), carry, x)
        return inner, (steps, ops.sum(steps, 0))

    def function(x: Any) -> Any:
        return ops.scan(turn, ops.zeros(4), x)

    agree(function, normal(5, 6, 4))
    agree(schuss.grad(lambda x: ops.sum(function(x)[1][0] ** 2)), normal(5, 6, 4))


def test_dropout_within_a_loop() -> None:
    def turn(key: Any, x: Any) -> Any:
        bits = schuss.graph.primitives.random_bits_p.bind(key, shape=x.shape)
        return key + np.uint32(1), ops.where(bits < np.uint32(2**31), x * 2, 0.0)

    def function(key: Any, x: Any) -> Any:
        return ops.scan(turn, key, x)

    key, x = np.array([1, 2], "uint32"), normal(6, 8)
    agree(function, key, x)
    kept = schuss.jit(function)(key, x)[1] != 0
    assert len({tuple(row) for row in kept}) > 1
    agree(schuss.grad(lambda x, k: ops.sum(function(k, x)[1] ** 2)), x, key)


def test_what_has_no_lowering_runs_on_the_host() -> None:
    agree(lambda x: ops.scan(lambda c, r: (c + ops.sort(r), c), ops.zeros(4), x), normal(6, 4), hosts=1)


def test_a_loop_in_a_branch() -> None:
    def function(x: Any, flag: Any) -> Any:
        return ops.cond(flag, lambda: ops.scan(lambda c, r: (c + r, None), ops.zeros(4), x)[0], lambda: x[0])

    agree(function, normal(7, 4), np.True_)


def test_what_is_the_same_in_every_turn_is_computed_once() -> None:
    def function(x: Any, w: Any) -> Any:
        return ops.scan(lambda c, r: (c + r * ops.exp(w), None), ops.zeros(4), x)[0]

    (loop,) = loops_of(agree(function, normal(7, 4), normal(4)))
    assert all("exp" not in str(kernel) for kernel in loop.steps)


def test_a_matrix_that_lies_across_is_transposed_once() -> None:
    def function(x: Any, w: Any) -> Any:
        return ops.scan(
            lambda c, r: (ops.tanh(r + ops.matmul(c, ops.transpose(w))), None), ops.zeros((16, 24)), x
        )[0]

    program = agree(function, normal(7, 16, 24), normal(24, 24) / 8)
    (loop,) = loops_of(program)
    (turned,) = [
        k
        for k in plan(trace(function, normal(7, 16, 24), normal(24, 24) / 8)).leaves
        if "transpose" in k.label
    ]
    assert turned not in loop.steps
    agree(function, normal(2, 16, 24), normal(24, 24) / 8)  # too few turns for that
    agree(
        schuss.grad(lambda x, w: ops.sum(ops.square(function(x, w))), argnums=(0, 1)),
        normal(7, 16, 24),
        normal(24, 24) / 8,
    )


def test_a_matrix_that_lies_across_and_another_use_of_it() -> None:
    def function(x: Any, w: Any) -> Any:
        def turn(c: Any, r: Any) -> Any:
            return ops.tanh(r + ops.matmul(c, w) - ops.matmul(c, ops.transpose(w))), ops.sum(c[0] * w)

        return ops.scan(turn, ops.ones((16, 24)), x)

    agree(function, normal(7, 16, 24), normal(24, 24) / 8)


def test_rows_of_a_small_table_are_looked_up_in_the_turns() -> None:
    def function(i: Any, table: Any, w: Any, u: Any, b: Any) -> Any:
        z = ops.matmul(ops.take(table, i, axis=0), w) + b
        return ops.scan(lambda c, r: (ops.tanh(r + ops.matmul(c, u)), None), ops.zeros((16, 32)), z)[0]

    rows = RNG.integers(-6, 6, (30, 16)).astype("int32")
    arrays = rows, normal(6, 24), normal(24, 32) / 8, normal(32, 32) / 8, normal(32)
    program = agree(function, *arrays)
    assert not any(buffer.shape == (30, 16, 32) for buffer in program.plan.buffers)
    agree(schuss.grad(lambda *a: ops.sum(ops.square(function(*a))), argnums=(1, 2, 3, 4)), *arrays)


def test_a_large_table_is_looked_up_before_the_loop() -> None:
    def function(i: Any, table: Any, u: Any) -> Any:
        z = ops.take(table, i, axis=0) * 2
        return ops.scan(lambda c, r: (ops.tanh(r + ops.matmul(c, u)), None), ops.zeros((16, 32)), z)[0]

    program = agree(
        function, RNG.integers(0, 200, (30, 16)).astype("int32"), normal(200, 32), normal(32, 32) / 8
    )
    assert any(buffer.shape == (30, 16, 32) for buffer in program.plan.buffers)


def test_threads_meet_in_turns_where_columns_need_all_rows() -> None:
    def turn(c: Any, _: Any) -> Any:
        return c / ops.sum(c, 0, keepdims=True), None

    graph = trace(lambda x: ops.scan(turn, x, length=6)[0], normal(64, 64))
    program = compile_graph(graph)
    (loop,) = loops_of(program)
    assert loop.barriers >= loop.turn.size
    x = np.abs(normal(64, 64)) + 1
    np.testing.assert_allclose(program(x)[0], x / x.sum(0), rtol=1e-4)


def _random_turn(rng: random.Random, carries: int) -> Any:
    """A turn that mixes its carries, its slice and a constant at random."""
    unary = [ops.tanh, ops.sigmoid, lambda v: v * 0.5, lambda v: ops.maximum(v, 0.0), lambda v: v[::-1]]
    recipe = [
        (rng.randrange(10**6), rng.randrange(10**6), rng.randrange(8)) for _ in range(rng.randint(1, 7))
    ]
    picks = [rng.randrange(10**6) for _ in range(carries)]
    results = [rng.randrange(10**6) for _ in range(rng.randint(0, 3))]

    def turn(carry: Any, x: Any, w: Any) -> Any:
        known = [*carry, x]
        for a, b, kind in recipe:
            first, second = known[a % len(known)], known[b % len(known)]
            if kind < 5:
                known.append(unary[kind](first))
            elif kind == 5:
                known.append(first - second)
            elif kind == 6:
                known.append(ops.tanh(first @ w))
            else:
                known.append(ops.concatenate([first[:, :2] * second[:, 1:3], second[:, 2:]], axis=1))
        return tuple(known[n % len(known)] for n in picks), [known[n % len(known)] for n in results]

    return turn


@settings(max_examples=12, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_random_bodies(rng: random.Random) -> None:
    carries, rows, length = rng.randint(1, 3), rng.choice([1, 3, 8]), rng.choice([1, 5, 6])
    turn, reverse = _random_turn(rng, carries), rng.random() < 0.5
    start = [normal(rows, 4) for _ in range(carries)]

    def function(x: Any, w: Any, *start: Any) -> Any:
        return ops.scan(lambda c, r: turn(c, r, w), tuple(start), x, reverse=reverse)

    def loss(*arrays: Any) -> Any:
        carry, ys = function(*arrays)
        return sum(ops.sum(leaf * leaf) for leaf in (*carry, *ys))

    arrays = [normal(length, rows, 4), normal(4, 4), *start]
    agree(function, *arrays)
    agree(schuss.grad(loss, argnums=(0, 1, 2)), *arrays)
