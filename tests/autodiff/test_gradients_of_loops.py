"""Gradients of scans are finite differences; so are theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import close, difference

import schuss
from schuss import ops

RNG = np.random.default_rng(3)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape) / 2


def check(f: Any, *xs: np.ndarray, tolerance: float = 1e-6) -> None:
    """The gradient, by the reference evaluator and compiled, in a random direction, against a difference."""
    vs = [normal(*x.shape) for x in xs]
    expected = difference(lambda given: f(*given), list(xs), vs)
    gradient = schuss.grad(f, argnums=tuple(range(len(xs))))
    for found in (gradient(*xs), schuss.jit(gradient)(*xs)):
        close(sum(np.sum(dx * v) for dx, v in zip(found, vs, strict=True)), expected, tolerance)


def second(f: Any, count: int) -> Any:
    """The squared norm of f's gradient."""

    def norm(*xs: Any) -> Any:
        return sum(ops.sum(dx * dx) for dx in schuss.grad(f, argnums=tuple(range(count)))(*xs))

    return norm


def recurrent(u: Any, b: Any, x: Any, h: Any) -> Any:
    """A constant in a product, one that is added to every row, slices, a carry."""
    last, hs = ops.scan(lambda h, x: (ops.tanh(h @ u + x + b),) * 2, h, x)
    return ops.sum(last * hs[2]) + ops.sum(hs**2)


RECURRENT = (normal(3, 3), normal(3), normal(6, 2, 3), normal(2, 3))


def test_recurrence() -> None:
    check(recurrent, *RECURRENT)


def test_second_derivatives() -> None:
    check(second(recurrent, 4), *RECURRENT)


def test_third_derivatives() -> None:
    check(second(second(recurrent, 1), 1), *RECURRENT, tolerance=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_constants_of_every_kind(reverse: bool) -> None:
    def f(table: Any, scale: Any, a: Any, b: Any, part: Any, x: Any) -> Any:
        def turn(c: Any, xi: Any) -> Any:
            x, i = xi
            c = ops.tanh(c * scale + ops.take(table, i, 0) + (a @ b) @ x)
            return c, ops.sum(c * part[1:4]) * a[0, 0] + ops.transpose(a)[0, 1]

        last, ys = ops.scan(turn, ops.zeros(3, "float64"), (x, np.int32([1, 0, 2, 2, 1])), reverse=reverse)
        return ops.sum(last**2) + ops.sum(ys**2)

    check(f, normal(3, 3), normal(3), normal(3, 2), normal(2, 3), normal(5), normal(5, 3))


def test_gradients_by_tensors_that_the_body_closes_over() -> None:
    def f(w: Any, x: Any) -> Any:
        v = ops.exp(w)
        return ops.sum(ops.map(lambda row: ops.sin(row * v), x) ** 2)

    check(f, normal(3), normal(6, 3))


def test_loops_within_loops() -> None:
    def f(w: Any, x: Any) -> Any:
        def turn(c: Any, rows: Any) -> Any:
            return ops.scan(lambda d, row: (ops.tanh(d @ w + row), ops.sum(d)), c, rows)

        last, sums = ops.scan(turn, ops.zeros(3, "float64"), x)
        return ops.sum(last**2) + ops.sum(sums**3)

    check(f, normal(3, 3), normal(5, 6, 3))
    check(second(f, 2), normal(3, 3), normal(5, 6, 3))


def test_stated_gradients_within_a_loop() -> None:
    def f(w: Any, x: Any) -> Any:
        w3 = w * 3.0

        def turn(c: Any, row: Any) -> Any:
            @schuss.custom_gradient
            def cube(v: Any) -> Any:
                square = v * v
                return square * v, lambda dy: dy * 3.0 * square * (w3 / w3)

            return ops.tanh(c + cube(row * w)), None

        return ops.sum(ops.scan(turn, ops.zeros(3, "float64"), x)[0] ** 2)

    w, x = 1 + normal(3) / 4, normal(6, 3)
    check(f, w, x)
    check(second(f, 2), w, x)


def test_integers_pass_no_gradient_and_zeros_come_where_nothing_arrives() -> None:
    def f(x: Any, unused: Any) -> Any:
        def turn(carry: Any, row: Any) -> Any:
            count, total = carry
            return (count + 1, total + row * ops.cast(count, "float64")), unused

        return ops.sum(ops.scan(turn, (0, ops.zeros(3, "float64")), x)[0][1] ** 2)

    check(f, normal(6, 3), normal(2))


def test_vjp_jvp_and_hvp() -> None:
    x, v = normal(6, 3), normal(6, 3)

    def f(x: Any) -> Any:
        return ops.scan(lambda c, row: (ops.sin(c + row), c * row), ops.zeros(3, "float64"), x)[1]

    expected = difference(lambda given: f(given[0]), [x], [v])
    close(schuss.jvp(f, (x,), (v,))[1], expected)
    u = normal(6, 3)
    close(np.sum(schuss.vjp(f, x)[1](u)[0] * v), np.sum(u * expected))
    slope = schuss.grad(lambda x: ops.sum(f(x) ** 2))
    close(
        schuss.hvp(lambda x: ops.sum(f(x) ** 2), (x,), (v,))[0], difference(lambda g: slope(g[0]), [x], [v])
    )


def test_what_is_cheap_is_not_remembered() -> None:
    def f(x: Any) -> Any:
        def turn(c: Any, row: Any) -> Any:
            big = ops.broadcast_to(row, (50, 3)) * 2.0 + c
            return c + ops.sum(ops.maximum(big, 0.0), 0), None

        return ops.sum(ops.scan(turn, ops.zeros(3), x)[0])

    graph = schuss.trace(schuss.grad(f), normal(6, 3).astype("float32"))
    there = next(node for node in graph.nodes if node.primitive.name == "scan")
    assert all(t.size <= 6 * 3 for t in there.outputs)


def test_loops_that_are_computed_again() -> None:
    def f(w: Any, x: Any) -> Any:
        def layer(x: Any) -> Any:
            return ops.scan(lambda h, row: (ops.tanh(h @ w + row),) * 2, ops.zeros((2, 3), "float64"), x)[1]

        return ops.sum(schuss.remat(layer)(schuss.remat(layer)(x)) ** 2)

    check(f, normal(3, 3), normal(6, 2, 3))
    check(second(f, 2), normal(3, 3), normal(6, 2, 3))
