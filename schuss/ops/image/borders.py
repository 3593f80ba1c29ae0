"""Borders of images added and taken away, said by two of: what comes before, what comes after, what is left."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.config import checked_data_format
from schuss.ops.image._formats import as_images, spatial_axes


def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Zeros around images.

    Args:
        images: [h, w, c] or [n, h, w, c].
        top_padding, bottom_padding, target_height: exactly two of them. left_padding, right_padding, target_width:
            likewise.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: not two of three, or a negative padding.

    Example:
        >>> from schuss import ops
        >>> ops.image.pad_images(ops.ones((1, 1, 1)), 1, 0, target_height=2, target_width=2)[..., 0].tolist()
        [[0.0, 0.0], [1.0, 0.0]]
    """
    data_format = checked_data_format("pad_images", data_format)
    images = as_images("pad_images", images)
    widths = [(0, 0)] * len(images.shape)
    sides: Any = (
        (0, ("top_padding", "bottom_padding", "target_height"), (top_padding, bottom_padding, target_height)),
        (1, ("left_padding", "right_padding", "target_width"), (left_padding, right_padding, target_width)),
    )
    for axis, names, (before, after, target) in sides:
        _two_of_three("pad_images", names, (before, after, target))
        axis = spatial_axes(data_format)[axis]
        size = images.shape[axis]
        before = target - after - size if before is None else before
        after = target - before - size if after is None else after
        _not_negative("pad_images", dict(zip(names, (before, after), strict=False)))
        widths[axis] = (before, after)
    return ops.pad(images, widths)


def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """A rectangle of images.

    Args:
        images: [h, w, c] or [n, h, w, c].
        top_cropping, bottom_cropping, target_height: exactly two of them. left_cropping, right_cropping, target_width:
            likewise.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: not two of three, a negative one, or a rectangle that is not within the images.

    Example:
        >>> from schuss import ops
        >>> ops.image.crop_images(ops.ones((4, 5, 3)), 1, 1, 0, 2).shape
        (3, 2, 3)
    """
    data_format = checked_data_format("crop_images", data_format)
    images = as_images("crop_images", images)
    key: list[Any] = [slice(None)] * len(images.shape)
    for axis, names, (before, after, target) in (
        (
            0,
            ("top_cropping", "bottom_cropping", "target_height"),
            (top_cropping, bottom_cropping, target_height),
        ),
        (
            1,
            ("left_cropping", "right_cropping", "target_width"),
            (left_cropping, right_cropping, target_width),
        ),
    ):
        _two_of_three("crop_images", names, (before, after, target))
        axis = spatial_axes(data_format)[axis]
        size = images.shape[axis]
        before = size - target - after if before is None else before
        target = size - after - before if target is None else target
        _not_negative("crop_images", {names[0]: before, names[2]: target, names[1]: size - before - target})
        key[axis] = slice(before, before + target)
    return images[tuple(key)]


def _two_of_three(name: str, names: tuple[str, ...], values: tuple[int | None, ...]) -> None:
    given = dict(zip(names, values, strict=True))
    if values.count(None) != 1:
        raise ValueError(f"{name}: must specify exactly two of {', '.join(names)}. Received: {given}")
    _not_negative(name, given)


def _not_negative(name: str, numbers: dict[str, int | None]) -> None:
    for argument, number in numbers.items():
        if number is not None and number < 0:
            raise ValueError(f"{name}: {argument} must be >= 0. Received: {argument}={number}")
