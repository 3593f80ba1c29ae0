"""Image operations: gradients, compiled and symbolic use, and what they refuse."""

import numpy as np
import pytest

import schuss
from schuss import ops

X = np.random.default_rng(0).uniform(0.1, 0.9, (2, 5, 6, 3)).astype("float64")
TRANSFORM = np.array([0.9, -0.31, 1.2, 0.27, 0.93, -0.7, 0.01, -0.02])
CORNERS = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 4.0], [5.0, 4.0]])
MOVED = CORNERS + np.array([[0.3, 0.2], [-0.4, 0.6], [0.7, -0.2], [0.1, 0.5]])

DIFFERENTIABLE = {
    "resize": lambda x: ops.image.resize(x, (4, 7)),
    "resize cubic": lambda x: ops.image.resize(x, (4, 7), "bicubic", antialias=True),
    "affine": lambda x: ops.image.affine_transform(x, TRANSFORM, fill_mode="reflect"),
    "affine, of the transform": lambda t: ops.image.affine_transform(X, t, fill_mode="wrap"),
    "perspective": lambda x: ops.image.perspective_transform(x, CORNERS, MOVED),
    "perspective, of the points": lambda p: ops.image.perspective_transform(X, CORNERS, p, fill_value=0.3),
    "hsv": ops.image.rgb_to_hsv,
    "rgb": ops.image.hsv_to_rgb,
    "gray": ops.image.rgb_to_grayscale,
    "blur": lambda x: ops.image.gaussian_blur(x, (3, 5), (0.7, 1.5)),
    "blur, of sigma": lambda s: ops.image.gaussian_blur(X, (3, 3), s),
    "patches": lambda x: ops.image.extract_patches(x, 3, strides=1, padding="same"),
    "sobel": ops.image.sobel_edges,
    "ssim": lambda x: ops.image.ssim(x, X[::-1], filter_size=5),
    "scale": lambda s: ops.image.scale_and_translate(
        X, (2, 4, 7, 3), s, np.array([0.4, -1.3]), (1, 2), "cubic"
    ),
    "elastic": lambda x: ops.image.elastic_transform(x, alpha=2.0, sigma=1.5, seed=3),
}
POINTS = {
    "affine, of the transform": TRANSFORM,
    "perspective, of the points": MOVED,
    "blur, of sigma": np.array([0.8, 1.7]),
    "scale": np.array([0.83, 1.17]),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradient_is_the_difference_quotient(name):
    function, point = DIFFERENTIABLE[name], POINTS.get(name, X)
    weights = np.random.default_rng(1).normal(size=np.shape(function(point)))

    def loss(x):
        return ops.sum(ops.multiply(function(x), weights))

    direction = np.random.default_rng(2).normal(size=point.shape)
    slope = float(np.sum(schuss.grad(loss)(point) * direction))
    step = 1e-6
    if name == "elastic":  # its places are float32
        step = 1e-4
    quotient = (loss(point + step * direction) - loss(point - step * direction)) / (2 * step)
    assert slope == pytest.approx(float(quotient), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_compiled_is_as_evaluated(name):
    function, point = DIFFERENTIABLE[name], POINTS.get(name, X)
    np.testing.assert_allclose(schuss.jit(function)(point), function(point), rtol=1e-6, atol=1e-9)


def test_each_image_has_its_own_elastic_noise_and_one_seed_gives_one_result():
    x = np.tile(np.arange(16.0, dtype="float32").reshape(1, 1, 16, 1), (2, 16, 1, 1))
    y = ops.image.elastic_transform(x, seed=1)
    assert (y[0] != y[1]).any()
    np.testing.assert_array_equal(y, ops.image.elastic_transform(x, seed=1))
    assert (y != ops.image.elastic_transform(x, seed=2)).any()


def test_elastic_transform_moves_as_far_as_a_traced_sigma_says():
    x = np.random.default_rng(0).random((1, 12, 12, 1)).astype("float32")
    traced = schuss.jit(lambda x, s: ops.image.elastic_transform(x, 3.0, s, seed=1))(x, np.float32(2.3))
    np.testing.assert_allclose(traced, ops.image.elastic_transform(x, 3.0, 2.3, seed=1), rtol=1e-4, atol=1e-5)


def test_operations_are_nodes_of_models():
    x = schuss.Input((8, 8, 3))
    y = ops.image.resize(x, (4, 6))
    assert y.shape == (None, 4, 6, 3)
    model = schuss.Model(x, ops.image.rgb_to_grayscale(y))
    data = np.random.default_rng(0).random((2, 8, 8, 3)).astype("float32")
    expected = ops.image.rgb_to_grayscale(ops.image.resize(data, (4, 6)))
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-5)


def test_models_of_operations_come_back_from_their_configs():
    x = schuss.Input((8, 8, 3))
    y = ops.image.gaussian_blur(ops.image.resize(x, (6, 6), interpolation="bicubic"), (3, 3), (0.5, 0.5))
    y = ops.image.extract_patches(ops.image.pad_images(y, 1, 1, target_height=8, target_width=8), 4)
    model = schuss.Model(x, y)
    again = schuss.Model.from_config(model.get_config())
    described = [layer["class_name"] for layer in model.get_config()["layers"]]
    assert described == ["InputLayer", "Resize", "GaussianBlur", "PadImages", "ExtractPatches"]
    data = np.random.default_rng(0).random((2, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))


def test_coordinates_of_integers_are_places():
    x = np.arange(6.0).reshape(2, 3)
    assert ops.image.map_coordinates(x, np.array([[0, 1], [2, 0]]), 1).tolist() == [2.0, 3.0]


def test_what_is_no_number_is_outside():
    y = ops.image.affine_transform(X, np.array([1e30, 0, 0, 0, 1e30, 0, 0, 0]), fill_value=0.25)
    assert (y[:, 1:, 1:] == 0.25).all()


IMAGE = np.zeros((4, 4, 3), "float32")
REFUSED = {
    "rank": lambda: ops.image.resize(np.zeros((4, 4)), (2, 2)),
    "size": lambda: ops.image.resize(IMAGE, (2, 0)),
    "size of one": lambda: ops.image.resize(IMAGE, (2,)),
    "both ratios": lambda: ops.image.resize(
        IMAGE, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True
    ),
    "interpolation": lambda: ops.image.resize(IMAGE, (2, 2), "linear"),
    "fill mode of resizing": lambda: ops.image.resize(IMAGE, (2, 2), fill_mode="reflect"),
    "data format": lambda: ops.image.resize(IMAGE, (2, 2), data_format="last"),
    "fill mode": lambda: ops.image.affine_transform(IMAGE, TRANSFORM, fill_mode="zeros"),
    "transform": lambda: ops.image.affine_transform(IMAGE, TRANSFORM[:6]),
    "points": lambda: ops.image.perspective_transform(IMAGE, CORNERS[:3], MOVED[:3]),
    "other points": lambda: ops.image.perspective_transform(IMAGE, CORNERS, MOVED[None]),
    "coordinates": lambda: ops.image.map_coordinates(IMAGE, np.zeros((2, 5)), 1),
    "channels": lambda: ops.image.rgb_to_grayscale(np.zeros((4, 4, 2))),
    "integers": lambda: ops.image.rgb_to_hsv(np.zeros((4, 4, 3), "uint8")),
    "three of padding": lambda: ops.image.pad_images(IMAGE, 1, 1, 1, target_height=6, target_width=6),
    "negative padding": lambda: ops.image.pad_images(IMAGE, 1, 1, target_height=3, target_width=6),
    "one of cropping": lambda: ops.image.crop_images(IMAGE, 1, 1, target_width=2),
    "large crop": lambda: ops.image.crop_images(IMAGE, 1, 1, target_width=2, target_height=5),
    "patch size": lambda: ops.image.extract_patches(IMAGE, (1, 2, 3, 4)),
    "method": lambda: ops.image.scale_and_translate(IMAGE, (4, 4, 3), [1.0], [0.0], (0,), "area"),
    "scales": lambda: ops.image.scale_and_translate(IMAGE, (4, 4, 3), [1.0], [0.0], (0, 1), "linear"),
    "images of different shapes": lambda: ops.image.ssim(IMAGE, IMAGE[:3]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_name_the_function(name):
    with pytest.raises(ValueError, match=r"^[a-z_]+: "):
        REFUSED[name]()


def test_orders_above_one_are_not_there():
    with pytest.raises(NotImplementedError, match="order"):
        ops.image.map_coordinates(IMAGE, np.zeros((3, 5)), 2)
