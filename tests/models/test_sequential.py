"""Sequential: building at once, later, or in steps; what may not be in it."""

import numpy as np
import pytest

import schuss
from schuss import layers

X = np.ones((2, 4), "float32")


def outputs(model):
    return np.asarray(model(X))


@pytest.mark.parametrize(
    "first",
    [
        [schuss.Input((4,))],
        [layers.InputLayer(shape=(4,))],
        [layers.Dense(3, input_shape=(4,))],
        [layers.Dense(3, input_dim=4)],
        [layers.Dense(3, batch_input_shape=(None, 4))],
    ],
)
def test_known_input_builds_at_once(first):
    model = schuss.Sequential([*first, layers.Dense(2, name="head")])
    assert model.built
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 2)
    assert model.layers[-1].kernel.path == f"{model.name}/head/kernel"
    assert all(not isinstance(layer, layers.InputLayer) for layer in model.layers)
    assert outputs(model).shape == (2, 2)


def test_unknown_input_builds_at_the_first_call():
    model = schuss.Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built
    assert not model.weights
    assert outputs(model).shape == (2, 2)
    assert model.input_shape == (None, 4)
    assert model(np.ones((7, 4))).shape == (7, 2)
    again = schuss.Sequential([layers.Dense(3)])
    again.build((None, 4))
    assert again.count_params() == 15


def test_add_and_pop():
    model = schuss.Sequential()
    model.add(schuss.Input((4,)))
    model.add(layers.Dense(3))
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    last = model.pop()
    assert last.units == 2
    assert model.output_shape == (None, 3)
    assert len(model.weights) == 2
    model.add(layers.Dense(5))
    assert outputs(model).shape == (2, 5)
    with pytest.raises(ValueError, match="no layers"):
        schuss.Sequential().pop()


def test_composed_of_its_layers():
    model = schuss.Sequential([layers.Dense(3, "relu"), layers.Dense(2, "softmax")])
    y = outputs(model)
    x = X
    for layer in model.layers:
        x = layer(x)
    assert np.array_equal(x, y)
    assert np.allclose(y.sum(axis=1), 1)


def test_models_within_models():
    inner = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)], name="inner")
    model = schuss.Sequential([inner, layers.Dense(2)])
    assert model.built
    assert model.output_shape == (None, 2)
    assert len(model.weights) == 4
    inner.trainable = False
    assert len(model.trainable_weights) == 2


def test_config_round_trip():
    model = schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.1)], name="small"
    )
    again = schuss.Sequential.from_config(model.get_config())
    assert again.name == "small"
    assert [type(layer) for layer in again.layers] == [layers.Dense, layers.Dropout]
    again.set_weights(model.get_weights())
    assert np.array_equal(outputs(again), outputs(model))
    deferred = schuss.Sequential.from_config(schuss.Sequential([layers.Dense(3)]).get_config())
    assert not deferred.built


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schuss.Sequential([3]), "Only layers can be added"),
        (lambda: schuss.Sequential([layers.Flatten]), "It is a class"),
        (lambda: schuss.Sequential(layers.Dense(3)), "must be a list"),
        (lambda: schuss.Sequential([layers.Dense(3, name="a"), layers.Dense(3, name="a")]), "unique"),
        (lambda: schuss.Sequential([layers.Dense(3), schuss.Input((4,))]), "can only be the first"),
        (lambda: schuss.Sequential().build((None, 4)), "no layers"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_wrong_data_names_the_model_and_both_shapes():
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)], name="net")
    with pytest.raises(ValueError, match=r'"net".*expected shape=\(None, 4\), found shape=\(2, 5\)'):
        model(np.ones((2, 5)))
    with pytest.raises(ValueError, match=r'"net".*\(None, 4\), found ndim=3'):
        model(np.ones((2, 2, 5)))


def test_shape_errors_inside_name_the_layer_when_the_model_is_made():
    with pytest.raises(ValueError, match='"bad"'):
        schuss.Sequential([schuss.Input((4,)), layers.Reshape((3, 3), name="bad")])


def test_one_layer_in_two_places():
    same = layers.Dense(4, name="same")
    model = schuss.Sequential([schuss.Input((4,)), same, same])
    assert len(model.weights) == 2
    assert np.allclose(model(np.ones((1, 4))), same(same(np.ones((1, 4)))))


def test_the_batch_size_of_a_build_is_kept_that_of_a_call_is_not():
    model = schuss.Sequential([layers.Dense(2)])
    model.build((3, 4))
    assert (model.input_shape, model.output_shape) == ((3, 4), (3, 2))
    assert model(np.ones((5, 4))).shape == (5, 2)
    model = schuss.Sequential([layers.Dense(2)])
    model(np.ones((3, 4)))
    assert model.input_shape == (None, 4)


def test_layers_without_a_list():
    with pytest.raises(ValueError, match="must be a list of layers"):
        schuss.Sequential(layers.Dense(2))
    with pytest.raises(ValueError, match="given in a list"):
        schuss.Sequential(layers.Dense(2), layers.Dense(3))
