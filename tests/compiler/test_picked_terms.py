"""Sums of which one term at most is not 0 are looked up, not searched for."""

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.compiler import Kernel, plan
from schuss.graph import Spec, primitives, trace

ROWS, PLACES, CLASSES = 6, 5, 7


def place(shape, axis, dtype="int32"):
    return primitives.iota_p.bind(shape=shape, dtype=np.dtype(dtype), axis=axis)


def picked(labels, values, axis=-1, dtype="int32"):
    shape = np.broadcast_shapes(tuple(np.expand_dims(np.empty(labels.shape), axis).shape), values.shape)
    axis = axis % len(shape)
    chosen = ops.equal(ops.broadcast_to(ops.expand_dims(labels, axis), shape), place(shape, axis, dtype))
    return ops.where(chosen, values, 0.0)


def kernels_of(function, *specs, batch_inputs=0):
    graph = trace(function, *specs)
    return [step for step in plan(graph, batch_inputs=batch_inputs).leaves if isinstance(step, Kernel)]


def both(function, *arrays):
    graph = trace(function, *(Spec(a.shape, a.dtype) for a in arrays))
    return [backends.compile(graph, backend=name)(*arrays) for name in ("reference", "cpu")]


def case(low=0, high=CLASSES, dtype="int32", shape=(ROWS, PLACES)):
    rng = np.random.default_rng(0)
    return rng.integers(low, high, shape).astype(dtype), rng.normal(size=(*shape, CLASSES)).astype("float32")


WAYS = {
    "a class of each place": lambda labels, x: ops.sum(picked(labels, x), axis=-1),
    "of what was computed": lambda labels, x: ops.sum(-picked(labels, ops.tanh(x) * 2 + x), axis=-1),
    "of all places together": lambda labels, x: ops.sum(picked(labels, x)),
    "of several axes": lambda labels, x: ops.sum(picked(labels, x), axis=(1, 2)),
    "of an axis in the middle": lambda labels, x: ops.sum(
        picked(labels, ops.transpose(x, (0, 2, 1)), axis=1), axis=1
    ),
    "of the place itself": lambda labels, x: ops.sum(
        picked(labels, ops.cast(place((ROWS, PLACES, CLASSES), 2), "float32") * x + 1), axis=-1
    ),
    "of a part": lambda labels, x: ops.sum(picked(labels, ops.flip(x, -1)[:, :, :CLASSES]), axis=-1),
    "with what is made of the sum": lambda labels, x: (
        ops.exp(ops.sum(picked(labels, x), axis=-1)) * labels.shape[0]
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize(("low", "high"), [(0, CLASSES), (-3, CLASSES + 3)], ids=["inside", "also outside"])
def test_compiled_is_reference(way, low, high):
    (expected,), (found,) = both(lambda labels, x: [way(labels, x)], *case(low, high))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint32"])
def test_labels_of_any_integers(dtype):
    labels, x = case(0, 2 * CLASSES, dtype)
    (expected,), (found,) = both(
        lambda labels, x: [ops.sum(picked(labels, x, dtype=dtype), axis=-1)], labels, x
    )
    np.testing.assert_array_equal(found, expected)


def test_what_is_not_picked_does_not_count_whatever_it_is():
    labels, x = case(-1, CLASSES)
    bad = x.copy()
    bad[np.arange(CLASSES) != labels[..., None]] = np.nan
    (expected,), (found,) = both(lambda labels, x: [ops.sum(picked(labels, x), axis=-1)], labels, bad)
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).all()


def test_a_class_of_a_reshaped_array():
    labels, x = case()
    flat = x.reshape(-1)
    (expected,), (found,) = both(
        lambda labels, x: [ops.sum(picked(labels, ops.reshape(x, (ROWS, PLACES, CLASSES))), axis=-1)],
        labels,
        flat,
    )
    np.testing.assert_array_equal(found, expected)


def test_there_is_no_sum_left():
    specs = Spec((ROWS, PLACES), np.dtype("int32")), Spec((ROWS, PLACES, CLASSES), np.dtype("float32"))
    (kernel,) = kernels_of(lambda labels, x: [ops.sum(picked(labels, ops.tanh(x)), axis=-1)], *specs)
    assert kernel.reduction is None
    (kernel,) = kernels_of(lambda labels, x: [ops.sum(picked(labels, ops.tanh(x)), axis=(1, 2))], *specs)
    assert [dim.size for dim in kernel.reduction.dims] == [PLACES]


@pytest.mark.parametrize(
    "function",
    [
        lambda labels, x: ops.sum(ops.where(ops.equal(labels, 2)[..., None], x, 0.0), axis=-1),
        lambda labels, x: ops.max(picked(labels, x), axis=-1),
        lambda labels, x: ops.sum(ops.where(ops.not_equal(picked(labels, x), 0), x, 0.0), axis=-1),
        lambda labels, x: ops.sum(picked(labels, x) + 1, axis=-1),
    ],
    ids=["the same for all", "no sum", "another condition", "more than one term"],
)
def test_other_sums_stay(function):
    specs = Spec((ROWS, PLACES), np.dtype("int32")), Spec((ROWS, PLACES, CLASSES), np.dtype("float32"))
    kernels = kernels_of(lambda labels, x: [function(labels, x)], *specs)
    assert any(
        kernel.reduction is not None and kernel.reduction.dims[-1].size == CLASSES for kernel in kernels
    )
    (expected,), (found,) = both(lambda labels, x: [function(labels, x)], *case())
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_the_loss_of_classes_by_number_reads_one_probability():
    model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(CLASSES)])
    model.compile("sgd", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = np.ones((ROWS, 4), "float32"), np.arange(ROWS)
    found = schuss.explain_compilation(model, x, y, batch_size=ROWS)
    leaders = [line for line in str(found).splitlines() if "leader" in line]
    assert leaders
    assert not [line for line in leaders if " if " in line]
    first = model.evaluate(x, y, verbose=0)
    reference = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(CLASSES)])
    reference.compile("sgd", schuss.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    reference.set_weights(model.get_weights())
    assert reference.evaluate(x, y, verbose=0) == pytest.approx(first, rel=1e-6)
