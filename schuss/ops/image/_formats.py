"""What all functions of images ask first: how many axes there are, and which is which."""

from __future__ import annotations

from typing import Any

from schuss import ops


def spatial_axes(data_format: str) -> tuple[int, int]:
    """The axes of height and width, counted from the end."""
    return (-3, -2) if data_format == "channels_last" else (-2, -1)


def channel_axis(data_format: str) -> int:
    return -1 if data_format == "channels_last" else -3


def as_images(name: str, images: Any) -> Any:
    """`images` as an array or tensor of 3 or 4 axes."""
    images = ops.convert_to_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"{name}: invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received input "
            f"with shape: images.shape={tuple(images.shape)}"
        )
    return images


def as_batch(name: str, images: Any, data_format: str) -> Any:
    """`images` as a batch with channels last; `as_given` is the way back."""
    images = as_images(name, images)
    if len(images.shape) == 3:
        images = ops.expand_dims(images, 0)
    return images if data_format == "channels_last" else ops.transpose(images, (0, 2, 3, 1))


def as_given(batch: Any, given: Any, data_format: str) -> Any:
    """A batch with channels last in the format and rank of the images that were given."""
    if data_format == "channels_first":
        batch = ops.transpose(batch, (0, 3, 1, 2))
    return ops.squeeze(batch, 0) if len(given.shape) == 3 else batch


def one_of(name: str, argument: str, given: Any, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ValueError(
            f"{name}: invalid value for argument `{argument}`. Expected one of {known}. Received: {argument}={given!r}"
        )
    return given
