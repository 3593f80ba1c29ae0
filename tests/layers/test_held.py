"""What a layer holds is looked up once, and anew when the structure has changed."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.graph import structure


class Holding(layers.Layer):
    def __init__(self, part):
        super().__init__()
        self.part = part


def dense(units=2):
    layer = layers.Dense(units)
    layer.build((None, 3))
    return layer


def names(layer):
    return {id(v) for v in layer.weights}


@pytest.mark.parametrize(
    "change",
    [
        lambda layer, new: setattr(layer, "part", [new]),
        lambda layer, new: layer.part.append(new),
        lambda layer, new: layer.part.__setitem__(0, new),
        lambda layer, new: layer.part[1].append(new),
        lambda layer, new: layer.part[2]["key"].append(new),
        lambda layer, new: layer.part[2].__setitem__("plain", new),
        lambda layer, new: layer.part[3][0].append(new),
        lambda layer, new: setattr(layer.part[0], "extra", [new]),
    ],
)
def test_what_is_put_anywhere_is_found(change):
    first, new = dense(), dense()
    layer = Holding([first, [], {"key": [], "plain": 3}, ([],)])
    assert names(layer) == names(first)
    change(layer, new)
    assert names(new) <= names(layer)
    assert new in layer._flatten_layers()


def test_what_is_taken_away_is_gone():
    first, second = dense(), dense()
    layer = Holding([first, second])
    assert names(layer) == names(first) | names(second)
    layer.part.pop()
    assert names(layer) == names(first)
    del layer.part
    assert names(layer) == set()


def test_a_list_that_two_layers_share_counts_for_both():
    shared = [dense()]
    outer = Holding([Holding(shared), Holding(shared)])
    outer.part[0].trainable = False
    assert outer.trainable_variables == []
    shared[0].trainable = True
    assert [id(v) for v in outer.trainable_variables] == [id(v) for v in shared[0].weights]


def test_what_is_trainable_is_seen_at_once():
    layer = Holding([dense()])
    assert len(layer.trainable_variables) == 2
    layer.part[0].bias.trainable = False
    assert [v.name for v in layer.trainable_variables] == ["kernel"]
    layer.trainable = False
    assert layer.trainable_variables == []
    layer.part[0]._trainable = True
    layer._trainable = True
    layer.part[0].kernel.trainable = True
    assert [v.name for v in layer.trainable_variables] == ["kernel"]


def test_the_lists_are_the_callers_own():
    layer = dense()
    for name in ("weights", "variables", "trainable_variables", "metrics"):
        before = len(getattr(layer, name))
        getattr(layer, name).append("mine")
        assert len(getattr(layer, name)) == before


def test_nothing_is_looked_up_again_while_a_model_works():
    model = schuss.Sequential([layers.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")

    def use():
        model.fit(x, y, verbose=0)
        model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)
        model(x)

    use()
    found, mark = model._all(), structure.mark
    use()
    assert model._all() is found
    assert structure.mark is mark
