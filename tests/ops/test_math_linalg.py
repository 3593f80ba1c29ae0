"""Log-sum-exp, segments, top-k membership; decompositions on the host."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import ops

RNG = np.random.default_rng(0)
A = RNG.normal(size=(2, 3, 3)).astype("float32")
SPD = (A @ A.transpose(0, 2, 1) + 3 * np.eye(3)).astype("float32")


def test_logsumexp_extremes():
    assert float(ops.logsumexp(np.array([-np.inf, -np.inf], "float32"))) == -np.inf
    assert float(ops.logsumexp(np.array([np.inf, 0], "float32"))) == np.inf
    assert ops.logsumexp(np.ones((2, 3)), axis=1, keepdims=True).shape == (2, 1)
    assert np.shape(ops.logsumexp(np.ones((2, 3)))) == ()


def test_segments():
    data, ids = np.array([[1, 2], [3, 4], [5, 6]], "float32"), np.array([0, 2, 2], "int32")
    assert np.asarray(ops.segment_sum(data, ids)).tolist() == [[1, 2], [0, 0], [8, 10]]
    assert np.asarray(ops.segment_max(data, ids, 4))[[0, 2]].tolist() == [[1, 2], [5, 6]]
    assert np.isneginf(np.asarray(ops.segment_max(data, ids, 4))[3]).all()
    assert np.asarray(ops.segment_min(data, ids))[2].tolist() == [3, 4]
    assert np.asarray(ops.segment_prod(data, ids)).tolist() == [[1, 2], [1, 1], [15, 24]]
    left_out = ops.segment_sum(
        np.array([1.0, 2.0, 3.0], "float32"), np.array([0, -1, 7], "int32"), num_segments=3
    )
    assert np.asarray(left_out).tolist() == [1, 0, 0]
    assert np.asarray(ops.segment_max(np.array([1, 2], "int32"), np.array([0, 2]), 3)).tolist() == [
        1,
        -(2**31),
        2,
    ]
    with pytest.raises(ValueError, match="beginning"):
        ops.segment_sum(data, np.array([0, 1]))


def test_in_top_k_counts_ties_in():
    p = np.array([[0.5, 0.5, 0.5], [0.1, 0.2, 0.3]], "float32")
    assert np.asarray(ops.in_top_k(np.array([0, 2]), p, 1)).tolist() == [True, True]
    assert np.asarray(ops.in_top_k(np.array([9, 0]), p, 2)).tolist() == [False, False]


def test_inverse_solve_determinant():
    b = RNG.normal(size=(2, 3)).astype("float32")
    np.testing.assert_allclose(ops.inv(SPD) @ SPD, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-5)
    np.testing.assert_allclose(np.einsum("bij,bj->bi", SPD, ops.solve(SPD, b)), b, atol=1e-5)
    np.testing.assert_allclose(ops.det(SPD), np.linalg.det(SPD), rtol=1e-4)
    sign, log = ops.slogdet(SPD)
    np.testing.assert_allclose(sign * np.exp(log), np.linalg.det(SPD), rtol=1e-4)
    np.testing.assert_allclose(ops.logdet(SPD), log)
    x = ops.solve_triangular(np.array([[1.0, 9.0], [2.0, 1.0]]), np.array([1.0, 2.0]), lower=True)
    np.testing.assert_allclose(x, [1, 0], atol=1e-12)
    np.testing.assert_allclose(ops.pinv(SPD), ops.inv(SPD), atol=1e-4)


def test_decompositions():
    low = ops.cholesky(SPD)
    np.testing.assert_allclose(low @ np.swapaxes(low, 1, 2), SPD, rtol=1e-4)
    np.testing.assert_allclose(ops.cholesky(SPD, upper=True), np.swapaxes(low, 1, 2))
    np.testing.assert_allclose(ops.cholesky_inverse(low), ops.inv(SPD), atol=1e-5)
    m = RNG.normal(size=(4, 2)).astype("float32")
    for mode, shape in (("reduced", (4, 2)), ("complete", (4, 4))):
        q, r = ops.qr(m, mode=mode)
        assert q.shape == shape
        np.testing.assert_allclose(q @ r, m, atol=1e-5)
    u, s, v = ops.svd(m, full_matrices=False)
    np.testing.assert_allclose((u * s) @ v, m, atol=1e-5)
    np.testing.assert_allclose(ops.svd(m, compute_uv=False), s, rtol=1e-6)
    values, vectors = ops.eigh(SPD)
    np.testing.assert_allclose(SPD @ vectors, vectors * values[:, None], atol=1e-4)
    assert int(ops.matrix_rank(np.ones((3, 3)))) == 1


def test_lu():
    lu, pivots = ops.lu_factor(A)
    for a, f, p in zip(A, np.asarray(lu), np.asarray(pivots), strict=True):
        permuted = a.copy()
        for i, j in enumerate(p):
            permuted[[i, j]] = permuted[[j, i]]
        np.testing.assert_allclose((np.tril(f, -1) + np.eye(3)) @ np.triu(f), permuted, atol=1e-5)


def test_least_squares():
    a, b = np.array([[1, 2], [3, 4], [5, 6]], "float32"), np.array([1, 2, 3], "float32")
    np.testing.assert_allclose(ops.lstsq(a, b), [0, 0.5], atol=1e-5)
    assert ops.lstsq(a, b[:, None]).shape == (2, 1)


def test_messages():
    with pytest.raises(ValueError, match="square"):
        ops.det(np.ones((2, 3)))
    with pytest.raises(ValueError, match="cholesky failed"):
        ops.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))
    with pytest.raises(ValueError, match="inv failed"):
        ops.inv(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="mode"):
        ops.qr(np.ones((2, 2)), mode="x")
    with pytest.raises(ValueError, match="do not fit"):
        ops.solve(np.eye(3), np.ones(2))


def test_sequences():
    assert np.asarray(ops.extract_sequences(np.arange(6), 3, 2)).tolist() == [[0, 1, 2], [2, 3, 4]]


def test_distances_of_bytes():
    x = np.array([[0, 250], [9, 1]], "uint8")
    np.testing.assert_allclose(ops.cdist(x, x[::-1]), [[249.16259, 0], [0, 249.16259]], rtol=1e-6)


def test_norm_names_an_axis_that_there_is_not():
    with pytest.raises(ValueError, match="axis 2 is out of range"):
        ops.norm(np.ones((2, 3)), axis=2)
    with pytest.raises(ValueError, match="out of range"):
        ops.norm(np.float32(1), axis=0)
