"""The text of a kernel or plan: equal for equal code, different for different code, and short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from schuss import ops
from schuss.backends.cpu import compile_graph
from schuss.compiler import Kernel, Plan, plan, structure_of, structure_of_graph, structure_of_plan
from schuss.compiler._context import Pointwise
from schuss.graph import Primitive, Spec, lowering_rules, shape_rules, trace
from schuss.graph.primitives import host_call_p

X = Spec((4, 3), np.dtype("float32"))


def planned(function: Callable[..., Any], *specs: Spec, check: int | None = None) -> Plan:
    return plan(trace(function, *specs), 0, (), check)


def text_of(function: Callable[..., Any], *specs: Spec) -> str:
    return structure_of_plan(planned(function, *(specs or (X,))))


def test_kernels_that_differ_only_in_their_buffers_have_one_text() -> None:
    made = planned(lambda x, y: (ops.tanh(x), ops.tanh(y)), X, X)
    first, second = (structure_of(step) for step in made.steps if isinstance(step, Kernel))
    assert first == second


@pytest.mark.parametrize(
    "other",
    [
        lambda x: ops.exp(x),
        lambda x: ops.tanh(x) + 1,
        lambda x: ops.tanh(ops.transpose(x)),
        lambda x: ops.tanh(x[:2]),
        lambda x: ops.sum(x, axis=0),
        lambda x: ops.max(x, axis=1),
    ],
)
def test_other_computations_have_other_texts(other: Callable[..., Any]) -> None:
    assert text_of(other) != text_of(lambda x: ops.tanh(x))


def test_constants_are_told_apart_to_the_last_bit() -> None:
    def scaled(factor: float) -> str:
        return text_of(lambda x: ops.multiply(x, np.array(factor)), Spec((4,), np.dtype("float64")))

    assert scaled(0.1) != scaled(np.nextafter(0.1, 1))
    assert scaled(0.0) != scaled(-0.0)


def test_types_in_between_are_part_of_it() -> None:
    def through(dtype: str) -> str:
        return text_of(lambda x: ops.cast(ops.cast(x, dtype), "float32"))

    assert len({through("float16"), through("float64"), through("int32")}) == 3


def test_a_plan_is_also_where_its_buffers_lie_and_what_is_checked() -> None:
    def loss(x: Any) -> Any:
        return ops.sum(x)

    made = planned(loss, X)
    text = structure_of_plan(made)
    assert text == structure_of_plan(planned(loss, X))
    assert text != structure_of_plan(planned(loss, X, check=0))
    made.buffers[0].offset += 64
    assert text != structure_of_plan(made)


def test_shared_expressions_are_written_once() -> None:
    def repeated(times: int) -> str:
        def function(x: Any) -> Any:
            for _ in range(times):
                x = ops.tanh(x) * x
            return x

        return text_of(function)

    short, long = (len(repeated(times)) for times in (4, 8))
    assert long < 3 * short


def test_kernels_alike_but_for_a_type_in_between_have_code_of_their_own() -> None:
    def function(x: Any, y: Any) -> Any:
        return ops.cast(ops.cast(x, "float16"), "float32"), ops.cast(ops.cast(y, "float64"), "float32")

    x = np.full((4, 3), 0.1, "float32")
    rounded, whole = compile_graph(trace(function, X, X))(x, x)
    assert (rounded == x.astype("float16")).all()
    assert (whole == x).all()


def test_the_time_to_compile_grows_with_the_operations_not_with_the_paths_through_them() -> None:
    def function(x: Any) -> Any:
        for _ in range(30):
            x = ops.maximum(x, 1) * x
        return x

    assert (compile_graph(trace(function, X))(np.ones((4, 3), "float32"))[0] == 1).all()


GRAPHS: list[Callable[..., Any]] = [
    lambda x: ops.tanh(x),
    lambda x: ops.exp(x),
    lambda x: (ops.tanh(x), x),
    lambda x: ops.tanh(ops.transpose(x)),
    lambda x: ops.sum(x, axis=0),
    lambda x: ops.sum(x, axis=1),
    lambda x: ops.cast(x, "float64"),
    lambda x: x * 0.1,
    lambda x: x * 0.2,
    lambda x: x * np.arange(3, dtype="float32"),
    lambda x: x * np.arange(1, 4, dtype="float32"),
    lambda x: ops.scan(lambda carry, row: (carry + row, carry), x[0], x)[1],
    lambda x: ops.scan(lambda carry, row: (carry * row, carry), x[0], x)[1],
]


def test_graphs_have_one_text_only_if_they_are_one() -> None:
    texts = [[structure_of_graph(trace(function, X)) for function in GRAPHS] for _ in range(2)]
    assert texts[0] == texts[1]
    assert None not in texts[0]
    assert len(set(texts[0])) == len(GRAPHS)


def test_a_graph_that_calls_functions_has_no_text() -> None:
    def on_host(x: Any) -> Any:
        return host_call_p.bind(x, function=lambda x: [x], specs=(X,))[0]

    assert structure_of_graph(trace(on_host, X)) is None


def test_a_graph_of_others_words_has_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schuss.graph._primitive.PRIMITIVES", {})
    mine = Primitive("mine")
    monkeypatch.setitem(shape_rules, mine, lambda x: x)
    assert structure_of_graph(trace(mine.bind, X)) is not None
    monkeypatch.setitem(
        lowering_rules, mine, Pointwise(lambda context, node, index: context.at(node.inputs[0], index))
    )
    assert structure_of_graph(trace(mine.bind, X)) is None
