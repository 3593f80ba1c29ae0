"""image_dataset_from_directory: pixels as Keras has them, arguments, files that are no images."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from data_folders import IMAGES, image_folder, resizings
from PIL import Image

from schuss.utils import image_dataset_from_directory

FIGURES = np.load(Path(__file__).parent.parent / "recorded" / "data.npz")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "images"
    image_folder(folder)
    return folder


@pytest.fixture
def photos(tmp_path):
    """Two classes; the red value of each image is its number."""
    for name, numbers in (("cat", (1, 2, 3)), ("dog", (4, 5))):
        (tmp_path / name).mkdir()
        for i in numbers:
            Image.new("RGB", (6, 4), (i, 0, 0)).save(tmp_path / name / f"{i}.png")
    return tmp_path


def numbers(data):
    """The numbers of the images in each batch."""
    return [x[:, 0, 0, 0].round().astype(int).tolist() for x, *_ in data]


def read(folder, **arguments):
    return image_dataset_from_directory(folder, **{"image_size": (4, 6), "verbose": False, **arguments})


@pytest.mark.parametrize("name", resizings())
def test_pixels_are_those_of_keras(images, name):
    (x,) = image_dataset_from_directory(images, **IMAGES, **resizings()[name])
    wanted = FIGURES[f"images/{name}"]
    assert (x.shape, x.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(x, wanted, rtol=1e-4, atol=1 if name == "gray" else 2e-3)


def test_batches_and_attributes(photos, capsys):
    data = image_dataset_from_directory(str(photos), batch_size=2, image_size=7, seed=1)
    assert capsys.readouterr().out == "Found 5 files belonging to 2 classes.\n"
    assert [(x.shape, x.dtype, y.dtype, len(y)) for x, y in data] == [
        ((n, 7, 7, 3), np.float32, np.int32, n) for n in (2, 2, 1)
    ]
    assert (len(data), data.class_names, len(data.file_paths)) == (3, ["cat", "dog"], 5)
    assert data.file_paths != sorted(data.file_paths)
    assert data.map(lambda x, y: (x / 255, y)).class_names == ["cat", "dog"]
    image, label = data.element_spec
    assert (image.shape, image.dtype, label.shape) == ((None, 7, 7, 3), np.float32, (None,))


def test_labels_belong_to_their_images(photos):
    for x, y in read(photos, batch_size=2, seed=4):
        assert [(n > 3) for n in x[:, 0, 0, 0]] == y.tolist()


def test_order_is_another_in_each_pass_and_repeats_with_the_seed(photos):
    first, second = read(photos, seed=5), read(photos, seed=5)
    passes = [numbers(first) for _ in range(4)]
    assert [numbers(second) for _ in range(4)] == passes
    assert len({str(p) for p in passes}) > 1
    fixed = read(photos, shuffle=False)
    assert numbers(fixed) == numbers(fixed) == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_workers_change_nothing(photos, workers):
    assert numbers(read(photos, seed=2, batch_size=2, workers=workers)) == numbers(
        read(photos, seed=2, batch_size=2)
    )


def test_without_batches(photos):
    data = read(photos, batch_size=None, label_mode="binary", shuffle=False)
    x, y = next(iter(data))
    assert (x.shape, y.tolist(), len(data)) == ((4, 6, 3), [0.0], 5)


def test_animations_give_their_first_image(tmp_path):
    frames = [Image.new("L", (4, 4), value) for value in (50, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (x,) = read(tmp_path, labels=None, color_mode="grayscale")
    assert np.unique(x).tolist() == [50]


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    Image.fromarray(np.full((4, 4), 200 * 256 + 7, np.uint16)).save(tmp_path / "a.png")
    (x,) = read(tmp_path, labels=None)
    assert np.unique(x).tolist() == [200]


@pytest.mark.parametrize("kind", ["cut", "empty", "text", "png cut"])
def test_damaged_images_are_named(photos, kind):
    broken = photos / "cat" / "0.jpg"
    Image.new("RGB", (40, 40), (9, 9, 9)).save(broken)
    content = broken.read_bytes()
    if kind == "png cut":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(broken, "PNG")
        content = broken.read_bytes()
    broken.write_bytes({"empty": b"", "text": b"not an image"}.get(kind, content[: len(content) // 2]))
    with pytest.raises(ValueError, match=r"cat.0\.jpg cannot be decoded as an image"):
        numbers(read(photos))


def test_damaged_images_can_be_left_out(photos):
    (photos / "cat" / "0.jpg").write_bytes(b"")
    (photos / "dog" / "6.png").write_bytes(b"\x89PNG")
    data = read(photos, on_error="skip", shuffle=False, batch_size=2, workers=3)
    with pytest.warns(UserWarning, match="Left out: .*cannot be decoded") as told:
        assert numbers(data) == [[1, 2], [3, 4], [5]]
    assert len(told) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # said once
        assert numbers(data) == [[1, 2], [3, 4], [5]]


def test_files_that_cannot_be_read(photos):
    os.symlink(photos / "nowhere.png", photos / "cat" / "9.png")
    with pytest.raises(FileNotFoundError, match=r"9\.png"):
        numbers(read(photos))
    with pytest.warns(UserWarning, match=r"Left out: .*9\.png"):
        assert numbers(read(photos, on_error="skip", shuffle=False)) == [[1, 2, 3, 4, 5]]


def test_links_to_folders_are_followed_on_request(photos, tmp_path_factory):
    more = tmp_path_factory.mktemp("more")
    Image.new("RGB", (6, 4), (9, 0, 0)).save(more / "9.png")
    os.symlink(more, photos / "cat" / "more")
    assert numbers(read(photos, shuffle=False)) == [[1, 2, 3, 4, 5]]
    assert numbers(read(photos, shuffle=False, follow_links=True)) == [[1, 2, 3, 9, 4, 5]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "cmyk"}, "color_mode=cmyk"),
        ({"image_size": (3,)}, "Invalid `image_size`"),
        ({"image_size": (0, 3)}, "Invalid `image_size`"),
        ({"image_size": "big"}, "Invalid `image_size`"),
        ({"interpolation": "sinc"}, "interpolation=sinc"),
        ({"data_format": "first"}, "data_format='first'"),
        ({"format": "numpy"}, '"tf" or "grain"'),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "Only one of"),
        ({"on_error": "ignore"}, '"raise" or "skip"'),
        ({"workers": 0}, "workers=0"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_bad_arguments(photos, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(photos, **arguments)


def test_without_pillow(photos, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"image_dataset_from_directory` needs Pillow.*schuss\[images\]"):
        read(photos)
