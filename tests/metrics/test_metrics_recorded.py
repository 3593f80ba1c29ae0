"""Metrics give the results that Keras recorded for them, batch after batch."""

import json
from pathlib import Path

import numpy as np
import pytest

from schuss import metrics

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = json.loads((RECORDED / "metrics.json").read_text())["cases"]
FIGURES = np.load(RECORDED / "metrics.npz")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['class']}")
def test_results_batch_after_batch(case):
    metric = getattr(metrics, case["class"])(**case["config"])
    for i in range(case["updates"]):
        y_true, y_pred, expected = (
            FIGURES[f"{case['id']}/{name}{i}"] for name in ("y_true", "y_pred", "result")
        )
        metric.update_state(y_true, y_pred)
        result = np.asarray(metric.result())
        assert result.shape == expected.shape
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(
            result, expected, rtol=0, atol=1e-5 * max(float(np.abs(expected).max()), 1e-30)
        )
