"""Settings for the whole process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import config, layers, ops


@pytest.fixture(autouse=True)
def _settings_back() -> Iterator[None]:
    yield
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")
    config.enable_interactive_logging()
    config.set_dtype_policy(None)


def test_epsilon_reaches_losses_and_programs() -> None:
    y, p = np.array([[1.0]], "float32"), np.array([[0.0]], "float32")
    for epsilon in (1e-7, 1e-2):
        config.set_epsilon(epsilon)
        assert config.epsilon() == epsilon
        assert float(schuss.losses.binary_crossentropy(y, p)[0]) == pytest.approx(-np.log(epsilon), rel=1e-4)
        model = schuss.Sequential([schuss.Input((1,)), layers.Activation("relu")])
        model.compile(loss="binary_crossentropy")
        assert model.evaluate(p, y, verbose=0) == pytest.approx(-np.log(epsilon), rel=1e-4)


IMAGE_LAYERS = [
    (layers.Conv2D, {"filters": 2, "kernel_size": 2}),
    (layers.Conv2DTranspose, {"filters": 2, "kernel_size": 2}),
    (layers.SeparableConv2D, {"filters": 2, "kernel_size": 2}),
    (layers.MaxPooling2D, {}),
    (layers.AdaptiveAveragePooling2D, {"output_size": 2}),
    (layers.GlobalAveragePooling2D, {}),
    (layers.Cropping2D, {}),
    (layers.ZeroPadding2D, {}),
    (layers.UpSampling2D, {}),
    (layers.Flatten, {}),
    (layers.CenterCrop, {"height": 2, "width": 3}),
    (layers.Resizing, {"height": 3, "width": 7}),
]


@pytest.mark.parametrize(("layer", "arguments"), IMAGE_LAYERS)
def test_image_data_format_of_layers(layer: Any, arguments: dict[str, Any]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    told = layer(**arguments, data_format="channels_first")
    expected = told(x)
    config.set_image_data_format("channels_first")
    untold = layer(**arguments)
    untold.build(x.shape)
    untold.set_weights(told.get_weights())
    np.testing.assert_array_equal(untold(x), expected)
    assert untold.get_config()["data_format"] == "channels_first"


@pytest.mark.parametrize(
    "function",
    [
        lambda x, **kw: ops.conv(x, np.ones((2, 2, x.shape[1 if kw or first() else -1], 2), "float32"), **kw),
        lambda x, **kw: ops.max_pool(x, 2, **kw),
        lambda x, **kw: ops.adaptive_average_pool(x, 2, **kw),
        lambda x, **kw: ops.image.resize(x, (3, 7), **kw),
        lambda x, **kw: ops.image.gaussian_blur(x, **kw),
        lambda x, **kw: ops.image.rgb_to_hsv(x, **kw),
        lambda x, **kw: ops.image.elastic_transform(x, seed=3, **kw),
        lambda x, **kw: ops.image.extract_patches(x, 2, **kw),
    ],
)
def test_image_data_format_of_ops(function: Any) -> None:
    x = np.random.default_rng(0).uniform(size=(2, 3, 4, 4)).astype("float32")
    expected = function(x, data_format="channels_first")
    config.set_image_data_format("channels_first")
    np.testing.assert_array_equal(function(x), expected)


def first() -> bool:
    return config.image_data_format() == "channels_first"


def test_unknown_image_data_format() -> None:
    with pytest.raises(ValueError, match="'channels_last' or 'channels_first'"):
        config.set_image_data_format("NHWC")


def test_progress_goes_to_the_logger(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    model = schuss.Sequential([schuss.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), "float32")
    config.disable_interactive_logging()
    assert not schuss.utils.is_interactive_logging_enabled()
    with caplog.at_level(logging.INFO, "schuss"):
        model.fit(x, x, epochs=2)
        model.fit(x, x, verbose=0)
    assert capsys.readouterr().out == ""
    assert [record.getMessage().split(" - ")[0] for record in caplog.records] == ["Epoch 1/2", "Epoch 2/2"]


def test_policies_under_their_names() -> None:
    config.set_dtype_policy("mixed_float16")
    assert config.dtype_policy() == schuss.dtype_policies.get("mixed_float16")
    assert schuss.mixed_precision.global_policy().name == layers.Dense(1).dtype_policy.name == "mixed_float16"
    described = schuss.dtype_policies.serialize(config.dtype_policy())
    assert schuss.dtype_policies.deserialize(described) == config.dtype_policy()


def test_unsafe_deserialization(monkeypatch: pytest.MonkeyPatch) -> None:
    from schuss.saving import serialization

    monkeypatch.setattr(serialization, "_unsafe", False)
    with pytest.warns(UserWarning, match="lambda"):
        described = schuss.saving.serialize_keras_object(layers.Lambda(lambda x: x * 2))
    with pytest.raises(ValueError, match="safe_mode"):
        schuss.saving.deserialize_keras_object(described)
    config.enable_unsafe_deserialization()
    assert schuss.saving.deserialize_keras_object(described)(3.0) == 6.0
    with pytest.raises(ValueError, match="safe_mode"):
        schuss.saving.deserialize_keras_object(described, safe_mode=True)


def test_names_of_the_backend() -> None:
    assert schuss.backend.is_float_dtype("float16")
    assert schuss.backend.is_int_dtype("uint8")
    assert schuss.backend.standardize_dtype(np.float32) == "float32"
    first, second = schuss.backend.get_uid("thing"), schuss.backend.get_uid("thing")
    assert second == first + 1
