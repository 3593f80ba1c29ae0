"""jit: compiled functions mean what the functions mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops

pytestmark = pytest.mark.usefixtures("backend")
X = np.arange(6, dtype="float32").reshape(2, 3)


def test_nested_structures_in_and_out() -> None:
    @schuss.jit
    def f(data: dict[str, Any], pair: tuple[Any, Any]) -> dict[str, Any]:
        return {"sum": data["a"] + pair[0], "rest": [pair[1] * 2, None], "name": "f"}

    result = f({"a": X}, (1.0, X))
    assert result["sum"].tolist() == (X + 1).tolist()
    assert result["rest"][0].tolist() == (X * 2).tolist()
    assert (result["rest"][1], result["name"]) == (None, "f")


def test_traced_once_for_each_signature() -> None:
    shapes = []

    @schuss.jit
    def f(x: Any, scale: float = 1.0, flag: bool = False) -> Any:
        shapes.append(x.shape)
        return x * scale if flag else x + scale

    for scale in (1.0, 2.0, 3.0):
        assert f(X, scale).tolist() == (X + scale).tolist()
    assert len(shapes) == 1
    assert f(X[:1], 1.0).shape == (1, 3)
    assert f(X, 5.0, flag=True).tolist() == (X * 5).tolist()
    assert len(shapes) == 3


def test_variables_are_read_and_assigned() -> None:
    w = schuss.Variable(np.ones(3, "float32"))

    @schuss.jit
    def f(x: Any) -> Any:
        w.assign_add(ops.sum(x, axis=0))
        return w * 2.0

    assert f(X).tolist() == [8, 12, 16]
    assert f(X).tolist() == [14, 22, 30]
    assert w.numpy().tolist() == [7, 11, 15]


def test_inside_of_a_trace_it_is_inlined() -> None:
    square = schuss.jit(lambda x: x * x)
    assert float(schuss.grad(lambda x: square(x) + x)(3.0)) == 7.0
    graph = schuss.trace(lambda x: square(x), schuss.Spec((2,), "float32"))
    assert [node.primitive.name for node in graph.nodes] == ["multiply"]
    w = schuss.Variable(2.0)
    with schuss.StatelessScope([(w, np.float32(5))]):
        assert float(schuss.jit(lambda: w * 1.0)()) == 5.0


def test_gradients_inside() -> None:
    slope = schuss.jit(schuss.grad(lambda x: ops.sum(x**3)))
    np.testing.assert_allclose(slope(X), 3 * X**2, rtol=1e-6)


def test_static_arguments() -> None:
    @schuss.jit(static_argnums=1, static_argnames="keep")
    def f(x: Any, axis: int, keep: int = 0) -> Any:
        return ops.sum(x, axis=axis, keepdims=keep == 1)

    assert f(X, 0).tolist() == X.sum(0).tolist()
    assert f(X, 1, keep=1).shape == (2, 1)


def test_variables_and_objects_as_arguments() -> None:
    w = schuss.Variable(np.zeros(3, "float32"))

    @schuss.jit
    def step(variable: schuss.Variable, x: Any) -> None:
        variable.assign(x)

    assert step(w, X[1]) is None
    assert w.numpy().tolist() == [3, 4, 5]


def test_not_a_function() -> None:
    with pytest.raises(TypeError, match="jit: expected a function, got int"):
        schuss.jit(3)


def test_errors_leave_it_usable() -> None:
    f = schuss.jit(lambda x: ops.matmul(x, X))
    with pytest.raises(ValueError):
        f(X)
    assert f(X.T).shape == (3, 3)
