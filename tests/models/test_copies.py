"""Copies and pickles of layers and models."""

import copy
import pickle

import numpy as np
import pytest

import schuss
from schuss import layers

X = np.linspace(-1, 1, 32).reshape(8, 4).astype("float32")
Y = X[:, :2]


class Net(schuss.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)
        self.drop = layers.Dropout(0.5, seed=1)
        self.top = layers.Dense(2)

    def call(self, inputs, training=False):
        return self.top(self.drop(self.dense(inputs), training=training))


def stack():
    return schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.3), layers.Dense(2)]
    )


def graph():
    x = schuss.Input((4,))
    return schuss.Model(x, layers.Dense(2)(schuss.ops.tanh(layers.Dense(4)(x))))


def own_loss(y_true, y_pred):
    return schuss.ops.mean(schuss.ops.abs(y_true - y_pred), axis=-1)


@pytest.mark.parametrize("make", [stack, graph, Net])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_learns_the_same_and_by_itself(make, copied):
    model = make()
    model.compile("adam", own_loss)
    model.fit(X, Y, verbose=0, batch_size=4)
    again = copied(model)
    assert np.array_equal(again(X), model(X))
    before = model.get_weights()
    first = again.fit(X, Y, verbose=0, batch_size=4, shuffle=False).history
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.fit(X, Y, verbose=0, batch_size=4, shuffle=False).history == first


def test_not_built_and_not_compiled():
    model = copy.deepcopy(schuss.Sequential([layers.Dense(3)]))
    assert not model.built
    assert not model.compiled
    assert not pickle.loads(pickle.dumps(Net())).built


def test_layers():
    layer = layers.Dense(3, activation=schuss.activations.tanh)
    layer.build((None, 4))
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert again.name == layer.name
        assert np.array_equal(again(X), layer(X))
        again.kernel.assign(again.kernel * 0)
        assert layer.kernel.numpy().any()


def test_functions_without_a_name():
    model = schuss.Sequential([schuss.Input((4,)), layers.Lambda(lambda x: x * 2)])
    assert np.array_equal(copy.deepcopy(model)(X), 2 * X)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(model)


def test_a_config_that_does_not_say_all():
    class Grows(schuss.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(4)]

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    model = Grows()
    model.blocks.append(layers.Dense(4))
    model(X)
    with pytest.raises(ValueError, match="2 variables where the original has 4"):
        copy.deepcopy(model)
