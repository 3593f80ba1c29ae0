"""Layers give the outputs, gradients and new states that Keras recorded for them."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = [
    case
    for case in json.loads((RECORDED / "layers.json").read_text())["cases"]
    if case["class"] in layers.__all__
]


@pytest.fixture(scope="module")
def arrays():
    return np.load(RECORDED / "layers.npz")


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def close(actual, expected, tolerance):
    scale = max(float(np.max(np.abs(expected))), 1e-30) if expected.size else 1.0
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['class']}")
def test_layer_agrees_with_keras(case, arrays):
    def array(name):
        return arrays[f"{case['id']}/{name}"]

    layer = getattr(layers, case["class"])(**case["config"])
    inputs = [array(name) for name in case["arrays"] if name.startswith("input")]
    single = "input0" in case["arrays"]
    x = inputs[0] if single else inputs
    call = {key: value for key, value in case["call"].items() if key not in case["arrays"]}
    layer(x, **call)  # builds
    weights = [array(f"weight{i}") for i in range(len(case["weights"]))]
    assert [v.name for v in layer.weights] == case["weights"]
    layer.set_weights(weights)
    close(layer(x, **call), array("output"), 1e-5)

    layer.set_weights(weights)
    trained = layer.trainable_variables
    state = [v.numpy() for v in layer.non_trainable_variables]
    places = {id(v): i for i, v in enumerate(layer.weights)}

    def loss(values, inputs):
        y, new_state = layer.stateless_call(values, state, inputs[0] if single else inputs, **call)
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
