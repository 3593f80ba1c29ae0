"""Models with a `call` of their own."""

import numpy as np
import pytest

import schuss
from schuss import layers

X = np.ones((2, 4), "float32")


class Net(schuss.Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [layers.Dense(units, "relu", name=f"block{i}") for i in range(2)]
        self.drop = layers.Dropout(0.5, seed=1)
        self.head = layers.Dense(2, name="head")

    def call(self, inputs, training=False):
        x = inputs
        for block in self.blocks:
            x = block(x)
        return self.head(self.drop(x, training=training))


def test_weights_appear_with_the_first_call():
    net = Net(name="net")
    assert not net.built
    assert net(X).shape == (2, 2)
    assert [v.path for v in net.weights][:2] == ["net/block0/kernel", "net/block0/bias"]
    assert [layer.name for layer in net.layers][:2] == ["block0", "block1"]
    assert net.count_params() == 15 + 12 + 8
    assert len(net.variables) == len(net.weights) + 1  # the dropout's seed


def test_build_with_a_shape():
    net = Net()
    net.build((None, 4))
    assert net.count_params() == 35
    assert net.blocks[0].kernel.path.endswith("block0/kernel")
    assert net.blocks[0].kernel.path.count(net.name) == 1


def test_config_is_what_it_was_made_with():
    again = Net.from_config(Net(units=5, name="five").get_config())
    assert (again.blocks[0].units, again.name) == (5, "five")


def test_functional_subclass():
    class Both(schuss.Model):
        def __init__(self):
            x = schuss.Input((4,))
            super().__init__(x, layers.Dense(3)(x))

    model = Both()
    assert model.built
    assert model(X).shape == (2, 3)
    assert model.name.startswith("both")


def test_neither_call_nor_outputs():
    with pytest.raises(NotImplementedError, match="neither a `call` method"):
        schuss.Model()(X)


def test_stateless_call():
    net = Net()
    net(X)
    state = [v.numpy() for v in net.non_trainable_variables]
    y, after = net.stateless_call([v.numpy() for v in net.trainable_variables], state, X, training=True)
    assert y.shape == (2, 2)
    assert not np.array_equal(after[0], state[0])
    assert np.array_equal(net.non_trainable_variables[0].numpy(), state[0])
