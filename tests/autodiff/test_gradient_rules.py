"""Every gradient rule against finite differences, once and twice, and what rules do at kinks and zeros."""

import numpy as np
import pytest
from differences import NAMES, close, difference, example, slopes
from hypothesis import given, settings
from hypothesis import strategies as st

import schuss
from schuss import ops
from schuss.autodiff.rules import WITHOUT_GRADIENT
from schuss.autodiff.rules.elementwise import trigamma
from schuss.graph import PRIMITIVES, gradient_rules
from schuss.graph import primitives as p

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).filter(lambda s: np.prod(s) <= 16).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def test_every_primitive_has_a_rule_or_is_known_to_have_none():
    assert set(gradient_rules) | WITHOUT_GRADIENT == set(PRIMITIVES.values())
    assert not set(gradient_rules) & WITHOUT_GRADIENT
    assert {str(primitive) for primitive in gradient_rules} == {*NAMES, "host_call"}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_gradient_is_the_finite_difference(name, shape, seed):
    rng = np.random.default_rng(seed)
    f, xs = example(name, rng, shape)
    y, pullback = schuss.vjp(f, *xs)
    np.testing.assert_array_equal(y, f(*xs))
    dy = rng.uniform(0.5, 2, y.shape)
    for dx, expected in zip(pullback(dy), slopes(lambda xs: np.sum(dy * f(*xs)), xs), strict=True):
        close(dx, expected)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_gradient_of_the_gradient_is_the_finite_difference(name, shape, seed):
    rng = np.random.default_rng(seed)
    f, xs = example(name, rng, shape)
    dy = rng.uniform(0.5, 2, f(*xs).shape)
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]

    def loss(*xs):
        y = f(*xs)
        return ops.sum(dy * y * y)

    gradient = schuss.grad(loss, argnums=tuple(range(len(xs))))
    flat = lambda leaves: np.concatenate([np.ravel(leaf) for leaf in leaves])  # noqa: E731
    expected = difference(lambda xs: flat(gradient(*xs)), xs, vs)
    close(flat(schuss.hvp(loss, xs, vs)), expected, 1e-5)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=3, deadline=None)
@given(shape=SHAPES, seed=SEEDS)
def test_jvp_is_the_finite_difference(name, shape, seed):
    rng = np.random.default_rng(seed)
    f, xs = example(name, rng, shape)
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]
    y, dy = schuss.jvp(f, xs, vs)
    np.testing.assert_array_equal(y, f(*xs))
    close(dy, difference(lambda xs: f(*xs), xs, vs))


def gradient(f, *xs):
    """The gradients of ``Σ f`` by all arguments."""
    return [
        dx.tolist() for dx in schuss.grad(lambda *xs: ops.sum(f(*xs)), argnums=tuple(range(len(xs))))(*xs)
    ]


def test_at_a_tie_the_second_operand_of_maximum_and_minimum_gets_the_gradient():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    assert gradient(ops.maximum, x, y) == [[0, 0, 1], [1, 1, 0]]
    assert gradient(ops.minimum, x, y) == [[1, 0, 0], [0, 1, 1]]
    assert gradient(ops.relu, np.array([-1.0, 0.0, 1.0])) == [[0, 0, 1]]
    assert gradient(lambda x: ops.clip(x, 0, 1), np.array([-1.0, 0.0, 1.0, 2.0])) == [[0, 1, 1, 0]]
    assert gradient(ops.relu6, np.array([0.0, 1.0, 6.0, 7.0])) == [[0, 1, 0, 0]]


def test_equal_extremes_share_the_gradient():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]])
    assert gradient(lambda x: ops.max(x, axis=1), x) == [[[0, 0.5, 0.5], [1, 0, 0]]]
    assert gradient(lambda x: ops.min(x, axis=0), x) == [[[1, 0, 0], [0, 1, 1]]]
    assert gradient(ops.abs, np.array([-2.0, 0.0, 2.0])) == [[-1, 0, 1]]


def test_running_maximum_sends_the_gradient_to_the_last_of_equals():
    x = np.array([1.0, 3.0, 3.0, 2.0])
    assert gradient(lambda x: p.cummax_p.bind(x, axis=0, reverse=False), x) == [[1, 1, 2, 0]]


def test_products_with_zeros():
    x = np.array([2.0, 0.0, 3.0, 4.0])
    assert gradient(ops.prod, x) == [[0, 24, 0, 0]]
    assert gradient(ops.prod, np.array([2.0, 0.0, 0.0])) == [[0, 0, 0]]
    assert gradient(ops.cumprod, x) == [[1, 2 + 6 + 24, 0, 0]]
    assert gradient(lambda x: p.cumprod_p.bind(x, axis=0, reverse=True), x) == [[0, 12 + 24, 4, 3 + 1]]
    second = schuss.hvp(lambda x: ops.prod(x), np.array([0.0, 0.0, 3.0]), np.array([1.0, 0.0, 0.0]))
    assert second.tolist() == [0, 3, 0]


@pytest.mark.parametrize(("exponent", "expected"), [(0, [0, 0]), (1, [1, 1]), (2, [0, -4]), (3, [0, 12])])
def test_powers_at_zero_and_of_negative_numbers(exponent, expected):
    x = np.array([0.0, -2.0])
    assert gradient(lambda x: ops.power(x, exponent), x) == [expected]
    dx, dy = gradient(ops.power, x, np.array([exponent, exponent], "float64"))
    assert dx == expected
    assert dy == [0, 0]


def test_powers_of_constants():
    assert gradient(lambda y: ops.power(2.0, y), np.array([0.0, 3.0])) == [[np.log(2), 8 * np.log(2)]]


def test_a_constant_exponent_costs_one_power():
    graph = schuss.trace(schuss.grad(lambda x: ops.sum(x**3)), np.ones(4, "float32"))
    names = [str(node.primitive) for node in graph.nodes]
    assert "power" not in names
    assert "select" not in names
    assert "log" not in names


def test_gradients_keep_their_dtype():
    x = np.ones(3, "float16")
    assert schuss.grad(lambda x: ops.sum(ops.cast(x, "float64") * np.arange(3.0)))(x).dtype == "float16"
    dx = schuss.grad(lambda x: ops.sum(ops.cast(ops.cast(x, "int32"), "float32") + ops.cast(x, "float32")))(x)
    assert dx.dtype == "float16"
    assert dx.tolist() == [1, 1, 1]


def test_nothing_flows_through_what_is_constant_between_jumps():
    x = np.array([0.4, 1.6])
    flat = [ops.floor, ops.ceil, ops.round, ops.sign, ops.stop_gradient, lambda x: ops.cast(x > 1, "float64")]
    flat += [lambda x: ops.cast(ops.argmax(x), "float64"), lambda x: ops.cast(ops.argsort(x), "float64")]
    for f in flat:
        assert gradient(f, x) == [[0, 0]]
    assert gradient(lambda x: x * ops.stop_gradient(x), x) == [x.tolist()]


def test_indices_of_small_types():
    x, i = np.ones(200), np.int8([-128, 0, 127])
    assert np.flatnonzero(gradient(lambda x: p.gather_p.bind(x, i), x)).tolist() == [0, 127]
    assert gradient(lambda u: p.scatter_add_p.bind(x, u, i), np.ones(3)) == [[0, 1, 1]]


def test_through_host_calls_nothing_passes_unnoticed():
    def root(x):
        return p.host_call_p.bind(x, function=np.cbrt, specs=(schuss.Spec.of(x),))[0]

    x = np.array([1.0, 8.0])
    with pytest.raises(TypeError, match=r"cannot pass through 'cbrt'.*custom_gradient.*stop_gradient"):
        gradient(root, x)
    assert gradient(lambda x: x * root(ops.stop_gradient(x)), x) == [[1, 2]]
    stated = schuss.custom_gradient(lambda x: (root(x), lambda dy: dy * root(x) / (3.0 * x)))
    np.testing.assert_allclose(gradient(stated, x), [[1 / 3, 1 / 12]])


def test_empty_arrays():
    x = np.zeros((0, 3))
    for f in (
        ops.sum,
        ops.prod,
        lambda x: x * 2.0,
        lambda x: ops.cumprod(x, axis=0),
        lambda x: ops.concatenate([x, x]),
    ):
        assert schuss.grad(lambda x, f=f: ops.sum(f(x)))(x).shape == (0, 3)


def test_trigamma():
    np.testing.assert_allclose(
        trigamma(np.array([1.0, 0.5, 2.0])), [np.pi**2 / 6, np.pi**2 / 2, np.pi**2 / 6 - 1], rtol=1e-14
    )
    np.testing.assert_allclose(trigamma(np.array([-0.5])), np.pi**2 / 2 + 4, rtol=1e-13)
    x = np.array([-3.3, -0.2, 0.1, 0.49, 0.51, 7.7])
    close(
        schuss.grad(lambda x: ops.sum(ops.digamma(x)))(x),
        difference(lambda xs: ops.digamma(*xs), [x], [np.ones(6)]),
    )
