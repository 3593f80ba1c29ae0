"""Whole fits: the same logs, evaluation and final weights as Keras, from the same weights and order of
rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_fits import arguments, build

import schuss

RECORDED = Path(__file__).parents[1] / "recorded"
CASES: dict[str, Any] = json.loads((RECORDED / "fits.json").read_text())["cases"]
ARRAYS = dict(np.load(RECORDED / "fits.npz"))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", CASES)
def test_fit_as_keras(name: str) -> None:
    case = CASES[name]
    model = build(schuss, case)
    count = len(model.get_weights())
    model.set_weights([ARRAYS[f"{name}/before{i}"] for i in range(count)])
    given = arguments(case, ARRAYS)
    history = model.fit(ARRAYS["x"], shuffle=False, verbose=0, **given).history
    assert list(history) == list(case["history"])
    for log, values in case["history"].items():
        np.testing.assert_allclose(history[log], values, rtol=2e-5, atol=1e-6, err_msg=log)
    evaluated = np.atleast_1d(model.evaluate(ARRAYS["x"], given["y"], batch_size=8, verbose=0))
    expected = _without_repetition(case["evaluated"], len(evaluated))
    np.testing.assert_allclose(evaluated, expected, rtol=2e-5, atol=1e-6)
    for i, weight in enumerate(model.get_weights()):
        np.testing.assert_allclose(weight, ARRAYS[f"{name}/after{i}"], rtol=1e-4, atol=1e-5)


def _without_repetition(values: list[float], count: int) -> list[float]:
    """Keras lists a metric twice that is also a weighted one (it goes by the metrics' own names)."""
    return (
        values
        if len(values) == count
        else [*values[:2], *values[-(count - 2) :]]
        if count > 2
        else values[:count]
    )
