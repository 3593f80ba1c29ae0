"""Windows that slide over the spatial axes of an input: their arguments, and how many places there are for them."""

from __future__ import annotations

from typing import Any

from schuss.layers._shapes import is_integer

Sizes = tuple[int | None, ...]


def numbers(owner: str, argument: str, given: Any, dimensions: int, least: int = 1) -> tuple[int, ...]:
    """An integer for each spatial axis, from one or from one for each.

    Raises:
        ValueError: they are no integers, too few or too many, or below `least`.
    """
    each = (given,) * dimensions if is_integer(given) else given
    if (
        not isinstance(each, (list, tuple))
        or len(each) != dimensions
        or not all(is_integer(n) and n >= least for n in each)
    ):
        several = "" if dimensions == 1 else f", or {dimensions} such integers, one for each spatial axis"
        raise ValueError(
            f"{owner}: `{argument}` must be an integer of at least {least}{several}; got {given!r}."
        )
    return tuple(int(n) for n in each)


def checked_padding(owner: str, padding: Any, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """The padding's name in lower case; a ValueError for anything but the `allowed` ones."""
    name = padding.lower() if isinstance(padding, str) else padding
    if name not in allowed:
        raise ValueError(f"{owner}: `padding` must be {' or '.join(map(repr, allowed))}; got {padding!r}.")
    return name


def reaches(sizes: tuple[int, ...], dilations: tuple[int, ...]) -> tuple[int, ...]:
    """From a window's first element to its last, both counted: ``(size − 1)·dilation + 1``."""
    return tuple((k - 1) * d + 1 for k, d in zip(sizes, dilations, strict=True))


def positions(sizes: Sizes, reach: tuple[int, ...], strides: tuple[int, ...], padding: str) -> Sizes:
    """How many windows there are along each axis: ``⌊(n − reach) / stride⌋ + 1``, or ``⌈n / stride⌉`` with zeros
    around. 0 or less where none fits; None where n is not known."""
    return tuple(
        None if n is None else (n - k) // s + 1 if padding == "valid" else -(-n // s)
        for n, k, s in zip(sizes, reach, strides, strict=True)
    )


def split_shape(
    owner: str, shape: tuple[int | None, ...], dimensions: int, data_format: str
) -> tuple[Sizes, int | None]:
    """An input's spatial sizes, and its number of channels.

    Raises:
        ValueError: it has another number of axes.
    """
    if len(shape) != dimensions + 2:
        raise ValueError(
            f"{owner}: expected an input of {dimensions + 2} axes (batch, {dimensions} spatial, channels); got the "
            f"shape {tuple(shape)}."
        )
    if data_format == "channels_last":
        return tuple(shape[1:-1]), shape[-1]
    return tuple(shape[2:]), shape[1]


def joined_shape(batch: int | None, spatial: Sizes, channels: int | None, data_format: str) -> Sizes:
    """The shape of an output from its parts."""
    if data_format == "channels_last":
        return (batch, *spatial, channels)
    return (batch, channels, *spatial)
