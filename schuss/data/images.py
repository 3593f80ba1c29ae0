"""image_dataset_from_directory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss.config import checked_data_format
from schuss.data._folders import Folder, Loader
from schuss.data._images import CHANNELS, USER, ImageReader
from schuss.data._resizing import INTERPOLATIONS
from schuss.utils._images import pillow

FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
    on_error: str = "raise",
    workers: int | None = None,
) -> Any:
    """Image files in a folder as batches, decoded by threads ahead of training. Needs Pillow.

    With ``labels="inferred"`` the folder has a subfolder for each class: ``folder/cats/1.jpg``,
    ``folder/dogs/1.jpg``, …; files may lie deeper. Endings: .bmp .gif .jpeg .jpg .png.

    Args:
        directory: path of the folder.
        labels: ``"inferred"`` from subfolders; None: no labels; or a list of numbers, one for each file in
            the order of ``sorted`` paths.
        label_mode: ``"int"``: int32 [batch]; ``"categorical"``: float32 [batch, classes], rows of a unit
            matrix; ``"binary"``: float32 [batch, 1], 0 or 1; None: no labels.
        class_names: with ``"inferred"``: the subfolders that count, in the order of their numbers; default:
            all, in alphanumeric order.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``: 3, 4 or 1 channels.
        batch_size: default 32; None: single images.
        image_size: (height, width), or one int for both; default (256, 256).
        shuffle: default True: the files are shuffled by `seed`, and locally in each pass. False:
            alphanumeric order.
        seed: int; None: another one each time.
        validation_split: share of the files, 0 to 1, kept for validation; with `subset`.
        subset: ``"training"``, ``"validation"``, or ``"both"``: two data sets.
        interpolation: ``"bilinear"``, ``"nearest"``, ``"bicubic"``, ``"area"``, ``"lanczos3"``,
            ``"lanczos5"``, ``"gaussian"`` or ``"mitchellcubic"``.
        follow_links: whether to go into folders that are symbolic links.
        crop_to_aspect_ratio, pad_to_aspect_ratio: keep proportions, and cut off what is too much, or fill up
            with zeros. Default: images are stretched.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        format: taken for Keras's sake; a `Dataset` comes back in any case.
        verbose: whether to print how many files were found.
        on_error: ``"raise"``: a file that cannot be decoded ends the iteration with an error; ``"skip"``: it
            is left out with a warning.
        workers: threads that decode; default: one for each core. They change nothing in the results.

    Returns:
        A `Dataset` of batches ``(images, labels)`` or ``images``: float32 [batch, height, width, channels],
        0 to 255 (uint8 with ``"nearest"``). It has ``class_names`` and ``file_paths``. Two for
        ``subset="both"``.

    Raises:
        ValueError: bad arguments; no such files; labels of another number than files. While iterating: a
            file that is no image, with its name.
        FileNotFoundError, NotADirectoryError: there is no such folder.
        ImportError: Pillow is missing.

    Example:
        >>> import os, tempfile, numpy as np, schuss
        >>> from PIL import Image
        >>> folder = tempfile.mkdtemp()
        >>> for name in ("cats", "dogs"):
        ...     os.mkdir(os.path.join(folder, name))
        ...     Image.new("RGB", (40, 30)).save(os.path.join(folder, name, "1.png"))
        >>> data = schuss.utils.image_dataset_from_directory(folder, image_size=(16, 16), seed=1)
        Found 2 files belonging to 2 classes.
        >>> data.class_names
        ['cats', 'dogs']
        >>> [(x.shape, y.shape) for x, y in data]
        [((2, 16, 16, 3), (2,))]
    """
    folder = Folder(
        "image", FORMATS, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if color_mode not in CHANNELS:
        raise ValueError(
            f'`color_mode` must be one of {{"rgb", "rgba", "grayscale"}}. Received: color_mode={color_mode}'
        )
    if str(interpolation).lower() not in INTERPOLATIONS:
        raise ValueError(
            f"Argument `interpolation` should be one of {INTERPOLATIONS}. Received: interpolation={interpolation}"
        )
    data_format = checked_data_format("image_dataset_from_directory", data_format)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio`, `crop_to_aspect_ratio` can be set to `True`.")
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    pillow(USER)
    reader = ImageReader(
        _checked_size(image_size),
        color_mode,
        interpolation.lower(),
        "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "stretch",
        data_format,
    )
    return folder.dataset(Loader(reader, reader.shape, reader.dtype, on_error, workers))


def _checked_size(image_size: Any) -> tuple[int, int]:
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if (
        not isinstance(size, (list, tuple))
        or len(size) != 2
        or not all(isinstance(n, int) and n > 0 for n in size)
    ):
        raise ValueError(
            "Invalid `image_size` value. Expected a tuple of 2 positive integers. Received: "
            f"image_size={image_size}"
        )
    return size[0], size[1]
