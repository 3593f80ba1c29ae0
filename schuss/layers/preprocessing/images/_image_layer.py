"""ImageLayer, the base: which arrays a call brings, when a layer does something, and with which random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from schuss import ops, random
from schuss.config import checked_data_format
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.random import SeedGenerator

Transformation = Any
"""What a layer has drawn for a batch; None: it does nothing."""


class ImageLayer(Layer):
    """A layer of images, or of a dict of ``"images"`` and what belongs to them.

    Subclasses say what they draw in ``drawn(images, seed)`` and what they do in ``transformed(images,
    transformation)``, both for batches; layers whose pixels move do the same to ``"segmentation_masks"`` in
    ``transformed_masks``, those that mix images mix ``"labels"`` in ``transformed_labels``.

    Args:
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        bounding_box_format: kept for configs; boxes are passed on by layers whose pixels stay where they are.
        **kwargs: ``name``, ``dtype`` as for every `Layer`.
    """

    is_always_on: ClassVar[bool] = False
    """Whether it does the same in and outside of training."""
    moves_pixels: ClassVar[bool] = False

    def __init__(self, data_format: str | None = None, bounding_box_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(type(self).__name__, data_format)
        self.bounding_box_format = bounding_box_format
        self.built = True

    # What subclasses say ---

    def drawn(self, images: Any, seed: Any) -> Transformation:
        """The random numbers for a batch."""
        return {}

    def transformed(self, images: Any, transformation: Transformation) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define `transformed`.")

    def transformed_masks(self, masks: Any, transformation: Transformation) -> Any:
        return self.transformed(masks, transformation) if self.moves_pixels else masks

    def transformed_labels(self, labels: Any, transformation: Transformation) -> Any:
        return labels

    # Calling ---

    def get_random_transformation(self, data: Any, training: Any = True, seed: Any = None) -> Transformation:
        """What the layer draws for images (or a dict with them); None where it does nothing.

        Args:
            data: images, or a dict. training: whether to do something. seed: default: the layer's own generator.
        """
        if not training and not self.is_always_on:
            return None
        images = data["images"] if isinstance(data, dict) else data
        if self._is_single(images):
            images = ops.expand_dims(images, 0)
        return self.drawn(images, getattr(self, "generator", None) if seed is None else seed)

    def transform_images(
        self, images: Any, transformation: Transformation = None, training: Any = True
    ) -> Any:
        """A batch of images, changed as `get_random_transformation` said."""
        images = ops.cast(images, self.compute_dtype)
        if self._is_idle(transformation, training):
            return images
        return ops.cast(self.transformed(images, transformation), self.compute_dtype)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: Any = True
    ) -> Any:
        """A batch of masks, whose pixels move as those of the images."""
        if self._is_idle(transformation, training):
            return segmentation_masks
        return self.transformed_masks(segmentation_masks, transformation)

    def transform_labels(
        self, labels: Any, transformation: Transformation = None, training: Any = True
    ) -> Any:
        """A batch of labels, mixed as the images."""
        return (
            labels
            if self._is_idle(transformation, training)
            else self.transformed_labels(labels, transformation)
        )

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: Any = True
    ) -> Any:
        """Boxes as they are; an error where they would have to move with the pixels."""
        if self.moves_pixels and not self._is_idle(transformation, training):
            raise ValueError(
                f'Layer "{self.name}": {type(self).__name__} moves pixels, and bounding boxes cannot be moved with '
                'them here. Leave "bounding_boxes" out of its input, or transform them yourself, with what '
                "`get_random_transformation` returns."
            )
        return bounding_boxes

    def _is_idle(self, transformation: Transformation, training: Any) -> bool:
        return not self.is_always_on and (not training or transformation is None)

    def _is_single(self, images: Any) -> bool:
        if len(images.shape) not in (3, 4):
            raise ValueError(
                f'Layer "{self.name}" ({type(self).__name__}): expected image tensor to have rank 3 (single image) or 4 '
                f"(batch of images). Received: data.shape={tuple(images.shape)}"
            )
        return len(images.shape) == 3

    def call(self, data: Any, training: Any = True) -> Any:
        given = data if isinstance(data, dict) else {"images": data}
        if "images" not in given:
            raise ValueError(
                f'Layer "{self.name}" ({type(self).__name__}): a dict of inputs must have the key "images"; it has '
                f"{sorted(given)}."
            )
        single = self._is_single(given["images"])
        if single:
            given = _each(given, lambda x: ops.expand_dims(x, 0))
        transformation = self.get_random_transformation(given, training=training)
        changes = {
            "images": self.transform_images,
            "labels": self.transform_labels,
            "segmentation_masks": self.transform_segmentation_masks,
            "bounding_boxes": self.transform_bounding_boxes,
        }
        result = {
            key: changes[key](value, transformation, training) if key in changes else value
            for key, value in given.items()
        }
        if single:
            result = _each(result, lambda x: ops.squeeze(x, 0))
        return result if isinstance(data, dict) else result["images"]

    # Shapes ---

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, data: Any, training: Any = True) -> Any:
        if not isinstance(data, dict):
            return KerasTensor(self.compute_output_shape(data.shape), self._output_dtype(data.dtype))
        specs = dict(data)
        for key in ("images", "segmentation_masks"):
            if key in data:
                dtype = self._output_dtype(data[key].dtype) if key == "images" else data[key].dtype
                specs[key] = KerasTensor(self.compute_output_shape(data[key].shape), dtype)
        return _each(specs, lambda x: KerasTensor(x.shape, x.dtype))

    def _output_dtype(self, dtype: Any) -> Any:
        return self.compute_dtype

    @property
    def spatial_axes(self) -> tuple[int, int]:
        """The axes of height and width, counted from the end."""
        return (-3, -2) if self.data_format == "channels_last" else (-2, -1)

    @property
    def channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else -3

    def get_config(self) -> dict[str, Any]:
        boxes = (
            {"bounding_box_format": self.bounding_box_format} if self.bounding_box_format is not None else {}
        )
        return {**super().get_config(), "data_format": self.data_format, **boxes}


def _each(structure: dict[str, Any], function: Any) -> dict[str, Any]:
    """The function of every array in a dict of arrays and dicts of them."""
    return {k: _each(v, function) if isinstance(v, dict) else function(v) for k, v in structure.items()}


class RandomLayer(ImageLayer):
    """An `ImageLayer` that draws.

    Args:
        seed: integer, for repeatable transformations. Default None. The others as for `ImageLayer`.
    """

    def __init__(self, seed: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


def factor_range(
    owner: str, factor: Any, bounds: tuple[float, float], name: str = "factor"
) -> tuple[float, float]:
    """(lower, upper) of a factor; of one number f: (max(−|f|, the lower bound), |f|).

    Raises:
        ValueError: not a number, nor two, within the bounds.
    """
    low, high = bounds
    if isinstance(factor, (tuple, list)) and len(factor) == 2:
        if factor[0] <= high and factor[1] >= low:
            lower, upper = sorted(factor)
            return lower, upper
    elif isinstance(factor, (int, float)) and low <= factor <= high:
        return max(-abs(factor), low), abs(factor)
    raise _out_of_range(owner, name, f"[{low}, {high}]", factor)


def symmetric_range(
    owner: str, factor: Any, bounds: tuple[float, float], name: str, excluded: float | None = None
) -> tuple[float, float]:
    """(lower, upper) of a factor; of one number f: (−|f|, |f|). Each number must be within the bounds.

    Raises:
        ValueError: not a number, nor two, within the bounds, or `excluded`.
    """
    low, high = bounds
    several = isinstance(factor, (tuple, list))
    numbers = list(factor) if several else [factor]
    fits = all(isinstance(n, (int, float)) and low <= n <= high and n != excluded for n in numbers)
    if not fits or len(numbers) != (2 if several else 1):
        raise _out_of_range(owner, name, f"{'[' if excluded is None else '('}{low}, {high}]", factor)
    lower, upper = sorted(numbers) if several else (-abs(factor), abs(factor))
    return lower, upper


def _out_of_range(owner: str, name: str, interval: str, given: Any) -> ValueError:
    return ValueError(
        f"{owner}: the `{name}` argument should be a number (or a list of two numbers) in the range {interval}. "
        f"Received: {name}={given!r}"
    )


def value_range_of(owner: str, value_range: Any) -> list[float]:
    """[low, high], what black and white are."""
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ValueError(
            f"{owner}: the `value_range` argument should be a list of two numbers. Received: value_range={value_range!r}"
        )
    return sorted(value_range)


def known_option(owner: str, name: str, given: Any, known: Sequence[str]) -> Any:
    """`given`, one of the known. (Keras raises this type.)"""
    if given not in known:
        raise NotImplementedError(f"{owner}: unknown `{name}` {given!r}. Expected one of {tuple(known)}.")
    return given


def rescaled(images: Any, source: Sequence[float], target: Sequence[float]) -> Any:
    """Images whose values are in one range, in another."""
    if tuple(source) == tuple(target):
        return images
    part = ops.divide(ops.subtract(images, source[0]), source[1] - source[0])
    return ops.add(ops.multiply(part, target[1] - target[0]), target[0])


def some(count: int, factor: tuple[float, float], seed: Any) -> Any:
    """bool [count]: true with a probability that is itself drawn from a range."""
    probability = random.uniform((count,), factor[0], factor[1], seed=seed)
    return ops.less(random.uniform((count,), seed=seed), probability)


def per_image(values: Any) -> Any:
    """[n] as [n, 1, 1, 1]."""
    return ops.reshape(values, (-1, 1, 1, 1))
