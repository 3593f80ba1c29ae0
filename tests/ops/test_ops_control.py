"""Branches, loops and maps, eager and traced."""

import numpy as np
import pytest
from cases_numpy import M, V, agree

import schuss
from schuss import ops


def test_cond():
    agree(lambda x: ops.cond(x > 1, lambda: x * 2, lambda: x - 1), 4.0, np.float32(2))
    agree(lambda x: ops.cond(x > 1, lambda: x * 2, lambda: x - 1), -0.5, np.float32(0.5))


@pytest.mark.parametrize(("index", "expected"), [(-1, 1), (0, 1), (1, 4), (2, 0), (7, 0)])
def test_switch(index, expected):
    branches = [lambda x: x - 1, lambda x: x * 2, lambda x: x * 0]
    agree(lambda i, x: ops.switch(i, branches, x), expected, np.int32(index), np.float32(2))


def test_while_loop():
    agree(lambda x: ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (0, x))[1], V * 8, V)
    agree(
        lambda x: ops.while_loop(lambda v: v < 10, lambda v: v * 2, x, maximum_iterations=8),
        16.0,
        np.float32(1),
    )
    with pytest.raises(TypeError, match="Give `maximum_iterations`"):
        schuss.trace(lambda x: ops.while_loop(lambda v: v < 10, lambda v: v * 2, x), np.float32(1))


def test_fori_loop():
    agree(lambda x: ops.fori_loop(1, 4, lambda i, v: v * i, x), 6 * V, V)


def test_scan_and_map():
    agree(lambda x: ops.scan(lambda c, r: (c + r, c * 2), ops.zeros((4,)), x),
          (M.sum(0), 2 * (np.cumsum(M, 0) - M)), M)  # fmt: skip
    agree(lambda x: ops.scan(lambda c, r: (c + r, c), ops.zeros((4,)), x, reverse=True)[1],
          np.cumsum(M[::-1], 0)[::-1] - M, M)  # fmt: skip
    agree(lambda x: ops.map(lambda r: ops.sum(r * r), x), (M * M).sum(1), M)
    agree(lambda x: ops.vectorized_map(lambda r: {"a": r[0]}, x), {"a": M[:, 0]}, M)


def test_associative_scan():
    agree(lambda x: ops.associative_scan(lambda a, b: a + b, x, axis=1), np.cumsum(M, 1), M)
    agree(
        lambda x: ops.associative_scan(lambda a, b: a * b, x, reverse=True), np.cumprod(M[::-1], 0)[::-1], M
    )


def test_vectorize():
    agree(ops.vectorize(lambda a, b: a + b * 2), M + 2 * M[0], M, M[0])
