"""Brightness, contrast, hue, saturation: colors changed at random, pixel by pixel."""

from __future__ import annotations

from typing import Any

from schuss import config, ops, random
from schuss.layers.preprocessing.images._image_layer import (
    ImageLayer,
    RandomLayer,
    factor_range,
    rescaled,
    value_range_of,
)


class ColorLayer(RandomLayer):
    """A random layer that knows what black and white are."""

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        self.value_range = value_range_of(type(self).__name__, value_range)

    def clipped(self, images: Any) -> Any:
        return ops.clip(images, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": self.value_range}


class FactorLayer(ColorLayer):
    """A color layer with one factor."""

    bounds: tuple[float, float] = (-1, 1)

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, data_format=data_format, seed=seed, **kwargs)
        self.factor = factor_range(type(self).__name__, factor, self.bounds)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomBrightness(FactorLayer):
    """In training ``y = x + f·(white − black)``, clipped, with f drawn for each image.

    Args:
        factor: range of f: f for (−f, f), or two numbers, in [−1, 1].
        value_range: (black, white). Default (0, 255).
        seed: integer, for repeatable changes. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomBrightness((0.5, 0.5))(np.full((1, 1, 1, 3), 200.0)).ravel().tolist()
        [255.0, 255.0, 255.0]
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any):
        super().__init__(factor, value_range, seed=seed, **kwargs)

    def drawn(self, images: Any, seed: Any) -> Any:
        delta = random.uniform((images.shape[0], 1, 1, 1), *self.factor, seed=seed)
        return {"rgb_delta": ops.multiply(delta, self.value_range[1] - self.value_range[0])}

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self.clipped(ops.add(images, ops.cast(transformation["rgb_delta"], images.dtype)))


class RandomContrast(FactorLayer):
    """In training ``y = (x − μ)·f + μ``, clipped, with μ the mean of each channel of each image and f drawn for each
    image.

    Args:
        factor: (lower, upper), in [0, 1]: f is between 1 − lower and 1 + upper; one number u for (0, u).
        value_range: (black, white). Default (0, 255).
        seed: integer, for repeatable changes. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> float(schuss.layers.RandomContrast(0.5, seed=1)(np.full((2, 4, 4, 3), 9.0)).max())  # there is none
        9.0
    """

    bounds = (0, 1)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any):
        super().__init__(factor, value_range, seed=seed, **kwargs)

    def drawn(self, images: Any, seed: Any) -> Any:
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": random.uniform((images.shape[0], 1, 1, 1), low, high, seed=seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        mean = ops.mean(images, axis=self.spatial_axes, keepdims=True)
        factor = ops.cast(transformation["contrast_factor"], images.dtype)
        return self.clipped(ops.add(ops.multiply(ops.subtract(images, mean), factor), mean))


class RandomHue(FactorLayer):
    """In training the hue of each image is turned by ``±f/2`` of the circle, with f and the sign drawn for it.

    Args:
        factor: range of f, in [0, 1]; one number u for (0, u).
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable changes. Default None.

    Input shape: ``(batch, h, w, 3)`` or ``(h, w, 3)``.

    Raises:
        ValueError: a factor out of range, a value range that is none, or images not of 3 channels.

    Example:
        >>> import numpy as np, schuss
        >>> red = np.array([[[[255.0, 0.0, 0.0]]]])
        >>> schuss.layers.RandomHue((1.0, 1.0))(red).ravel().round(2).tolist()
        [0.0, 255.0, 255.0]
    """

    bounds = (0, 1)

    def drawn(self, images: Any, seed: Any) -> Any:
        n = images.shape[0]
        sign = ops.where(ops.greater(random.uniform((n,), seed=seed), 0.5), -1.0, 1.0)
        return {
            "factor": ops.multiply(ops.multiply(sign, random.uniform((n,), *self.factor, seed=seed)), 0.5)
        }

    def transformed(self, images: Any, transformation: Any) -> Any:
        images = rescaled(images, self.value_range, (0, 1))
        hue, saturation, value = ops.unstack(
            ops.image.rgb_to_hsv(images, self.data_format), 3, self.channel_axis
        )
        turned = ops.add(hue, ops.reshape(ops.cast(transformation["factor"], images.dtype), (-1, 1, 1)))
        hsv = ops.stack([ops.mod(turned, 1.0), saturation, value], self.channel_axis)
        return rescaled(ops.clip(ops.image.hsv_to_rgb(hsv, self.data_format), 0, 1), (0, 1), self.value_range)


class RandomSaturation(FactorLayer):
    """In training the saturation of each image is multiplied by ``f/(1 − f)``, with f drawn for it: below 0.5 towards
    gray, above it towards full color.

    Args:
        factor: range of f, in [−1, 1]; 0.5 leaves an image as it is. One number u for (−u, u), so give two.
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable changes. Default None.

    Input shape: ``(batch, h, w, 3)`` or ``(h, w, 3)``.

    Raises:
        ValueError: a factor out of range, a value range that is none, or images not of 3 channels.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomSaturation((0.0, 0.0))(np.array([[[[200.0, 100.0, 50.0]]]])).ravel().tolist()
        [200.0, 200.0, 200.0]
    """

    def drawn(self, images: Any, seed: Any) -> Any:
        factor = random.uniform((images.shape[0],), *self.factor, seed=seed)
        return {"factor": ops.divide(factor, ops.add(ops.subtract(1.0, factor), config.epsilon()))}

    def transformed(self, images: Any, transformation: Any) -> Any:
        hue, saturation, value = ops.unstack(
            ops.image.rgb_to_hsv(images, self.data_format), 3, self.channel_axis
        )
        factor = ops.reshape(ops.cast(transformation["factor"], images.dtype), (-1, 1, 1))
        hsv = ops.stack([hue, self.clipped(ops.multiply(saturation, factor)), value], self.channel_axis)
        return ops.image.hsv_to_rgb(hsv, self.data_format)


class RandomColorDegeneration(FactorLayer):
    """In training ``y = x + f·(gray(x) − x)``, clipped, with f drawn for each image: 0 leaves it, 1 makes it gray.

    Args:
        factor: range of f, in [−1, 1]; one number u for (−u, u).
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable changes. Default None.

    Input shape: ``(batch, h, w, 3)`` or ``(h, w, 3)``.

    Raises:
        ValueError: a factor out of range, a value range that is none, or images not of 3 channels.

    Example:
        >>> import numpy as np, schuss
        >>> y = schuss.layers.RandomColorDegeneration((1.0, 1.0))(np.array([[[[200.0, 100.0, 50.0]]]]))
        >>> y.ravel().round().tolist()
        [124.0, 124.0, 124.0]
    """

    def drawn(self, images: Any, seed: Any) -> Any:
        return {"factor": random.uniform((images.shape[0], 1, 1, 1), *self.factor, seed=seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        factor = ops.cast(transformation["factor"], images.dtype)
        return self.clipped(ops.add(images, ops.multiply(factor, ops.subtract(gray, images))))

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, (tuple, list)):
            channels = input_shape[self.channel_axis]
            if channels not in (None, 3):
                raise ValueError(
                    f'Layer "{self.name}": input images must have 3 channels, but received images with {channels} '
                    "channels."
                )
        return input_shape


class RandomGrayscale(RandomLayer):
    """In training images become gray, each with a probability. They keep their 3 channels.

    Args:
        factor: the probability, in [0, 1]. Default 0.5.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable choices. Default None.

    Raises:
        ValueError: a factor out of range, or images not of 1 or 3 channels.

    Example:
        >>> import numpy as np, schuss
        >>> y = schuss.layers.RandomGrayscale(1.0)(np.array([[[[200.0, 100.0, 50.0]]]]))
        >>> y.ravel().round().tolist()
        [124.0, 124.0, 124.0]
    """

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: Any = None, **kwargs: Any):
        if not isinstance(factor, (int, float)) or not 0 <= factor <= 1:
            raise ValueError(
                f"RandomGrayscale: `factor` should be between 0 and 1. Received: factor={factor!r}"
            )
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor

    def drawn(self, images: Any, seed: Any) -> Any:
        return ops.less(random.uniform((images.shape[0], 1, 1, 1), seed=seed), self.factor)

    def transformed(self, images: Any, transformation: Any) -> Any:
        return ops.where(transformation, ops.image.rgb_to_grayscale(images, self.data_format), images)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "factor": self.factor}
        del config["seed"]
        return config


class RandomColorJitter(ColorLayer):
    """In training brightness, contrast, saturation and hue of each image are changed, one after the other.

    Args:
        value_range: (black, white). Default (0, 255).
        brightness_factor, contrast_factor, saturation_factor, hue_factor: as of `RandomBrightness`,
            `RandomContrast`, `RandomSaturation`, `RandomHue`. Default None: left as it is.
        seed: integer, for repeatable changes. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.RandomColorJitter(brightness_factor=0.2, hue_factor=0.1, seed=1)
        >>> layer(np.full((2, 4, 4, 3), 99.0), training=True).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        kinds = (
            ("random_brightness", RandomBrightness, brightness_factor),
            ("random_contrast", RandomContrast, contrast_factor),
            ("random_saturation", RandomSaturation, saturation_factor),
            ("random_hue", RandomHue, hue_factor),
        )
        for attribute, kind, factor in kinds:
            layer = None
            if factor is not None:
                layer = kind(factor, value_range, seed=seed, data_format=data_format, dtype=self.dtype_policy)
            setattr(self, attribute, layer)
        self._steps: list[ImageLayer] = [
            layer for layer in (getattr(self, name) for name, _, _ in kinds) if layer is not None
        ]

    def drawn(self, images: Any, seed: Any) -> Any:
        return [layer.drawn(images, seed) for layer in self._steps]

    def transformed(self, images: Any, transformation: Any) -> Any:
        for layer, part in zip(self._steps, transformation, strict=True):
            images = layer.transform_images(images, part)
        return images

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "brightness_factor": self.brightness_factor,
            "contrast_factor": self.contrast_factor,
            "saturation_factor": self.saturation_factor,
            "hue_factor": self.hue_factor,
        }
