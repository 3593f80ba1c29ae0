"""Blocks of images: blocks as channels and back, sliding windows, and axes rearranged by a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import Any

from schuss import ops
from schuss.graph.primitives import pad_p

__all__ = ["depth_to_space", "fold", "rearrange", "space_to_depth", "unfold"]


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels as blocks of pixels: [n, h, w, c·b²] becomes [n, h·b, w·b, c].

    Args:
        x: images of 4 axes. block_size: b. data_format: ``"channels_last"`` or ``"channels_first"``.

    Example:
        >>> from schuss import ops
        >>> ops.depth_to_space(ops.zeros((1, 2, 2, 12)), 2).shape
        (1, 4, 4, 3)
    """
    x = _images("depth_to_space", x, block_size, data_format)
    channels = x.shape[-1 if data_format == "channels_last" else 1]
    if channels % block_size**2:
        raise ValueError(
            f"depth_to_space: the {channels} channels must be divisible by block_size² = {block_size**2}."
        )
    sides = {"i": block_size, "j": block_size}
    if data_format == "channels_last":
        return rearrange(x, "n h w (i j c) -> n (h i) (w j) c", **sides)
    return rearrange(x, "n (c i j) h w -> n c (h i) (w j)", **sides)


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Blocks of pixels as channels: [n, h·b, w·b, c] becomes [n, h, w, c·b²]. The inverse of `depth_to_space`.

    Args:
        x: images of 4 axes. block_size: b. data_format: ``"channels_last"`` or ``"channels_first"``.
    """
    x = _images("space_to_depth", x, block_size, data_format)
    height, width = x.shape[1:3] if data_format == "channels_last" else x.shape[2:4]
    if height % block_size or width % block_size:
        raise ValueError(
            f"space_to_depth: height {height} and width {width} must be divisible by block_size={block_size}."
        )
    sides = {"i": block_size, "j": block_size}
    if data_format == "channels_last":
        return rearrange(x, "n (h i) (w j) c -> n h w (i j c)", **sides)
    return rearrange(x, "n c (h i) (w j) -> n (c i j) h w", **sides)


def _images(name: str, x: Any, block_size: int, data_format: str) -> Any:
    x = ops.convert_to_tensor(x)
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{name}: `data_format` must be 'channels_last' or 'channels_first'. "
            f"Received: data_format={data_format!r}"
        )
    if x.ndim != 4 or block_size < 1:
        raise ValueError(
            f"{name}: expected images of 4 axes and a positive block_size. "
            f"Received: x.shape={tuple(x.shape)}, block_size={block_size}"
        )
    return x


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes split, permuted and merged as a pattern says: ``"b (h p) c -> b h (p c)"``.

    Args:
        tensor: array. pattern: names of its axes, ``->``, and the same names in the result's order; names in
            parentheses make one axis. axes_lengths: sizes of names, where an axis is split; one of each
            split axis may be left out.

    Raises:
        ValueError: the pattern does not fit.

    Example:
        >>> from schuss import ops
        >>> ops.rearrange(ops.array([[1, 2, 3, 4]]), "a (b c) -> (a c) b", c=2).tolist()
        [[1, 3], [2, 4]]
    """
    tensor = ops.convert_to_tensor(tensor)
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: expected one '->' in the pattern. Received: pattern={pattern!r}")
    before, after = map(_axes, sides)
    names, wanted = ([n for axis in side for n in axis] for side in (before, after))
    if sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise ValueError(
            f"rearrange: both sides must name the same axes, each once. Received: pattern={pattern!r}"
        )
    if len(before) != tensor.ndim:
        raise ValueError(
            f"rearrange: {pattern!r} names {len(before)} axes of an array of shape {tuple(tensor.shape)}."
        )
    sizes = dict(axes_lengths)
    for axis, size in zip(before, tensor.shape, strict=True):
        _complete(axis, size, sizes, pattern)
    split = ops.reshape(tensor, [sizes[n] for n in names])
    moved = ops.transpose(split, [names.index(n) for n in wanted])
    return ops.reshape(moved, [prod(sizes[n] for n in axis) for axis in after])


def _axes(side: str) -> list[list[str]]:
    """``"a (b c)"`` as [["a"], ["b", "c"]]."""
    return [re.findall(r"\w+", part) for part in re.findall(r"\w+|\(.*?\)", side)]


def _complete(axis: Sequence[str], size: int, sizes: dict[str, int], pattern: str) -> None:
    """Find the size of the one name that an axis of the given size leaves open."""
    unknown = [n for n in axis if n not in sizes]
    known = prod(sizes[n] for n in axis if n in sizes)
    if len(unknown) > 1:
        raise ValueError(f"rearrange: give the sizes of all but one of {unknown} in {pattern!r}.")
    if unknown and known and size % known == 0:
        sizes[unknown[0]] = size // known
    elif unknown or known != size:
        raise ValueError(
            f"rearrange: an axis of size {size} is no {' × '.join(axis)} of {pattern!r}: {sizes}."
        )


def _two(value: int | Sequence[int]) -> tuple[int, int]:
    height, width = (value, value) if isinstance(value, int) else value
    return int(height), int(width)


def unfold(
    x: Any,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """Sliding windows of images, each as one column ("im2col").

    Args:
        x: [n, c, h, w], channels first. kernel_size: (height, width) of a window, or one number for both.
        dilation: distance of a window's elements. padding: zeros around the image. stride: from window to window.

    Returns:
        [n, c·kh·kw, windows].
    """
    x = ops.convert_to_tensor(x)
    if x.ndim != 4:
        raise ValueError(f"Input must be a 4D tensor. Received: input.shape={tuple(x.shape)}")
    kernel, gaps, around, steps = map(_two, (kernel_size, dilation, padding, stride))
    if any(around):
        x = ops.pad(x, [(0, 0), (0, 0), (around[0],) * 2, (around[1],) * 2])
    counts = _counts(x.shape[2:], kernel, gaps, steps)
    taps = [
        x[:, :, i * gaps[0] :, j * gaps[1] :][:, :, :: steps[0], :: steps[1]][:, :, : counts[0], : counts[1]]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    n, c = x.shape[:2]
    return ops.reshape(ops.stack(taps, axis=2), (n, c * prod(kernel), prod(counts)))


def _counts(
    sizes: Sequence[int], kernel: Sequence[int], gaps: Sequence[int], steps: Sequence[int]
) -> list[int]:
    """How many windows fit along each axis."""
    return [
        (size - (k - 1) * gap - 1) // step + 1
        for size, k, gap, step in zip(sizes, kernel, gaps, steps, strict=True)
    ]


def fold(
    x: Any,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Any:
    """Windows put back where `unfold` took them from; where they overlap they add up ("col2im").

    Args:
        x: [n, c·kh·kw, windows]. output_size: (height, width) of the images.
        kernel_size, dilation, padding, stride: as of `unfold`.

    Returns:
        [n, c, height, width].
    """
    x = ops.convert_to_tensor(x)
    if x.ndim != 3:
        raise ValueError(f"Input must be a 3D tensor. Received: input.shape={tuple(x.shape)}")
    size, kernel, gaps, around, steps = map(_two, (output_size, kernel_size, dilation, padding, stride))
    padded = [n + 2 * p for n, p in zip(size, around, strict=True)]
    counts = _counts(padded, kernel, gaps, steps)
    n, depth, windows = x.shape
    if depth % prod(kernel) or windows != prod(counts):
        raise ValueError(
            f"fold: x must be [n, channels · {prod(kernel)}, {prod(counts)}] for output_size={tuple(size)} and "
            f"kernel_size={tuple(kernel)}. Received: x.shape={tuple(x.shape)}"
        )
    channels = depth // prod(kernel)
    x = ops.reshape(x, (n, channels, *kernel, *counts))
    zero = ops.zeros((), dtype=x.dtype)
    total: Any = None
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            low = [i * gaps[0], j * gaps[1]]
            inside = [(count - 1) * step + 1 for count, step in zip(counts, steps, strict=True)]
            high = [whole - a - b for whole, a, b in zip(padded, low, inside, strict=True)]
            spread = pad_p.bind(
                x[:, :, i, j],
                zero,
                low=(0, 0, *low),
                high=(0, 0, *high),
                interior=(0, 0, *(s - 1 for s in steps)),
            )
            total = spread if total is None else ops.add(total, spread)
    return total[:, :, around[0] : around[0] + size[0], around[1] : around[1] + size[1]]
