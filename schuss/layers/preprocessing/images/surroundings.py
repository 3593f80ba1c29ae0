"""RandomGaussianBlur, RandomSharpness, RandomErasing: pixels changed with what is around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.layers._shapes import is_integer
from schuss.layers.preprocessing.images._image_layer import factor_range, per_image, some
from schuss.layers.preprocessing.images.colors import ColorLayer, FactorLayer


class RandomGaussianBlur(ColorLayer):
    """In training images are blurred, each with a probability; how much is drawn for each batch.

    Args:
        factor: the probability, or the range from which it is drawn for each image, in [0, 1]. Default 1: drawn from
            [0, 1].
        kernel_size: odd number, or two, of the kernel's pixels. Default 3.
        sigma: range of the standard deviation in pixels, in [0, 1]; one number s for (0, s). Default 1.
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable choices. Default None.

    Raises:
        ValueError: a factor or sigma out of range, or an even kernel size.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomGaussianBlur(seed=1)(np.ones((2, 4, 4, 3)), training=True).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("RandomGaussianBlur", factor, (0, 1))
        sizes = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size, kernel_size)
        if len(sizes) != 2 or not all(is_integer(n) and n > 0 and n % 2 for n in sizes):
            raise ValueError(
                "RandomGaussianBlur: `kernel_size` must be an odd number (or a list of two). Received: "
                f"kernel_size={kernel_size!r}"
            )
        self.kernel_size = tuple(sizes)
        self.sigma = factor_range("RandomGaussianBlur", sigma, (0, 1), "sigma")

    def drawn(self, images: Any, seed: Any) -> Any:
        blurred = some(images.shape[0], self.factor, seed)
        return {
            "should_apply_blur": blurred,
            "blur_factor": random.uniform((2,), *self.sigma, seed=seed) + 1e-6,
        }

    def transformed(self, images: Any, transformation: Any) -> Any:
        blurred = ops.image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], self.data_format
        )
        return self.clipped(ops.where(per_image(transformation["should_apply_blur"]), blurred, images))

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "kernel_size": self.kernel_size, "sigma": self.sigma}
        return {**super().get_config(), **own}


_SMOOTHING = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13


class RandomSharpness(FactorLayer):
    """In training ``y = x + (1 − 2f)·(smooth(x) − x)``, clipped, with f drawn for each image: 0 gives the smoothed
    image, 0.5 the image, above it becomes sharper.

    Args:
        factor: range of f, in [0, 1]; one number u for (0, u).
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable changes. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype("float32")
        >>> bool(np.allclose(schuss.layers.RandomSharpness((0.5, 0.5))(x), x))
        True
    """

    bounds = (0, 1)

    def drawn(self, images: Any, seed: Any) -> Any:
        return {"factor": random.uniform((images.shape[0],), *self.factor, seed=seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        channels = images.shape[self.channel_axis]
        kernel = np.repeat(_SMOOTHING.astype(images.dtype)[:, :, None, None], channels, axis=2)
        smooth = ops.depthwise_conv(images, kernel, 1, "same", self.data_format)
        blend = per_image(ops.cast(1.0 - transformation["factor"] * 2, images.dtype))
        return self.clipped(ops.add(images, ops.multiply(blend, ops.subtract(smooth, images))))


def box(images: Any, axes: tuple[int, int], bounds: Any) -> Any:
    """bool [n, …], with axes of size 1 for channels: whether a pixel is within its image's box.

    Args:
        axes: of height and width. bounds: (top, bottom, left, right), each [n, 1, 1, 1].
    """
    top, bottom, left, right = bounds
    y, x = (_places(images, axis) for axis in axes)
    rows = ops.logical_and(ops.greater_equal(y, top), ops.less(y, bottom))
    return ops.logical_and(rows, ops.logical_and(ops.greater_equal(x, left), ops.less(x, right)))


def _places(images: Any, axis: int) -> np.ndarray:
    shape = [1] * len(images.shape)
    shape[axis] = images.shape[axis]
    return np.arange(shape[axis], dtype="float32").reshape(shape)


def drawn_bounds(count: int, length: int, share: Any, seed: Any) -> tuple[Any, Any]:
    """Start and end, [count, 1, 1, 1], of parts of a length, anywhere; `share`: [count], how much of it."""
    part = ops.multiply(share, float(length))
    start = ops.multiply(random.uniform((count,), seed=seed), ops.subtract(float(length), part))
    return per_image(start), per_image(ops.add(start, part))


class RandomErasing(ColorLayer):
    """In training a rectangle of an image, with a probability, is replaced by noise or by a color.

    Args:
        factor: the probability, or the range from which it is drawn for each image, in [0, 1]. Default 1: drawn from
            [0, 1].
        scale: range of the squares of the rectangle's sides, as parts of the image's; default (0.02, 0.33).
        fill_value: number, or a list of three. Default None: normal noise, times white, clipped.
        value_range: (black, white). Default (0, 255).
        seed: integer, for repeatable choices. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a factor or scale out of range, or a fill value that is no color.

    Source: Zhong et al., Random Erasing Data Augmentation (2017).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.RandomErasing((1.0, 1.0), (1.0, 1.0), fill_value=7.0)
        >>> layer(np.ones((1, 1, 2, 1)), training=True).ravel().tolist()
        [7.0, 7.0]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("RandomErasing", factor, (0, 1))
        self.scale = factor_range("RandomErasing", scale, (0, 1), "scale")
        several = isinstance(fill_value, (tuple, list))
        if not (
            fill_value is None or isinstance(fill_value, (int, float)) or (several and len(fill_value) == 3)
        ):
            raise ValueError(
                "RandomErasing: the `fill_value` argument should be a number (or a list of three numbers). Received: "
                f"fill_value={fill_value!r}"
            )
        self.fill_value = fill_value

    def drawn(self, images: Any, seed: Any) -> Any:
        n = images.shape[0]
        height, width = (images.shape[axis] for axis in self.spatial_axes)
        share = ops.sqrt(random.uniform((n, 2), *self.scale, seed=seed))
        left, right = drawn_bounds(n, width, share[:, 0], seed)
        top, bottom = drawn_bounds(n, height, share[:, 1], seed)
        return {
            "batch_masks": box(images, self.spatial_axes, (top, bottom, left, right)),
            "apply_erasing": some(n, self.factor, seed),
            "fill_value": self.clipped(self._fill(images, seed)),
        }

    def _fill(self, images: Any, seed: Any) -> Any:
        if self.fill_value is None:
            return ops.multiply(random.normal(images.shape, seed=seed), float(self.value_range[1]))
        shape = [1] * len(images.shape)
        color = np.asarray(self.fill_value, "float32")
        shape[self.channel_axis] = color.size
        return color.reshape(shape)

    def transformed(self, images: Any, transformation: Any) -> Any:
        erased = ops.logical_and(transformation["batch_masks"], per_image(transformation["apply_erasing"]))
        return ops.where(erased, ops.cast(transformation["fill_value"], images.dtype), images)

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "scale": self.scale, "fill_value": self.fill_value}
        return {**super().get_config(), **own}
