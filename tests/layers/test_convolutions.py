"""Convolutions and pools: laws, models that Keras saved, configs, what is refused. Figures are in
test_recorded_layers."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops

MODELS = Path(__file__).parent.parent / "recorded" / "models"
DRAW = np.random.default_rng(0)
SERIES, IMAGES, VOLUMES = (
    DRAW.normal(size=shape).astype("float32") for shape in ((2, 7, 4), (2, 6, 5, 4), (2, 3, 4, 3, 2))
)
OF_RANK = {3: SERIES, 4: IMAGES, 5: VOLUMES}
MADE = [
    layers.Conv1D(3, 2, padding="causal", dilation_rate=2),
    layers.Conv2D(6, (3, 2), strides=(1, 2), groups=2, padding="same", activation="softmax"),
    layers.Conv3D(3, 2, kernel_regularizer="l2", bias_constraint="non_neg"),
    layers.Conv1DTranspose(3, 3, dilation_rate=2),
    layers.Conv2DTranspose(3, 3, strides=2, output_padding=1, padding="same"),
    layers.Conv3DTranspose(3, (1, 2, 3), 2, "same", use_bias=False),
    layers.DepthwiseConv1D(3, depth_multiplier=2),
    layers.DepthwiseConv2D(2, strides=2, depthwise_initializer="he_normal"),
    layers.SeparableConv1D(3, 2, depth_multiplier=2),
    layers.SeparableConv2D(3, 2, padding="same", pointwise_constraint="max_norm"),
    layers.MaxPooling1D(3, 2, "same"),
    layers.MaxPooling2D(),
    layers.MaxPooling3D((1, 2, 3)),
    layers.AveragePooling1D(2),
    layers.AveragePooling2D((3, 2), 1, "same"),
    layers.AveragePooling3D(2),
    layers.AdaptiveAveragePooling1D(3),
    layers.AdaptiveAveragePooling2D((2, 3)),
    layers.AdaptiveAveragePooling3D(2),
    layers.AdaptiveMaxPooling1D((4,)),
    layers.AdaptiveMaxPooling2D(4),
    layers.AdaptiveMaxPooling3D((1, 2, 2)),
]


def named(value):
    return value.name if isinstance(value, layers.Layer) else None


def input_of(layer):
    return OF_RANK[layer.dimensions + 2]


def again(layer, **changed):
    return type(layer).from_config({**layer.get_config(), **changed})


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["small_cnn", "autoencoder", "two_in_two_out"])
def test_models_that_keras_saved(name):
    model = schuss.models.load_model(MODELS / f"{name}.keras", compile=False)
    figures = np.load(MODELS / f"{name}.npz")
    inputs = [figures[key] for key in figures.files if key.startswith("input")]
    x = inputs if len(inputs) > 1 else inputs[0]
    for outputs in (model(x), model.predict(x, verbose=0)):
        for i, y in enumerate(outputs if len(inputs) > 1 else [outputs]):
            close(y, figures[f"output{i}"])


@pytest.mark.parametrize("layer", MADE, ids=named)
def test_round_trip_of_configs(layer):
    described = json.loads(json.dumps(layers.serialize(layer)))
    made = layers.deserialize(described)
    assert type(made) is type(layer)
    assert made.get_config() == layer.get_config()


@pytest.mark.parametrize("layer", MADE, ids=named)
def test_shapes_are_known_before(layer):
    x = input_of(layer)
    fresh = again(layer)
    fixed, varying = schuss.Input(x.shape[1:]), schuss.Input((*(None,) * layer.dimensions, x.shape[-1]))
    shape = np.shape(fresh(x))
    assert fresh(fixed).shape == (None, *shape[1:])
    assert fresh.compute_output_shape(x.shape) == shape
    assert len(fresh(varying).shape) == len(shape)
    assert fresh(varying).shape[-1] == shape[-1]


@pytest.mark.parametrize("layer", MADE, ids=named)
def test_channels_first_is_the_same_with_axes_moved(layer):
    if layer.get_config().get("padding") == "causal":
        layer = again(layer, padding="valid")
    x = input_of(layer)
    last = again(layer, activation="tanh") if hasattr(layer, "activation") else again(layer)
    first = again(last, data_format="channels_first")
    y = last(x)
    first.build(np.moveaxis(x, -1, 1).shape)
    first.set_weights(last.get_weights())
    close(np.moveaxis(first(np.moveaxis(x, -1, 1)), 1, -1), y)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation_rate"), [(1, 1), (2, 1), (1, 2), ((3, 1), 1)])
def test_transposed_convolution_is_the_gradient_of_a_convolution(padding, strides, dilation_rate):
    options = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate, "use_bias": False}
    back = layers.Conv2DTranspose(3, (3, 2), **options)
    x = IMAGES
    y = back(x)
    kernel = back.kernel.numpy()  # [places, filters, channels]: that of a convolution from y to x
    _, pull = schuss.vjp(
        lambda y: ops.conv(y, kernel, strides=strides, padding=padding, dilation_rate=dilation_rate), y * 0
    )
    close(pull(x)[0], y)


def test_causal_convolution_sees_nothing_later():
    layer = layers.Conv1D(2, 3, dilation_rate=2, padding="causal")
    y, later = np.asarray(layer(SERIES)), SERIES.copy()
    later[:, 4:] += 1
    z = np.asarray(layer(later))
    assert np.array_equal(y[:, :4], z[:, :4])
    assert (y[:, 4:] != z[:, 4:]).any(axis=-1).all()


def test_groups_are_convolutions_side_by_side():
    layer = layers.Conv2D(6, 3, groups=2)
    y, kernel = layer(IMAGES), layer.kernel.numpy()
    halves = [ops.conv(IMAGES[..., 2 * i : 2 * i + 2], kernel[..., 3 * i : 3 * i + 3]) for i in (0, 1)]
    close(y, np.concatenate(halves, axis=-1))


def test_separable_is_depthwise_and_pointwise():
    layer = layers.SeparableConv2D(3, 2, strides=2, padding="same", depth_multiplier=2, activation="relu")
    y = layer(IMAGES)
    depthwise, pointwise, bias = layer.get_weights()
    apart = layers.DepthwiseConv2D(2, 2, "same", 2, use_bias=False, weights=[depthwise])
    close(y, layers.Conv2D(3, 1, activation="relu", weights=[pointwise, bias])(apart(IMAGES)))


def test_both_evaluators_train_alike(monkeypatch):
    def trained(backend):
        monkeypatch.setenv("SCHUSS_BACKEND", backend)
        schuss.utils.set_random_seed(1)
        x = schuss.Input((6, 5, 4))
        h = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
        h = layers.Conv2DTranspose(4, 2, strides=2)(layers.DepthwiseConv2D(2, padding="same")(h))
        h = layers.add([layers.MaxPooling2D(3, 2, "same")(h), layers.AveragePooling2D(2)(h)])
        model = schuss.Model(x, layers.Dense(1)(layers.AdaptiveMaxPooling2D(2)(h)))
        model.compile("sgd", "mse")
        model.fit(IMAGES, np.ones((2, 2, 2, 1)), epochs=3, verbose=0)
        return model.get_weights()

    for a, b in zip(trained("cpu"), trained("reference"), strict=True):
        close(a, b, 1e-4)


def test_sizes_of_images_may_vary():
    x = schuss.Input((None, None, 4))
    model = schuss.Model(x, layers.GlobalMaxPooling2D()(layers.MaxPooling2D()(layers.Conv2D(3, 3)(x))))
    assert model.predict(IMAGES, verbose=0).shape == (2, 3)
    assert model.predict(IMAGES[:, :5, :4], verbose=0).shape == (2, 3)
    with pytest.raises(
        ValueError, match=r'Layer "conv2d\w*" \(Conv2D\): .* \(3, 3\) elements .* \(2, 2, 5, 4\)'
    ):
        model(IMAGES[:, :2])


def test_mixed_precision():
    layer = layers.Conv2D(3, 3, dtype="mixed_float16")
    y = layer(IMAGES)
    assert (y.dtype, layer.kernel.numpy().dtype) == ("float16", "float32")
    close(y, layers.Conv2D(3, 3, weights=layer.get_weights())(IMAGES), 1e-2)


def test_bytes_and_integers():
    pixels = np.arange(32, dtype="uint8").reshape(1, 4, 4, 2)
    layer = layers.Conv2D(1, 2, kernel_initializer="ones")
    assert layer(pixels).dtype == "float32"
    assert layers.MaxPooling2D()(pixels).dtype == "uint8"
    assert layers.MaxPooling2D()(schuss.Input((4, 4, 2), dtype="uint8")).dtype == "uint8"
    close(layers.AveragePooling2D(2)(pixels)[0, 0, 0], [5.0, 6.0])


def test_a_subclass_may_change_the_kernel():
    class Standardized(layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel - ops.mean(kernel, axis=(0, 1, 2)))

    layer = Standardized(3, 2, padding="same")
    close(np.asarray(layer(np.ones((1, 4, 4, 1))))[0, :3, :3], 0)


def test_other_names():
    assert layers.Convolution2D is layers.Conv2D
    assert layers.Convolution3DTranspose is layers.Conv3DTranspose
    assert layers.SeparableConvolution1D is layers.SeparableConv1D
    assert (layers.MaxPool3D, layers.AvgPool1D) == (layers.MaxPooling3D, layers.AveragePooling1D)
    assert not hasattr(layers, "DepthwiseConv3D")
    with pytest.raises(AttributeError, match="wraps a part of PyTorch"):
        _ = layers.TorchModuleWrapper


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("Conv2D", {"filters": 0, "kernel_size": 3}, r"`filters` must be a positive integer.*got 0"),
        ("Conv2D", {"filters": 2, "kernel_size": (3, 3, 3)}, r"`kernel_size`.*2 such integers.*\(3, 3, 3\)"),
        (
            "Conv2D",
            {"filters": 2, "kernel_size": 3, "strides": 0},
            "`strides` must be an integer of at least 1",
        ),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "causal"}, "must be 'valid' or 'same'"),
        ("Conv2D", {"filters": 2, "kernel_size": 3, "data_format": "NHWC"}, "`data_format` must be"),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "groups": 2}, "`groups` must divide `filters`"),
        (
            "Conv2D",
            {"filters": 3, "kernel_size": 3, "lora_rank": 0},
            "the rank of an adapter must be a positive integer, got 0",
        ),
        ("Conv1D", {"filters": 2, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, "exclude each other"),
        ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "output_padding": 1}, "smaller than `strides`"),
        ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 0}, "`depth_multiplier`"),
        ("MaxPooling2D", {"pool_size": -1}, "`pool_size` must be an integer of at least 1"),
        ("MaxPooling1D", {"padding": "causal"}, "must be 'valid' or 'same'"),
        ("AdaptiveMaxPooling1D", {"output_size": (1, 2)}, "`output_size` must be an integer of at least 1;"),
    ],
)
def test_arguments_that_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=f"{kind}: .*{message}|{kind}: {message}"):
        getattr(layers, kind)(**arguments)


def test_types_that_are_refused():
    with pytest.raises(TypeError, match="`output_size` must be an integer or a tuple of 2"):
        layers.AdaptiveAveragePooling2D("2")
    with pytest.raises(TypeError, match="pool_size"):
        layers.AveragePooling2D()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Conv2D(2, 3), (1, 5, 3), r"expected min_ndim=4, found ndim=3.*\(1, 5, 3\)"),
        (layers.Conv2D(2, 3), (1, 1, 5, 5, 3), r"expected an input of 4 axes .*\(1, 1, 5, 5, 3\)"),
        (layers.Conv2D(2, 3, groups=2), (1, 5, 5, 3), r"`groups`, which is 2, .* is 3; .*\(1, 5, 5, 3\)"),
        (layers.Conv2D(2, 6), (1, 5, 5, 3), r"sizes \(0, 0\).*\(6, 6\) elements.*\(1, 5, 5, 3\)"),
        (layers.Conv1D(2, 3, dilation_rate=3), (1, 5, 3), r"\(7,\) elements .*dilation_rate \(3,\)"),
        (layers.Conv2D(2, 3), (1, 5, 5, None), "number of channels, axis -1 of the input, must be known"),
        (layers.MaxPooling2D(6), (1, 5, 7, 3), r"window of \(6, 6\) does not fit .*\(1, 5, 7, 3\)"),
        (layers.AveragePooling1D(2), (1, 5, 7, 3), r"expected ndim=3, found ndim=4"),
        (layers.AdaptiveMaxPooling2D(2), (1, 5, 3), r"expected an input of 4 axes .*\(1, 5, 3\)"),
    ],
)
def test_inputs_that_are_refused(layer, shape, message):
    with pytest.raises(ValueError, match=f'(?s)ayer "{layer.name}".*{message}'):
        layer(schuss.Input(batch_shape=shape))


def test_channels_stay_those_of_the_first_call():
    layer = layers.Conv2D(2, 3, data_format="channels_first")
    layer(IMAGES)
    with pytest.raises(ValueError, match="expected axis 1 of input shape to have value 6"):
        layer(IMAGES[:, :5])
