"""Reshaping, joining, splitting, creating, indexing against NumPy, eager and traced."""

import numpy as np
import pytest
from cases_numpy import B, I, M, T, V, agree, traced

import schuss
from schuss import ops


@pytest.mark.parametrize("shape", [12, (12,), (4, 3), (2, -1), (-1,), (1, 3, 4, 1)])
def test_reshape(shape):
    agree(lambda x: ops.reshape(x, shape), M.reshape(shape), M)


def test_reshape_refuses():
    with pytest.raises(
        ValueError, match=r"reshape: 12 elements of shape \(3, 4\) cannot take the shape \(5, -1\)"
    ):
        ops.reshape(M, (5, -1))
    with pytest.raises(ValueError, match="only one size may be -1"):
        ops.reshape(M, (-1, -1))


SHAPING = [
    (ops.ravel, np.ravel), (ops.transpose, np.transpose), (lambda x: ops.transpose(x, (1, -1, 0)), lambda x: x.transpose(1, 2, 0)),
    (lambda x: ops.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
    (lambda x: ops.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1)),
    (lambda x: ops.moveaxis(x, (0, 2), (1, 0)), lambda x: np.moveaxis(x, (0, 2), (1, 0))),
    (lambda x: ops.expand_dims(x, 1), lambda x: x[:, None]), (lambda x: ops.expand_dims(x, (0, -1)), lambda x: x[None, ..., None]),
    (lambda x: ops.squeeze(ops.expand_dims(x, -2)), lambda x: x), (lambda x: ops.squeeze(ops.expand_dims(x, 0), 0), lambda x: x),
    (lambda x: ops.broadcast_to(x, (5, 2, 3, 4)), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
    (lambda x: ops.concatenate([x, x], 1), lambda x: np.concatenate([x, x], 1)),
    (lambda x: ops.concatenate([x, x], None), lambda x: np.concatenate([x, x], None)),
    (lambda x: ops.stack([x, x], -1), lambda x: np.stack([x, x], -1)), (lambda x: ops.append(x, x), lambda x: np.append(x, x)),
    (lambda x: ops.hstack([x, x]), lambda x: np.hstack([x, x])), (lambda x: ops.vstack([x, x]), lambda x: np.vstack([x, x])),
    (lambda x: ops.dstack([x, x]), lambda x: np.dstack([x, x])), (lambda x: ops.hstack([x[0, 0]] * 2), lambda x: np.hstack([x[0, 0]] * 2)),
    (lambda x: ops.vstack([x[0, 0]] * 2), lambda x: np.vstack([x[0, 0]] * 2)), (lambda x: ops.dstack([x[0, 0]] * 2), lambda x: np.dstack([x[0, 0]] * 2)),
    (lambda x: ops.split(x, 2, 2), lambda x: np.split(x, 2, 2)), (lambda x: ops.split(x, [1, 3], -1), lambda x: np.split(x, [1, 3], -1)),
    (lambda x: ops.array_split(x, 3, 2), lambda x: np.array_split(x, 3, 2)), (lambda x: ops.hsplit(x, 3), lambda x: np.hsplit(x, 3)),
    (lambda x: ops.vsplit(x, 2), lambda x: np.vsplit(x, 2)), (lambda x: ops.dsplit(x, 2), lambda x: np.dsplit(x, 2)),
    (lambda x: ops.unstack(x, axis=1), lambda x: [x[:, i] for i in range(3)]),
    (lambda x: ops.repeat(x, 3, 1), lambda x: np.repeat(x, 3, 1)), (lambda x: ops.repeat(x, 2), lambda x: np.repeat(x, 2)),
    (lambda x: ops.repeat(x, [1, 0, 2], 1), lambda x: np.repeat(x, [1, 0, 2], 1)), (lambda x: ops.tile(x, 2), lambda x: np.tile(x, 2)),
    (lambda x: ops.tile(x, (2, 1, 3, 1)), lambda x: np.tile(x, (2, 1, 3, 1))), (ops.flip, np.flip), (lambda x: ops.flip(x, (0, 2)), lambda x: np.flip(x, (0, 2))),
    (ops.fliplr, np.fliplr), (ops.flipud, np.flipud), (lambda x: ops.roll(x, 3), lambda x: np.roll(x, 3)),
    (lambda x: ops.roll(x, -1, 2), lambda x: np.roll(x, -1, 2)), (lambda x: ops.roll(x, (1, 2), (0, 1)), lambda x: np.roll(x, (1, 2), (0, 1))),
    (lambda x: ops.pad(x, 1), lambda x: np.pad(x, 1)), (lambda x: ops.pad(x, (1, 2), constant_values=3), lambda x: np.pad(x, (1, 2), constant_values=3)),
    (lambda x: ops.pad(x, ((0, 0), (1, 0), (2, 3)), "reflect"), lambda x: np.pad(x, ((0, 0), (1, 0), (2, 3)), "reflect")),
    (lambda x: ops.pad(x, 2, "symmetric"), lambda x: np.pad(x, 2, "symmetric")), (lambda x: ops.pad(x, 2, "edge"), lambda x: np.pad(x, 2, "edge")),
    (lambda x: ops.pad(x, 2, "wrap"), lambda x: np.pad(x, 2, "wrap")), (lambda x: ops.diagonal(x, 1, 1, 2), lambda x: np.diagonal(x, 1, 1, 2)),
    (lambda x: ops.diagonal(x, -1), lambda x: np.diagonal(x, -1)), (lambda x: ops.trace(x, 0, 2, 1), lambda x: np.trace(x, 0, 2, 1)),
    (lambda x: ops.diag(x[0], 1), lambda x: np.diag(x[0], 1)), (lambda x: ops.diag(x[0, 0], 2), lambda x: np.diag(x[0, 0], 2)),
    (lambda x: ops.diag(x[0, 0], -1), lambda x: np.diag(x[0, 0], -1)), (lambda x: ops.diagflat(x, 1), lambda x: np.diagflat(x, 1)),
    (lambda x: ops.tril(x, -1), lambda x: np.tril(x, -1)), (ops.triu, np.triu),
    (lambda x: ops.vander(x[0, 0]), lambda x: np.vander(x[0, 0])), (lambda x: ops.vander(x[0, 0], 3, True), lambda x: np.vander(x[0, 0], 3, True)),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(SHAPING)))
def test_shaping(index):
    ours, numpys = SHAPING[index]
    agree(ours, numpys(T), T)
    integers = (T * 10).astype("int32")
    agree(ours, numpys(integers), integers)


@pytest.mark.parametrize("k", range(-1, 5))
def test_rot90(k):
    agree(lambda x: ops.rot90(x, k), np.rot90(T, k), T)
    agree(lambda x: ops.rot90(x, k, (2, 0)), np.rot90(T, k, (2, 0)), T)


def test_no_node_for_nothing():
    def nothing(x):
        x = ops.reshape(x, (3, 4))
        x = ops.transpose(x, (0, 1))
        x = ops.cast(x, "float32")
        x = ops.broadcast_to(x, (3, 4))
        x = ops.flip(x[:, :], ())
        return ops.sum(ops.concatenate([ops.pad(x, 0)]), axis=())

    assert schuss.trace(nothing, M).nodes == []


CREATION = [
    (lambda: ops.zeros((2, 3)), np.zeros((2, 3), "float32")), (lambda: ops.ones(2, "int32"), np.ones(2, "int32")),
    (lambda: ops.full((2,), 7), np.full(2, 7, "float32")), (lambda: ops.full((2, 2), [1, 2], "int8"), np.int8([[1, 2]] * 2)),
    (lambda: ops.zeros_like(I), np.zeros_like(I)), (lambda: ops.ones_like(I, "float64"), np.ones((3, 4))),
    (lambda: ops.full_like(M, 2), np.full_like(M, 2)), (lambda: ops.arange(5), np.arange(5, dtype="int32")),
    (lambda: ops.arange(1, 2, 0.25), np.arange(1, 2, 0.25, dtype="float32")), (lambda: ops.arange(5, 0, -2), np.int32([5, 3, 1])),
    (lambda: ops.arange(3.0), np.float32([0, 1, 2])), (lambda: ops.arange(2, 5, dtype="float32"), np.float32([2, 3, 4])),
    (lambda: ops.eye(3), np.eye(3, dtype="float32")), (lambda: ops.eye(2, 4, 1, "int32"), np.eye(2, 4, 1, "int32")),
    (lambda: ops.identity(2, "bool"), np.eye(2, dtype=bool)), (lambda: ops.tri(3, 4, -1), np.tri(3, 4, -1, "float32")),
    (lambda: ops.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="float32")),
    (lambda: ops.linspace(0, 10, 4, endpoint=False, dtype="int32"), np.linspace(0, 10, 4, False, dtype="int32")),
    (lambda: ops.logspace(0, 2, 3), np.logspace(0, 2, 3, dtype="float32")), (lambda: ops.geomspace(1, 100, 3), np.geomspace(1, 100, 3).astype("float32")),
    (lambda: ops.meshgrid([1, 2], [3, 4, 5]), list(map(np.int32, np.meshgrid([1, 2], [3, 4, 5])))),
    (lambda: ops.meshgrid([1, 2], [3, 4, 5], indexing="ij"), list(map(np.int32, np.meshgrid([1, 2], [3, 4, 5], indexing="ij")))),
    (lambda: ops.hanning(6), np.hanning(6).astype("float32")), (lambda: ops.hamming(6), np.hamming(6).astype("float32")),
    (lambda: ops.blackman(6), np.blackman(6).astype("float32")), (lambda: ops.bartlett(7), np.bartlett(7).astype("float32")),
    (lambda: ops.kaiser(6, 3.0), np.kaiser(6, 3.0).astype("float32")), (lambda: ops.array([[1, 2], [3, 4]]), np.int32([[1, 2], [3, 4]])),
    (lambda: ops.array([1, 2], "float16"), np.float16([1, 2])),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(CREATION)))
def test_creation(index):
    function, expected = CREATION[index]
    agree(function, expected)
    for ours, numpys in zip(
        *(x if isinstance(x, list) else [x] for x in (function(), expected)), strict=True
    ):
        assert ours.dtype == numpys.dtype


def test_linspace_of_tensors():
    agree(lambda a, b: ops.linspace(a, b, 5, axis=-1), np.linspace(V, 2 * V, 5, axis=-1), V, 2 * V)
    agree(
        lambda a, b: ops.linspace(a, b, 5, endpoint=False), np.linspace(V, 2 * V, 5, endpoint=False), V, 2 * V
    )


def test_results_are_writable_copies():
    x = np.zeros(3, "float32")
    for made in (ops.array(x), ops.copy(x), ops.zeros((3,)), ops.full((3,), 2.0), ops.zeros_like(x)):
        made[0] = 5
    assert x[0] == 0


def test_nested_lists_with_tensors():
    agree(lambda a, b: ops.array([[a, 1.0], [b, 2.0]]), [[3, 1], [4, 2]], np.float32(3), np.float32(4))


KEYS = [
    0, -1, slice(None), slice(1, None), slice(None, None, -1), slice(5, 0, -2), slice(3, 1), Ellipsis, None, (0, 1, 2), (..., 0),
    (slice(None), None, 0), (None, ..., None), (slice(None), slice(0, 2), slice(None, None, 2)), (1, ..., -1), [1, 0],
    np.array([[0, 1], [1, -1]]), (slice(None), [2, 0]), ([0, 1], [1, 2]), ([0, 1], slice(None), [1, 2]), (..., [3, -4, 0]),
    (0, slice(None), [1, 2]), (slice(None), 1, [1, 2]), ([0, 1], 2, slice(1, 3)), (None, [1, 0], slice(None, None, -1)),
    (np.array([[0], [1]]), np.array([0, 2])), (np.int64(1), np.array(2)), (slice(0, 0),), (slice(None), slice(-2, None)),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(KEYS)))
def test_getitem(index):
    key = KEYS[index]
    agree(lambda x: ops.get_item(x, key), T[key], T)
    traced(lambda x: x[key], T[key], T)


def test_getitem_with_tensors():
    agree(lambda x, i: x[i], T[[1, 0, 1]], T, np.int32([1, 0, 1]))
    agree(lambda x, i: ops.get_item(x, (slice(None), i)), T[:, -1], T, np.int32(-1))
    agree(ops.get_item, M[[[0, 2]]], M, np.int64([[0, 2]]))


def test_getitem_refuses():
    with pytest.raises(IndexError, match="Index 3 is out of range for axis 0 of size 3"):
        schuss.trace(lambda x: x[3], M)
    with pytest.raises(IndexError, match="Too many indices"):
        schuss.trace(lambda x: x[0, 0, 0], M)
    with pytest.raises(TypeError, match="bool mask"):
        schuss.trace(lambda x: x[x > 0], M)
    assert ops.get_item(M, M > 0).tolist() == M[M > 0].tolist()


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
@pytest.mark.parametrize("indices", [1, -1, [0, 1, -1], [[0, 1], [1, 0]]])
def test_take(axis, indices):
    agree(lambda x, i: ops.take(x, i, axis), np.take(T, indices, axis), T, np.int32(indices))
    agree(lambda x: ops.take(x, indices, axis), np.take(T, indices, axis), T)


def test_take_along_axis():
    order = np.argsort(T, 1)
    agree(lambda x, i: ops.take_along_axis(x, i, 1), np.take_along_axis(T, order, 1), T, order)
    agree(
        lambda x, i: ops.take_along_axis(x, i, -1),
        np.take_along_axis(T, order[:, :1] - 3, -1),
        T,
        order[:, :1] - 3,
    )
    agree(
        lambda x, i: ops.take_along_axis(x, i),
        np.take_along_axis(V, np.array([2, -1]), None),
        V,
        np.array([2, -1]),
    )


def test_where_and_select():
    agree(ops.where, np.where(B, M, I), B, M, I)
    agree(lambda c, x: ops.where(c, x, 0), np.where(B, M, 0), B, M)
    assert ops.where(B, 1.0, 0).dtype == "float32"
    assert ops.where(B, 1, 0).dtype == "int32"
    agree(lambda x: ops.select([x < 0, x < 3], [-x, x * x], 9), np.select([I < 0, I < 3], [-I, I * I], 9), I)
    for ours, numpys in zip(ops.where(B), np.nonzero(B), strict=True):
        assert ours.tolist() == numpys.tolist()
    with pytest.raises(TypeError, match="nonzero: the shape of the result depends on the values"):
        schuss.trace(ops.nonzero, M)


def test_unravel_index():
    i = np.int32([0, 5, 23, -1])
    agree(
        lambda x: ops.unravel_index(x, (2, 3, 4)),
        list(np.unravel_index(np.where(i < 0, i + 24, i), (2, 3, 4))),
        i,
    )


def test_slice_and_slice_update():
    agree(lambda x: ops.slice(x, [1, 1], [2, 2]), M[1:3, 1:3], M)
    agree(lambda x: ops.slice(x, [1, 0], [-1, 4]), M[1:], M)
    agree(lambda x, s: ops.slice(x, [s, s], [2, 2]), M[1:3, 2:4], M, np.int32(2))
    new = M.copy()
    new[1:3, 1:3] = 7
    agree(lambda x, u: ops.slice_update(x, [1, 1], u), new, M, np.full((2, 2), 7, "float32"))
    agree(lambda x, s: ops.slice_update(x, s, np.full((2, 2), 7, "float32")), new, M, np.int32([1, 1]))


def test_slice_update_lets_infinities_be_replaced():
    x = np.float32([np.inf, np.nan, 1])
    agree(lambda x: ops.slice_update(x, [0], [1.0, 2.0]), [1, 2, 1], x)


def test_scatter():
    agree(
        lambda u: ops.scatter([[0, 1], [2, 0], [0, 1]], u, (3, 2)),
        [[0, 4], [0, 0], [2, 0]],
        np.float32([1, 2, 3]),
    )
    agree(lambda u: ops.scatter([[1], [1]], u, (3, 2)), [[0, 0], [4, 6], [0, 0]], np.int32([[1, 2], [3, 4]]))


@pytest.mark.parametrize(
    ("reduction", "expected"), [(None, [1, 30, 3, 10]), ("add", [1, 52, 3, 14]), ("mul", [1, 1200, 3, 40]),
                                ("max", [1, 30, 3, 10]), ("min", [1, 2, 3, 4])]
)  # fmt: skip
def test_scatter_update(reduction, expected):
    x, i, u = np.float32([1, 2, 3, 4]), np.int32([[1], [3], [-3]]), np.float32([20, 10, 30])
    agree(lambda x, i, u: ops.scatter_update(x, i, u, reduction), expected, x, i, u)


def test_view_and_casts():
    x = np.float32([1, 2])
    agree(lambda x: ops.view(x, "int32"), x.view("int32"), x)
    agree(lambda x: ops.view(x, "uint8"), x.view("uint8"), x)
    agree(lambda x: ops.cast(x, "int32"), [1, -1, 0], np.float32([1.7, -1.7, 0.2]))
    agree(lambda x: ops.cast(x, "bool"), [True, False], np.float32([0.2, 0]))
    agree(lambda x: ops.saturate_cast(x, "uint8"), [0, 255, 7], np.float32([-3, 300, 7.5]))
    agree(lambda x: ops.saturate_cast(x, "int8"), [-128, 127], np.int32([-300, 300]))
    assert ops.saturate_cast(np.float32([1e20, -1e20]), "int32").tolist() == [2147483520, -2147483648]


def test_what_arrays_are():
    assert ops.shape(T) == (2, 3, 4)
    assert ops.ndim(T) == 3
    assert ops.size(T) == 24
    assert ops.dtype(T) == "float32"
    assert ops.is_tensor(T)
    assert not ops.is_tensor([1])
    assert ops.convert_to_tensor([1, 2], "float32").dtype == "float32"
    assert ops.convert_to_tensor(schuss.Variable([1.0])).tolist() == [1.0]
    with pytest.raises(TypeError, match="no numbers yet"):
        schuss.trace(ops.convert_to_numpy, M)


def test_lists_of_tensors_are_stacked_by_every_op():
    x = np.float32([1.0, 2.0, 3.0])
    for f in (ops.sum, ops.exp, ops.softmax, ops.logsumexp, lambda l: ops.matmul(l, [1.0, 2.0])):
        np.testing.assert_allclose(
            schuss.jit(lambda x, f=f: f([x[0], 2 * x[1]]))(x), f(np.float32([1.0, 4.0])), rtol=1e-6
        )
    assert [float(dx) for dx in schuss.grad(lambda pair: ops.sum(pair))([1.0, 2.0])] == [1.0, 1.0]
