"""Two loops that go through memory as one become one, and what is read transposed is made so."""

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.autodiff import grad
from schuss.compiler import Kernel, plan
from schuss.graph import Spec, trace

F32 = np.dtype("float32")
PRODUCTS = [
    ("btk,khd->bthd", (3, 10, 12), (12, 4, 5)),
    ("btk,khd->bhtd", (3, 10, 12), (12, 4, 5)),
    ("bthd,hdn->btn", (3, 10, 4, 5), (4, 5, 6)),
    ("btk,bthd->khd", (3, 10, 12), (3, 10, 4, 5)),
    ("bthd,bshd->bhts", (3, 10, 4, 5), (3, 7, 4, 5)),
    ("bhts,bshd->bthd", (3, 4, 10, 7), (3, 7, 4, 5)),
    ("ab,cdef->abcdef", (2, 3), (4, 1, 5, 2)),
    ("atk,khgd->athgd", (3, 2, 12), (12, 4, 1, 5)),
]


def kernels_of(function, *shapes):
    graph = trace(function, *(Spec(shape, F32) for shape in shapes))
    return [step for step in plan(graph, batch_inputs=1).leaves if isinstance(step, Kernel)]


@pytest.mark.parametrize(("equation", "x", "y"), PRODUCTS)
@pytest.mark.parametrize(
    "more", [lambda z: z, lambda z: ops.tanh(z + 1), lambda z: ops.swapaxes(z, 1, 2) * 2]
)
def test_compiled_is_reference(equation, x, y, more):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype("float32") for shape in (x, y)]
    graph = trace(lambda a, b: [more(ops.einsum(equation, a, b))], Spec(x, F32), Spec(y, F32))
    (expected,) = backends.compile(graph, backend="reference")(*arrays)
    (found,) = backends.compile(graph, backend="cpu")(*arrays)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_heads_and_their_columns_are_one_loop():
    (kernel,) = kernels_of(lambda x, w: ops.einsum("btk,khd->bthd", x, w), (8, 10, 16), (16, 4, 8))
    assert [dim.size for dim in kernel.dims] == [8, 10, 32]


def test_what_is_added_to_a_column_of_each_head_keeps_them_apart():
    (kernel,) = kernels_of(
        lambda x, w, b: ops.einsum("btk,khd->bthd", x, w) + b, (8, 10, 16), (16, 4, 8), (8,)
    )
    assert [dim.size for dim in kernel.dims] == [8, 10, 4, 8]


def test_rows_stay_a_loop_of_their_own():
    (kernel,) = kernels_of(lambda x, w: ops.matmul(x, w), (8, 10, 16), (16, 32))
    assert [dim.size for dim in kernel.dims] == [8, 10, 32]


def test_what_all_read_transposed_lies_so():
    def attended(x, w, v):
        combined = ops.einsum("bhts,bshd->bhtd", x, v)
        return ops.einsum("bthd,hdn->btn", ops.transpose(combined, (0, 2, 1, 3)) * 3, w)

    first, _ = kernels_of(attended, (8, 4, 10, 7), (4, 5, 6), (8, 7, 4, 5))
    assert first.stores[0].buffer.shape == (8, 10, 4, 5)


def test_attention_has_the_gradient_of_the_reference():
    rng = np.random.default_rng(1)
    schuss.utils.set_random_seed(2)
    inputs = schuss.Input((9, 16))
    attended = schuss.layers.MultiHeadAttention(4, 8)(inputs, inputs, use_causal_mask=True)
    model = schuss.Model(inputs, schuss.layers.Dense(3)(attended))
    model.compile(schuss.optimizers.SGD(0.1), "mse")
    x, y = rng.normal(size=(6, 9, 16)).astype("float32"), rng.normal(size=(6, 9, 3)).astype("float32")
    start, weights = model.get_weights(), []
    for eagerly in (True, False):
        model.compile(schuss.optimizers.SGD(0.1), "mse", run_eagerly=eagerly)
        model.set_weights(start)
        model.fit(x, y, epochs=3, batch_size=6, verbose=0)
        weights.append(model.get_weights())
    for expected, found in zip(*weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_window_and_its_channels_are_one_loop():
    (forward,) = kernels_of(lambda x, w: ops.conv(x, w, padding="valid"), (8, 10, 10, 4), (3, 3, 4, 6))
    assert forward.reduction is not None
    assert [dim.size for dim in forward.reduction.dims] == [3, 12]


def _check(function, *arrays):
    """In double precision, compiled is reference."""
    graph = trace(function, *(Spec(array.shape, array.dtype) for array in arrays))
    (expected,) = backends.compile(graph, backend="reference")(*arrays)
    (found,) = backends.compile(graph, backend="cpu")(*arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_gradients_of_merged_windows_are_the_reference(strides, dilation):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 11, 12, 3)), rng.normal(size=(3, 2, 3, 5))

    def gradients(x, w):
        def loss(w, x):
            y = ops.conv(x, w, strides=strides, padding="valid", dilation_rate=dilation)
            return ops.sum(ops.sin(y))

        return [grad(loss)(w, x)]

    _check(gradients, x, w)


def test_sums_of_rows_longer_than_a_block_are_divided_within_the_rows():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 40, 8)), rng.normal(size=(2, 30, 40, 200))
    _check(lambda x, y: [ops.einsum("nhwa,nhwb->ab", x, y)], x, y)


@pytest.mark.parametrize(("a", "b"), [(520, 48), (48, 520), (520, 30)])
def test_a_long_sum_of_wide_rows_is_the_reference_whatever_the_tile_lies_along(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 300, a)), rng.normal(size=(8, 300, b))
    _check(lambda x, y: [ops.einsum("nta,ntb->ab", x, y)], x, y)
