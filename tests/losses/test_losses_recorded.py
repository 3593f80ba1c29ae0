"""Losses give the values and gradients that Keras recorded for them: configs, shapes, weights, masks."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import losses, ops
from schuss.layers._masks import set_mask

RECORDED = Path(__file__).parent.parent / "recorded"
SETS = {name: np.load(RECORDED / f"{name}.npz") for name in ("losses", "losses_more")}
CASES = {name: json.loads((RECORDED / f"{name}.json").read_text())["cases"] for name in SETS}
NOISE = {"CosineSimilarity": 1e-6}
"""Gradients that are 0 but for rounding: of vectors of one number."""


def close(actual, expected, tolerance, floor=1e-30):
    actual = np.asarray(actual)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(
        actual, expected, rtol=0, atol=max(floor, tolerance * float(np.abs(expected).max()))
    )


def check(case, figures, through=lambda f: f):
    given = {name: figures[f"{case['id']}/{name}"] for name in case["arrays"]}
    loss = getattr(losses, case["class"])(**case["config"])
    weights = [given[name] for name in ("sample_weight",) if name in given]

    def summed(y_pred, y_true, *weights):
        if "mask" in given:
            set_mask(y_pred, given["mask"])
        value = loss(y_true, y_pred, *weights)
        return ops.sum(value), value

    function = through(schuss.value_and_grad(summed, has_aux=True))
    (_, value), gradient = function(given["y_pred"], given["y_true"], *weights)
    close(value, given["value"], 1e-5)
    close(gradient, given["grad.y_pred"], 1e-4, NOISE.get(case["class"], 1e-30))


@pytest.mark.parametrize("case", CASES["losses"], ids=lambda case: f"{case['id']}-{case['class']}")
def test_value_and_gradient(case):
    check(case, SETS["losses"])


@pytest.mark.parametrize("case", CASES["losses"], ids=lambda case: f"{case['id']}-{case['class']}")
def test_compiled_value_and_gradient(case):
    check(case, SETS["losses"], schuss.jit)


SOME = [
    *CASES["losses_more"][:-22:12],
    *(case for case in CASES["losses_more"][-22::3] if case["class"] in ("Circle", "CTC")),
]


@pytest.mark.parametrize("case", SOME, ids=lambda case: f"{case['id']}-{case['class']}")
def test_compiled_value_and_gradient_of_some_further_cases(case):
    check(case, SETS["losses_more"], schuss.jit)


@pytest.mark.parametrize("case", CASES["losses_more"], ids=lambda case: f"{case['id']}-{case['class']}")
def test_value_and_gradient_of_further_configs_weights_and_masks(case):
    check(case, SETS["losses_more"])
