"""Patches of images and volumes, each as one vector."""

from __future__ import annotations

from math import prod
from typing import Any

from schuss import ops
from schuss.config import checked_data_format
from schuss.ops._windows import windows
from schuss.ops.convolution import geometry_of


def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Windows of images, their pixels (row by row, channels last) as channels.

    Args:
        images: [h, w, c] or [n, h, w, c]; with three sizes volumes, as `extract_patches_3d` takes them.
        size: (height, width) of a patch, or one number for both.
        strides: from patch to patch. Default: `size`, so that patches lie side by side.
        dilation_rate: distance of a patch's pixels. Default 1.
        padding: ``"valid"`` (default) or ``"same"`` (zeros around, so that every stride gives a patch).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        [n, positions down, positions across, height·width·c].

    Raises:
        TypeError, ValueError: a size, rank or padding that does not fit.

    Example:
        >>> from schuss import ops
        >>> ops.image.extract_patches(ops.ones((2, 20, 20, 3)), (5, 5)).shape
        (2, 4, 4, 75)
    """
    if not isinstance(size, int):
        if not isinstance(size, (tuple, list)):
            raise TypeError(
                f"extract_patches: invalid `size` argument. Expected an int or a tuple. Received: size={size} of type "
                f"{type(size).__name__}"
            )
        if len(size) not in (2, 3):
            raise ValueError(
                "extract_patches: invalid `size` argument. Expected a tuple of length 2 or 3. Received: "
                f"size={size} with length {len(size)}"
            )
    dimensions = 2 if isinstance(size, int) else len(size)
    return _patches("extract_patches", images, size, strides, dilation_rate, padding, data_format, dimensions)


def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """`extract_patches` of volumes: [d, h, w, c] or [n, d, h, w, c], with three sizes.

    Example:
        >>> from schuss import ops
        >>> ops.image.extract_patches_3d(ops.ones((2, 4, 4, 4, 1)), 2).shape
        (2, 2, 2, 2, 8)
    """
    return _patches("extract_patches_3d", volumes, size, strides, dilation_rate, padding, data_format, 3)


def _patches(
    name: str,
    x: Any,
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: str,
    data_format: str | None,
    dimensions: int,
) -> Any:
    data_format = checked_data_format(name, data_format)
    x = ops.convert_to_tensor(x)
    if len(x.shape) not in (dimensions + 1, dimensions + 2):
        raise ValueError(
            f"{name}: patches of {dimensions} sizes need inputs of rank {dimensions + 1} or {dimensions + 2} (a batch). "
            f"Received input with shape: {tuple(x.shape)}"
        )
    sizes = (size,) * dimensions if isinstance(size, int) else tuple(int(n) for n in size)
    single = len(x.shape) == dimensions + 1
    if single:
        x = ops.expand_dims(x, 0)
    if data_format == "channels_first":
        x = ops.moveaxis(x, 1, -1)
    geometry = geometry_of(name, x.shape[1:-1], sizes, strides or sizes, padding, dilation_rate)
    x = ops.pad(x, ((0, 0), *zip(geometry.low, geometry.high, strict=True), (0, 0)))
    axes = tuple(range(1, dimensions + 1))
    seen = windows(x, axes, sizes, geometry.strides, geometry.dilations)  # [n, *positions, c, *places]
    seen = ops.moveaxis(seen, dimensions + 1, -1)
    y = ops.reshape(seen, (*seen.shape[: dimensions + 1], prod(sizes) * x.shape[-1]))
    y = ops.moveaxis(y, -1, 1) if data_format == "channels_first" else y
    return ops.squeeze(y, 0) if single else y
