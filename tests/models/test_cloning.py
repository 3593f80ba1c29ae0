"""Models of the same structure with new weights."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.models import clone_model

X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


def stack():
    return schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="stack"
    )


def graph():
    x = schuss.Input((4,), name="x")
    hidden = layers.Dense(4, name="a")
    y = schuss.ops.relu(hidden(hidden(x))) * 2.0
    return schuss.Model(x, layers.Dense(2, name="b")(y), name="graph")


@pytest.mark.parametrize("make", [stack, graph])
def test_new_weights_same_structure(make):
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    again = clone_model(model)
    assert again.name == model.name
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert not np.array_equal(again.get_weights()[0], model.get_weights()[0])
    assert again.compiled
    assert again.optimizer is not model.optimizer
    again.set_weights(model.get_weights())
    assert np.array_equal(again(X), model(X))


def test_functions_without_a_name_are_kept():
    k = 3.0
    model = schuss.Sequential([schuss.Input((4,)), layers.Lambda(lambda x: x * k)])
    assert np.array_equal(clone_model(model)(X), X * 3)


def test_clone_function():
    again = clone_model(stack(), clone_function=lambda layer: layers.Dense(2 * layer.units, name=layer.name))
    assert [layer.units for layer in again.layers] == [6, 4]


def test_call_function():
    def with_dropout(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        return layers.Dropout(0.5, name=f"{layer.name}_drop")(outputs) if layer.name == "b" else outputs

    model = graph()
    again = clone_model(model, clone_function=lambda layer: layer, call_function=with_dropout)
    assert again.get_layer("b") is model.get_layer("b")
    assert again.layers[-1].name == "b_drop"
    assert np.array_equal(again(X), model(X))


def test_input_tensors():
    z = schuss.Input((4,), batch_size=5, name="z")
    for model in (graph(), stack()):
        again = clone_model(model, input_tensors=z)
        assert (again.input_shape, again.output_shape) == ((5, 4), (5, 2))
        with pytest.raises(ValueError, match="input_tensors"):
            clone_model(model, input_tensors=X)


def test_models_within():
    shared = layers.Dense(4, name="shared")
    a, x = schuss.Input((4,)), schuss.Input((4,))
    model = schuss.Model(x, shared(schuss.Model(a, shared(a), name="inner")(x)))
    assert len(clone_model(model).weights) == 4
    assert len(clone_model(model, recursive=True).weights) == 2  # a layer met twice is cloned once


def test_subclasses_by_their_config():
    class Net(schuss.Model):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

    net = Net(5)
    net(X)
    net.compile("sgd", "mse")
    again = clone_model(net)
    assert again.compiled
    assert again.dense.kernel.shape == (4, 5)
    with pytest.raises(ValueError, match="of the class Net"):
        clone_model(net, clone_function=lambda layer: layer)


def test_refused():
    with pytest.raises(ValueError, match="expected a model, got Dense"):
        clone_model(layers.Dense(2))
    with pytest.raises(ValueError, match="is sequential"):
        clone_model(stack(), call_function=lambda layer, x: layer(x))
