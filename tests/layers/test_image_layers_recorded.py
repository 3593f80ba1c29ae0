"""Layers of images against Keras's figures: configs, results without chance, and what they do outside of training."""

import json
from pathlib import Path

import numpy as np
import pytest

from schuss import layers

FOLDER = Path(__file__).parents[1] / "recorded"
CASES = json.loads((FOLDER / "images.json").read_text())["layers"]
FIGURES = np.load(FOLDER / "images.npz")


def name_of(number):
    case = CASES[number]
    options = [f"{k}={v}" for k, v in case["options"].items() if k != "seed"]
    return "-".join([case["name"], *options, *([] if case["training"] else ["still"])])


def tupled(options):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}


def made(case):
    return getattr(layers, case["name"])(**tupled(case["options"]))


@pytest.mark.parametrize("number", range(len(CASES)), ids=name_of)
def test_layer_gives_what_keras_gives(number):
    case, x, expected = CASES[number], FIGURES[f"layer{number}.x"], FIGURES[f"layer{number}.y"]
    y = np.asarray(made(case)(x, training=case["training"]))
    assert y.dtype == expected.dtype
    assert y.shape == expected.shape
    if expected.dtype.kind in "iu":  # rounding may fall either way
        np.testing.assert_allclose(y.astype("int64"), expected.astype("int64"), atol=1)
    else:
        np.testing.assert_allclose(y, expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("number", range(len(CASES)), ids=name_of)
def test_config_is_that_of_keras(number):
    case = CASES[number]
    config = json.loads(json.dumps(made(case).get_config()))
    chance = {"seed"} if "seed" not in case["options"] else set()
    for key in ("name", "dtype", *chance):
        config.pop(key, None)
        case["config"].pop(key, None)
    assert config == case["config"]
    again = type(made(case)).from_config(made(case).get_config())
    assert json.loads(json.dumps(again.get_config())).items() >= config.items()
