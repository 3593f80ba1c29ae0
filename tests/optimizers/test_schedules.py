"""Learning-rate schedules: Keras's values, arguments, dicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schuss import ops
from schuss.backends.reference import evaluate
from schuss.graph import Spec, trace
from schuss.optimizers import SGD, schedules

RECORDED = Path(__file__).parents[1] / "recorded"


def cases() -> list[Any]:
    found = [
        ("schedules", c["class"], c) for c in json.loads((RECORDED / "schedules.json").read_text())["cases"]
    ]
    more = json.loads((RECORDED / "optimizers_more.json").read_text())["cases"]
    found += [("optimizers_more", c["schedule"], c) for c in more if "schedule" in c]
    return [pytest.param(*case, id=f"{case[0]}-{case[2]['id']}-{case[1]}") for case in found]


@pytest.mark.parametrize(("file", "name", "case"), cases())
def test_values(file: str, name: str, case: dict[str, Any]) -> None:
    with np.load(RECORDED / f"{file}.npz") as arrays:
        steps, want = arrays[f"{case['id']}/step"].astype("int32"), arrays[f"{case['id']}/value"]
    rate = schedules.deserialize({"class_name": name, "config": case["config"]})
    got = np.array([np.asarray(rate(step)) for step in steps])
    assert got.dtype == np.float32
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
    assert np.allclose(np.asarray(rate(steps)), got, rtol=1e-6)  # elementwise over arrays of steps


@pytest.mark.parametrize(("file", "name", "case"), cases())
def test_values_in_a_trace(file: str, name: str, case: dict[str, Any]) -> None:
    with np.load(RECORDED / f"{file}.npz") as arrays:
        steps, want = arrays[f"{case['id']}/step"].astype("int32"), arrays[f"{case['id']}/value"]
    rate = schedules.deserialize({"class_name": name, "config": case["config"]})
    graph = trace(rate, Spec((), np.dtype("int32")))
    got = np.array([evaluate(graph, [step])[0][0] for step in steps[::7]])
    assert np.abs(got - want[::7]).max() <= 1e-5 * np.abs(want).max()


@pytest.mark.parametrize(("file", "name", "case"), cases())
def test_through_a_dict_and_back(file: str, name: str, case: dict[str, Any]) -> None:
    rate = schedules.deserialize({"class_name": name, "config": case["config"]})
    described = schedules.serialize(rate)
    assert described["class_name"] == name
    assert described["module"] == "keras.optimizers.schedules"
    again = schedules.deserialize(json.loads(json.dumps(described)))
    assert again.get_config() == rate.get_config()
    assert {**rate.get_config(), **case["config"]} == rate.get_config()


class Harmonic(schedules.LearningRateSchedule):
    def __init__(self, start: float):
        self.start = start

    def __call__(self, step: Any) -> Any:
        return self.start / (ops.cast(step, "float32") + 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"start": self.start}


def test_a_schedule_of_ones_own() -> None:
    optimizer = SGD(Harmonic(0.5))
    assert float(np.asarray(optimizer.learning_rate)) == 0.5
    config = optimizer.get_config()
    again = SGD.from_config(config, custom_objects={"Harmonic": Harmonic})
    assert again.get_config()["learning_rate"] == config["learning_rate"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "`decay_steps` must be a finite number > 0, got 0"),
        (
            lambda: schedules.InverseTimeDecay(0.1, -1, 0.5),
            "`decay_steps` must be a finite number > 0, got -1",
        ),
        (lambda: schedules.PolynomialDecay(0.1, 0), "`decay_steps` must be"),
        (lambda: schedules.CosineDecay(0.1, 0), "`decay_steps` must be"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "`first_decay_steps` must be"),
        (
            lambda: schedules.CosineDecay(-0.1, 10),
            "`initial_learning_rate` must be a finite number >= 0, got -0.1",
        ),
        (lambda: schedules.CosineDecay(0.1, 10, warmup_target=-1.0), "`warmup_target` must be"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0, 2.0]), "got 2 boundaries and 2 values"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1.0, 2.0, 3.0]), "`boundaries` must increase"),
        (
            lambda: schedules.deserialize({"class_name": "CosineDecy", "config": {}}),
            "Did you mean 'CosineDecay'",
        ),
        (lambda: schedules.deserialize("CosineDecay"), "Expected a dict"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
