"""Layers give the outputs, gradients, losses, new states and configs that Keras recorded for them."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops

RECORDED = Path(__file__).parent.parent / "recorded"
FILES = ("layers", "layers_more", "convolutions")
CASES = [
    (file, case)
    for file in FILES
    for case in json.loads((RECORDED / f"{file}.json").read_text())["cases"]
    if {case["class"], case["config"].get("layer", ["Layer"])[0]} <= set(layers.__all__)
]
DESCRIBED = [case for _, case in CASES if "described" in case]


def name_of(value):
    return f"{value['id']}-{value['class']}" if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def figures():
    return {file: dict(np.load(RECORDED / f"{file}.npz")) for file in FILES}


def made(case):
    config = dict(case["config"])
    if "layer" in config:
        kind, inner = config["layer"]
        config["layer"] = getattr(layers, kind)(**inner)
    return getattr(layers, case["class"])(**config)


def close(actual, expected, tolerance):
    scale = float(np.max(np.abs(expected), initial=0.0))
    scale = (
        scale if scale > 1e-5 or scale == 0 else 0.1
    )  # what is 0 but for rounding, as attention's by key/bias
    scale = max(scale, 1e-30)
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(("file", "case"), CASES, ids=name_of)
def test_layer_agrees_with_keras(file, case, figures):
    def array(name):
        return figures[file][f"{case['id']}/{name}"]

    layer = made(case)
    inputs = [array(name) for name in case["arrays"] if name.startswith("input")]
    apart = "input0" in case["arrays"]  # else they are one argument, a list
    given = tuple(inputs) if apart else (inputs,)
    call = {key: value for key, value in case["call"].items() if key not in case["arrays"]}
    if "mask" in call:
        call["mask"] = np.array(call["mask"], bool)
    layer(*given, **call)  # builds
    weights = [array(f"weight{i}") for i in range(len(case["weights"]))]
    assert [v.name for v in layer.weights] == [name.split("/")[-1] for name in case["weights"]]
    layer.set_weights(weights)
    y = layer(*given, **call)
    assert y.dtype == array("output").dtype
    close(y, array("output"), 1e-5)
    if "losses" in case:
        np.testing.assert_allclose([float(v) for v in layer.losses], case["losses"], rtol=1e-5)

    if "output_grad" not in case["arrays"]:
        return
    layer.set_weights(weights)
    trained = layer.trainable_variables
    state = [v.numpy() for v in layer.non_trainable_variables]
    places = {id(v): i for i, v in enumerate(layer.weights)}

    def loss(values, inputs):
        y, new_state = layer.stateless_call(values, state, *(inputs if apart else [inputs]), **call)
        return ops.sum(ops.multiply(y, array("output_grad"))), new_state

    differentiable = all(np.issubdtype(a.dtype, np.floating) for a in inputs)
    argnums = (0, 1) if differentiable else (0,)
    (_, new_state), gradients = schuss.value_and_grad(loss, argnums=argnums, has_aux=True)(
        [v.numpy() for v in trained], inputs
    )
    for variable, gradient in zip(trained, gradients[0]):
        name = f"grad.weight{places[id(variable)]}"
        if name in case["arrays"]:
            close(gradient, array(name), 1e-4)
    for i, name in enumerate(n for n in case["arrays"] if n.startswith("grad.input")):
        close(gradients[1][i], array(name), 1e-4)
    for variable, value in zip(layer.non_trainable_variables, new_state):
        name = f"after.weight{places.get(id(variable))}"
        if name in case["arrays"]:
            close(value, array(name), 1e-5)


def rounded(value):
    """Plain values; numbers to the digits that float32 has (Keras keeps the factors of penalties in it)."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


@pytest.mark.parametrize("case", DESCRIBED, ids=name_of)
def test_config_is_that_of_keras(case):
    config = {key: value for key, value in made(case).get_config().items() if key not in ("name", "layer")}
    assert rounded(config) == rounded(case["described"])
