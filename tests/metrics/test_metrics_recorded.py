"""Metrics give the results that Keras recorded for them, batch after batch: configs, shapes, weights, masks."""

import json
from pathlib import Path

import numpy as np
import pytest

from schuss import metrics
from schuss.layers._masks import set_mask

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = [
    (name, case)
    for name in ("metrics", "metrics_more")
    for case in json.loads((RECORDED / f"{name}.json").read_text())["cases"]
]
FIGURES = {name: np.load(RECORDED / f"{name}.npz") for name in ("metrics", "metrics_more")}


def arrays(name, case):
    return {array: FIGURES[name][f"{case['id']}/{array}"] for array in case["arrays"]}


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}-{case['id']}-{case['class']}" for name, case in CASES]
)
def test_results_batch_after_batch(name, case):
    given = arrays(name, case)
    metric = getattr(metrics, case["class"])(**case["config"])
    for i in range(case["updates"]):
        y_pred = given[f"y_pred{i}"]
        set_mask(y_pred, given.get("mask"))
        metric.update_state(given[f"y_true{i}"], y_pred, sample_weight=given.get(f"sample_weight{i}"))
        result, expected = np.asarray(metric.result()), given[f"result{i}"]
        assert result.shape == expected.shape
        assert result.dtype == expected.dtype
        scale = max(float(np.abs(expected).max()), 1e-30)
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("name", "case"), CASES[::3], ids=[f"{name}-{case['id']}-{case['class']}" for name, case in CASES[::3]]
)
def test_a_metric_from_its_config_gives_the_same_results_after_a_reset(name, case):
    given = arrays(name, case)
    metric = getattr(metrics, case["class"])(**case["config"])
    batch = [given["y_true0"], given["y_pred0"], given.get("sample_weight0")]
    first = np.asarray(metric(*batch))
    metric.reset_state()
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert again.get_config() == metric.get_config()
    np.testing.assert_array_equal(metric(*batch), first)
    np.testing.assert_array_equal(again(*batch), first)
