"""grad, value_and_grad and gradients: structures, auxiliary results, variables, nesting, traces, errors."""

from typing import NamedTuple

import numpy as np
import pytest
from differences import close, slopes
from hypothesis import given, settings
from hypothesis import strategies as st

import schuss
from schuss import ops
from schuss.autodiff import backward, gradients
from schuss.backends.reference import evaluate
from schuss.graph import Tensor, name_scope

X = np.array([1.0, -2.0, 3.0])


class Layer(NamedTuple):
    w: np.ndarray
    b: np.ndarray


def test_gradient_has_the_structure_of_the_argument():
    params = {
        "layers": [Layer(np.ones((2, 3)), np.zeros(3)), Layer(np.ones((3, 1)), np.zeros(1))],
        "scale": 2.0,
        "none": None,
    }

    def f(params, x):
        for layer in params["layers"]:
            x = ops.tanh(x @ layer.w + layer.b)
        return ops.sum(x) * params["scale"]

    dx = schuss.grad(f)(params, np.ones((4, 2)))
    assert list(dx) == ["layers", "scale", "none"]
    assert dx["none"] is None
    assert isinstance(dx["layers"][1], Layer)
    assert dx["layers"][1].b.shape == (1,)
    x = np.tanh(np.full((4, 3), 2.0)) @ np.ones((3, 1))
    close(dx["layers"][1].b, np.sum(1 - np.tanh(x) ** 2, 0) * 2, 1e-12)
    assert dx["scale"].dtype == "float32"
    assert dx["layers"][0].w.dtype == "float64"


def test_argnums():
    f = lambda x, y, z: x * y * y + z  # noqa: E731
    assert float(schuss.grad(f, argnums=1)(2.0, 3.0, 1)) == 12
    assert float(schuss.grad(f, argnums=-1)(2.0, 3.0, 1.0)) == 1
    assert [float(d) for d in schuss.grad(f, argnums=(1, 0))(2.0, 3.0, 1)] == [12, 9]
    assert isinstance(schuss.grad(f, argnums=[0])(2.0, 3.0, 1), tuple)


def test_other_arguments_reach_the_function_unchanged():
    def f(x, n, *, mode):
        assert n == 3
        assert mode == "sum"
        return getattr(ops, mode)(x**n)

    assert schuss.grad(f)(X, 3, mode="sum").tolist() == (3 * X**2).tolist()


def test_value_and_auxiliary_results():
    def f(x):
        return ops.sum(x * x), {"twice": 2 * x, "name": "n", "count": 3}

    (value, aux), dx = schuss.value_and_grad(f, has_aux=True)(X)
    assert float(value) == 14
    assert dx.tolist() == [2, -4, 6]
    assert aux["twice"].tolist() == [2, -4, 6]
    assert aux["name"] == "n"
    assert aux["count"] == 3
    dx, aux = schuss.grad(f, has_aux=True)(X)
    assert isinstance(aux["twice"], np.ndarray)
    assert dx.tolist() == [2, -4, 6]
    value, dx = schuss.value_and_grad(lambda x: f(x)[0])(X)
    assert float(value) == 14
    assert dx.tolist() == [2, -4, 6]


def test_where_no_path_leads_the_gradient_is_zero():
    dx, dy = schuss.grad(lambda x, y: ops.sum(x), argnums=(0, 1))(X, np.ones((2, 2)))
    assert dx.tolist() == [1, 1, 1]
    assert dy.tolist() == [[0, 0], [0, 0]]
    assert float(schuss.grad(lambda x: 3.0)(1.0)) == 0
    assert float(schuss.grad(lambda x: x)(5.0)) == 1


def test_gradients_of_gradients():
    f = lambda x: ops.exp(2.0 * x)  # noqa: E731
    for order in range(1, 5):
        f = schuss.grad(f)
        np.testing.assert_allclose(f(np.array(0.5)), 2**order * np.e, rtol=1e-12)


def test_gradient_of_a_function_that_descends_its_own_gradient():
    loss = lambda w: ops.sum((w * w - 2.0) ** 2)  # noqa: E731

    def after_two_steps(w):
        for _ in range(2):
            w = w - 0.05 * schuss.grad(loss)(w)
        return loss(w)

    close(schuss.grad(after_two_steps)(X), slopes(lambda xs: after_two_steps(*xs), [X])[0])


def test_inner_gradients_hold_outer_variables_constant():
    inner = lambda x, y: schuss.grad(lambda x: x * y)(x)  # noqa: E731  # y
    assert float(schuss.grad(lambda x: inner(x, x * x))(3.0)) == 6


def test_results_do_not_change_with_what_they_came_from():
    v, x = schuss.Variable([1.0, 2.0]), np.ones(2)
    dx, (kept, given) = schuss.grad(lambda x: (ops.sum(x * v), (v.value, x)), has_aux=True)(x)
    v.assign([5.0, 5.0])
    x[:] = 7
    assert dx.tolist() == [1, 2]
    assert kept.tolist() == [1, 2]
    assert given.tolist() == [1, 1]


def test_variables_are_read_and_assigned():
    v, count, other = schuss.Variable([1.0, 2.0]), schuss.Variable(0), schuss.Variable(7)

    def f(x):
        count.assign_add(1)
        count_before, other_before = count.value, other.value
        count.assign(other_before)
        other.assign(count_before)
        return ops.sum(x * x * v)

    assert schuss.grad(f)(np.array([3.0, 4.0])).tolist() == [6, 16]
    assert (int(count.array), int(other.array)) == (7, 1)
    assert schuss.grad(lambda w: ops.sum(w * w))(v).tolist() == [2, 4]  # as an argument: by its value


def test_overridden_variables():
    v = schuss.Variable([1.0, 2.0])
    with schuss.StatelessScope([(v, np.array([10.0, 20.0], "float32"))]) as scope:

        def f(x):
            v.assign(v + x)
            return ops.sum(x * v)

        assert schuss.grad(f)(np.array([1.0, 1.0], "float32")).tolist() == [12, 22]
    assert scope.get_current_value(v).tolist() == [11, 21]
    assert v.numpy().tolist() == [1, 2]


def test_in_a_trace_the_gradient_is_recorded_there():
    graph = schuss.trace(schuss.grad(lambda x: ops.sum(ops.tanh(x))), X)
    text = str(graph)
    assert "# backward" in text
    assert text.index("tanh") < text.index("# backward") < text.index("subtract")
    close(evaluate(graph, [X])[0][0], 1 - np.tanh(X) ** 2, 1e-14)


def test_nodes_of_the_backward_half_name_whom_they_are_for():
    def f(x):
        with name_scope("dense"):
            return ops.sum(ops.exp(x))

    graph = schuss.trace(schuss.grad(f), X)
    assert {node.scope for node in graph.nodes} == {"", "dense", "backward/dense"}  # "": the argument
    twice = schuss.trace(schuss.grad(lambda x: ops.sum(schuss.grad(f)(x))), X)
    assert "backward/backward/dense" in {node.scope for node in twice.nodes}


def test_gradients_in_a_trace_by_variables_and_by_results_on_the_way():
    w, unused = schuss.Variable([1.0, 2.0]), schuss.Variable([[3.0]])

    def step(x):
        h = w * x
        loss = ops.sum(h * h)
        dw, dh, dx, none = gradients(loss, [w, h, x, unused])
        w.assign_sub(0.1 * dw)
        return dw, dh, dx, none

    graph = schuss.trace(step, np.float32([3.0, 4.0]))
    (dw, dh, dx, none), state = evaluate(graph, [np.float32([3.0, 4.0])])
    assert (dw.tolist(), dh.tolist(), dx.tolist(), none.tolist()) == ([18, 64], [6, 16], [6, 32], [[0]])
    np.testing.assert_allclose(state[w], [1 - 1.8, 2 - 6.4], rtol=1e-6)


def test_gradients_follow_assignments():
    w = schuss.Variable(2.0)

    def two_steps():
        for _ in range(2):
            (dw,) = gradients(w * w, [w])
            w.assign_sub(0.25 * dw)
        return w.value

    assert float(evaluate(schuss.trace(two_steps), [])[0][0]) == 0.5


def test_the_walk_is_linear_and_needs_no_deep_stack():
    def deep(x):
        for _ in range(5000):
            x = x * 1.0 + 0.0
        return x

    assert float(schuss.grad(deep)(2.0)) == 1
    graph = schuss.trace(schuss.grad(deep), 2.0)
    assert len(graph.nodes) <= 4 * 5000 + 10


def test_only_what_lies_between_is_walked():
    def f(x, y):
        a = ops.exp(y)  # not on the way from x
        return ops.sum(a * x)

    graph = schuss.trace(schuss.grad(f), X, X)
    assert [str(node.primitive) for node in graph.nodes if node.scope == "backward"] == [
        "broadcast_in_dim",
        "multiply",
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3), st.integers(2, 4))
def test_the_seed_network_by_hand(seed, n, units, classes):
    """Dense relu, dense softmax, cross-entropy: the textbook's formulas."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5))
    y = np.eye(classes)[rng.integers(0, classes, n)]
    W1, b1, W2, b2 = (
        rng.standard_normal(shape) / 2 for shape in [(5, units), (units,), (units, classes), (classes,)]
    )

    def loss(W1, b1, W2, b2):
        a = ops.relu(x @ W1 + b1)
        return ops.mean(ops.categorical_crossentropy(y, ops.softmax(a @ W2 + b2)))

    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    e = np.exp(a1 @ W2 + b2)
    p = e / e.sum(1, keepdims=True)
    delta2 = (p - y) / n
    delta1 = (delta2 @ W2.T) * (z1 > 0)
    expected = [x.T @ delta1, delta1.sum(0), a1.T @ delta2, delta2.sum(0)]
    value, found = schuss.value_and_grad(loss, argnums=(0, 1, 2, 3))(W1, b1, W2, b2)
    close(value, -np.mean(np.log((p * y).sum(1))), 1e-6)  # Keras keeps probabilities 1e-7 away from 0 and 1
    for dw, by_hand in zip(found, expected, strict=True):
        close(dw, by_hand, 1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: schuss.grad(lambda x: x)(X), ValueError, r"grad: the function must return a scalar, it returned shape \(3,\).*sum.*vjp"),
        (lambda: schuss.grad(lambda x: (x, x))(1.0), TypeError, "returned a tuple of 2.*has_aux=True"),
        (lambda: schuss.grad(lambda x: None)(1.0), TypeError, "returned None"),
        (lambda: schuss.grad(lambda x: ops.cast(x, "int32"))(1.0), TypeError, "must return a float, it returned int32"),
        (lambda: schuss.grad(lambda x: x, has_aux=True)(1.0), TypeError, r"must return \(result, auxiliary\), it returned a Tensor"),
        (lambda: schuss.grad(lambda x: x)(3), TypeError, r"argument 0 has dtype int32 \(shape \(\)\).*cast"),
        (lambda: schuss.value_and_grad(lambda x: x["a"][1])({"a": [1.0, True]}), TypeError, r"value_and_grad: argument 0\['a'\]\[1\] has dtype bool"),
        (lambda: schuss.grad(lambda x, y: x, argnums=1)(1.0, "text"), TypeError, "argument 1 is no array of numbers but str"),
        (lambda: schuss.grad(lambda x: x, argnums=2)(1.0), ValueError, "`argnums`=2, but the function was called with 1 positional argument"),
        (lambda: schuss.grad(lambda x: x)(x=1.0), ValueError, "called with 0 positional arguments"),
        (lambda: schuss.grad(lambda x, y: x, argnums=(0, -2))(1.0, 1.0), ValueError, "names an argument twice"),
        (lambda: schuss.grad(lambda x: x, argnums="x")(1.0), TypeError, "must be an int"),
        (lambda: schuss.grad(3.0), TypeError, "grad: expected a function, got float"),
        (lambda: gradients(1.0, []), RuntimeError, "inside a trace"),
        (lambda: backward([], [], []), RuntimeError, "none is active"),
        (lambda: schuss.trace(lambda x: gradients(x, [x]), X), ValueError, "gradients: the function must return a scalar"),
        (lambda: schuss.trace(lambda x: gradients(x, [schuss.Variable([1], name="n")]), 1.0), TypeError, "variable 'n' has dtype int32"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_tensor_kept_from_another_trace_is_refused():
    kept: list[Tensor] = []
    schuss.grad(lambda x: kept.append(x) or x)(1.0)
    with pytest.raises(RuntimeError, match="trace that has ended"):
        schuss.grad(lambda x: x * 2.0)(kept[0])
    with pytest.raises(RuntimeError, match="outside of the function whose trace made it"):
        schuss.grad(lambda x: x * kept[0])(1.0)


def test_after_an_error_no_trace_is_left_open():
    with pytest.raises(ZeroDivisionError):
        schuss.grad(lambda x: 1 / 0)(1.0)
    assert isinstance(ops.exp(1.0), np.ndarray)
