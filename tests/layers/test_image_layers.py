"""Layers of images: what is drawn, when, for which arrays, and in models."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 255, (4, 8, 6, 3)).astype("float32")

RANDOM = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.3},
    "RandomZoom": {"height_factor": 0.4, "width_factor": 0.4},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.3},
    "RandomShear": {"x_factor": 0.5, "y_factor": 0.5},
    "RandomPerspective": {"factor": (1.0, 1.0)},
    "RandomElasticTransform": {"factor": (1.0, 1.0), "scale": (0.9, 1.0)},
    "RandomContrast": {"factor": 0.5},
    "RandomBrightness": {"factor": 0.5},
    "RandomHue": {"factor": 0.9},
    "RandomSaturation": {"factor": (0.1, 0.9)},
    "RandomColorDegeneration": {"factor": (0.1, 0.9)},
    "RandomColorJitter": {
        "brightness_factor": 0.3,
        "contrast_factor": 0.3,
        "saturation_factor": (0.3, 0.6),
        "hue_factor": 0.3,
    },
    "RandomGrayscale": {"factor": 0.5},
    "RandomSharpness": {"factor": 0.9},
    "RandomPosterization": {"factor": (1, 8)},
    "RandomInvert": {"factor": (0.5, 0.5)},
    "RandomErasing": {"factor": (1.0, 1.0), "scale": (0.3, 0.5)},
    "RandomGaussianBlur": {"factor": (0.5, 0.5), "sigma": (0.5, 1.0)},
    "Solarization": {"addition_factor": 0.5, "threshold_factor": 0.5},
    "RandomCrop": {"height": 3, "width": 2},
    "CutMix": {},
    "MixUp": {"alpha": 1.0},
    "RandAugment": {},
    "AugMix": {"num_chains": 2, "chain_depth": 1},
}
SIZED = ("RandomCrop",)


def made(name, **more):
    return getattr(layers, name)(**{**RANDOM[name], "seed": 3, **more})


@pytest.mark.parametrize("name", RANDOM)
def test_one_seed_gives_one_sequence(name):
    first, second = made(name), made(name)
    a, b = first(X, training=True), first(X, training=True)
    np.testing.assert_array_equal(a, second(X, training=True))
    np.testing.assert_array_equal(b, second(X, training=True))
    several = [np.asarray(first(X, training=True)) for _ in range(6)]
    assert any((y != a).any() for y in several), "nothing is drawn anew"
    assert a.dtype == "float32"


@pytest.mark.parametrize("name", [name for name in RANDOM if name not in SIZED])
def test_outside_of_training_nothing_is_changed(name):
    np.testing.assert_array_equal(made(name)(X, training=False), X)


@pytest.mark.parametrize("name", RANDOM)
def test_a_traced_call_is_the_same_as_an_eager_one(name):
    """The same numbers are drawn: from the generator's state."""
    layer, state = made(name), {}
    variables = layer.non_trainable_variables
    start = [v.numpy() for v in variables]

    def call(x):
        y, state["new"] = layer.stateless_call([], start, x, training=True)
        return y

    np.testing.assert_allclose(schuss.jit(call)(X), layer(X, training=True), rtol=1e-4, atol=2e-2)


@pytest.mark.parametrize("name", RANDOM)
def test_one_image_is_a_batch_of_one(name):
    one, batch = made(name)(X[0], training=True), made(name)(X[:1], training=True)
    if name != "CutMix":
        np.testing.assert_array_equal(one, batch[0])
    assert np.shape(one) == np.shape(batch)[1:]


@pytest.mark.parametrize(
    "name", [n for n in RANDOM if n not in ("Solarization", "RandomContrast", "RandomBrightness")]
)
def test_channels_first_is_the_same_with_other_axes(name):
    y = made(name)(X, training=True)
    first = made(name, data_format="channels_first")(np.moveaxis(X, -1, 1), training=True)
    if name == "RandomErasing":  # its noise is drawn in another order
        return
    np.testing.assert_allclose(np.moveaxis(np.asarray(first), 1, -1), y, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("name", RANDOM)
def test_bytes_and_half_precision(name):
    assert made(name)(X.astype("uint8"), training=True).dtype == "float32"
    assert made(name, dtype="mixed_float16")(X / 255, training=True).dtype == "float16"


@pytest.mark.parametrize("name", RANDOM)
def test_symbolic_shape_is_the_real_one(name):
    x = schuss.Input((8, 6, 3))
    y = made(name)(x)
    assert y.shape == (None, *np.shape(made(name)(X, training=True))[1:])
    assert y.dtype == "float32"


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_layers_work_in_compiled_training(monkeypatch, backend):
    if backend == "reference":
        monkeypatch.setenv("SCHUSS_BACKEND", "reference")
    model = schuss.Sequential(
        [
            schuss.Input((8, 6, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip(seed=1),
            layers.RandomRotation(0.1, seed=2),
            layers.RandomContrast(0.2, value_range=(0, 1), seed=3),
            layers.RandomCrop(6, 4, seed=4),
            layers.Flatten(),
            layers.Dense(2, kernel_initializer="zeros"),
        ]
    )
    model.compile("sgd", "mse")
    before = model.layers[1].generator.state.numpy()
    model.fit(X, np.ones((4, 2), "float32"), batch_size=2, epochs=2, verbose=0)
    assert (model.layers[1].generator.state.numpy() - before).tolist() == [0, 4]  # a step, a key
    assert model.predict(X, verbose=0).shape == (4, 2)
    again = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), again)


def test_a_model_with_layers_of_images_comes_back_from_its_config():
    model = schuss.Sequential(
        [
            schuss.Input((8, 6, 3)),
            *(made(name) for name in RANDOM if name not in SIZED),
            layers.Resizing(4, 4),
        ]
    )
    again = schuss.Sequential.from_config(model.get_config())
    assert [type(a) for a in again.layers] == [type(a) for a in model.layers]
    for a, b in zip(again.layers, model.layers, strict=True):
        assert json.dumps(a.get_config()) == json.dumps(b.get_config())


# What is drawn ---


def test_half_of_the_images_are_flipped_each_by_itself():
    x = np.tile(np.arange(2.0).reshape(1, 1, 2, 1), (2000, 1, 1, 1))
    flipped = layers.RandomFlip("horizontal", seed=0)(x, training=True)[:, 0, 0, 0]
    assert 0.45 < flipped.mean() < 0.55


def test_angles_are_uniform_over_the_range():
    drawn = layers.RandomRotation((-0.1, 0.2), seed=0).get_random_transformation(np.zeros((4000, 1, 1, 1)))
    angle = np.asarray(drawn["angle"])
    assert -36 <= angle.min() < -35
    assert 71 < angle.max() < 72
    assert angle.mean() == pytest.approx(18, abs=2)


def test_zoom_keeps_the_shape_unless_the_width_is_drawn_too():
    one = layers.RandomZoom(0.5, seed=0).get_random_transformation(X)
    np.testing.assert_array_equal(one["height_zoom"], one["width_zoom"])
    two = layers.RandomZoom(0.5, 0.5, seed=0).get_random_transformation(X)
    assert (np.asarray(two["height_zoom"]) != np.asarray(two["width_zoom"])).all()


def test_windows_are_drawn_from_all_places():
    x = np.arange(5.0).reshape(1, 5, 1, 1) + 10 * np.arange(4.0).reshape(1, 1, 4, 1)
    layer = layers.RandomCrop(2, 2, seed=0)
    seen = {float(layer(x, training=True)[0, 0, 0, 0]) for _ in range(300)}
    assert seen == {row + 10 * column for row in range(4) for column in range(3)}


def test_outside_of_training_a_crop_is_the_middle():
    x = np.arange(6.0).reshape(1, 1, 6, 1) * np.ones((1, 2, 1, 1))
    y = layers.RandomCrop(2, 2, seed=0)(x, training=False)
    assert y[0, 0, :, 0].tolist() == [2.0, 3.0]


def test_erased_rectangles_have_the_drawn_size():
    x = np.ones((200, 20, 20, 1), "float32")
    y = layers.RandomErasing((1.0, 1.0), (0.25, 0.25), fill_value=0.0, seed=0)(x, training=True)
    erased = (np.asarray(y) == 0).sum(axis=(1, 2, 3))
    assert erased.min() >= 81
    assert erased.max() <= 121
    assert erased.mean() == pytest.approx(100, abs=3)


def test_mixtures_of_labels_are_those_of_images():
    data = {
        "images": np.arange(8.0).reshape(8, 1, 1, 1) * np.ones((8, 4, 4, 1)),
        "labels": np.arange(8.0)[:, None],
    }
    mixed = layers.MixUp(1.0, seed=0)(data, training=True)
    np.testing.assert_allclose(mixed["images"][:, 0, 0, 0], mixed["labels"][:, 0], rtol=1e-5)
    cut = layers.CutMix(seed=2)({**data, "images": data["images"].repeat(8, 1).repeat(8, 2)}, training=True)
    np.testing.assert_allclose(cut["images"].mean(axis=(1, 2, 3)), cut["labels"][:, 0], atol=0.8)


# Dicts ---


def test_masks_move_with_the_images_and_stay_integers():
    x = RNG.integers(0, 5, (4, 8, 8, 1))
    for layer in (layers.RandomFlip(seed=1), layers.RandomRotation(0.3, interpolation="nearest", seed=1)):
        result = layer({"images": x.astype("float32"), "segmentation_masks": x}, training=True)
        assert result["segmentation_masks"].dtype == x.dtype
        np.testing.assert_array_equal(result["images"], result["segmentation_masks"])
    colored = layers.RandomBrightness(0.5)({"images": X, "segmentation_masks": x}, training=True)
    assert colored["segmentation_masks"] is x or (colored["segmentation_masks"] == x).all()


def test_the_given_dict_is_left_as_it_was():
    data = {"images": X, "labels": np.eye(4), "more": np.arange(4)}
    result = layers.Resizing(2, 2)(data)
    assert data["images"] is X
    assert result["images"].shape == (4, 2, 2, 3)
    np.testing.assert_array_equal(result["more"], data["more"])


def test_dicts_of_symbolic_inputs():
    result = layers.Resizing(2, 4)({"images": schuss.Input((8, 8, 3)), "labels": schuss.Input((5,))})
    assert result["images"].shape == (None, 2, 4, 3)
    assert result["labels"].shape == (None, 5)


def test_boxes_stay_where_pixels_stay():
    boxes = {"boxes": np.zeros((4, 1, 4)), "labels": np.zeros((4, 1))}
    data = {"images": X, "bounding_boxes": boxes}
    result = layers.RandomBrightness(0.5)(data, training=True)
    np.testing.assert_array_equal(result["bounding_boxes"]["boxes"], boxes["boxes"])
    with pytest.raises(ValueError, match="bounding boxes cannot be moved"):
        layers.RandomFlip()(data, training=True)


def test_as_many_boxes_for_every_image():
    boxes = {"boxes": RNG.random((4, 3, 4)), "labels": np.arange(12).reshape(4, 3)}
    data = {"images": X, "bounding_boxes": boxes}
    fewer = layers.MaxNumBoundingBoxes(2)(data)["bounding_boxes"]
    np.testing.assert_array_equal(fewer["labels"], boxes["labels"][:, :2])
    more = layers.MaxNumBoundingBoxes(5, fill_value=-2)(data)["bounding_boxes"]
    assert more["boxes"].shape == (4, 5, 4)
    assert (more["boxes"][:, 3:] == -2).all()
    with pytest.raises(ValueError, match="boxes"):
        layers.MaxNumBoundingBoxes(2)({"images": X, "bounding_boxes": {"classes": boxes["labels"]}})


def test_pipelines_apply_their_layers():
    pipeline = layers.Pipeline([layers.RandomFlip(seed=1), layers.Resizing(4, 4), layers.Rescaling(1 / 255)])
    np.testing.assert_allclose(pipeline(X, training=False), layers.Resizing(4, 4)(X) / 255, rtol=1e-5)
    again = layers.deserialize(layers.serialize(pipeline))
    assert [type(layer).__name__ for layer in again.layers] == ["RandomFlip", "Resizing", "Rescaling"]
    assert pipeline(schuss.Input((8, 8, 3))).shape == (None, 4, 4, 3)


# Errors ---

REFUSED = {
    "rank": lambda: layers.RandomFlip()(X[0, 0], training=True),
    "no images": lambda: layers.RandomFlip()({"image": X}, training=True),
    "mode": lambda: layers.RandomFlip("left"),
    "factor": lambda: layers.RandomRotation(1.5),
    "factor of three": lambda: layers.RandomBrightness((0.1, 0.2, 0.3)),
    "factor of words": lambda: layers.RandomContrast("much"),
    "zoom to nothing": lambda: layers.RandomZoom(-1.0),
    "translation": lambda: layers.RandomTranslation(0.1, 1.2),
    "negative shear": lambda: layers.RandomShear(-0.1),
    "scale": lambda: layers.RandomPerspective(scale=2.0),
    "even kernel": lambda: layers.RandomGaussianBlur(kernel_size=4),
    "value range": lambda: layers.RandomBrightness(0.1, value_range=255),
    "gray": lambda: layers.RandomGrayscale(1.5),
    "threshold": lambda: layers.Solarization(threshold_factor=2),
    "bits": lambda: layers.RandomPosterization(9),
    "fill value": lambda: layers.RandomErasing(fill_value=(1, 2)),
    "height": lambda: layers.Resizing(0, 3),
    "interpolation": lambda: layers.Resizing(3, 3, "linear"),
    "alpha": lambda: layers.MixUp(0),
    "data format": lambda: layers.CenterCrop(3, 3, data_format="first"),
    "chains": lambda: layers.AugMix(num_chains=0),
    "channels": lambda: layers.RandomHue(0.5)(X[..., :2], training=True),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_are_value_errors(name):
    with pytest.raises(ValueError, match=r"\w+"):
        REFUSED[name]()


def test_unknown_fill_modes_are_not_implemented():
    for call in (
        lambda: layers.RandomRotation(0.1, fill_mode="zeros"),
        lambda: layers.RandomZoom(0.1, interpolation="bicubic"),
        lambda: layers.RandomElasticTransform(fill_mode="zeros"),
    ):
        with pytest.raises(NotImplementedError, match="Expected one of"):
            call()
    with pytest.raises(TypeError, match="list of layers"):
        layers.Pipeline(layers.Resizing(4, 4))
