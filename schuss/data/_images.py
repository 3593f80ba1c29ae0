"""One image file as an array of a given size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.data._resizing import resized
from schuss.utils._images import pillow

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
USER = "image_dataset_from_directory"
_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


@dataclass(frozen=True)
class ImageReader:
    """Reads image files: decodes, converts, resizes.

    Args:
        size: (height, width). color_mode: a key of `CHANNELS`. interpolation: how to resize.
        ratio: ``"stretch"``, ``"crop"`` or ``"pad"``: what becomes of images with other proportions.
        data_format: ``"channels_last"`` or ``"channels_first"``.
    """

    size: tuple[int, int]
    color_mode: str
    interpolation: str
    ratio: str
    data_format: str

    @property
    def shape(self) -> tuple[int, int, int]:
        channels = CHANNELS[self.color_mode]
        return (channels, *self.size) if self.data_format == "channels_first" else (*self.size, channels)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype("uint8" if self.interpolation == "nearest" else "float32")

    def __call__(self, path: str) -> np.ndarray:
        """The image in this file.

        Raises:
            ValueError: there is no image in it, or a damaged one. OSError: it cannot be read.
        """
        image = decoded(path, self.color_mode)
        if self.ratio == "pad":
            image = _padded(image, self.size, self.interpolation)
        else:
            image = _cropped(image, self.size) if self.ratio == "crop" else image
            image = resized(image, self.size, self.interpolation)
        return image.transpose(2, 0, 1) if self.data_format == "channels_first" else image


def decoded(path: str, color_mode: str) -> np.ndarray:
    """The image as uint8 [height, width, channels]; the first one of an animation."""
    with open(path, "rb") as file:
        try:
            with pillow(USER).open(file) as image:
                return _pixels(image, color_mode)
        except ImportError:
            raise
        except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, …
            raise ValueError(
                f"{path} cannot be decoded as an image: {error}. Repair or remove the file; "
                'on_error="skip" leaves such files out.'
            ) from error


def _pixels(image: Any, color_mode: str) -> np.ndarray:
    if color_mode == "grayscale":
        image.draft("L", None)  # of a JPEG the brightness as it is stored
    if image.mode.startswith("I"):  # 16 bits: the upper ones
        high = np.asarray(image).astype(np.int64) >> 8
        image = pillow(USER).fromarray(np.clip(high, 0, 255).astype(np.uint8))
    if image.mode != _MODES[color_mode]:
        image = image.convert(_MODES[color_mode])
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _cropped(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The largest part in the middle that has the proportions of `size`."""
    height, width = image.shape[:2]
    rows = max(min(height, int(np.float32(width * size[0]) / np.float32(size[1]))), 1)
    columns = max(min(width, int(np.float32(height * size[1]) / np.float32(size[0]))), 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    return image[top : top + rows, left : left + columns]


def _padded(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """The whole image as large as goes into `size`, with zeros around it."""
    height, width = np.float32(image.shape[0]), np.float32(image.shape[1])
    ratio = max(height / np.float32(size[0]), width / np.float32(size[1]))
    inner = height / ratio, width / ratio
    image = resized(image, (max(1, int(inner[0])), max(1, int(inner[1]))), interpolation)
    top, left = (max(0, int(np.floor((n - m) / 2))) for n, m in zip(size, inner))
    padded = np.zeros((*size, image.shape[2]), image.dtype)
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded
