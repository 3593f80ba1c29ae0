"""Image operations against Keras's figures, compiled and evaluated by reference."""

import json
from pathlib import Path

import numpy as np
import pytest

from schuss import ops

FOLDER = Path(__file__).parents[1] / "recorded"
CASES = json.loads((FOLDER / "images.json").read_text())["operations"]
FIGURES = np.load(FOLDER / "images.npz")


def name_of(number):
    return "-".join([CASES[number]["name"], *(f"{k}={v}" for k, v in CASES[number]["options"].items())])


def close(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    if expected.dtype.kind in "iu":  # rounding may fall either way
        np.testing.assert_allclose(actual.astype("int64"), expected.astype("int64"), atol=1)
        assert (actual == expected).mean() > 0.98
    else:
        np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("number", range(len(CASES)), ids=name_of)
def test_operation_gives_what_keras_gives(number):
    case = CASES[number]
    operands = [FIGURES[f"operation{number}.{i}"] for i in range(case["operands"])]
    options = {
        k: np.array(v, "float32") if k in ("scale", "translation") else v for k, v in case["options"].items()
    }
    close(np.asarray(getattr(ops.image, case["name"])(*operands, **options)), FIGURES[f"operation{number}.y"])
