"""Traces, graphs as text, variables, scopes."""

import numpy as np
import pytest

import schuss
from schuss import Spec, StatelessScope, Variable, ops
from schuss.backends.reference import evaluate, evaluate_all
from schuss.graph import _tree, name_scope, tracing, untraced

X = np.arange(6, dtype="float32").reshape(2, 3)


def test_a_graph_is_a_list_of_nodes():
    graph = schuss.trace(lambda x, y: ops.tanh(x @ y), Spec((2, 3), "float32"), Spec((3, 4), "float32"))
    assert [node.primitive.name for node in graph.nodes] == ["dot_general", "tanh"]
    assert [str(t.spec) for t in graph.inputs + graph.outputs] == [
        "float32[2,3]",
        "float32[3,4]",
        "float32[2,4]",
    ]


def test_printing():
    w = Variable(np.ones((3, 2), "float32"), name="w")

    def layer(x):
        with name_scope("dense"):
            return ops.maximum(x @ w, 0)

    assert str(schuss.trace(layer, X)) == (
        "graph(%0: float32[2,3]):\n"
        "  %1: float32[3,2] = variable 'w'\n"
        "  # dense\n"
        "  %2: float32[2,2] = dot_general %0, %1  {contract=((1),(0)) batch=((),())}\n"
        "  %3: float32[2,2] = broadcast_in_dim 0  {shape=(2,2) dims=()}\n"
        "  %4: float32[2,2] = maximum %2, %3\n"
        "  return %4"
    )


def test_what_nothing_needs_is_left_out():
    graph = schuss.trace(lambda x: (ops.exp(x), x + 1)[1], X)
    assert "exponential" not in [node.primitive.name for node in graph.nodes]


def test_structures_come_back():
    graph = schuss.trace(lambda d: {"sum": d["a"] + d["b"], "pair": (d["a"], [])}, {"a": X, "b": 1.0})
    outputs, _ = evaluate(graph, [X, np.float32(1)])
    result = _tree.unflatten(graph.out_tree, outputs)
    assert result["sum"].tolist() == (X + 1).tolist()
    assert result["pair"][1] == []


def test_equal_constants_are_one_and_repetition_is_a_broadcast():
    graph = schuss.trace(lambda x: x * np.full((2, 3), 2, "float32") + ops.ones((2, 3)) * 2.0, X)
    assert all(t.size == 1 for t in graph.constants())
    large = np.broadcast_to(np.arange(3, dtype="float32"), (2, 3))
    assert [t.shape for t in schuss.trace(lambda x: x + large, X).constants()] == [(1, 3)]


def test_operators():
    y = X[::-1] + 1
    for function in (
        lambda a, b: a + b, lambda a, b: 2 - a, lambda a, b: a * 3, lambda a, b: a / b, lambda a, b: a // b,
        lambda a, b: b % 2, lambda a, b: a**2, lambda a, b: -a, lambda a, b: abs(a - 3), lambda a, b: a @ b.T,
        lambda a, b: a < b, lambda a, b: a >= 2, lambda a, b: (a > 1) & (b > 1), lambda a, b: (a > 1) | (b > 1),
        lambda a, b: (a > 1) ^ (b > 1), lambda a, b: ~(a > 1), lambda a, b: a == b, lambda a, b: a != b,
        lambda a, b: a[0, 1:], lambda a, b: 1 / b, lambda a, b: a.reshape(3, 2), lambda a, b: a.reshape((6,)),
        lambda a, b: a.astype("int32") & 3, lambda a, b: sum(row for row in a), lambda a, b: +a,
    ):  # fmt: skip
        graph = schuss.trace(function, X, y)
        np.testing.assert_allclose(evaluate(graph, [X, y])[0][0], function(X, y), rtol=1e-6)


def test_numpy_array_with_a_tensor_asks_the_tensor():
    graph = schuss.trace(lambda x: X * x, X)
    assert evaluate(graph, [X])[0][0].tolist() == (X * X).tolist()


def test_tensors_have_no_numbers():
    with pytest.raises(TypeError, match=r"not known while a function is traced.*schuss.ops.where"):
        schuss.trace(lambda x: 1 if ops.sum(x) > 0 else 2, X)
    with pytest.raises(TypeError, match="no numbers yet"):
        schuss.trace(lambda x: np.sin(np.asarray(x)), X)
    with pytest.raises(TypeError, match="no numbers yet"):
        schuss.trace(lambda x: float(ops.sum(x)), X)


def test_a_tensor_does_not_outlive_its_trace():
    kept = []
    schuss.trace(lambda x: kept.append(x) or x, X)
    with pytest.raises(RuntimeError, match="trace that has ended"):
        ops.add(kept[0], 1)
    with pytest.raises(RuntimeError, match="outside of the function whose trace made it"):
        schuss.trace(lambda x: x + kept[0], X)


def test_inner_traces_capture_outer_tensors():
    with tracing() as outer:
        x = outer.input(Spec((2,), "float32"))
        with tracing() as inner:
            y = x * 2.0
        assert y.trace is inner
        assert [pair[0] for pair in inner.captured.values()] == [x]


def test_variables_are_read_and_assigned():
    v = Variable([1.0, 2.0], name="v")
    place = v.array.__array_interface__["data"]
    graph = schuss.trace(lambda x: (v.assign(v * x), v + 1)[1], np.float32(3))
    assert v.array.tolist() == [1, 2]
    outputs, state = evaluate(graph, [np.float32(3)])
    assert outputs[0].tolist() == [4, 7]
    assert state[v].tolist() == [3, 6]
    v.assign_add([1.0, 1.0])
    v.assign_sub([1.0, 1.0])
    assert v.array.tolist() == [1, 2]
    v.assign(np.array([5, 6]))
    assert v.array.tolist() == [5, 6]
    assert v.array.__array_interface__["data"] == place
    assert v.dtype == "float32"


def test_variables_refuse_other_shapes():
    v = Variable([1.0, 2.0], name="v")
    with pytest.raises(
        ValueError, match=r"Variable 'v' has shape \(2,\); cannot assign a value of shape \(3,\)"
    ):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="needs `shape`"):
        Variable(lambda shape, dtype: np.zeros(shape, dtype))
    with pytest.raises(TypeError, match="unknown argument 'trainabel'"):
        Variable([1.0], trainabel=False)


def test_stateless_scope():
    v = Variable([1.0, 2.0])
    with StatelessScope([(v, np.float32([10, 20]))]) as scope:
        assert v.value.tolist() == [10, 20]
        v.assign(v + 1)
        assert ops.sum(v) == 32
    assert scope.get_current_value(v).tolist() == [11, 21]
    assert v.array.tolist() == [1, 2]


def test_a_scope_inside_a_trace_overrides():
    v = Variable([1.0, 2.0])

    def f(x):
        with StatelessScope([(v, x)]) as scope:
            v.assign(v * 2)
        return scope.get_current_value(v)

    graph = schuss.trace(f, np.float32([3, 4]))
    assert graph.state == []
    assert evaluate(graph, [np.float32([3, 4])])[0][0].tolist() == [6, 8]


def test_untraced_computes_at_once():
    def f(x):
        with untraced():
            count = ops.arange(3)
        return x + count

    assert isinstance(schuss.trace(f, np.float32([1, 2, 3])).constants()[0].array, np.ndarray)


def test_evaluate_checks_its_inputs():
    graph = schuss.trace(lambda x: x + 1, X)
    with pytest.raises(ValueError, match=r"input 0 is float32\[2,3\]; received float32\[3,2\]"):
        evaluate(graph, [X.T])
    with pytest.raises(ValueError, match="has 1 inputs; received 2"):
        evaluate(graph, [X, X])


def test_evaluate_all_keeps_every_value():
    v = Variable(np.float32(2))
    graph = schuss.trace(lambda x: ops.exp(x * v), X)
    values = evaluate_all(graph, [X], {v: np.asarray(np.float32(3))})
    product = graph.nodes[-1].inputs[0]
    assert values[product.id].tolist() == (X * 3).tolist()


@pytest.mark.parametrize("bad", [["a"], [object()], [1 + 2j]])
def test_only_numbers(bad):
    with pytest.raises(TypeError, match="Expected numbers"):
        ops.add(bad, 1)
