"""vjp, jvp and hvp against dense Jacobians and Hessians, with structures, inside traces, and their errors."""

import numpy as np
import pytest
from differences import close, difference
from hypothesis import given, settings
from hypothesis import strategies as st

import schuss
from schuss import ops
from schuss.backends.reference import evaluate

X, Y = np.array([1.0, -2.0, 3.0]), np.array([[0.5, 1.0, 2.0], [1.0, 0.0, -1.0]])


def network(x, w):
    """A smooth function of two arrays with two results."""
    h = ops.tanh(w @ x)
    return {"h": h, "s": ops.logsumexp(x) * ops.sum(h)}


def scalar(x, w):
    y = network(x, w)
    return ops.sum(y["h"] * y["h"]) * y["s"] + ops.prod(x)


def test_vjp_and_jvp_are_products_with_one_jacobian():
    _, pullback = schuss.vjp(lambda x: network(x, Y)["h"], X)
    left = np.stack([pullback(row)[0] for row in np.eye(2)])
    right = np.stack([schuss.jvp(lambda x: network(x, Y)["h"], X, column)[1] for column in np.eye(3)], axis=1)
    close(left, right, 1e-14)
    close(left, (1 - np.tanh(Y @ X) ** 2)[:, None] * Y, 1e-14)


def test_jvp_with_more_to_return():
    y, dy, more = schuss.jvp(lambda x: (x * x, {"twice": 2 * x}), (3.0,), (1.0,), has_aux=True)
    assert (float(y), float(dy), float(more["twice"])) == (9.0, 6.0, 6.0)
    assert float(ops.jvp(fun=ops.square, primals=(3.0,), tangents=(1.0,))[1]) == 6.0
    with pytest.raises(
        TypeError, match=r"jvp: with has_aux=True the function must return \(result, auxiliary\)"
    ):
        schuss.jvp(ops.tanh, (3.0,), (1.0,), has_aux=True)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_structures_and_finite_differences(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.uniform(-1, 1, 3), rng.uniform(-1, 1, (2, 3))
    dx, dw = rng.uniform(-1, 1, 3), rng.uniform(-1, 1, (2, 3))
    y, dy = schuss.jvp(network, (x, w), (dx, dw))
    for key in ("h", "s"):
        close(y[key], network(x, w)[key], 1e-14)
        close(dy[key], difference(lambda xs, key=key: network(*xs)[key], [x, w], [dx, dw]))
    u = {"h": rng.uniform(-1, 1, 2), "s": rng.uniform(-1, 1, ())}
    y, pullback = schuss.vjp(network, x, w)
    ux, uw = pullback(u)
    close(ux @ dx + np.sum(uw * dw), u["h"] @ dy["h"] + u["s"] * dy["s"], 1e-13)  # uᵀ (J v) = (uᵀ J) v


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hvp_is_the_product_with_the_hessian(seed):
    rng = np.random.default_rng(seed)
    x, v = rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 3)
    f = lambda x: scalar(x, Y)  # noqa: E731
    hessian = np.stack([schuss.hvp(f, x, e) for e in np.eye(3)])
    close(hessian, hessian.T, 1e-12)
    close(schuss.hvp(f, x, v), hessian @ v, 1e-12)
    close(schuss.hvp(f, x, v), difference(lambda xs: schuss.grad(f)(*xs), [x], [v]))
    close(schuss.hvp(f, x, v), schuss.jvp(schuss.grad(f), x, v)[1], 1e-12)


def test_a_dense_hessian():
    A = np.array([[2.0, 1.0], [1.0, 5.0]])
    f = lambda x: 0.5 * ops.sum(x * (A @ x))  # noqa: E731
    hessian = np.stack([schuss.hvp(f, np.array([3.0, 4.0]), e) for e in np.eye(2)])
    assert hessian.tolist() == A.tolist()


def test_hvp_has_the_structure_of_the_primals():
    v = (np.ones(3), np.ones((2, 3)))
    whole = schuss.hvp(scalar, (X, Y), v)
    assert isinstance(whole, tuple)
    assert [h.shape for h in whole] == [(3,), (2, 3)]
    assert isinstance(schuss.hvp(scalar, [X, Y], list(v)), list)
    of_dict = schuss.hvp(lambda d: scalar(d["x"], d["w"]), {"x": X, "w": Y}, {"x": v[0], "w": v[1]})
    for part, same in zip(whole, (of_dict["x"], of_dict["w"]), strict=True):
        close(part, same, 1e-14)


def test_linear_functions_have_no_curvature():
    assert schuss.hvp(lambda x: ops.sum(2.0 * x), X, X).tolist() == [0, 0, 0]


def test_a_pullback_can_be_called_often_and_remembers():
    calls = []
    v, x = schuss.Variable(2.0, dtype="float64"), X.copy()

    def f(x):
        calls.append(1)
        v.assign_add(1.0)
        return x * x * v

    y, pullback = schuss.vjp(f, x)
    assert y.tolist() == (3 * X * X).tolist()
    assert float(v.array) == 3
    x[:] = 0
    v.assign(100.0)
    for scale in (1.0, 10.0):
        assert pullback(np.full(3, scale))[0].tolist() == (scale * 6 * X).tolist()
    assert len(calls) == 1
    assert float(v.array) == 100


def test_the_way_back_does_not_repeat_the_way_there():
    seeds = schuss.random.SeedGenerator(3)
    y, pullback = schuss.vjp(
        lambda x: x * schuss.random.uniform((3,), seed=seeds, dtype="float64"), np.ones(3)
    )
    np.testing.assert_array_equal(pullback(np.ones(3))[0], y)


def test_in_a_trace():
    def f(x, dy):
        y, pullback = schuss.vjp(ops.tanh, x)
        return (
            y,
            pullback(dy)[0],
            pullback(2.0 * dy)[0],
            schuss.jvp(ops.tanh, x, dy)[1],
            schuss.hvp(lambda x: ops.sum(x**3), x, dy),
        )

    y, once, twice, forward, second = evaluate(schuss.trace(f, X, X), [X, X])[0]
    close(y, np.tanh(X), 1e-14)
    close(once, (1 - np.tanh(X) ** 2) * X, 1e-14)
    close(twice, 2 * once, 1e-14)
    close(forward, once, 1e-14)
    close(second, 6 * X * X, 1e-14)


def test_a_pullback_made_outside_can_be_used_in_a_trace_and_differentiated():
    _, pullback = schuss.vjp(lambda x: x * x, X)
    assert schuss.grad(lambda u: ops.sum(pullback(u)[0] * u))(X).tolist() == (4 * X * X).tolist()


def test_gradients_through_products():
    f = lambda x: ops.sum(schuss.jvp(lambda z: z**3, x, x)[1])  # noqa: E731  # 3 x³
    assert schuss.grad(f)(X).tolist() == (9 * X**2).tolist()
    g = lambda x: ops.sum(schuss.vjp(ops.exp, x)[1](x)[0])  # noqa: E731  # x eˣ
    close(schuss.grad(g)(X), (1 + X) * np.exp(X), 1e-14)


def test_results_without_derivative():
    def f(x):
        return {"y": x * x, "place": ops.argmax(x)}

    y, dy = schuss.jvp(f, X, np.ones(3))
    assert int(y["place"]) == 2
    assert int(dy["place"]) == 0
    assert dy["y"].tolist() == (2 * X).tolist()
    _, pullback = schuss.vjp(f, X)
    assert pullback({"y": np.ones(3), "place": 0})[0].tolist() == (2 * X).tolist()


def test_cotangents_take_the_dtype_of_the_result():
    _, pullback = schuss.vjp(lambda x: x * x, np.float32([1, 2]))
    assert pullback([1.0, 1.0] * np.ones(2))[0].dtype == "float32"
    _, pullback = schuss.vjp(lambda x: x * x, 3.0)
    assert float(pullback(1)[0]) == 6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: schuss.vjp(network, X, Y)[1](X), ValueError, r"vjp: the argument of the pullback must have the structure \{'h': \*, 's': \*\}, got \*"),
        (lambda: schuss.vjp(ops.tanh, X)[1](np.ones(2)), ValueError, r"must have shape \(3,\), got \(2,\)"),
        (lambda: schuss.vjp(network, X, Y)[1]({"h": np.ones(3), "s": 1.0}), ValueError, r"\(leaf 0 of 2\) must have shape \(2,\), got \(3,\)"),
        (lambda: schuss.vjp(ops.tanh, np.arange(3)), TypeError, "vjp: argument 0 has dtype int64"),
        (lambda: schuss.jvp(network, (X, Y), X), ValueError, r"jvp: the tangents must have the structure \(\*, \*\), got \(\*\)"),
        (lambda: schuss.jvp(ops.tanh, X, Y), ValueError, r"jvp: the tangents must have shape \(3,\), got \(2, 3\)"),
        (lambda: schuss.hvp(ops.tanh, X, X), ValueError, "hvp: the function must return a scalar"),
        (lambda: schuss.hvp(ops.sum, X, Y), ValueError, r"hvp: the vectors must have shape \(3,\)"),
        (lambda: schuss.hvp(ops.sum, 1, 1), TypeError, "hvp: argument 0 has dtype int32"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
