"""Images convolved with small kernels: blur, edges, and the similarity that is made of local means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.ops.image._formats import as_batch, as_given, as_images


def gaussian_blur(
    images: Any,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Any = (1.0, 1.0),
    data_format: str | None = None,
) -> Any:
    """Each pixel a mean of its surroundings, weighted by ``exp(−½ (d/σ)²)``; zeros lie outside.

    Args:
        images: floats, [h, w, c] or [n, h, w, c].
        kernel_size: (height, width) of the kernel.
        sigma: two standard deviations, across and down (in Keras's order), also as a tensor.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: images of a wrong rank, or a kernel size that is not two positive integers.

    Example:
        >>> import numpy as np
        >>> from schuss import ops
        >>> x = np.zeros((3, 3, 1)); x[1, 1] = 1.0
        >>> float(ops.image.gaussian_blur(x)[1, 1, 0].round(3))
        0.204
    """
    data_format = checked_data_format("gaussian_blur", data_format)
    sizes = tuple(kernel_size) if isinstance(kernel_size, (tuple, list)) else ()
    if len(sizes) != 2 or any(int(n) != n or n < 1 for n in sizes):
        raise ValueError(
            f"gaussian_blur: `kernel_size` must be two positive integers. Received: kernel_size={kernel_size!r}"
        )
    images = ops.convert_to_tensor(images)
    batch = as_batch("gaussian_blur", images, data_format)
    dtype = batch.dtype if is_float(batch.dtype) else np.dtype("float32")
    sigma = ops.cast(ops.convert_to_tensor(sigma), dtype)
    across, down = (gaussian(int(n), sigma[i]) for i, n in enumerate(sizes))
    kernel = ops.reshape(ops.outer(down, across), sizes)  # as Keras lays it out, also where the sizes differ
    return as_given(
        ops.cast(smoothed(ops.cast(batch, dtype), kernel, "same"), batch.dtype), images, data_format
    )


def gaussian(size: int, sigma: Any) -> Any:
    """[size], of sum 1."""
    distance = ops.divide((np.arange(size) - (size - 1) / 2).astype(sigma.dtype), sigma)
    weights = ops.exp(ops.multiply(ops.square(distance), -0.5))
    return ops.divide(weights, ops.sum(weights))


def smoothed(batch: Any, kernel: Any, padding: str) -> Any:
    """Every channel of [n, h, w, c] convolved with the kernel, [kh, kw]."""
    channels = batch.shape[-1]
    each = ops.broadcast_to(ops.reshape(kernel, (*kernel.shape, 1, 1)), (*kernel.shape, channels, 1))
    return ops.depthwise_conv(batch, each, 1, padding, "channels_last")


def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """How brightness changes downwards and to the right: Sobel's kernels; the border is mirrored.

    Args:
        images: [n, h, w, c].
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        The images' shape and a last axis of 2: (down, right).

    Raises:
        ValueError: images that are not a batch.

    Example:
        >>> import numpy as np
        >>> from schuss import ops
        >>> ramp = np.arange(5.0).reshape(1, 1, 5, 1).repeat(3, axis=1)
        >>> ops.image.sobel_edges(ramp)[0, 1, 2, 0].tolist()
        [0.0, 8.0]
    """
    data_format = checked_data_format("sobel_edges", data_format)
    images = as_images("sobel_edges", images)
    if len(images.shape) != 4:
        raise ValueError(
            f"sobel_edges: expected a batch of images (rank 4). Received: images.shape={tuple(images.shape)}"
        )
    x = as_batch("sobel_edges", images, data_format)
    x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    edges = [_slope(_spread(x, 2), 1), _slope(_spread(x, 1), 2)]
    if data_format == "channels_first":
        edges = [ops.transpose(edge, (0, 3, 1, 2)) for edge in edges]
    return ops.stack(edges, axis=-1)


def _three(x: Any, axis: int) -> list[Any]:
    """`x` without its last two, its first and last, and its first two places along an axis."""
    n = x.shape[axis] - 2
    return [x[(slice(None),) * axis + (slice(i, i + n),)] for i in range(3)]


def _spread(x: Any, axis: int) -> Any:
    before, here, after = _three(x, axis)
    return ops.add(ops.add(before, ops.multiply(here, 2)), after)


def _slope(x: Any, axis: int) -> Any:
    before, _, after = _three(x, axis)
    return ops.subtract(after, before)


def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """Structural similarity: ``(2 μ₁μ₂ + c₁)(2 σ₁₂ + c₂) / ((μ₁² + μ₂² + c₁)(σ₁² + σ₂² + c₂))``, of means and
    (co)variances around each pixel; the mean over pixels and channels. 1 for equal images.

    Args:
        image1, image2: [h, w, c] or [n, h, w, c].
        max_val: the largest possible value L; c₁ = (k₁L)², c₂ = (k₂L)².
        filter_size, filter_sigma: of the Gaussian window.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        A scalar, or [n].

    Raises:
        ValueError: images of different shapes, of a wrong rank, or smaller than the window.

    Source: Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity (2004).

    Example:
        >>> import numpy as np
        >>> from schuss import ops
        >>> x = np.random.default_rng(0).random((16, 16, 3)).astype("float32")
        >>> round(float(ops.image.ssim(x, x)), 5)
        1.0
    """
    data_format = checked_data_format("ssim", data_format)
    image1, image2 = as_images("ssim", image1), as_images("ssim", image2)
    if tuple(image1.shape) != tuple(image2.shape):
        raise ValueError(
            f"ssim: the images must have one shape. Received: image1.shape={tuple(image1.shape)}, image2.shape="
            f"{tuple(image2.shape)}"
        )
    dtype = image1.dtype
    work = dtype if is_float(dtype) else "float32"
    x, y = (ops.cast(as_batch("ssim", image, data_format), work) for image in (image1, image2))
    window = gaussian(filter_size, np.asarray(filter_sigma, work))
    kernel = ops.outer(window, window)

    def mean(values: Any) -> Any:
        return smoothed(values, kernel, "valid")

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mx, my = mean(x), mean(y)
    vx, vy = mean(x * x) - mx * mx, mean(y * y) - my * my
    covariance = mean(x * y) - mx * my
    similarity = (2.0 * mx * my + c1) * (2.0 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    result = ops.cast(ops.mean(similarity, axis=(1, 2, 3)), dtype)
    return ops.squeeze(result, 0) if len(image1.shape) == 3 else result
