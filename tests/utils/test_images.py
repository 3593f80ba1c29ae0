"""Pictures as arrays and back."""

import io
import sys

import numpy as np
import pytest

from schuss import utils
from schuss.utils._images import smart_resize

RNG = np.random.default_rng(0)
COLORS = RNG.integers(0, 256, (5, 8, 3)).astype("float32")


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_what_is_saved_is_loaded(tmp_path, channels, data_format):
    x = RNG.integers(0, 256, (5, 8, channels)).astype("float32")
    given = x if data_format == "channels_last" else x.transpose(2, 0, 1)
    path = tmp_path / "picture.png"
    utils.save_img(path, given, data_format=data_format, scale=False)
    img = utils.load_img(path, color_mode={1: "grayscale", 3: "rgb", 4: "rgba"}[channels])
    assert img.size == (8, 5)
    np.testing.assert_array_equal(utils.img_to_array(img, data_format=data_format), given)


def test_values_are_stretched_over_bytes():
    x = np.array([[[1.0], [2.0], [3.0]]])
    assert utils.img_to_array(utils.array_to_img(x)).ravel().tolist() == [0.0, 127.0, 255.0]
    assert utils.img_to_array(utils.array_to_img(x * 0 + 7)).ravel().tolist() == [0.0, 0.0, 0.0]


def test_gray_above_bytes_has_32_bits():
    img = utils.array_to_img(np.array([[[1000.0], [70000.0]]]), scale=False)
    assert img.mode == "I"
    assert utils.img_to_array(img, dtype="int32").ravel().tolist() == [1000, 70000]


def test_jpeg_has_no_transparency(tmp_path):
    with pytest.warns(UserWarning, match="RGBA"):
        utils.save_img(tmp_path / "picture.jpg", np.zeros((4, 4, 4)))
    assert utils.load_img(tmp_path / "picture.jpg").mode == "RGB"


def test_loaded_pictures_are_resized(tmp_path):
    path = str(tmp_path / "picture.png")
    utils.save_img(path, COLORS, scale=False)
    near = utils.img_to_array(utils.load_img(path, target_size=(5, 4)))
    np.testing.assert_array_equal(near, COLORS[:, 1::2])
    square = utils.img_to_array(utils.load_img(path, target_size=(5, 5), keep_aspect_ratio=True))
    np.testing.assert_array_equal(square, COLORS[:, 1:6])
    for interpolation in ("bilinear", "bicubic", "lanczos", "box", "hamming"):
        assert utils.load_img(path, target_size=(3, 2), interpolation=interpolation).size == (2, 3)


def test_smart_resize_keeps_the_aspect_ratio():
    np.testing.assert_array_equal(smart_resize(COLORS, (5, 5)), COLORS[:, 1:6])


def test_what_is_no_picture_is_refused(tmp_path):
    utils.save_img(tmp_path / "picture.png", COLORS)
    for call in (
        lambda: utils.array_to_img(np.zeros((4, 4))),
        lambda: utils.array_to_img(np.zeros((4, 4, 2))),
        lambda: utils.array_to_img(np.zeros((4, 4, 3)), data_format="first"),
        lambda: utils.img_to_array(np.zeros((1, 4, 4, 3))),
        lambda: utils.load_img(tmp_path / "picture.png", color_mode="hsv"),
        lambda: utils.load_img(tmp_path / "picture.png", target_size=(2, 2), interpolation="cubic"),
    ):
        with pytest.raises(ValueError, match=r"^[a-z_]+: "):
            call()
    with pytest.raises(TypeError, match="path-like"):
        utils.load_img(3)


def test_without_pillow_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    for call in (lambda: utils.load_img(io.BytesIO()), lambda: utils.array_to_img(COLORS)):
        with pytest.raises(ImportError, match="pip install pillow"):
            call()


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(b"not an image")
    with pytest.raises(OSError, match=r"load_img: .*broken\.png cannot be decoded as an image"):
        utils.load_img(path)
    with pytest.raises(OSError, match="load_img: the content of the BytesIO cannot be decoded"):
        utils.load_img(io.BytesIO(b"not an image"))
