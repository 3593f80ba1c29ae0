"""Gradients of matrix functions are finite differences, compiled or not, and differentiate again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops

RNG = np.random.default_rng(3)
SQUARE = RNG.uniform(-1, 1, (2, 3, 3)) + 2 * np.eye(3)
POSITIVE = SQUARE @ SQUARE.swapaxes(-1, -2)
TALL, WIDE = RNG.uniform(-1, 1, (5, 3)), RNG.uniform(-1, 1, (2, 3, 5))
VECTORS = RNG.uniform(-1, 1, (2, 3))


def _symmetric(x: Any) -> Any:
    return ops.multiply(0.5, ops.add(x, ops.swapaxes(x, -2, -1)))


CASES: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "inv": (ops.inv, [SQUARE]),
    "det": (ops.det, [SQUARE]),
    "slogdet": (lambda x: ops.slogdet(x)[1], [SQUARE]),
    "solve": (ops.solve, [SQUARE, VECTORS]),
    "solve a stack": (ops.solve, [SQUARE[0], RNG.uniform(-1, 1, (2, 3, 4))]),
    "solve_triangular": (lambda a, b: ops.solve_triangular(a, b, lower=True), [SQUARE, VECTORS]),
    "cholesky": (lambda x: ops.cholesky(_symmetric(x)), [POSITIVE]),
    "cholesky_inverse": (ops.cholesky_inverse, [SQUARE]),
    "eigh": (lambda x: [ops.eigh(_symmetric(x))[0], ops.square(ops.eigh(_symmetric(x))[1])], [POSITIVE]),
    "svd tall": (lambda x: [ops.square(y) for y in ops.svd(x, full_matrices=False)], [TALL]),
    "svd wide": (lambda x: [ops.square(y) for y in ops.svd(x, full_matrices=False)], [WIDE]),
    "singular values": (lambda x: ops.svd(x, compute_uv=False), [WIDE]),
    "qr tall": (ops.qr, [TALL]),
    "qr wide": (ops.qr, [WIDE]),
    "qr complete": (lambda x: ops.qr(x, mode="complete"), [SQUARE]),
    "pinv": (ops.pinv, [TALL]),
    "lstsq": (ops.lstsq, [TALL, RNG.uniform(-1, 1, 5)]),
    "norm": (lambda x: ops.norm(x, ord="nuc"), [TALL]),
}


def _scalar(f: Callable[..., Any]) -> Callable[..., Any]:
    def scalar(*xs: Any) -> Any:
        result = f(*xs)
        total: Any = 0.0
        for n, y in enumerate(result if isinstance(result, (list, tuple)) else [result]):
            weights = np.cos(np.arange(np.prod(y.shape, dtype=int)) + n).reshape(y.shape)
            total = total + ops.sum(ops.multiply(y, weights))
        return total

    return scalar


@pytest.mark.parametrize("name", CASES)
def test_gradient_and_hessian_vector_product_are_finite_differences(name: str) -> None:
    function, xs = CASES[name]
    f = _scalar(function)
    wrt = tuple(range(len(xs)))
    vs = [RNG.uniform(-1, 1, x.shape) for x in xs]

    def slope(*point: Any) -> Any:
        slopes = schuss.grad(f, argnums=wrt)(*point)
        return sum(ops.sum(dx * v) for dx, v in zip(slopes, vs, strict=True))

    def along(h: float) -> list[np.ndarray]:
        return [x + h * v for x, v in zip(xs, vs, strict=True)]

    for g in (f, slope):
        derivative = sum(np.sum(dx * v) for dx, v in zip(schuss.grad(g, argnums=wrt)(*xs), vs, strict=True))
        expected = (g(*along(1e-6)) - g(*along(-1e-6))) / 2e-6
        np.testing.assert_allclose(derivative, expected, rtol=1e-5, atol=1e-6)


def test_compiled() -> None:
    gradient = schuss.grad(lambda x: ops.sum(ops.inv(x)))
    np.testing.assert_allclose(schuss.jit(gradient)(SQUARE), gradient(SQUARE), rtol=1e-12)


def test_sizes_that_have_no_gradient_say_so() -> None:
    with pytest.raises(TypeError, match="cannot pass through 'qr_complete'"):
        schuss.grad(lambda x: ops.sum(ops.qr(x, mode="complete")[1]))(TALL)
