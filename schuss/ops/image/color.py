"""Color spaces: red, green, blue; hue, saturation, value; gray."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.ops.image._formats import as_images, channel_axis

_LUMA = (0.2989, 0.5870, 0.1140)  # ITU-R BT.601


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """``0.2989 R + 0.5870 G + 0.1140 B``, as one channel. Images of one channel are returned as they are.

    Args:
        images: [h, w, 3] or [n, h, w, 3], of any dtype, which the result has, too.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: images of another rank, or of neither 1 nor 3 channels.

    Example:
        >>> from schuss import ops
        >>> ops.image.rgb_to_grayscale(ops.ones((2, 4, 4, 3))).shape
        (2, 4, 4, 1)
    """
    axis = channel_axis(checked_data_format("rgb_to_grayscale", data_format))
    images = as_images("rgb_to_grayscale", images)
    if images.shape[axis] not in (1, 3):
        raise ValueError(
            "rgb_to_grayscale: invalid channel size: expected 3 (RGB) or 1 (Grayscale). Received input with shape: "
            f"images.shape={tuple(images.shape)}"
        )
    if images.shape[axis] == 1:
        return images
    dtype = images.dtype
    x = images if is_float(dtype) else ops.cast(images, "float32")
    weights = np.asarray(_LUMA, x.dtype).reshape((3,) + (1,) * (-axis - 1))
    return ops.cast(ops.sum(ops.multiply(x, weights), axis=axis, keepdims=True), dtype)


def _planes(name: str, images: Any, data_format: str | None) -> tuple[list[Any], int]:
    """The three channels, and their axis."""
    axis = channel_axis(checked_data_format(name, data_format))
    images = as_images(name, images)
    if not is_float(images.dtype):
        raise ValueError(
            f"{name}: invalid images dtype: expected float dtype. Received: images.dtype={images.dtype.name}"
        )
    if images.shape[axis] != 3:
        raise ValueError(
            f"{name}: expected images of 3 channels. Received input with shape: images.shape={tuple(images.shape)}"
        )
    return ops.unstack(images, 3, axis), axis


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation, value: V = max, S = (max − min)/max, H the angle of the color as a part of the circle.

    Args:
        images: floats, [h, w, 3] or [n, h, w, 3], in [0, 1] (H and S do not depend on the scale).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: images of another rank, of integers, or not of 3 channels.

    Example:
        >>> from schuss import ops
        >>> ops.image.rgb_to_hsv(ops.array([[[0.0, 0.5, 0.0]]])).round(3).tolist()
        [[[0.3330000042915344, 1.0, 0.5]]]
    """
    (red, green, blue), axis = _planes("rgb_to_hsv", images, data_format)
    value = ops.maximum(ops.maximum(red, green), blue)
    span = ops.subtract(value, ops.minimum(ops.minimum(red, green), blue))
    gray, black = ops.less_equal(span, 0), ops.less_equal(value, 0)
    saturation = ops.where(black, 0.0, ops.divide(span, ops.where(black, 1.0, value)))
    sixth = ops.divide(1.0, ops.multiply(ops.where(gray, 1.0, span), 6.0))
    hue = ops.where(
        ops.equal(red, value),
        ops.multiply(sixth, ops.subtract(green, blue)),
        ops.where(
            ops.equal(green, value),
            ops.add(ops.multiply(sixth, ops.subtract(blue, red)), 2 / 6),
            ops.add(ops.multiply(sixth, ops.subtract(red, green)), 4 / 6),
        ),
    )
    hue = ops.where(gray, 0.0, ops.where(ops.less(hue, 0), ops.add(hue, 1.0), hue))
    return ops.stack([ops.cast(plane, red.dtype) for plane in (hue, saturation, value)], axis)


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """The inverse of `rgb_to_hsv`; hues count modulo 1.

    Args:
        images: floats, [h, w, 3] or [n, h, w, 3]: hue, saturation, value.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: images of another rank, of integers, or not of 3 channels.

    Example:
        >>> from schuss import ops
        >>> ops.image.hsv_to_rgb(ops.array([[[0.5, 1.0, 0.5]]])).tolist()
        [[[0.0, 0.5, 0.5]]]
    """
    (hue, saturation, value), axis = _planes("hsv_to_rgb", images, data_format)
    angle = ops.multiply(ops.mod(hue, 1.0), 6.0)
    hues = (
        ops.subtract(ops.absolute(ops.subtract(angle, 3.0)), 1.0),
        ops.subtract(2.0, ops.absolute(ops.subtract(angle, 2.0))),
        ops.subtract(2.0, ops.absolute(ops.subtract(angle, 4.0))),
    )
    white = ops.subtract(1.0, saturation)
    return ops.stack(
        [ops.multiply(value, ops.add(white, ops.multiply(saturation, ops.clip(h, 0.0, 1.0)))) for h in hues],
        axis,
    )
