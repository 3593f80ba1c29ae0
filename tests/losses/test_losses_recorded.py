"""Losses give the values and gradients that Keras recorded for them, by both evaluators."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import losses

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = json.loads((RECORDED / "losses.json").read_text())["cases"]
FIGURES = np.load(RECORDED / "losses.npz")


def close(actual, expected, tolerance):
    actual = np.asarray(actual)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(np.abs(expected).max(), 1e-30))


@pytest.mark.parametrize("compiled", [False, True], ids=["reference", "compiled"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['class']}")
def test_value_and_gradient(case, compiled):
    given = {name: FIGURES[f"{case['id']}/{name}"] for name in case["arrays"]}
    loss = getattr(losses, case["class"])(**case["config"])
    both = schuss.value_and_grad(lambda y_pred, y_true, weight: loss(y_true, y_pred, sample_weight=weight))
    weight = given.get("sample_weight")
    function = (
        schuss.jit(lambda y_pred, y_true, *w: both(y_pred, y_true, *(w or [None])))
        if compiled
        else lambda *args: both(*args, *([] if len(args) > 2 else [None]))
    )
    value, gradient = function(given["y_pred"], given["y_true"], *([] if weight is None else [weight]))
    close(value, given["value"], 1e-5)
    close(gradient, given["grad.y_pred"], 1e-4)
