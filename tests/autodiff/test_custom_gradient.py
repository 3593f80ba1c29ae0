"""custom_gradient: Keras's two ways to write the gradient, several arguments and results, higher order,
errors."""

import numpy as np
import pytest
from differences import close

import schuss
from schuss import ops
from schuss.backends.reference import evaluate

X = np.array([0.5, -1.0, 2.0])


def styles(rule):
    """A rule of one upstream gradient in the ways in which it may be written."""

    def keras(*args, upstream=None):
        if upstream is None:
            (upstream,) = args
        return rule(upstream)

    return [
        rule,
        keras,
        lambda upstream: rule(upstream),
        lambda *, upstream: rule(upstream),
        lambda *dy: (rule(dy[0]),),
    ]


@pytest.mark.parametrize("style", range(5))
def test_the_stated_gradient_is_used(style):
    @schuss.custom_gradient
    def straight_through(x):
        return ops.round(x), styles(lambda dy: 10.0 * dy)[style]

    assert straight_through(X).tolist() == [0, -1, 2]
    assert schuss.grad(lambda x: ops.sum(straight_through(x) * 2.0))(X).tolist() == [20, 20, 20]


def test_kerass_example_is_finite_where_autodiff_is_not():
    @ops.custom_gradient
    def log1pexp(x):
        e = ops.exp(x)

        def grad(*args, upstream=None):
            if upstream is None:
                (upstream,) = args
            return ops.multiply(upstream, 1.0 - 1.0 / ops.add(1, e))

        return ops.log(1 + e), grad

    assert float(schuss.grad(log1pexp)(100.0)) == 1
    first = schuss.grad(log1pexp)
    close(
        schuss.grad(first)(np.array(0.3)), np.exp(0.3) / (1 + np.exp(0.3)) ** 2, 1e-12
    )  # through what it kept


def test_several_arguments_and_results():
    @schuss.custom_gradient
    def f(x, params, n):
        def gradient(dsum, dproduct):
            return dsum * 1.0 + 100.0, {"a": dproduct, "b": ops.zeros_like(params["b"])}, None

        return (x + params["a"], x * params["b"] * n), gradient

    def loss(x, params):
        total, product = f(x, params, 3)
        return ops.sum(total) + 0.0 * ops.sum(product)

    dx, dparams = schuss.grad(loss, argnums=(0, 1))(X, {"a": X, "b": X})
    assert dx.tolist() == [101, 101, 101]
    assert dparams["a"].tolist() == [0, 0, 0]
    assert dparams["b"].tolist() == [0, 0, 0]
    only = schuss.grad(lambda x: ops.sum(f(x, {"a": X, "b": X}, 3)[0]))(
        X
    )  # nothing arrives at the second result
    assert only.tolist() == [101, 101, 101]


def test_nested_results_together():
    @schuss.custom_gradient
    def f(x):
        return {"y": x, "z": 2.0 * x}, lambda upstream: upstream["y"] - upstream["z"]

    assert schuss.grad(lambda x: ops.sum(f(x)["y"] + 3.0 * f(x)["z"]))(X).tolist() == [-2, -2, -2]


def test_a_list_as_only_argument():
    @schuss.custom_gradient
    def f(xs):
        return xs[0] * xs[1], lambda dy: [dy, 2.0 * dy]

    dx = schuss.grad(lambda xs: ops.sum(f(xs)))([X, X])
    assert [d.tolist() for d in dx] == [[1, 1, 1], [2, 2, 2]]

    @schuss.custom_gradient
    def g(xs):
        return ops.sum(xs[0]), lambda dy: ([dy * ops.ones_like(xs[0])],)

    assert schuss.grad(lambda xs: g(xs))([X])[0].tolist() == [1, 1, 1]


def test_variables_and_integers():
    v = schuss.Variable(X.astype("float32"))

    @schuss.custom_gradient
    def f(v, i):
        return ops.take(v, i), lambda dy: (7.0 * ops.ones_like(v), None)

    def step(i):
        return schuss.autodiff.gradients(ops.sum(f(v, i)), [v])

    graph = schuss.trace(step, np.int32([0, 1]))
    assert evaluate(graph, [np.int32([0, 1])])[0][0].tolist() == [7, 7, 7]


def test_forward_derivatives_use_it_too():
    @schuss.custom_gradient
    def f(x):
        return x * x, lambda dy: dy * 5.0

    assert schuss.jvp(f, X, np.ones(3))[1].tolist() == [5, 5, 5]


def test_it_keeps_its_name_and_says_what_is_wrong():
    def f(x):
        return x

    assert schuss.custom_gradient(f).__name__ == "f"
    with pytest.raises(TypeError, match=r"custom_gradient: f must return \(output, gradient function\)"):
        schuss.custom_gradient(f)(X)

    def gradient_of(g):
        return schuss.grad(lambda x: ops.sum(schuss.custom_gradient(lambda x, y: (x * y, g))(x, x)))

    with pytest.raises(ValueError, match="for each of the 2 positional arguments, it returned 1"):
        gradient_of(lambda dy: dy)(X)
    with pytest.raises(ValueError, match="returned 2 arrays for argument 0, which has 1"):
        gradient_of(lambda dy: ([dy, dy], dy))(X)
    with pytest.raises(ValueError, match=r"argument of shape \(3,\) has shape \(\)"):
        gradient_of(lambda dy: (ops.sum(dy), dy))(X)


def test_stop_gradient():
    assert schuss.grad(lambda x: ops.sum(schuss.stop_gradient(x * x) * x))(X).tolist() == (X * X).tolist()
    assert schuss.stop_gradient(X) is X or schuss.stop_gradient(X).tolist() == X.tolist()
