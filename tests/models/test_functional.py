"""Models from inputs and outputs: shared layers, several inputs and outputs, models as layers, operators."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers

X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


def two_by_two():
    a, b = schuss.Input((4,), name="a"), schuss.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    joined = layers.Concatenate()([shared(a), shared(b)])
    side = layers.Dense(2, name="side")(a)
    first = layers.Dense(6, name="first")(layers.Add()([side, side]))
    second = layers.Dense(1, name="second")(joined)
    return schuss.Model([a, b], [first, second], name="net")


def test_layers_come_in_keras_order():
    names = [layer.name for layer in two_by_two().layers]
    assert names[:4] == ["a", "b", "side", "shared"]
    assert names[-2:] == ["first", "second"]


def test_outputs_are_those_of_the_layers():
    model = two_by_two()
    first, second = model([X, 2 * X])
    shared, side = model.get_layer("shared"), model.get_layer("side")
    assert np.allclose(first, model.get_layer("first")(2 * side(X)), atol=1e-6)
    both = np.concatenate([shared(X), shared(2 * X)], axis=1)
    assert np.allclose(second, model.get_layer("second")(both), atol=1e-6)
    assert len(model.weights) == 8
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["first", "second"]
    assert model.output_shape == [(None, 6), (None, 1)]


def test_inputs_by_name():
    model = two_by_two()
    assert np.array_equal(model({"b": 2 * X, "a": X})[1], model([X, 2 * X])[1])
    with pytest.raises(ValueError, match='missing data for input "b"'):
        model({"a": X})
    with pytest.raises(ValueError, match=r"expects 2 input\(s\), but it received 1"):
        model([X])
    named = schuss.Model({"u": (u := schuss.Input((4,)))}, {"y": layers.Dense(2)(u)})
    assert named({"u": X})["y"].shape == (2, 2)


def test_config_round_trip():
    model = two_by_two()
    config = json.loads(json.dumps(model.get_config()))
    again = schuss.Model.from_config(config)
    again.set_weights(model.get_weights())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    for y, z in zip(model([X, 2 * X]), again([X, 2 * X])):
        assert np.array_equal(y, z)
    assert schuss.layers.serialize(model)["class_name"] == "Functional"


def test_models_are_layers():
    inner = schuss.Sequential([schuss.Input((4,)), layers.Dense(4)], name="inner")
    x = schuss.Input((4,))
    model = schuss.Model(x, inner(inner(x)))
    assert np.allclose(model(X), inner(inner(X)))
    again = schuss.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    assert np.array_equal(again(X), model(X))


def test_a_model_of_the_inside_of_another():
    model = schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(3, name="hidden"), layers.Dense(2, name="top")]
    )
    features = schuss.Model(model.inputs, model.get_layer("hidden").output)
    assert np.array_equal(features(X), model.get_layer("hidden")(X))
    top = schuss.Model(model.get_layer("hidden").output, model.outputs[0])
    assert np.array_equal(top(features(X)), model(X))


def test_operators_on_symbolic_values():
    x = schuss.Input((4,))
    model = schuss.Model(x, 2.0 * x + layers.Dense(4)(x)[:, :1] - x / 2.0)
    assert model.output_shape == (None, 4)
    dense = model.layers[-1]
    assert np.allclose(model(X), 2 * X + dense(X)[:, :1] - X / 2, atol=1e-6)


def test_unknown_sizes_stay_unknown():
    x = schuss.Input((None, 3))
    assert layers.Dense(5)(x).shape == (None, None, 5)

    class Pooled(layers.Layer):
        def call(self, inputs):
            return schuss.ops.sum(inputs, axis=1), schuss.ops.reshape(inputs, (inputs.shape[0], -1))

    pooled, flat = Pooled()(x)
    assert pooled.shape == (None, 3)
    assert flat.shape == (None, None)


def test_layers_built_while_shapes_are_inferred_know_the_shape():
    class Wraps(layers.Layer):
        def __init__(self):
            super().__init__(name="wraps")
            self.dense = layers.Dense(2, name="dense")

        def call(self, inputs):
            return self.dense(inputs)

    wraps = Wraps()
    assert wraps(schuss.Input((4,))).shape == (None, 2)
    assert wraps.dense.get_build_config() == {"input_shape": (None, 4)}
    assert wraps.dense.kernel.path == "wraps/dense/kernel"


def test_a_missing_last_axis_is_added():
    x = schuss.Input((1,))
    model = schuss.Model(x, layers.Dense(2)(x))
    assert model(np.ones(5)).shape == (5, 2)


def test_integer_inputs_are_cast_to_the_declared_type():
    x = schuss.Input((3,), dtype="int32")
    model = schuss.Model(x, layers.Embedding(5, 2)(x))
    assert model(np.array([[0, 1, 4]], "int64")).shape == (1, 3, 2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: schuss.Model(schuss.Input((4,)), layers.Dense(2)(schuss.Input((4,), name="lost"))),
            ValueError,
            "lost",
        ),
        (lambda: schuss.Model(X, X), ValueError, "`inputs` must be made of `Input`s"),
        (lambda: schuss.Model(schuss.Input((4,))), ValueError, "given together"),
        (lambda: two_by_two().get_layer("shard"), ValueError, "shared"),
        (lambda: two_by_two().get_layer(index=20), ValueError, "8 layers"),
        (
            lambda: schuss.Model(
                x := schuss.Input((4,)), layers.Dense(4, name="q")(layers.Dense(4, name="q")(x))
            ),
            ValueError,
            'name "q" is used 2 times',
        ),
        (lambda: np.sin(schuss.Input((4,))), TypeError, "symbolic"),
        (lambda: bool(schuss.Input((4,))), TypeError, "symbolic"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_functions_of_symbolic_values():
    ops = schuss.ops
    x = schuss.Input((4,))
    model = schuss.Model(x, ops.relu(x) + ops.concatenate([x, 2 * x], axis=-1)[:, 4:])
    assert model.output_shape == (None, 4)
    assert np.allclose(model(X), np.maximum(X, 0) + 2 * X)


def test_clones_and_json():
    model = two_by_two()
    for again in (schuss.models.clone_model(model), schuss.models.model_from_json(model.to_json())):
        again.set_weights(model.get_weights())
        assert np.array_equal(again([X, X])[0], model([X, X])[0])
    with pytest.raises(ValueError, match="not JSON"):
        schuss.models.model_from_json("{")


def test_layers_at_the_same_distance_come_in_the_order_in_which_the_outputs_lead_to_them():
    a, b = schuss.Input((4,), name="a"), schuss.Input((4,), name="b")
    shared, between, last = (layers.Dense(4, name=name) for name in ("shared", "between", "last"))
    model = schuss.Model({"z": a, "y": b}, [shared(between(shared(a))), last(shared(b))])
    assert [layer.name for layer in model.layers] == ["a", "shared", "between", "b", "last"]


def test_dicts_of_outputs_keep_their_order():
    x = schuss.Input((4,))
    model = schuss.Model(x, {"z": layers.Dense(2)(x), "a": [layers.Dense(3)(x)]})
    assert list(model(X)) == ["z", "a"]
    assert model.output_shape == [(None, 3), (None, 2)]


def test_inputs_without_names_for_a_dict_in_another_order_are_refused():
    a, b = schuss.Input((4,), name="a"), schuss.Input((4,), name="b")
    difference = layers.Subtract()([b, a])
    assert np.allclose(schuss.Model({"b": b, "a": a}, difference)({"a": X, "b": 3 * X}), 2 * X)
    assert np.allclose(schuss.Model({"a": a, "b": b}, difference)([X, 3 * X]), 2 * X)
    with pytest.raises(ValueError, match="pass a dict with these keys"):
        schuss.Model({"b": b, "a": a}, difference)([3 * X, X])


def test_optional_inputs():
    class Sum(layers.Layer):
        def call(self, x, y=None):
            return x if y is None else x + y

        def compute_output_shape(self, x_shape, y_shape=None):
            return x_shape

    a, b = schuss.Input((4,), name="a"), schuss.Input((4,), name="b", optional=True)
    model = schuss.Model([a, b], Sum()(a, b))
    assert np.array_equal(model([X, None]), X)
    assert np.array_equal(model({"a": X}), X)
    assert np.array_equal(model([X, X]), 2 * X)
    with pytest.raises(ValueError, match='input "a", which is not optional'):
        model([None, X])


def test_a_mask_given_to_the_model_reaches_its_layers():
    class Masked(layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, inputs, mask=None):
            return inputs if mask is None else inputs * schuss.ops.cast(mask[..., None], inputs.dtype)

    x = schuss.Input((3, 2))
    model = schuss.Model(x, Masked()(x))
    mask = np.array([[True, False, True]])
    y = model(np.ones((1, 3, 2)), mask=mask)  # float64: a copy is made on the way
    assert y[0, :, 0].tolist() == [1.0, 0.0, 1.0]


def test_functions_in_a_config():
    ops = schuss.ops
    x = schuss.Input((4,))
    y = ops.concatenate([x, ops.einsum("ij,ij->ij", x, x)], axis=-1)[:, 1:, None]
    y = ops.squeeze(ops.where(y > 0, y, -2.0 * y), axis=-1) / 3
    y = ops.clip(ops.layer_normalization(y, axis=-1), -1.0, ops.cast(1, "float32"))
    model = schuss.Model(x, ops.softmax(y, axis=1))
    config = json.loads(json.dumps(model.get_config()))
    again = schuss.Model.from_config(config)
    assert np.array_equal(again(X), model(X))
    assert json.loads(json.dumps(again.get_config())) == config


def test_functions_that_keras_has_no_class_for():
    x = schuss.Input((4,))
    model = schuss.Model(x, schuss.ops.batch_normalization(x, np.zeros(4), np.ones(4), -1))
    model.get_config()
    own = schuss.layers._symbolic.Operation(lambda value: value + 1, "own")
    with pytest.raises(NotImplementedError, match="cannot be written to a config"):
        schuss.Model(x, own.symbolic_call((x,), {})).get_config()
    config = model.get_config()
    config["layers"][1].update(class_name="Sum", config={"name": "s", "axis": 1, "keepdims": True})
    assert schuss.Model.from_config(config).output_shape == (None, 1)
