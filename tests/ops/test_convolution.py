"""Convolutions and pools are what their formulas say, compiled and not; gradients are finite differences."""

from itertools import product

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.compiler import Kernel, plan
from schuss.compiler._counts import flops_of
from schuss.graph import Spec, trace

rng = np.random.default_rng(5)


def windows_of(x, sizes, strides, dilations):
    """[n, *positions, *sizes, c], looked up one by one."""
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[1:-1], sizes, strides, dilations)]
    seen = np.empty((len(x), *counts, *sizes, x.shape[-1]))
    for place in product(*map(range, counts)):
        for tap in product(*map(range, sizes)):
            at = tuple(p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations))
            seen[(slice(None), *place, *tap)] = x[(slice(None), *at)]
    return seen


CASES = [  # size, kernel, strides, dilations, channels, groups, filters
    ((9,), (3,), (1,), (1,), 2, 1, 3),
    ((9,), (3,), (2,), (1,), 4, 2, 6),
    ((11,), (2,), (1,), (3,), 3, 3, 6),
    ((6, 7), (3, 2), (1, 1), (1, 1), 3, 1, 5),
    ((6, 7), (3, 2), (2, 3), (1, 1), 4, 4, 4),
    ((7, 8), (3, 2), (1, 1), (2, 3), 4, 2, 4),
    ((4, 5, 4), (2, 3, 1), (1, 2, 1), (1, 1, 1), 2, 1, 3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolution_is_its_formula(case):
    size, kernel, strides, dilations, channels, groups, filters = case
    x = rng.normal(size=(2, *size, channels))
    w = rng.normal(size=(*kernel, channels // groups, filters))
    seen = windows_of(x, kernel, strides, dilations)
    split = seen.reshape(*seen.shape[:-1], groups, channels // groups)
    weights = w.reshape(*kernel, channels // groups, groups, filters // groups)
    letters = "xyz"[: len(kernel)]
    places = "ijk"[: len(kernel)]
    y = np.einsum(f"n{letters}{places}gc,{places}cgo->n{letters}go", split, weights)
    expected = y.reshape(*y.shape[:-2], filters)
    found = ops.conv(x, w, strides, "valid", None, dilations)
    assert np.allclose(found, expected, atol=1e-12)
    first = ops.conv(np.moveaxis(x, -1, 1), w, strides, "valid", "channels_first", dilations)
    assert np.allclose(np.moveaxis(first, 1, -1), expected, atol=1e-12)


def _functions():
    x2, x1 = rng.normal(size=(2, 6, 7, 4)), rng.normal(size=(2, 9, 2))

    def kernel(*shape):
        return rng.normal(size=shape)

    yield "same, stride 2", lambda x, w: ops.conv(x, w, 2, "same"), [x2, kernel(3, 3, 4, 2)]
    yield "stride 3, kernel 2", lambda x, w: ops.conv(x, w, 3), [x2, kernel(2, 2, 4, 2)]
    yield "dilated, grouped", lambda x, w: ops.conv(x, w, 1, "same", None, 2), [x2, kernel(2, 3, 2, 4)]
    yield "causal", lambda x, w: ops.conv(x, w, 1, "causal"), [x1, kernel(3, 2, 3)]
    yield "pointwise", ops.conv, [x2, kernel(1, 1, 4, 3)]
    yield "depthwise", lambda x, w: ops.depthwise_conv(x, w, 2, "same"), [x2, kernel(3, 2, 4, 2)]
    yield "separable", ops.separable_conv, [x2, kernel(2, 2, 4, 2), kernel(1, 1, 8, 3)]
    yield "transposed", lambda x, w: ops.conv_transpose(x, w, 2, "same"), [x2, kernel(3, 2, 3, 4)]
    yield "transposed, wide", lambda x, w: ops.conv_transpose(x, w, 3, "valid", 1), [x1, kernel(2, 3, 2)]
    yield "largest", lambda x: ops.max_pool(x, 2), [x2]
    yield "largest, overlapping", lambda x: ops.max_pool(x, (3, 2), (2, 1), "same"), [x2]
    yield "largest of many", lambda x: ops.max_pool(x, (6, 6), 1), [x2]
    yield "largest, with gaps", lambda x: ops.max_pool(x, 2, 3), [x1]
    yield "mean", lambda x: ops.average_pool(x, 2), [x2]
    yield "mean, overlapping", lambda x: ops.average_pool(x, 3, 2, "same"), [x2]
    yield "adaptive mean", lambda x: ops.adaptive_average_pool(x, (4, 3)), [x2]
    yield "adaptive largest", lambda x: ops.adaptive_max_pool(x, (4, None)), [x2]


FUNCTIONS = {name: (function, operands) for name, function, operands in _functions()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_finite_differences_and_the_same_compiled(name):
    function, operands = FUNCTIONS[name]
    weights = rng.normal(size=function(*operands).shape)

    def loss(*operands):
        return ops.sum(function(*operands) * weights)

    gradient = schuss.grad(loss, argnums=tuple(range(len(operands))))
    found = gradient(*operands)
    for compiled, dx in zip(schuss.jit(gradient)(*operands), found, strict=True):
        assert np.allclose(compiled, dx, rtol=1e-12, atol=1e-12)
    for number, x in enumerate(operands):
        direction = rng.normal(size=x.shape)
        moved = [
            [o + sign * 1e-6 * direction if i == number else o for i, o in enumerate(operands)]
            for sign in (1, -1)
        ]
        slope = (loss(*moved[0]) - loss(*moved[1])) / 2e-6
        assert np.isclose(slope, np.sum(found[number] * direction), rtol=1e-6, atol=1e-7)


def test_a_convolution_differentiates_twice():
    x, w = rng.normal(size=(1, 5, 5, 2)), rng.normal(size=(3, 3, 2, 2))

    def slope(w):
        dx = schuss.grad(lambda x: ops.sum(ops.conv(x, w, 2, "same") ** 2))(x)
        return ops.sum(dx**2)

    step = 1e-6 * rng.normal(size=w.shape)
    expected = (slope(w + step) - slope(w - step)) / 2
    assert np.isclose(np.sum(schuss.grad(slope)(w) * step), expected, rtol=1e-6)


def test_the_first_of_equal_elements_gets_the_gradient():
    dx = schuss.grad(lambda x: ops.sum(ops.max_pool(x, 2)))(np.ones((1, 2, 4, 1), "float32"))
    assert dx[0, :, :, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


def test_means_at_borders_are_of_what_is_there():
    y = ops.average_pool(np.ones((1, 4, 7, 1), "float32"), (4, 2), 2, "same")
    assert np.array_equal(y, np.ones_like(y))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.conv(np.ones((2, 5, 3)), np.ones((2, 4, 3))), "3 channels"),
        (lambda: ops.conv(np.ones((2, 5)), np.ones((2, 4, 3))), "spatial axes"),
        (lambda: ops.conv(np.ones((2, 2, 3)), np.ones((5, 3, 3))), "does not fit"),
        (lambda: ops.conv(np.ones((2, 5, 3)), np.ones((2, 3, 3)), 0), "strides"),
        (lambda: ops.conv(np.ones((2, 5, 3)), np.ones((2, 3, 3)), 1, "some"), "padding"),
        (lambda: ops.conv(np.ones((2, 5, 3)), np.ones((2, 3, 3)), data_format="last"), "data_format"),
        (lambda: ops.conv_transpose(np.ones((2, 5, 3)), np.ones((2, 4, 2))), "channels: 3"),
        (lambda: ops.depthwise_conv(np.ones((2, 5, 3)), np.ones((2, 4, 2))), "4 channels"),
        (lambda: ops.max_pool(np.ones((2, 5, 3)), 6), "does not fit"),
        (lambda: ops.average_pool(np.ones((2, 5)), 2), "spatial axes"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("kernel", "spread"), [((3, 3), (2, 2)), ((4, 3), (2, 1)), ((4, 3), (3, 2))])
def test_zeros_between_elements_are_not_multiplied_and_each_phase_is_made_in_its_place(kernel, spread):
    x, w = Spec((8, 5, 6, 16), np.dtype("float32")), Spec((*kernel, 32, 16), np.dtype("float32"))
    graph = trace(lambda x, w: ops.conv_transpose(x, w, strides=spread, padding="same"), x, w)
    kernels = [step for step in plan(graph).leaves if isinstance(step, Kernel)]
    assert not any("concatenate" in step.label for step in kernels)
    done = sum(flops_of(step) for step in kernels if step.reduction is not None)
    assert done == 2 * x.size * 32 * np.prod(kernel)  # each element of x meets each place of the kernel once
