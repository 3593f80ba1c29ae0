"""Strips of rows that go through several kernels: which kernels take them, and that no result depends on it."""

import numpy as np
import pytest

import schuss
from schuss import backends, ops
from schuss.autodiff import gradients
from schuss.compiler import Kernel, _strips, plan
from schuss.graph import Spec, trace

F32 = np.dtype("float32")


def filtered(x, w):
    """Three kernels over rows, one after the other, each of which reads what the one before has made."""
    for _ in range(2):
        x = ops.relu(ops.conv(x, w, padding="same"))
    return [x * 2]


def strips_of(function, *shapes, parts=2):
    made = plan(trace(function, *(Spec(s, F32) for s in shapes)), 1, (True,), parts=parts)
    return [step.strip for step in made.leaves if isinstance(step, Kernel) and step.rows]


def test_rows_that_are_more_than_the_cache_holds_take_strips():
    strips = strips_of(filtered, (64, 32, 32, 16), (3, 3, 16, 16))
    assert len(strips) > 2
    assert 0 < strips[0] < 32
    assert len(set(strips)) == 1


def test_small_rows_take_none():
    assert set(strips_of(filtered, (64, 4, 4, 8), (3, 3, 8, 8))) == {0}


def test_a_matrix_serves_many_rows():
    (least,) = {
        n for n in strips_of(lambda x, w: [ops.tanh(ops.matmul(x, w)) @ w], (65536, 64), (64, 64)) if n
    }
    assert least >= _strips._USES


@pytest.mark.parametrize("rows", [8, 17, 33, 64])
def test_compiled_is_reference_for_any_number_of_rows(rows, monkeypatch):
    monkeypatch.setattr(_strips, "_HELD", 1 << 14)
    rng = np.random.default_rng(rows)
    x, w = rng.normal(size=(rows, 9, 9, 3)), rng.normal(size=(3, 3, 3, 3))

    def step(x, w):
        y = ops.sum(ops.sin(filtered(x, w)[0]))
        return [y, *gradients(y, [w, x])]

    graph = trace(step, Spec(x.shape, x.dtype), Spec(w.shape, w.dtype))
    expected = backends.compile(graph, backend="reference")(x, w)
    found = backends.compile(graph, backend="cpu")(x, w)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-11)


def test_training_gives_the_same_bits_with_and_without_strips(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 12, 12, 4)).astype(F32), rng.integers(0, 3, 100)
    weights = []
    for held in (1 << 14, 1 << 40):
        monkeypatch.setattr(_strips, "_HELD", held)
        schuss.utils.set_random_seed(0)
        model = schuss.Sequential(
            [
                schuss.Input((12, 12, 4)),
                schuss.layers.Conv2D(8, 3, padding="same"),
                schuss.layers.BatchNormalization(),
                schuss.layers.Activation("relu"),
                schuss.layers.Conv2D(8, 3),
                schuss.layers.GlobalAveragePooling2D(),
                schuss.layers.Dense(3),
            ]
        )
        model.compile("adam", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=40, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_sums_over_a_threads_rows_take_strips(monkeypatch):
    monkeypatch.setattr(_strips, "_HELD", 1 << 16)

    def step(x, w):
        y = ops.relu(ops.conv(x, w, padding="same"))
        return [ops.sum(y, (0, 1, 2)), *gradients(ops.sum(ops.sin(y)), [w])]

    made = plan(trace(step, Spec((64, 16, 16, 8), F32), Spec((3, 3, 8, 8), F32)), 1, (False,), parts=2)
    assert {kernel.strip > 0 for kernel in made.leaves if kernel.block} == {True}
