"""Convolutions in any number of dimensions: a contraction of sliding windows with a kernel. Nothing is copied
together for it: a window is an index, and the loop over its places moves a pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from schuss.config import checked_data_format
from schuss.graph import primitives as p
from schuss.ops._custom_gradient import custom_gradient
from schuss.ops._operands import filled, promoted, reshaped, transposed
from schuss.ops._windows import padded, windows
from schuss.ops.contraction import contracted
from schuss.ops.elementwise import multiply
from schuss.ops.reductions import sum as sum_over
from schuss.ops.shaping import concatenate

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Geometry:
    """How windows lie on the input's axes; a number for each.

    With elements `spread` apart (zeros between) and `low` and `high` zeros around them (negative: cut off),
    window i starts at ``i·stride``, and its places are `dilation` apart.
    """

    strides: Ints
    dilations: Ints
    low: Ints
    high: Ints
    spread: Ints

    def transposed(self, kernel: Ints, size: Ints, positions: Ints) -> Geometry:
        """The geometry that leads from windows at `positions` back to an input of `size`."""
        low = tuple((k - 1) * d - a for k, d, a in zip(kernel, self.dilations, self.low, strict=True))
        high = tuple(
            (n - 1) * e + (k - 1) * d - (m - 1) * s - a
            for n, e, k, d, m, s, a in zip(
                size, self.spread, kernel, self.dilations, positions, self.strides, low, strict=True
            )
        )
        return Geometry(self.spread, self.dilations, low, high, self.strides)


def correlated(x: Any, kernel: Any, geometry: Geometry, groups: int) -> Any:
    """``y[n, i, o] = Σ_k Σ_c x[n, i·stride + k·dilation − low, c] w[k, c, o]``, within groups of channels.

    Its gradients are two more of its kind: by x a correlation of dy with the reversed kernel, by w one of the
    windows of x with dy, summed over images and positions.
    """

    def function(x: Any, kernel: Any) -> Any:
        sizes = tuple(kernel.shape[:-2])

        def gradient(dy: Any) -> tuple[Any, Any]:
            back = geometry.transposed(sizes, tuple(x.shape[1:-1]), tuple(dy.shape[1:-1]))
            turned = _reversed(kernel, groups)
            dx = correlated(dy, turned, back, groups)
            if prod(geometry.spread) > prod(geometry.strides):  # dy's windows at x: no zeros among them
                dw = _reversed(_by_kernel(_windows(dy, sizes, back), x, turned.shape, groups), groups)
            else:
                dw = _by_kernel(_windows(x, sizes, geometry), dy, kernel.shape, groups)
            return dx, dw

        if prod(geometry.spread) > 1 and prod(geometry.strides) * prod(geometry.dilations) == 1:
            return _by_phases(x, kernel, geometry, groups), gradient
        return _contraction(_windows(x, sizes, geometry), kernel, groups), gradient

    return custom_gradient(function)(x, kernel)


def _windows(x: Any, sizes: Ints, geometry: Geometry) -> Any:
    """[n, positions…, places…, c]: what each window sees."""
    spatial = len(sizes)
    x = padded(x, (0, *geometry.low, 0), (0, *geometry.high, 0), (1, *geometry.spread, 1))
    if prod(sizes) == 1 and prod(geometry.strides) == 1:
        return reshaped(x, (*x.shape[:-1], *sizes, x.shape[-1]))
    seen = windows(x, range(1, spatial + 1), sizes, geometry.strides, geometry.dilations)
    channels = spatial + 1
    return transposed(seen, (*range(channels), *range(channels + 1, seen.ndim), channels))


def _by_phases(x: Any, kernel: Any, geometry: Geometry, groups: int) -> Any:
    """`correlated` of an input with zeros between its elements, which are not multiplied.

    Outputs a·spread + φ of one phase φ meet elements of x at places k ≡ low − φ (mod spread) of the kernel only: there is a
    contraction for each phase, and each makes its part of the result.
    """
    low, spread, spatial = geometry.low, geometry.spread, kernel.ndim - 2
    ones = (1,) * spatial
    if prod(kernel.shape[:-2]) == 1:  # zeros give zeros
        none = (0,) * spatial
        y = _contraction(_windows(x, ones, Geometry(ones, ones, none, none, ones)), kernel, groups)
        return padded(y, (0, *low, 0), (0, *geometry.high, 0), (1, *spread, 1))
    size, sizes = x.shape[1:-1], kernel.shape[:-2]
    found = [
        (n - 1) * e + 1 + a + b - k + 1
        for n, e, a, b, k in zip(size, spread, low, geometry.high, sizes, strict=True)
    ]
    positions = tuple(-(-n // e) for n, e in zip(found, spread, strict=True))
    filters = kernel.shape[-1]

    def part(phase: Ints) -> Any:
        """[n, positions…, filters] of one phase."""
        first = tuple((a - f) % e for a, f, e in zip(low, phase, spread, strict=True))
        places = tuple(max(0, -(-(k - o) // e)) for k, o, e in zip(sizes, first, spread, strict=True))
        if not prod(places):
            return filled((x.shape[0], *positions, filters), 0, x.dtype)
        before = tuple((a - f) // e for a, f, e in zip(low, phase, spread, strict=True))
        after = tuple(m + u - 1 - a - n for m, u, a, n in zip(positions, places, before, size, strict=True))
        weights = p.slice_p.bind(
            kernel, start=(*first, 0, 0), limit=tuple(kernel.shape), strides=(*spread, 1, 1)
        )
        return _contraction(_windows(x, places, Geometry(ones, ones, before, after, ones)), weights, groups)

    def whole(phase: Ints) -> Any:
        """All phases that begin so. Those of an axis stand in the next axis before its own elements, as in the result."""
        axis = len(phase)
        if axis == spatial:
            return part(phase)
        return concatenate([whole((*phase, f)) for f in range(spread[axis])], axis=2 + axis)

    y = reshaped(whole(()), (x.shape[0], *(m * e for m, e in zip(positions, spread, strict=True)), filters))
    beyond = (0, *(n - m for n, m in zip(found, y.shape[1:-1], strict=True)), 0)
    return padded(y, (0,) * y.ndim, beyond, (1,) * y.ndim)


def _contraction(seen: Any, kernel: Any, groups: int) -> Any:
    """Windows [n, positions…, places…, c] and a kernel [places…, c / groups, o]: [n, positions…, o]."""
    spatial = kernel.ndim - 2
    depth, filters = kernel.shape[-2:]
    places = tuple(range(spatial + 1, 2 * spatial + 1))
    if groups == 1:
        inner = (*places, 2 * spatial + 1)
        return contracted(seen, kernel, (inner, tuple(range(spatial + 1))))
    multiple = filters // groups
    if depth == 1:  # each channel by itself: products side by side, summed over places
        split = reshaped(seen, (*seen.shape, 1))
        weights = reshaped(kernel, (*(1,) * (spatial + 1), *kernel.shape[:-2], groups, multiple))
        y = sum_over(multiply(split, weights), axis=places)
    else:
        split = reshaped(seen, (*seen.shape[:-1], groups, depth))
        weights = reshaped(kernel, (*kernel.shape[:-1], groups, multiple))
        inner = (*places, 2 * spatial + 2)
        batch = (2 * spatial + 1,), (spatial + 1,)
        y = contracted(split, weights, (inner, tuple(range(spatial + 1))), batch)
        y = transposed(y, (*range(1, y.ndim - 1), 0, y.ndim - 1))
    return reshaped(y, (*y.shape[:-2], filters))


def _by_kernel(seen: Any, dy: Any, shape: Sequence[int], groups: int) -> Any:
    """The kernel's gradient from windows [n, positions…, places…, c] and dy [n, positions…, o]."""
    spatial = len(shape) - 2
    depth, filters = shape[-2:]
    summed = tuple(range(spatial + 1))
    if groups == 1:
        return contracted(seen, dy, (summed, summed))
    multiple = filters // groups
    if depth == 1:
        split = reshaped(seen, (*seen.shape, 1))
        lead = dy.shape[:-1]
        errors = reshaped(dy, (*lead, *(1,) * spatial, groups, multiple))
        return reshaped(sum_over(multiply(split, errors), axis=summed), shape)
    split = reshaped(seen, (*seen.shape[:-1], groups, depth))
    errors = reshaped(dy, (*dy.shape[:-1], groups, multiple))
    dw = contracted(split, errors, (summed, summed), ((2 * spatial + 1,), (spatial + 1,)))
    return reshaped(transposed(dw, (*range(1, dw.ndim - 1), 0, dw.ndim - 1)), shape)


def _reversed(kernel: Any, groups: int) -> Any:
    """The kernel [places…, c / groups, o] with places reversed, channels in and out exchanged in each group."""
    spatial = kernel.ndim - 2
    depth, filters = kernel.shape[-2:]
    flipped = p.reverse_p.bind(kernel, axes=tuple(range(spatial)))
    split = reshaped(flipped, (*kernel.shape[:-1], groups, filters // groups))
    swapped = transposed(split, (*range(spatial), spatial + 2, spatial + 1, spatial))
    return reshaped(swapped, (*kernel.shape[:-2], filters // groups, groups * depth))


def conv(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Any:
    """Convolution (as in all of deep learning, a cross-correlation) in one, two, three or more dimensions.

    ``y[n, i, o] = Σ_k Σ_c inputs[n, i·stride + k·dilation, c] kernel[k, c, o]``, where i and k have a component
    for each spatial axis.

    Args:
        inputs: [n, *spatial, c], or [n, c, *spatial] for ``"channels_first"``.
        kernel: [*places, c / groups, filters]; the number of groups follows from c.
        strides, dilation_rate: int, or one for each spatial axis.
        padding: ``"valid"``, ``"same"`` (zeros around, so that the output has ``⌈size / stride⌉``; where their
            number is odd the one more goes to the end), or ``"causal"`` (one axis; zeros before).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        [n, *positions, filters] (``"channels_first"``: filters second) of the operands' joint dtype.

    Raises:
        ValueError: ranks, channels or sizes that do not fit.

    Example:
        >>> from schuss import ops
        >>> x = ops.reshape(ops.array([1.0, 2.0, 4.0, 8.0]), (1, 4, 1))
        >>> ops.conv(x, ops.reshape(ops.array([-1.0, 1.0]), (2, 1, 1))).ravel().tolist()
        [1.0, 2.0, 4.0]
    """
    x, kernel = _operands("conv", inputs, kernel, data_format)
    sizes, channels, depth = tuple(kernel.shape[:-2]), x.shape[-1], kernel.shape[-2]
    if depth == 0 or channels % depth or kernel.shape[-1] % (channels // depth):
        raise ValueError(
            f"conv: the {channels} channels of `inputs` must be a multiple (the number of groups) of the {depth} of "
            f"the kernel, of shape {tuple(kernel.shape)}, and the groups must divide its {kernel.shape[-1]} filters."
        )
    geometry = geometry_of("conv", x.shape[1:-1], sizes, strides, padding, dilation_rate)
    return border(correlated(x, kernel, geometry, channels // depth), data_format)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Any:
    """Convolution of each channel by itself: ``y[n, i, c·m + j] = Σ_k inputs[n, i + k, c] kernel[k, c, j]``.

    Args:
        inputs: [n, *spatial, c]. kernel: [*places, c, m], m the outputs of each channel. The others as of `conv`.

    Returns:
        [n, *positions, c·m].
    """
    x, kernel = _operands("depthwise_conv", inputs, kernel, data_format)
    channels, multiple = kernel.shape[-2:]
    if channels != x.shape[-1]:
        raise ValueError(
            f"depthwise_conv: the kernel, of shape {tuple(kernel.shape)}, is for {channels} channels; `inputs` has "
            f"{x.shape[-1]}."
        )
    sizes = tuple(kernel.shape[:-2])
    geometry = geometry_of("depthwise_conv", x.shape[1:-1], sizes, strides, padding, dilation_rate)
    weights = reshaped(kernel, (*sizes, 1, channels * multiple))
    return border(correlated(x, weights, geometry, channels), data_format)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Any:
    """A depthwise convolution, then one with windows of one place that mixes channels.

    Args:
        depthwise_kernel: [*places, c, m]. pointwise_kernel: [1…, c·m, filters]. The others as of `conv`.
    """
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, data_format=data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Any:
    """The transpose of a convolution: each input element adds its kernel to the output, `strides` apart.

    Args:
        inputs: [n, *spatial, c]. kernel: [*places, filters, c]. strides, dilation_rate: int, or one for each axis.
        padding: ``"valid"``: output of ``(size − 1)·stride + max(reach, stride)``; ``"same"``: of ``size·stride``.
        output_padding: int, or one for each axis: the output has ``(size − 1)·stride + reach − 2·⌊reach / 2⌋ +
            output_padding`` elements (``"same"``) or ``(size − 1)·stride + reach + output_padding`` (``"valid"``).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
    """
    name = "conv_transpose"
    x, kernel = _operands(name, inputs, kernel, data_format)
    spatial = x.ndim - 2
    if kernel.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"{name}: the last axis of the kernel, of shape {tuple(kernel.shape)}, must have the size of the "
            f"inputs' channels: {x.shape[-1]}."
        )
    steps, gaps = (each(name, *a, spatial) for a in (("strides", strides), ("dilation_rate", dilation_rate)))
    more = (
        (None,) * spatial
        if output_padding is None
        else each(name, "output_padding", output_padding, spatial, 0)
    )
    sizes = tuple(kernel.shape[:-2])
    ends = [
        _transposed_ends(padding, (k - 1) * d + 1, s, extra)
        for k, d, s, extra in zip(sizes, gaps, steps, more, strict=True)
    ]
    low, high = (tuple(end[i] for end in ends) for i in (0, 1))
    flipped = p.reverse_p.bind(kernel, axes=tuple(range(spatial)))
    weights = transposed(flipped, (*range(spatial), spatial + 1, spatial))
    geometry = Geometry((1,) * spatial, gaps, low, high, steps)
    return border(correlated(x, weights, geometry, 1), data_format)


def _transposed_ends(padding: str, reach: int, stride: int, more: int | None) -> tuple[int, int]:
    """Zeros before and after the spread input."""
    if padding == "valid":
        return reach - 1, reach - 1 + (max(reach, stride) - reach if more is None else more)
    if padding != "same":
        raise ValueError(f"conv_transpose: `padding` must be 'valid' or 'same'. Received: {padding!r}")
    total = stride + reach - 2 if more is None else reach + reach % 2 - 2 + more
    low = min(-(-total // 2), reach - 1)
    return low, total - low


def _operands(name: str, inputs: Any, kernel: Any, data_format: str | None) -> tuple[Any, Any]:
    """Both of one dtype, the inputs with channels last."""
    x, kernel = promoted(inputs, kernel)
    if x.ndim < 3 or kernel.ndim != x.ndim:
        raise ValueError(
            f"{name}: `inputs` must have an axis of samples, one or more spatial axes, and one of channels, and the "
            f"kernel as many axes. Received: inputs.shape={tuple(x.shape)}, kernel.shape={tuple(kernel.shape)}"
        )
    return channels_last(name, x, data_format), kernel


def channels_last(name: str, x: Any, data_format: str | None) -> Any:
    """`x` with its channels as the last axis."""
    if checked_data_format(name, data_format) == "channels_last":
        return x
    return transposed(x, (0, *range(2, x.ndim), 1))


def border(y: Any, data_format: str | None) -> Any:
    """A result with channels last in the caller's format."""
    if checked_data_format("border", data_format) == "channels_last":
        return y
    return transposed(y, (0, y.ndim - 1, *range(1, y.ndim - 1)))


def each(name: str, argument: str, given: Any, axes: int, least: int = 1) -> Ints:
    """A number for each spatial axis."""
    numbers = (given,) * axes if not isinstance(given, (tuple, list)) else tuple(given)
    if len(numbers) == 1:
        numbers = numbers * axes
    if len(numbers) != axes or any(int(n) != n or n < least for n in numbers):
        raise ValueError(
            f"{name}: `{argument}` must be an integer of at least {least}, or {axes} of them. Received: {given!r}"
        )
    return tuple(int(n) for n in numbers)


def geometry_of(
    name: str, size: Sequence[int], kernel: Ints, strides: Any, padding: str, dilation_rate: Any
) -> Geometry:
    """The windows of a padding's name.

    Raises:
        ValueError: an unknown padding, or a window larger than what there is.
    """
    axes = len(kernel)
    steps, gaps = each(name, "strides", strides, axes), each(name, "dilation_rate", dilation_rate, axes)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, gaps, strict=True)]
    if padding == "valid":
        missing = [0] * axes
        if any(k > n for k, n in zip(reach, size, strict=True)):
            raise ValueError(
                f"{name}: a window of {tuple(reach)} elements (kernel {kernel}, dilation {gaps}) does not fit into "
                f"spatial axes of {tuple(size)}. Use padding='same', a smaller kernel, or larger inputs."
            )
    elif padding in ("same", "causal"):
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, steps, reach, strict=True)]
        if padding == "causal":
            missing = [k - 1 for k in reach]
    else:
        raise ValueError(f"{name}: `padding` must be 'valid' or 'same'. Received: padding={padding!r}")
    low = tuple(missing) if padding == "causal" else tuple(n // 2 for n in missing)
    high = tuple(n - a for n, a in zip(missing, low, strict=True))
    return Geometry(steps, gaps, low, high, (1,) * axes)
