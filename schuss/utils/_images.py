"""Pictures as arrays and arrays as pictures, by Pillow, which is imported where it is needed."""

from __future__ import annotations

import importlib
import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schuss.config import checked_data_format
from schuss.graph import floatx

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
_GRAY_MODES = ("L", "I;16", "I")
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow(user: str) -> Any:
    """Pillow's `Image` module; an ImportError says that `user` needs it."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise ImportError(
            f"`{user}` needs Pillow, which is not installed: pip install pillow, or schuss[images]."
        ) from None


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as a picture.

    Args:
        x: [height, width, channels], of 1 (gray), 3 (RGB) or 4 channels (RGBA).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        scale: whether to stretch the values from their least to their largest over 0 to 255. Default True.
        dtype: in which to do so. Default: floatx.

    Returns:
        A `PIL.Image.Image`; of mode I (32 bits) if it is gray and has values above 255.

    Raises:
        ValueError: another number of axes or channels. ImportError: Pillow is not installed.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.utils.array_to_img(np.zeros((4, 6, 3))).size
        (6, 4)
    """
    data_format = checked_data_format("array_to_img", data_format)
    images = pillow("array_to_img")
    x = np.asarray(x, dtype=dtype or floatx())
    if x.ndim != 3:
        raise ValueError(
            f"array_to_img: expected image array to have rank 3 (single image). Got array with shape: {x.shape}"
        )
    if data_format == "channels_first":
        x = x.transpose(1, 2, 0)
    if x.shape[2] not in (1, 3, 4):
        raise ValueError(f"array_to_img: unsupported channel number: {x.shape[2]}. Expected 1, 3 or 4.")
    if scale:
        x = x - np.min(x)
        largest = np.max(x)
        x = (x / largest if largest != 0 else x) * 255
    if x.shape[2] > 1:
        return images.fromarray(np.ascontiguousarray(x.astype("uint8")))
    return images.fromarray(x[:, :, 0].astype("int32" if np.max(x) > 255 else "uint8"))


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A picture as an array, [height, width, channels].

    Args:
        img: a `PIL.Image.Image`, or an array of 2 or 3 axes.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``. dtype: default: floatx.

    Raises:
        ValueError: another number of axes.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.utils.img_to_array(schuss.utils.array_to_img(np.zeros((4, 6, 1)))).shape
        (4, 6, 1)
    """
    first = checked_data_format("img_to_array", data_format) == "channels_first"
    x = np.asarray(img, dtype=dtype or floatx())
    if x.ndim == 3:
        return x.transpose(2, 0, 1) if first else x
    if x.ndim == 2:
        return x[None] if first else x[:, :, None]
    raise ValueError(f"img_to_array: unsupported image shape: {x.shape}. Expected 2 or 3 axes.")


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture.

    Args:
        path: file name, or an open file (then give `file_format`).
        x, data_format, scale: as for `array_to_img`.
        file_format: ``"png"``, ``"jpeg"``, …; default: by the name. **kwargs: for Pillow's `save`.

    Raises:
        ValueError: an array that is no picture, or an unknown format. ImportError: Pillow is not installed.
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = os.path.splitext(os.fspath(path))[1][1:]
    file_format = file_format.lower() if file_format else file_format
    file_format = "jpeg" if file_format == "jpg" else file_format
    img = array_to_img(x, data_format=data_format, scale=scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("The JPEG format does not support RGBA images, converting to RGB.", stacklevel=2)
        img = img.convert("RGB")
    img.save(path, format=file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Sequence[int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture.

    Args:
        path: file name, or `io.BytesIO`.
        color_mode: ``"rgb"`` (default), ``"rgba"`` or ``"grayscale"``.
        target_size: (height, width) to resize to. Default None: as it is.
        interpolation: ``"nearest"`` (default), ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"``, ``"hamming"``.
        keep_aspect_ratio: whether to resize only the largest part in the middle that has the new aspect ratio.

    Returns:
        A `PIL.Image.Image`.

    Raises:
        TypeError: `path` is neither. ValueError: an unknown mode or interpolation. ImportError: Pillow is not
            installed.

    Example:
        >>> import io, numpy as np, schuss
        >>> file = io.BytesIO()
        >>> schuss.utils.save_img(file, np.zeros((4, 6, 3)), file_format="png")
        >>> schuss.utils.load_img(file, target_size=(2, 2)).size
        (2, 2)
    """
    if color_mode not in _MODES:
        raise ValueError(f"load_img: color_mode must be one of {tuple(_MODES)}. Received: {color_mode!r}")
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(
            f"load_img: invalid interpolation method {interpolation!r} specified. Supported methods are "
            f"{', '.join(_INTERPOLATIONS)}"
        )
    images = pillow("load_img")
    if isinstance(path, io.BytesIO):
        file, shown = path, "the content of the BytesIO"
    elif isinstance(path, (str, bytes, os.PathLike)):
        shown = os.fsdecode(path)
        file = io.BytesIO(Path(shown).read_bytes())
    else:
        raise TypeError(f"load_img: path should be path-like or io.BytesIO, not {type(path)}")
    try:
        img = images.open(file)
        img.load()
    except (OSError, SyntaxError) as error:  # what Pillow raises for broken files
        raise type(error)(f"load_img: {shown} cannot be decoded as an image: {error}") from None
    mode = _MODES[color_mode]
    if img.mode != mode and not (mode == "L" and img.mode in _GRAY_MODES):
        img = img.convert(mode)
    if target_size is None:
        return img
    size = (int(target_size[1]), int(target_size[0]))
    if img.size == size:
        return img
    part = _part_of_ratio(img.size, size) if keep_aspect_ratio else None
    return img.resize(size, images.Resampling[interpolation.upper()], box=part)


def _part_of_ratio(given: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the largest part in the middle with the aspect ratio of `size`."""
    width, height = given
    part_width, part_height = min(width, height * size[0] // size[1]), min(height, width * size[1] // size[0])
    left, top = (width - part_width) // 2, (height - part_height) // 2
    return left, top, left + part_width, top + part_height


def smart_resize(
    x: Any, size: Sequence[int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Any:
    """Images in another size without distortion: the largest part in the middle that has the new aspect ratio, resized.

    Args:
        x: [h, w, c] or [n, h, w, c]. size: (height, width). interpolation, data_format: as of
            `schuss.ops.image.resize`.

    Example:
        >>> import numpy as np
        >>> from schuss.utils._images import smart_resize
        >>> smart_resize(np.ones((4, 8, 3)), (2, 2)).shape
        (2, 2, 3)
    """
    from schuss import ops

    return ops.image.resize(x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
