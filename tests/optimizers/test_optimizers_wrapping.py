"""Optimizers within optimizers, and fits with various optimizers, against what Keras computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_wrappers import SHAPES, applied, fit, fitted, gradients

import schuss
from schuss import Variable, optimizers
from schuss.backends.reference import evaluate
from schuss.graph import Spec, trace
from schuss.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap

FIGURES = np.load(Path(__file__).parents[1] / "recorded" / "optimizers_wrapping.npz")


def close(got: Any, want: np.ndarray, what: str) -> None:
    error = np.abs(np.asarray(got, "float64") - want).max() / max(np.abs(want).max(), 1e-12)
    assert error <= 2e-5, f"{what}: off by {error:.2g} of the largest element"


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", applied(optimizers))
def test_step_by_step(name: str, traced: bool) -> None:
    optimizer, rng = applied(optimizers)[name], np.random.default_rng(3)
    variables = [
        Variable(np.asarray(rng.normal(size=shape), "float32"), name=key) for key, shape in SHAPES.items()
    ]
    optimizer.build(variables)
    finite = name == "several" or name.startswith("schedule")
    graph = trace(optimizer.apply, [Spec(shape, np.dtype("float32")) for shape in SHAPES.values()])
    for step in range(9):
        found = gradients(rng, 0 if finite else step)
        if traced:
            for variable, array in evaluate(graph, found)[1].items():
                variable.assign(array)
        else:
            optimizer.apply(found, variables)
        for i, variable in enumerate(variables):
            close(variable.array, FIGURES[f"{name}/w{i}.step{step}"], f"{variable.name} after step {step}")
    assert [v.name for v in optimizer.variables] == FIGURES[f"{name}/names"].tolist()
    for i, variable in enumerate(optimizer.variables):
        close(variable.array, FIGURES[f"{name}/state{i}"], variable.name)


@pytest.mark.parametrize("name", fitted(optimizers))
def test_compiled_fit(name: str) -> None:
    history, weights = fit(schuss, fitted(optimizers)[name]())
    close(history["loss"], FIGURES[f"fit/{name}/loss"], "loss")
    for i, array in enumerate(weights):
        close(array, FIGURES[f"fit/{name}/w{i}"], f"weight {i}")


@pytest.mark.parametrize("name", applied(optimizers))
def test_through_a_dict_and_back(name: str) -> None:
    optimizer = applied(optimizers)[name]
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_state_of_inner_optimizers_is_kept() -> None:
    w, store = Variable(np.ones(3, "float32")), {}
    optimizer = LossScaleOptimizer(Adam(0.1))
    optimizer.apply([np.ones(3, "float32")], [w])
    optimizer.save_own_variables(store)
    again, v = LossScaleOptimizer(Adam(0.5)), Variable(w.numpy())
    again.build([v])
    again.load_own_variables(store)
    for one, variable in ((optimizer, w), (again, v)):
        one.apply([np.ones(3, "float32")], [variable])
    assert np.array_equal(v.array, w.array)
    assert float(again.learning_rate) == pytest.approx(0.1)


def test_a_schedule_for_the_inner_optimizer_takes_effect_in_fit() -> None:
    optimizer = LossScaleOptimizer(SGD(0.1))
    model = schuss.Sequential([schuss.Input((2,)), schuss.layers.Dense(1)])
    model.compile(optimizer, "mse")
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, verbose=0)
    optimizer.learning_rate = optimizers.schedules.PiecewiseConstantDecay([100], [0.0, 0.0])
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: LossScaleOptimizer("adam"),  # type: ignore[arg-type]
            "`inner_optimizer` must be an Optimizer, got 'adam'",
        ),
        (lambda: LossScaleOptimizer(SGD(), dynamic=False), "dynamic=False is not supported"),
        (lambda: LossScaleOptimizer(SGD(), clipnorm=1.0), "does not support `clipnorm`"),
        (
            lambda: MultiOptimizer({"a": SGD()}),  # type: ignore[arg-type]
            "must be an OptimizerMap, or a function",
        ),
        (lambda: MultiOptimizer(OptimizerMap(LossScaleOptimizer(SGD()))), "LossScaleOptimizer cannot be one"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_optimizer_map() -> None:
    sgd, adam, other = SGD(), Adam(), SGD()
    chosen = OptimizerMap(sgd, {"a/.*": adam})
    chosen["a/bias"] = other
    assert chosen["a/bias"] is other
    assert chosen["a/kernel"] is adam
    assert chosen["b"] is sgd
    with pytest.raises(ValueError, match="there is an optimizer for 'a/bias' already"):
        chosen["a/bias"] = sgd
    chosen[".*/kernel"] = other
    with pytest.raises(ValueError, match=r"several keys fit the variable 'a/kernel'"):
        chosen["a/kernel"]


def test_several_optimizers_have_no_common_learning_rate() -> None:
    optimizer = MultiOptimizer(lambda variable: SGD(), loss_scale_factor=4.0)
    assert not hasattr(optimizer, "learning_rate")
    with pytest.raises(AttributeError, match="set those of its `optimizers`"):
        optimizer.learning_rate = 0.1
    optimizer.build([Variable(np.ones(2, "float32"))])
    optimizer.loss_scale_factor = 8.0
    assert [o.loss_scale_factor for o in optimizer.optimizers] == [8.0]
