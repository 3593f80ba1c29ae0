"""Images in another size: along each axis a product with a matrix of the kernel's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import Tensor, is_float
from schuss.ops.image._formats import as_images, one_of, spatial_axes

INTERPOLATIONS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic", "area")

Kernel = Callable[[Any], Any]


def _triangle(x: Any) -> Any:
    return ops.maximum(ops.subtract(1.0, x), 0.0)


def _cubic(x: Any) -> Any:
    """Keys (1981), Cubic convolution interpolation for digital image processing, with a = −½."""
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return ops.where(x >= 2.0, 0.0, ops.where(x >= 1.0, far, near))


def _lanczos(radius: float) -> Kernel:
    def kernel(x: Any) -> Any:
        """``sinc(x) sinc(x/radius)``."""
        angle = ops.multiply(ops.where(x > 1e-3, x, 1.0), math.pi)
        y = radius * ops.sin(angle) * ops.sin(angle / radius) / ops.square(angle)
        return ops.where(x > radius, 0.0, ops.where(x > 1e-3, y, 1.0))

    return kernel


_KERNELS: dict[str, Kernel] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
_METHODS = {"linear": "bilinear", "trilinear": "bilinear", "cubic": "bicubic", "tricubic": "bicubic"}


def _weights(positions: Any, size: int, kernel: Kernel, spread: Any) -> Any:
    """[size, out]: how much each of `size` pixels counts at each position (0: the first pixel's center). A column's
    sum is 1: what would lie outside is left out."""
    pixels = np.arange(size, dtype=positions.dtype)[:, None]
    weights = kernel(ops.divide(ops.absolute(ops.subtract(ops.expand_dims(positions, 0), pixels)), spread))
    total = ops.sum(weights, axis=0, keepdims=True)
    some = ops.greater(ops.absolute(total), 1000 * float(np.finfo("float32").eps))
    return ops.where(some, ops.divide(weights, ops.where(some, total, 1.0)), 0.0)


def _resizing_matrix(size: int, out: int, interpolation: str, antialias: bool) -> np.ndarray:
    """[size, out], of constants."""
    scale = size / out
    if interpolation == "area":
        low, high = np.arange(out) * scale, (np.arange(out) + 1) * scale
        pixels = np.arange(size)[:, None]
        return np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0.0, None) / scale
    positions = (np.arange(out) + 0.5) * scale - 0.5
    if (
        interpolation == "bicubic" and not antialias
    ):  # TensorFlow looks its weights up in a table of 1024 fractions
        positions = np.floor(positions) + np.rint((positions - np.floor(positions)) * 1024) / 1024
    spread = max(scale, 1.0) if antialias else 1.0
    return np.asarray(_weights(positions, size, _KERNELS[interpolation], spread))


def _along(x: Any, matrix: Any, axis: int) -> Any:
    """``y[…, o, …] = Σ_i x[…, i, …] matrix[i, o]`` along an axis."""
    return ops.moveaxis(ops.tensordot(x, matrix, axes=((axis,), (0,))), -1, axis)


def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images in another size. Pixels are squares: the image's edges, not the centers of its border pixels, meet.

    Args:
        images: [h, w, c] or [n, h, w, c], of any dtype, which the result has, too (integers are rounded).
        size: (height, width).
        interpolation: ``"bilinear"`` (default), ``"nearest"``, ``"bicubic"``, ``"lanczos3"``, ``"lanczos5"``,
            ``"area"``.
        antialias: whether to widen the kernel where images become smaller. Default False.
        crop_to_aspect_ratio: first take the largest part in the middle that has the new aspect ratio.
        pad_to_aspect_ratio: first add a border so that it has.
        fill_mode: ``"constant"``. fill_value: of that border.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        [height, width, c] or [n, height, width, c].

    Raises:
        ValueError: an unknown interpolation, a size that is none, or both aspect ratio options at once.

    Example:
        >>> from schuss import ops
        >>> ops.image.resize(ops.array([[[0.0], [1.0]]]), (1, 4))[..., 0].tolist()
        [[0.0, 0.25, 0.75, 1.0]]
    """
    data_format = checked_data_format("resize", data_format)
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"resize: expected `size` to be a tuple of 2 integers. Received: size={size!r}")
    if min(size) <= 0:
        raise ValueError(f"resize: `size` must have positive height and width. Received: size={tuple(size)}")
    images = as_images("resize", images)
    if pad_to_aspect_ratio and crop_to_aspect_ratio:
        raise ValueError(
            "resize: only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`. Received: both"
        )
    one_of("resize", "interpolation", interpolation, INTERPOLATIONS)
    one_of("resize", "fill_mode", fill_mode, ("constant",))
    axes = spatial_axes(data_format)
    size = (int(size[0]), int(size[1]))
    if crop_to_aspect_ratio:
        images = cropped_to_ratio(images, size, axes)
    elif pad_to_aspect_ratio:
        images = _padded_to_ratio(images, size, axes, fill_value)
    if interpolation == "nearest":
        return _nearest(images, size, axes)
    y = images if is_float(images.dtype) and images.dtype.itemsize >= 4 else ops.cast(images, "float32")
    for axis, out in zip(axes, size, strict=True):
        if y.shape[axis] != out:
            matrix = _resizing_matrix(y.shape[axis], out, interpolation, antialias)
            y = _along(y, matrix.astype(y.dtype), axis)
    if not is_float(images.dtype):
        y = ops.round(y)
    return ops.saturate_cast(y, images.dtype)


def _nearest(images: Any, size: tuple[int, int], axes: tuple[int, int]) -> Any:
    for axis, out in zip(axes, size, strict=True):
        n = images.shape[axis]
        places = np.floor((np.arange(out, dtype="float32") + np.float32(0.5)) * np.float32(n / out))
        images = ops.take(images, np.minimum(places.astype("int32"), n - 1), axis=axis)
    return images


def _sides_of_ratio(shape: Sequence[int], size: tuple[int, int]) -> tuple[int, int]:
    """The height that has the ratio of `size` with the width of `shape`, and the width with its height."""
    height, width = shape
    return int(float(width * size[0]) / size[1]), int(float(height * size[1]) / size[0])


def cropped_to_ratio(images: Any, size: tuple[int, int], axes: tuple[int, int]) -> Any:
    """The largest part in the middle with the aspect ratio of `size`."""
    shape = [images.shape[axis] for axis in axes]
    key: list[Any] = [slice(None)] * len(images.shape)
    for axis, n, side in zip(axes, shape, _sides_of_ratio(shape, size), strict=True):
        side = max(min(n, side), 1)
        start = (n - side) // 2
        key[axis] = slice(start, start + side)
    return images[tuple(key)]


def _padded_to_ratio(images: Any, size: tuple[int, int], axes: tuple[int, int], fill_value: float) -> Any:
    shape = [images.shape[axis] for axis in axes]
    widths = [(0, 0)] * len(images.shape)
    for axis, n, side in zip(axes, shape, _sides_of_ratio(shape, size), strict=True):
        border = (max(n, side) - n) // 2
        widths[axis] = (border, border)
    return ops.pad(images, widths, constant_values=np.asarray(fill_value).astype(images.dtype).item())


def scale_and_translate(
    images: Any,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """Images scaled and moved: the pixel at x comes to ``scale·x + translation``.

    Args:
        images: array of any number of axes.
        output_shape: shape of the result, different from the images' along `spatial_dims` only.
        scale, translation: [number of spatial_dims], also tensors; gradients reach them.
        spatial_dims: which axes.
        method: ``"linear"`` (also ``"bilinear"``, ``"trilinear"``), ``"cubic"`` (``"bicubic"``, ``"tricubic"``),
            ``"lanczos3"``, ``"lanczos5"``.
        antialias: whether to widen the kernel where images become smaller. Default True.

    Returns:
        Array of `output_shape`; 0 where it lies outside of the images.

    Raises:
        ValueError: an unknown method, or as many scales and translations as axes are not given.

    Example:
        >>> from schuss import ops
        >>> x = ops.array([[1.0, 2.0, 3.0]])
        >>> ops.image.scale_and_translate(x, (1, 3), ops.array([1.0]), ops.array([1.0]), (1,), "linear").tolist()
        [[0.0, 1.0, 2.0]]
    """
    known = (*_METHODS, *_KERNELS)
    one_of("scale_and_translate", "method", method, known)
    kernel = _KERNELS[_METHODS.get(method, method)]
    images, scale, translation = (ops.convert_to_tensor(x) for x in (images, scale, translation))
    scale, translation = (x if is_float(x.dtype) else ops.cast(x, "float32") for x in (scale, translation))
    count = len(spatial_dims)
    if tuple(scale.shape) != (count,) or tuple(translation.shape) != (count,):
        raise ValueError(
            f"scale_and_translate: expected `scale` and `translation` of shape ({count},), a number for each of "
            f"spatial_dims={tuple(spatial_dims)}. Received: {tuple(scale.shape)} and {tuple(translation.shape)}"
        )
    y = images if is_float(images.dtype) else ops.cast(images, "float32")
    for i, axis in enumerate(spatial_dims):
        matrix = _moving_matrix(
            y.shape[axis], output_shape[axis], scale[i], translation[i], kernel, antialias
        )
        y = _along(y, ops.cast(matrix, y.dtype), axis)
    if not is_float(images.dtype):
        y = ops.clip(ops.round(y), ops.min(images), ops.max(images))
    return ops.cast(y, images.dtype)


def _moving_matrix(size: int, out: int, scale: Any, translation: Any, kernel: Kernel, antialias: bool) -> Any:
    dtype = scale.dtype if isinstance(scale, (Tensor, np.ndarray, np.generic)) else "float32"
    inverse = ops.divide(1.0, scale)
    positions = (np.arange(out).astype(dtype) + 0.5) * inverse - translation * inverse - 0.5
    spread = ops.maximum(inverse, 1.0) if antialias else 1.0
    within = ops.logical_and(ops.greater_equal(positions, -0.5), ops.less_equal(positions, size - 0.5))
    return ops.where(ops.expand_dims(within, 0), _weights(positions, size, kernel, spread), 0.0)
