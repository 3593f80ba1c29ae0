"""Recurrent layers give the outputs, states, gradients and configs that Keras recorded for them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.graph import _tree

RECORDED = Path(__file__).parent.parent.parent / "recorded"
CASES = json.loads((RECORDED / "rnn.json").read_text())["cases"]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['class']}")


@pytest.fixture(scope="module")
def figures():
    return dict(np.load(RECORDED / "rnn.npz"))


def made(kind, config):
    return getattr(layers, kind)(**{key: within(value) for key, value in config.items()})


def within(value):
    if isinstance(value, list) and value and isinstance(value[0], str):
        return made(*value)
    return [within(item) for item in value] if isinstance(value, list) else value


def close(actual, expected, tolerance):
    assert np.shape(actual) == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(1.0, np.abs(expected).max()))


class Recorded:
    """A case's layer with its weights, and what it is called on."""

    def __init__(self, case, figures):
        prefix = case["id"] + "/"
        self.arrays = {key[len(prefix) :]: a for key, a in figures.items() if key.startswith(prefix)}
        self.x = self.arrays["input"]
        self.states = self.numbered("state")
        self.layer = made(case["class"], case["config"])
        self(self.x, self.states)
        self.layer.set_weights(self.numbered("weight"))

    def numbered(self, name):
        found = [key for key in self.arrays if re.fullmatch(name + r"\d+", key)]
        return [self.arrays[key] for key in sorted(found, key=lambda key: int(key[len(name) :]))]

    def given(self, states):
        given = {"mask": self.arrays["mask"]} if "mask" in self.arrays else {}
        if not states:
            return given
        definition = _tree.flatten(getattr(self.layer, "state_size", [0] * len(states)))[1]
        return {**given, "initial_state": _tree.unflatten(definition, states)}

    def __call__(self, x, states):
        return _tree.leaves(self.layer(x, **self.given(states)))

    def weighted_sum(self, weights, x, states):
        fixed = self.layer.non_trainable_variables
        outputs, _ = self.layer.stateless_call(weights, fixed, x, **self.given(states))
        pairs = zip(_tree.leaves(outputs), self.numbered("output_grad"), strict=True)
        return sum((ops.sum(ops.multiply(y, dy)) for y, dy in pairs), 0.0)


@each
def test_outputs_and_states(case, figures):
    recorded = Recorded(case, figures)
    outputs = recorded(recorded.x, recorded.states)
    for output, expected in zip(outputs, recorded.numbered("output"), strict=True):
        close(output, expected, 1e-5)


@each
def test_gradients(case, figures):
    recorded = Recorded(case, figures)
    gradient = schuss.grad(recorded.weighted_sum, argnums=(0, 1, 2))
    weights = [w.numpy() for w in recorded.layer.trainable_variables]
    by_weights, by_input, by_states = gradient(weights, recorded.x, recorded.states)
    close(by_input, recorded.arrays["grad.input"], 1e-5)
    for value, expected in zip(by_weights, recorded.numbered("grad.weight"), strict=True):
        close(value, expected, 1e-5)
    for value, expected in zip(by_states, recorded.numbered("grad.state"), strict=True):
        close(value, expected, 1e-5)


@each
def test_shapes_are_known_before(case, figures):
    recorded = Recorded(case, figures)
    shapes = [tuple(y.shape) for y in recorded(recorded.x, recorded.states)]
    symbolic = recorded.layer(schuss.Input(batch_shape=(None, *recorded.x.shape[1:])))
    assert [tensor.shape for tensor in _tree.leaves(symbolic)] == [(None, *shape[1:]) for shape in shapes]


def plain(value):
    """A config without what counts layers and how they were built, and without seeds, which Keras forgets for some."""
    if isinstance(value, dict):
        return {
            key: plain(item) for key, item in value.items() if key not in ("name", "build_config", "seed")
        }
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


@each
def test_configs_are_those_of_keras(case):
    layer = made(case["class"], case["config"])
    described = json.loads(json.dumps(layers.serialize(layer)["config"]))
    assert rounded(plain(described)) == rounded(plain(case["described"]))
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


@each
def test_weights_have_the_names_of_keras(case, figures):
    def tails(paths):
        return [re.sub(r"_\d+", "", path).split("/")[-2:] for path in paths]

    weights = Recorded(case, figures).layer.weights
    assert tails(w.path for w in weights) == tails(case["weights"])
