"""Images flipped, turned, stretched, moved, sheared, tilted and bent at random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schuss import ops, random
from schuss.layers.preprocessing.images._image_layer import (
    RandomLayer,
    factor_range,
    known_option,
    per_image,
    some,
    symmetric_range,
    value_range_of,
)

INTERPOLATIONS = ("nearest", "bilinear")
FILL_MODES = ("reflect", "wrap", "constant", "nearest")
FLIPS = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomLayer):
    """In training half of the images, drawn anew for each batch, are flipped.

    Args:
        mode: ``"horizontal"``: left and right change places; ``"vertical"``: top and bottom;
            ``"horizontal_and_vertical"`` (default): both.
        seed: integer, for repeatable flips. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: an unknown mode.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.tile([[[[1.0], [2.0]]]], (100, 1, 1, 1))
        >>> np.unique(schuss.layers.RandomFlip("horizontal", seed=1)(x)[:, 0, :, 0], axis=0).tolist()
        [[1.0, 2.0], [2.0, 1.0]]
    """

    moves_pixels = True

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        if mode not in FLIPS:
            raise ValueError(f"RandomFlip: `mode` must be one of {FLIPS}. Received: mode={mode!r}")
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = mode

    def drawn(self, images: Any, seed: Any) -> Any:
        return {"flips": ops.less_equal(random.uniform((images.shape[0], 1, 1, 1), seed=seed), 0.5)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        down, across = self.spatial_axes
        axes = {"horizontal": (across,), "vertical": (down,)}.get(self.mode, (down, across))
        return ops.where(transformation["flips"], ops.flip(images, axes), images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


class _Warp(RandomLayer):
    """A layer that takes each image's pixels from places that it draws; masks from the nearest ones."""

    moves_pixels = True

    def __init__(self, interpolation: str, fill_mode: str, fill_value: float, **kwargs: Any):
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.fill_mode = known_option(owner, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = known_option(owner, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = fill_value

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self.warped(images, transformation, self.interpolation)

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self.warped(masks, transformation, "nearest")

    def warped(self, images: Any, transformation: Any, interpolation: str) -> Any:
        """Images by the affine transform of what was drawn."""
        return ops.image.affine_transform(
            images,
            self.matrix(transformation, *(images.shape[axis] for axis in self.spatial_axes)),
            interpolation,
            self.fill_mode,
            self.fill_value,
            self.data_format,
        )

    def matrix(self, transformation: Any, height: int, width: int) -> Any:
        """[n, 8], from places of the result to places of the image."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix` or `warped`.")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "interpolation": self.interpolation,
        }


def _rows(count: int, *entries: Any) -> Any:
    """[count, 8] of an affine transform: six entries, arrays [count] or numbers."""
    filled = [ops.broadcast_to(ops.convert_to_tensor(e, "float32"), (count,)) for e in (*entries, 0.0, 0.0)]
    return ops.stack(filled, axis=1)


class RandomRotation(_Warp):
    """In training each image is turned about its middle by its own angle.

    Args:
        factor: range of angles as parts of a full turn, counterclockwise: f for (−f, f), or two numbers, in
            [−1, 1]. ``0.1``: from −36° to 36°.
        fill_mode: what lies outside: ``"reflect"`` (cba|abcd|dcb, default), ``"constant"`` (`fill_value`),
            ``"wrap"`` (bcd|abcd|abc), ``"nearest"`` (aaa|abcd|ddd).
        interpolation: ``"bilinear"`` (default) or ``"nearest"``.
        seed: integer, for repeatable angles. Default None.
        fill_value: default 0.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a factor out of range. NotImplementedError: an unknown fill mode or interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
        >>> schuss.layers.RandomRotation((0.25, 0.25))(x).round(3)[0, :, :, 0].tolist()
        [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("RandomRotation", factor, (-1, 1))

    def drawn(self, images: Any, seed: Any) -> Any:
        lower, upper = (f * 360.0 for f in self.factor)
        return {"angle": random.uniform((images.shape[0],), lower, upper, seed=seed)}

    def matrix(self, transformation: Any, height: int, width: int) -> Any:
        angle = ops.multiply(transformation["angle"], math.pi / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        return _rows(angle.shape[0], cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class RandomZoom(_Warp):
    """In training each image is enlarged or made smaller about its middle, by its own factor.

    Args:
        height_factor: range of changes: ``0.2``: from 20 % larger to 20 % smaller (−0.2 … 0.2); or two numbers;
            negative ones enlarge. In (−1, 1].
        width_factor: the same for the width. Default None: as drawn for the height, so that shapes are kept.
        fill_mode, interpolation, seed, fill_value, data_format: as in `RandomRotation`.

    Raises:
        ValueError: a factor out of range. NotImplementedError: an unknown fill mode or interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomZoom((-0.5, -0.5))(np.arange(4.0).reshape(1, 1, 4, 1))[0, 0, :, 0].tolist()
        [0.75, 1.25, 1.75, 2.25]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = symmetric_range("RandomZoom", height_factor, (-1.0, 1.0), "height_factor", excluded=-1.0)
        self._across = None
        if width_factor is not None:
            self._across = symmetric_range(
                "RandomZoom", width_factor, (-1.0, 1.0), "width_factor", excluded=-1.0
            )

    def drawn(self, images: Any, seed: Any) -> Any:
        shape = (images.shape[0], 1)
        height = random.uniform(shape, 1.0 + self._down[0], 1.0 + self._down[1], seed=seed)
        width = height
        if self._across is not None:
            width = random.uniform(shape, 1.0 + self._across[0], 1.0 + self._across[1], seed=seed)
        return {"height_zoom": height, "width_zoom": width}

    def matrix(self, transformation: Any, height: int, width: int) -> Any:
        across, down = transformation["width_zoom"][:, 0], transformation["height_zoom"][:, 0]
        x, y = (width - 1) / 2 * (1 - across), (height - 1) / 2 * (1 - down)
        return _rows(across.shape[0], across, 0.0, x, 0.0, down, y)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height_factor": self.height_factor,
            "width_factor": self.width_factor,
        }


class RandomTranslation(_Warp):
    """In training each image is moved, by its own distance.

    Args:
        height_factor: range of distances down as parts of the height: f for (−f, f), or two numbers, in [−1, 1].
        width_factor: the same to the right, as parts of the width.
        fill_mode, interpolation, seed, fill_value, data_format: as in `RandomRotation`.

    Raises:
        ValueError: a factor out of range. NotImplementedError: an unknown fill mode or interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.RandomTranslation(0.0, (0.25, 0.25), fill_mode="constant")
        >>> layer(np.arange(1.0, 5.0).reshape(1, 1, 4, 1))[0, 0, :, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = symmetric_range("RandomTranslation", height_factor, (-1.0, 1.0), "height_factor")
        self._across = symmetric_range("RandomTranslation", width_factor, (-1.0, 1.0), "width_factor")

    def drawn(self, images: Any, seed: Any) -> Any:
        height, width = (images.shape[axis] for axis in self.spatial_axes)
        shape = (images.shape[0], 1)
        down = ops.multiply(random.uniform(shape, *self._down, seed=seed), height)
        across = ops.multiply(random.uniform(shape, *self._across, seed=seed), width)
        return {"translations": ops.concatenate([across, down], axis=1)}

    def matrix(self, transformation: Any, height: int, width: int) -> Any:
        moves = transformation["translations"]
        return _rows(moves.shape[0], 1.0, 0.0, -moves[:, 0], 0.0, 1.0, -moves[:, 1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "height_factor": self.height_factor,
            "width_factor": self.width_factor,
        }


class RandomShear(_Warp):
    """In training each image's rows are moved against each other, and its columns, by its own amounts.

    Args:
        x_factor: range of the rows' slope: f for (−f, f), or two numbers, in [0, 1]; the direction is drawn.
            Default 0.
        y_factor: the same of the columns.
        interpolation, fill_mode, fill_value, data_format, seed: as in `RandomRotation`.

    Raises:
        ValueError: a factor out of range. NotImplementedError: an unknown fill mode or interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomShear(0.3, 0.1, seed=1)(np.ones((2, 4, 4, 3)), training=True).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation, fill_mode, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.x_factor = symmetric_range("RandomShear", x_factor, (0.0, 1.0), "x_factor")
        self.y_factor = symmetric_range("RandomShear", y_factor, (0.0, 1.0), "y_factor")

    def drawn(self, images: Any, seed: Any) -> Any:
        shape = (images.shape[0], 1)
        sign = ops.where(ops.greater(random.uniform(shape, seed=seed), 0.5), -1.0, 1.0)
        y = random.uniform(shape, *self.y_factor, seed=seed)
        x = random.uniform(shape, *self.x_factor, seed=seed)
        return {"shear_factor": ops.multiply(ops.concatenate([x, y], axis=1), sign)}

    def matrix(self, transformation: Any, height: int, width: int) -> Any:
        shear = transformation["shear_factor"]
        return _rows(shear.shape[0], 1.0, shear[:, 0], 0.0, shear[:, 1], 1.0, 0.0)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A config says f as (−f, f)."""
        both = {k: config[k] for k in ("x_factor", "y_factor") if isinstance(config.get(k), (tuple, list))}
        single = {k: v[1] for k, v in both.items() if v[0] == -v[1]}
        return super().from_config({**config, **single})

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}


class RandomPerspective(_Warp):
    """In training images are tilted: each of an image's corners is moved by a random distance.

    Args:
        factor: the probability that an image is tilted, or the range from which that is drawn, in [0, 1].
            Default 1: drawn from [0, 1].
        scale: how far corners are moved, in [0, 1]. Default 1.
        interpolation, fill_value, seed, data_format: as in `RandomRotation`.

    Raises:
        ValueError: a factor or scale out of range. NotImplementedError: an unknown interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomPerspective(scale=0.5, seed=1)(np.ones((2, 4, 4, 3)), training=True).shape
        (2, 4, 4, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation, "constant", fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("RandomPerspective", factor, (0, 1))
        if not 0.0 <= scale <= 1.0:
            raise ValueError(
                f"RandomPerspective: the `scale` argument should be a number in the range [0,1]. Received: scale={scale}"
            )
        self.scale = scale

    def drawn(self, images: Any, seed: Any) -> Any:
        n = images.shape[0]
        height, width = (images.shape[axis] for axis in self.spatial_axes)
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], "float32")
        start = ops.broadcast_to(corners, (n, 4, 2))
        chosen = some(n, self.factor, seed)
        moved = random.uniform((n, 4, 2), -0.5 * self.scale, 0.5 * self.scale, seed=seed)
        end = ops.add(start, ops.multiply(start, moved))
        return {"apply_perspective": chosen, "start_points": start, "end_points": end}

    def warped(self, images: Any, transformation: Any, interpolation: str) -> Any:
        start, end = transformation["start_points"], transformation["end_points"]
        tilted = ops.image.perspective_transform(
            images, start, end, interpolation, self.fill_value, self.data_format
        )
        return ops.where(per_image(transformation["apply_perspective"]), tilted, images)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "factor": self.factor, "scale": self.scale}
        del config["fill_mode"]
        return config


class RandomElasticTransform(_Warp):
    """In training images are bent: their pixels are moved by smooth noise.

    Args:
        factor: the probability that an image is bent, or the range from which that is drawn, in [0, 1].
            Default 1: drawn from [0, 1].
        scale: range of how far and how smoothly, in [0, 1]; one number s for (0, s). Drawn for each batch.
        interpolation, fill_mode, fill_value, seed, data_format: as in `RandomRotation`; also ``"mirror"``.
        value_range: (black, white). Default (0, 255).

    Raises:
        ValueError: a factor, scale or value range out of range. NotImplementedError: an unknown fill mode or
            interpolation.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomElasticTransform(seed=1)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        known = "constant" if fill_mode == "mirror" else fill_mode
        super().__init__(interpolation, known, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.fill_mode = fill_mode
        self.factor = factor_range("RandomElasticTransform", factor, (0, 1))
        self.scale = factor_range("RandomElasticTransform", scale, (0, 1), "scale")
        self.value_range = value_range_of("RandomElasticTransform", value_range)

    def drawn(self, images: Any, seed: Any) -> Any:
        if self.scale[1] == 0 or self.factor[1] == 0:
            return None
        chosen = some(images.shape[0], self.factor, seed)
        distortion = random.uniform((), *self.scale, seed=seed)
        return {"apply_transform": chosen, "distortion_factor": distortion, "seed": random.key_from(seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        return ops.clip(super().transformed(images, transformation), *self.value_range)

    def warped(self, images: Any, transformation: Any, interpolation: str) -> Any:
        sides = [images.shape[axis] for axis in self.spatial_axes]
        distortion = transformation["distortion_factor"]
        bent = ops.image.elastic_transform(
            images,
            ops.multiply(distortion, 0.1 * max(sides)),
            ops.multiply(distortion, 0.05 * min(sides)),
            interpolation,
            self.fill_mode,
            self.fill_value,
            transformation["seed"],
            self.data_format,
        )
        return ops.where(per_image(transformation["apply_transform"]), bent, images)

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "scale": self.scale, "value_range": self.value_range}
        return {**super().get_config(), **own}
