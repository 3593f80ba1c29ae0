"""Resizing, CenterCrop, RandomCrop: images of a given size."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.layers._shapes import is_integer
from schuss.layers.preprocessing.images._image_layer import ImageLayer
from schuss.ops.image.resizing import INTERPOLATIONS
from schuss.random import SeedGenerator, draw_seed


class _Sized(ImageLayer):
    """A layer whose images have a given height and width."""

    moves_pixels = True

    def __init__(self, height: int, width: int, **kwargs: Any):
        for name, size in (("height", height), ("width", width)):
            if not is_integer(size) or size <= 0:
                raise ValueError(
                    f"{type(self).__name__}: `{name}` must be a positive integer. Received: {size!r}"
                )
        super().__init__(**kwargs)
        self.height, self.width = int(height), int(width)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, dict):
            sized = ("images", "segmentation_masks")
            return {k: self.compute_output_shape(s) if k in sized else s for k, s in input_shape.items()}
        if len(input_shape) not in (3, 4):
            raise ValueError(
                f'Layer "{self.name}" ({type(self).__name__}): expected an input shape of 3 axes (one image) or 4 (a '
                f"batch). Received: input_shape={tuple(input_shape)}"
            )
        shape = list(input_shape)
        for axis, size in zip(self.spatial_axes, (self.height, self.width), strict=True):
            shape[axis] = size
        return tuple(shape)

    def _resized(self, images: Any, interpolation: str = "bilinear", **options: Any) -> Any:
        size = (self.height, self.width)
        return ops.image.resize(images, size, interpolation, data_format=self.data_format, **options)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


class Resizing(_Sized):
    """Images in another size, in and outside of training. Integers stay integers.

    Args:
        height, width: of the result.
        interpolation: ``"bilinear"`` (default), ``"nearest"``, ``"bicubic"``, ``"lanczos3"``, ``"lanczos5"``,
            ``"area"``.
        crop_to_aspect_ratio: first take the largest part in the middle that has the new aspect ratio.
        pad_to_aspect_ratio: first add a border so that it has, of the value `fill_value`.
        fill_mode: ``"constant"``.
        antialias: whether to blur where images become smaller. Default False.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Input shape: ``(batch, h, w, c)`` or ``(h, w, c)``. Output shape: with `height` and `width`.

    Raises:
        ValueError: an unknown interpolation or fill mode, both aspect ratio options, or sizes that are none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Resizing(2, 4)(np.ones((1, 8, 8, 3))).shape
        (1, 2, 4, 3)
    """

    is_always_on = True

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(height, width, data_format=data_format, **kwargs)
        if interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"Resizing: invalid value for argument `interpolation`. Expected one of {INTERPOLATIONS}. Received: "
                f"interpolation={interpolation!r}"
            )
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                "Resizing: only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`. Received: both"
            )
        self.interpolation = interpolation
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value
        self.antialias = bool(antialias)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        return self._as_configured(images, self.interpolation)

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self._as_configured(masks, "nearest")

    def _as_configured(self, images: Any, interpolation: str) -> Any:
        return self._resized(
            images,
            interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )

    def _output_dtype(self, dtype: Any) -> Any:
        return self.compute_dtype if np.dtype(dtype).kind == "f" else dtype

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }


class CenterCrop(_Sized):
    """The middle of images, in and outside of training. Of images that are too small the largest part with the
    right aspect ratio, resized.

    Args:
        height, width: of the result.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4, 1))[0, :, :, 0].tolist()
        [[5.0, 6.0]]
    """

    is_always_on = True

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any):
        super().__init__(height, width, data_format=data_format, **kwargs)

    def transformed(self, images: Any, transformation: Any) -> Any:
        key: list[Any] = [slice(None)] * len(images.shape)
        for axis, size in zip(self.spatial_axes, (self.height, self.width), strict=True):
            start = (images.shape[axis] - size) // 2
            if start < 0:
                return self._resized(images, crop_to_aspect_ratio=True)
            key[axis] = slice(start, start + size)
        return images[tuple(key)]


class RandomCrop(_Sized):
    """In training a window of the images, at a place drawn for each batch. Outside of it, the largest part in the
    middle that has the window's aspect ratio, resized. Of images that are too small in training: what there is,
    resized.

    Args:
        height, width: of the window.
        seed: integer, for repeatable places. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomCrop(2, 4, seed=1)(np.ones((1, 8, 8, 3)), training=True).shape
        (1, 2, 4, 3)
    """

    is_always_on = True

    def __init__(
        self,
        height: int,
        width: int,
        seed: Any = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(height, width, data_format=data_format, name=name, **kwargs)
        self.seed = draw_seed() if seed is None else seed
        self.generator = SeedGenerator(self.seed)

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Any:
        return super().get_random_transformation(data, True, seed) if training else None

    def drawn(self, images: Any, seed: Any) -> tuple[Any, Any]:
        room = [
            images.shape[axis] - n
            for axis, n in zip(self.spatial_axes, (self.height, self.width), strict=True)
        ]
        if min(room) > 0:
            starts = [random.randint((), 0, free + 1, seed=seed) for free in room]
            return starts[0], starts[1]
        height, width = (images.shape[axis] for axis in self.spatial_axes)
        part = int(width * self.height / self.width), int(height * self.width / self.height)
        starts = [(n - max(min(n, p), 1)) // 2 for n, p in zip((height, width), part, strict=True)]
        return starts[0], starts[1]

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self._windowed(images, transformation, "bilinear")

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self._windowed(masks, transformation, "nearest")

    def _windowed(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return self._resized(images, interpolation, crop_to_aspect_ratio=True)
        for axis, start, size in zip(
            self.spatial_axes, transformation, (self.height, self.width), strict=True
        ):
            kept = min(size, images.shape[axis] - (start if isinstance(start, int) else 0))
            images = ops.take(images, ops.add(np.arange(kept, dtype="int32"), start), axis=axis)
        return self._resized(images, interpolation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
