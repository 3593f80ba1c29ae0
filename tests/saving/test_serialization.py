"""Objects as dicts and back; only what is known is made."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers, saving


@saving.register_keras_serializable("mine")
class Twice(layers.Layer):
    def call(self, inputs):
        return inputs * 2


@saving.register_keras_serializable("mine", name="sq")
def squared(x):
    return x * x


class Stranger(layers.Layer):
    def call(self, inputs):
        return inputs


def through_json(obj):
    return json.loads(json.dumps(saving.serialize_keras_object(obj)))


def test_plain_values():
    for value in (1, 2.5, "x", None, True, [1, [2]], {"a": {"b": 1}}):
        assert saving.deserialize_keras_object(through_json(value)) == value
    assert saving.serialize_keras_object((1, (2,))) == [1, [2]]
    array = saving.deserialize_keras_object(through_json(np.array([1.0, 2.0], "float32")))
    assert array.dtype == "float32"
    assert saving.deserialize_keras_object(through_json(slice(1, None, 2))) == slice(1, None, 2)


def test_registered_classes_and_functions():
    described = through_json(Twice(name="t"))
    assert described["registered_name"] == "mine>Twice"
    assert described["module"] is None
    again = saving.deserialize_keras_object(described)
    assert isinstance(again, Twice)
    assert again.name == "t"
    dense = saving.deserialize_keras_object(through_json(layers.Dense(2, activation=squared)))
    assert dense.activation is squared
    assert saving.get_registered_name(squared) == "mine>sq"
    assert saving.get_registered_object("mine>sq") is squared


def test_strangers_need_a_scope():
    described = through_json(Stranger())
    with pytest.raises(ValueError, match="register it with"):
        saving.deserialize_keras_object(described)
    assert isinstance(
        saving.deserialize_keras_object(described, custom_objects={"Stranger": Stranger}), Stranger
    )
    with saving.custom_object_scope({"Stranger": Stranger}):
        assert isinstance(saving.deserialize_keras_object(described), Stranger)


def test_build_config_builds():
    layer = layers.Dense(2)
    layer.build((None, 3))
    described = through_json(layer)
    assert described["build_config"] == {"input_shape": [None, 3]}
    assert saving.deserialize_keras_object(described).kernel.shape == (3, 2)


def test_code_is_never_run():
    marshalled = {
        "class_name": "__lambda__",
        "config": {"value": "4wEAAAAA", "defaults": None, "closure": None},
    }
    config = {**layers.Lambda(squared).get_config(), "function": marshalled}
    described = {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}
    with pytest.raises(ValueError, match="is not run"):
        saving.deserialize_keras_object(described)
    with pytest.raises(ValueError, match="Unknown class"):
        saving.deserialize_keras_object(
            {"module": "subprocess", "class_name": "Popen", "config": {"args": "ls"}}
        )


def test_lambda_functions_are_read_only_without_safe_mode():
    k = 3.0
    with pytest.warns(UserWarning, match="written to a config as code"):
        described = through_json(layers.Lambda(lambda x, n=2.0: x * n + k))
    with pytest.raises(ValueError, match="safe_mode=False"):
        saving.deserialize_keras_object(described)
    again = saving.deserialize_keras_object(described, safe_mode=False)
    assert again(np.array([1.0])).tolist() == [5.0]
    with pytest.raises(ValueError, match="safe_mode=False"):  # the permission ends with the call
        saving.deserialize_keras_object(described)
    broken = {"class_name": "__lambda__", "config": {"code": "AAAA", "defaults": None, "closure": None}}
    with pytest.raises(ValueError, match="another version of Python"):
        saving.deserialize_keras_object(broken, safe_mode=False)
    secret = object()
    with pytest.raises(TypeError, match="cannot be written to a config"):
        saving.serialize_keras_object(lambda x: secret)


def test_lambda_of_a_registered_function():
    again = saving.deserialize_keras_object(through_json(layers.Lambda(squared)))
    assert again(np.array([3.0])).tolist() == [9.0]


def test_unregistrable():
    with pytest.raises(ValueError, match="get_config"):
        saving.register_keras_serializable()(type("Plain", (), {}))
    with pytest.raises(TypeError, match="no `get_config`"):
        saving.serialize_keras_object(object())


def test_models_and_losses():
    model = schuss.Sequential([schuss.Input((3,)), Twice(), layers.Dense(2)], name="m")
    again = saving.deserialize_keras_object(through_json(model))
    assert again.name == "m"
    assert again.count_params() == 8
