"""Optimizers against what Keras computed: variables after every step, eagerly and through a traced step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schuss import Variable, ops, optimizers
from schuss.backends.reference import evaluate
from schuss.graph import Spec, trace

RECORDED = Path(__file__).parents[1] / "recorded"


def cases(name: str) -> list[Any]:
    found = json.loads((RECORDED / f"{name}.json").read_text())["cases"]
    return [pytest.param(name, c, id=f"{name}-{c['id']}-{c['class']}") for c in found if "class" in c]


CASES = [*cases("optimizers"), *cases("optimizers_more")]


class Recording:
    """A recorded case: its arrays, and the optimizer and variables that are to repeat it."""

    def __init__(self, name: str, case: dict[str, Any]):
        with np.load(RECORDED / f"{name}.npz") as file:
            self.arrays = {key: file[f"{case['id']}/{key}"] for key in case["arrays"]}
        self.case = case
        names = case.get("variables") or [key for key in ("var0", "var1") if key in self.arrays]
        self.names = names
        self.variables = [Variable(self.arrays[f"var{i}"], name=n) for i, n in enumerate(names)]
        if "constraint" in case:
            self.variables[names.index(case["constraint"])].constraint = lambda w: ops.maximum(w, 0.0)
        self.optimizer = optimizers.deserialize({"class_name": case["class"], "config": case["config"]})
        if "exclude" in case:
            self.optimizer.exclude_from_weight_decay(var_names=case["exclude"])
        self.optimizer.build(self.variables)

    def gradients(self, step: int) -> list[Any]:
        missing = self.case.get("without", {}).get(str(step), [])
        return [
            None if n in missing else self.arrays[f"grad{i}.step{step}"] for i, n in enumerate(self.names)
        ]

    def before(self, step: int) -> None:
        rate = self.case.get("set_learning_rate", {}).get(str(step))
        if rate is not None:
            self.optimizer.learning_rate = rate

    def check(self, step: int) -> None:
        for i, variable in enumerate(self.variables):
            close(variable.array, self.arrays[f"var{i}.step{step}"], f"{self.names[i]} after step {step}")

    def check_end(self) -> None:
        for i, name in enumerate(self.case.get("state", [])):
            got, want = self.optimizer.variables[i], self.arrays[f"state{i}"]
            assert got.shape == want.shape, name
            assert got.dtype == want.dtype, name
            close(got.array, want, name, rtol=3e-5)  # 1 - 0.999 in float32 is right to 1.3e-5
        if self.case.get("finalize"):
            self.optimizer.finalize_variable_values(self.variables)
            for i, variable in enumerate(self.variables):
                close(variable.array, self.arrays[f"var{i}.final"], f"{self.names[i]} at the end")


def close(got: np.ndarray, want: np.ndarray, what: str, rtol: float = 1e-5) -> None:
    error = np.abs(got.astype("float64") - want).max() / max(np.abs(want).max(), 1e-12)
    assert error <= rtol, f"{what}: off by {error:.2g} of the largest element"


@pytest.mark.filterwarnings("ignore:.*gradients do not exist")
@pytest.mark.parametrize(("name", "case"), CASES)
def test_step_by_step(name: str, case: dict[str, Any]) -> None:
    recording = Recording(name, case)
    for step in range(case["steps"]):
        recording.before(step)
        recording.optimizer.apply(recording.gradients(step), recording.variables)
        recording.check(step)
    recording.check_end()


@pytest.mark.parametrize(("name", "case"), [c for c in CASES if "without" not in c.values[1]])
def test_traced_step(name: str, case: dict[str, Any]) -> None:
    """One trace is right for all steps: nothing about the step is decided while tracing."""
    recording = Recording(name, case)
    graph = trace(recording.optimizer.apply, [Spec.of(g) for g in recording.gradients(0)])
    for step in range(case["steps"]):
        recording.before(step)
        _, state = evaluate(graph, recording.gradients(step))
        for variable, array in state.items():
            variable.assign(array)
        recording.check(step)
    recording.check_end()
