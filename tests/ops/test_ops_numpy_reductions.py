"""Reductions, products, sorting, statistics against NumPy, eager and traced."""

import numpy as np
import pytest
from cases_numpy import B, D, I, M, P, T, U, V, agree

import schuss
from schuss import ops

REDUCTIONS = [
    "sum",
    "prod",
    "mean",
    "var",
    "std",
    "max",
    "min",
    "amax",
    "amin",
    "all",
    "any",
    "ptp",
    "median",
]


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(name, axis, keepdims):
    x = T > 0 if name in ("all", "any") else T
    function = getattr(ops, name)
    agree(lambda x: function(x, axis, keepdims), getattr(np, name)(x, axis, keepdims=keepdims), x)


@pytest.mark.parametrize(
    ("name", "of", "dtype"),
    [
        ("sum", "bool", "int32"), ("sum", "uint8", "uint32"), ("sum", "int16", "int32"), ("sum", "int64", "int64"),
        ("prod", "int8", "int32"), ("mean", "int32", "float32"), ("mean", "float16", "float16"), ("mean", "bool", "float32"),
        ("max", "bool", "bool"), ("min", "uint8", "uint8"), ("var", "int32", "float32"), ("std", "float64", "float64"),
        ("argmax", "float32", "int32"), ("cumsum", "bool", "int32"), ("cumsum", "uint8", "uint8"), ("any", "int32", "bool"),
        ("count_nonzero", "float32", "int32"), ("median", "int32", "float32"), ("average", "int32", "float32"),
    ],
)  # fmt: skip
def test_dtypes_of_reductions(name, of, dtype):
    x = (T > 0).astype(of)
    assert getattr(ops, name)(x).dtype == dtype
    assert schuss.trace(getattr(ops, name), x).outputs[0].dtype == dtype


def test_mean_of_float16_does_not_overflow():
    assert ops.mean(np.full(4, 60000, "float16")) == 60000


def test_initial():
    agree(lambda x: ops.max(x, axis=0, initial=0.5), np.max(M, 0, initial=0.5), M)
    agree(lambda x: ops.min(x, initial=-9.0), -9.0, M)
    agree(lambda x: ops.max(x, axis=1, initial=2.0), np.full(3, 2.0), np.zeros((3, 0), "float32"))
    with pytest.raises(ValueError, match="reduce_max: no elements along axes"):
        ops.max(np.zeros((3, 0), "float32"), axis=1)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_positions(name, axis):
    agree(lambda x: getattr(ops, name)(x, axis), getattr(np, name)(I, axis), I)
    agree(lambda x: getattr(ops, name)(x, axis, True), getattr(np, name)(M, axis, keepdims=True), M)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_running(name, axis):
    agree(lambda x: getattr(ops, name)(x, axis), getattr(np, name)(T, axis), T)
    assert getattr(ops, name)(I, axis, "float32").dtype == "float32"


NAN = [
    "nansum",
    "nanprod",
    "nanmean",
    "nanvar",
    "nanstd",
    "nanmax",
    "nanmin",
    "nanmedian",
    "nanargmax",
    "nanargmin",
    "nancumsum",
    "nancumprod",
]


@pytest.mark.parametrize("name", NAN)
@pytest.mark.parametrize("axis", [None, 1])
def test_without_nan(name, axis):
    x = M.copy()
    x[0, 1] = x[2, 3] = np.nan
    agree(lambda x: getattr(ops, name)(x, axis), getattr(np, name)(x, axis), x)
    agree(lambda x: getattr(ops, name)(x, axis), getattr(np, name)(I, axis), I)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
@pytest.mark.parametrize("q", [0.3, [0.0, 0.25, 1.0]])
def test_quantile(method, axis, q):
    agree(lambda x: ops.quantile(x, q, axis, method), np.quantile(T, q, axis, method=method), T)
    agree(
        lambda x: ops.percentile(x, np.multiply(q, 100), axis, method, True),
        np.quantile(T, q, axis, method=method, keepdims=True), T,
    )  # fmt: skip
    x = T.copy()
    x[0, 0, 1] = np.nan
    agree(lambda x: ops.nanquantile(x, q, axis, method), np.nanquantile(x, q, axis, method=method), x)
    agree(lambda x: ops.quantile(x, q, axis, method), np.quantile(x, q, axis, method=method), x)


def test_average():
    agree(lambda x: ops.average(x, 0), np.average(M, 0), M)
    agree(lambda x, w: ops.average(x, 0, w), np.average(M, 0, [1, 2, 3]), M, np.float32([1, 2, 3]))
    agree(lambda x, w: ops.average(x, None, w), np.average(M, weights=P), M, P)
    with pytest.raises(ValueError, match="average: `weights` of shape"):
        ops.average(M, 0, V)


def test_matmul_shapes():
    rng = np.random.default_rng(2)
    for a, b in [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((7, 1, 2, 3), (5, 3, 4)), ((2, 3), (6, 5, 3, 4)),
        ((0, 3), (3, 4)), ((2, 0), (0, 4)),
    ]:  # fmt: skip
        x, y = rng.standard_normal(a).astype("float32"), rng.standard_normal(b).astype("float32")
        agree(ops.matmul, np.matmul(x, y), x, y)
    agree(ops.matmul, I @ I.T, I, I.T)
    agree(ops.matmul, B @ B.T, B, B.T)
    assert ops.matmul(I, M.T).dtype == "float32"


def test_matmul_refuses():
    with pytest.raises(ValueError, match=r"matmul: the last axis of x1, of shape \(3, 4\).*4 is not 3"):
        ops.matmul(M, M)
    with pytest.raises(ValueError, match="scalars have no product"):
        ops.matmul(M, np.float32(2))


def test_products():
    agree(ops.dot, np.dot(T, M.T), T, M.T)
    agree(ops.dot, np.dot(T, T.swapaxes(1, 2)), T, T.swapaxes(1, 2))
    agree(lambda x: ops.dot(x, 2), 2 * M, M)
    agree(ops.inner, np.inner(T, M), T, M)
    agree(ops.vdot, np.vdot(M, P), M, P)
    agree(ops.outer, np.outer(M, V), M, V)
    agree(ops.kron, np.kron(M, P), M, P)
    agree(ops.kron, np.kron(V, T), V, T)
    for axes in (1, 2, 0, [[1], [0]], [(0, 1), (0, 1)], (-1, -1)):
        y = (
            T
            if axes == [(0, 1), (0, 1)]
            else M
            if axes == (-1, -1)
            else {2: M}.get(axes if isinstance(axes, int) else -1, M.T)
        )
        x = M if axes == [[1], [0]] else T
        agree(lambda x, y: ops.tensordot(x, y, axes), np.tensordot(x, y, axes), x, y)
    a, b = T[..., :3], T[::-1, :, 1:]
    agree(ops.cross, np.cross(a, b), a, b)
    agree(lambda x, y: ops.cross(x, y, axis=0), np.cross(M, P, axis=0), M, P)
    agree(ops.cross, M[:, 0] * P[:, 1] - M[:, 1] * P[:, 0], M[:, :2], P[:, :2])


EINSUM = [
    ("ij->ji", "M"), ("ij->", "M"), ("ij->j", "M"), ("ii->i", "S"), ("ii", "S"), ("ij,ij->ij", "MM"), ("ij,kj->ik", "MM"),
    ("ij,kj", "MM"), ("bij,bkj->bik", "TT"), ("...ij,kj->...ik", "TM"), ("...j,...j->...", "TM"), ("ij,kl->ijkl", "MM"),
    ("b...,b...->...", "TT"), ("bij,kj,bl->kl", "TMN"), ("ij,jk,kl->il", "SSS"), ("iji->j", "R"), ("ij , jk -> ik", "SS"),
    ("i,i->", "VV"), ("i->", "V"), ("...->...", "T"), ("ij...->...ji", "T"), ("bij->ib", "T"), ("ij,j->i", "MW"),
    ("ba,cb", "SS"),
]  # fmt: skip


@pytest.mark.parametrize(("subscripts", "names"), EINSUM)
def test_einsum(subscripts, names):
    rng = np.random.default_rng(3)
    arrays = {"M": M, "T": T, "V": V, "S": rng.standard_normal((4, 4)), "N": rng.standard_normal((2, 5)),
              "R": rng.standard_normal((3, 2, 3)), "W": M[0]}  # fmt: skip
    operands = [arrays[name] for name in names]
    agree(lambda *xs: ops.einsum(subscripts, *xs), np.einsum(subscripts, *operands), *operands)


def test_einsum_broadcasts_the_ellipsis():
    agree(lambda x, y: ops.einsum("...i,...i->...i", x, y), T * T[:1, :1], T, T[:1, :1])


def test_einsum_refuses():
    for subscripts, message in [("ij,jk->ik", "have sizes"), ("ij", "names 1 operands"), ("ijk,ij->k", "does not fit"),
                                ("ij,ij->z", "must occur once"), ("i+,ij", "letters")]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            ops.einsum(subscripts, M, M)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_sorting(axis):
    agree(lambda x: ops.sort(x, axis), np.sort(T, axis), T)
    agree(lambda x: ops.argsort(x, axis), np.argsort(I, axis, kind="stable"), I)


def test_sort_puts_nan_last():
    agree(ops.sort, [-1, 2, np.inf, np.nan], np.float32([np.nan, 2, np.inf, -1]))


def test_top_k():
    x = np.int32([[3, 1, 3, 2], [0, 5, 5, 9]])
    agree(lambda x: tuple(ops.top_k(x, 3)), ([[3, 3, 2], [9, 5, 5]], [[0, 2, 3], [3, 1, 2]]), x)
    assert ops.top_k(x, 2).indices.dtype == "int32"
    with pytest.raises(ValueError, match="top_k: `k`=5"):
        ops.top_k(x, 5)


def test_argpartition():
    i = ops.argpartition(V, 2)
    assert np.all(V[i[:2]] <= V[i[2]])
    assert np.all(V[i[3:]] >= V[i[2]])


def test_searching_and_bins():
    edges = np.sort(V)
    agree(ops.searchsorted, np.searchsorted(edges, M), edges, M)
    agree(lambda e, x: ops.searchsorted(e, x, "right"), np.searchsorted(edges, V, "right"), edges, V)
    agree(lambda x: ops.digitize(x, [-1.0, 0.0, 1.0]), np.digitize(M, [-1.0, 0.0, 1.0]), M)
    counts, marks = ops.histogram(M, 5)
    expected, expected_marks = np.histogram(M, 5)
    assert counts.tolist() == expected.tolist()
    np.testing.assert_allclose(marks, expected_marks, rtol=1e-5)
    agree(lambda x: ops.histogram(x, 4, (-1, 1)), tuple(np.histogram(M, 4, (-1, 1))), M)
    agree(lambda x: ops.histogram(x, np.float32([-1, 0, 2]))[0], np.histogram(M, [-1, 0, 2])[0], M)


def test_bincount():
    x = np.int32([1, 1, 3])
    assert ops.bincount(x).tolist() == [0, 2, 0, 1]
    assert ops.bincount(x, minlength=6).tolist() == [
        0,
        2,
        0,
        1,
        0,
        0,
    ]
    agree(lambda x, w: ops.bincount(x, w, 4), [0, 1.5, 0, 2], x, np.float32([1, 0.5, 2]))
    agree(lambda x: ops.bincount(x, minlength=3), [[1, 1, 0], [0, 0, 2]], np.int32([[0, 1], [2, 2]]))
    with pytest.raises(TypeError, match="bincount: the shape of the result depends"):
        schuss.trace(ops.bincount, x)


def test_unique():
    assert ops.unique(np.int32([3, 1, 3])).tolist() == [1, 3]
    values, counts = ops.unique(np.int32([3, 1, 3]), return_counts=True)
    assert values.tolist() == [1, 3]
    assert counts.tolist() == [1, 2]
    assert counts.dtype == "int32"
    assert ops.unique(np.int32([3, 1, 3]), size=4, fill_value=0).tolist() == [1, 3, 0, 0]
    with pytest.raises(TypeError, match="unique: the shape of the result depends"):
        schuss.trace(ops.unique, M)


def test_statistics():
    agree(lambda x: ops.diff(x, 2, 0), np.diff(M, 2, 0), M)
    agree(ops.diff, np.diff(B), B)
    agree(ops.trapezoid, np.trapezoid(M), M)
    agree(
        lambda y, x: ops.trapezoid(y, x, axis=0), np.trapezoid(M, [0, 1, 3], axis=0), M, np.float32([0, 1, 3])
    )
    agree(ops.corrcoef, np.corrcoef(D), D)
    for mode in ("valid", "same", "full"):
        agree(lambda x, y: ops.correlate(x, y, mode), np.correlate(V, M[0], mode), V, M[0])
        agree(lambda x, y: ops.correlate(x, y, mode), np.correlate(M[0], V, mode), M[0], V)
    assert ops.sum(U).dtype == "uint32"


def test_variance_without_nan():
    x = np.float32([[1, np.nan, 3], [np.inf, 2, 0]])
    np.testing.assert_array_equal(ops.nanvar(x, axis=1), [1, np.nan])
    assert schuss.grad(lambda x: ops.sum(ops.nanstd(x)))(np.float32([1, np.nan, 3])).tolist() == [
        -0.5,
        0,
        0.5,
    ]


def test_products_of_int8_are_int32():
    x = np.full((2, 3), 100, "int8")
    assert ops.matmul(x, x.T).tolist() == [[30000, 30000], [30000, 30000]]
    assert ops.einsum("ij,kj->ik", x, x).dtype == "int32"
