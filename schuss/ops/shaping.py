"""Shapes: other views of the same elements, joining, splitting, repeating, padding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.ops._operands import (
    axes_of,
    axis_of,
    broadcast,
    promoted,
    reshaped,
    shape_of,
    transposed,
    value,
)

__all__ = [
    "append", "array_split", "broadcast_to", "concatenate", "dsplit", "dstack", "expand_dims", "flip", "fliplr", "flipud",
    "hsplit", "hstack", "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "rot90", "split", "squeeze", "stack",
    "swapaxes", "tile", "transpose", "unstack", "vsplit", "vstack",
]  # fmt: skip


def reshape(x: Any, newshape: Any) -> Any:
    """The same elements, row by row, in another shape.

    Args:
        x: array.
        newshape: int or sequence of ints; one of them may be −1: what the others leave.

    Raises:
        ValueError: the number of elements differs.

    Example:
        >>> from schuss import ops
        >>> ops.reshape(ops.array([1, 2, 3, 4]), (2, -1)).tolist()
        [[1, 2], [3, 4]]
    """
    x = value(x)
    wanted = shape_of(newshape)
    known = prod(n for n in wanted if n != -1)
    size = prod(x.shape)
    if wanted.count(-1) > 1:
        raise ValueError(f"reshape: only one size may be -1. Received: newshape={wanted}")
    if -1 in wanted and known and size % known == 0:
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    if any(n < 0 for n in wanted) or prod(wanted) != size:
        raise ValueError(
            f"reshape: {size} elements of shape {tuple(x.shape)} cannot take the shape {wanted}."
        )
    return reshaped(x, wanted)


def ravel(x: Any) -> Any:
    """The elements, row by row, as one axis."""
    x = value(x)
    return reshaped(x, (prod(x.shape),))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order: axis i of the result is axis ``axes[i]`` of x; reversed by default."""
    x = value(x)
    if axes is None:
        return transposed(x, range(x.ndim)[::-1])
    order = [axis_of(a, x.ndim, "transpose") for a in axes]
    if sorted(order) != list(range(x.ndim)):
        raise ValueError(
            f"transpose: `axes` must name each of the {x.ndim} axes once. Received: axes={tuple(axes)}"
        )
    return transposed(x, order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes in each other's place."""
    x = value(x)
    order = list(range(x.ndim))
    a, b = axis_of(axis1, x.ndim, "swapaxes"), axis_of(axis2, x.ndim, "swapaxes")
    order[a], order[b] = b, a
    return transposed(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes `source` moved to the places `destination`; the others keep their order."""
    x = value(x)
    sources = [axis_of(a, x.ndim, "moveaxis") for a in _sequence(source)]
    places = [axis_of(a, x.ndim, "moveaxis") for a in _sequence(destination)]
    if len(sources) != len(places) or len(set(sources)) != len(sources) or len(set(places)) != len(places):
        raise ValueError(
            f"moveaxis: source={source} and destination={destination} must be equally many different axes."
        )
    order = [a for a in range(x.ndim) if a not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transposed(x, order)


def _sequence(x: Any) -> Sequence[int]:
    return x if isinstance(x, (tuple, list)) else (x,)


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """New axes of size 1 at the places `axis` of the result.

    Example:
        >>> from schuss import ops
        >>> ops.expand_dims(ops.array([1, 2]), -1).shape
        (2, 1)
    """
    x = value(x)
    new = axes_of(list(_sequence(axis)), x.ndim + len(_sequence(axis)), "expand_dims")
    sizes = iter(x.shape)
    return reshaped(x, [1 if a in new else next(sizes) for a in range(x.ndim + len(new))])


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Without the axes `axis`, which must have size 1; without all such axes by default."""
    x = value(x)
    axes = (
        tuple(a for a, n in enumerate(x.shape) if n == 1)
        if axis is None
        else axes_of(axis, x.ndim, "squeeze")
    )
    for a in axes:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} of shape {tuple(x.shape)} has size {x.shape[a]}, not 1.")
    return reshaped(x, [n for a, n in enumerate(x.shape) if a not in axes])


def broadcast_to(x: Any, shape: Any) -> Any:
    """x repeated along new leading axes and axes of size 1."""
    x, shape = value(x), shape_of(shape)
    padded = (1,) * (len(shape) - x.ndim) + tuple(x.shape)
    if len(padded) != len(shape) or any(a not in (1, b) for a, b in zip(padded, shape, strict=True)):
        raise ValueError(f"broadcast_to: shape {tuple(x.shape)} does not broadcast to {shape}.")
    return broadcast(x, shape)


def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an existing axis (flattened first if `axis` is None).

    Example:
        >>> from schuss import ops
        >>> ops.concatenate([ops.array([1, 2]), ops.array([3.0])]).tolist()
        [1.0, 2.0, 3.0]
    """
    arrays = promoted(*_several(xs, "concatenate"))
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    if arrays[0].ndim == 0:
        raise ValueError("concatenate: scalars have no axis to be joined along. Use stack.")
    axis = axis_of(axis, arrays[0].ndim, "concatenate")
    if len(arrays) == 1:
        return arrays[0]
    return p.concatenate_p.bind(*arrays, axis=axis)


def _several(xs: Any, name: str) -> list[Any]:
    arrays = list(xs)
    if not arrays:
        raise ValueError(f"{name}: expected at least one array, got none.")
    return arrays


def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """x2 after x1 along an axis (both flattened if `axis` is None)."""
    return concatenate([value(x1), value(x2)], axis=axis)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    Example:
        >>> from schuss import ops
        >>> ops.stack([ops.array([1, 2]), ops.array([3, 4])], axis=1).tolist()
        [[1, 3], [2, 4]]
    """
    arrays = promoted(*_several(x, "stack"))
    if any(tuple(a.shape) != tuple(arrays[0].shape) for a in arrays):
        shapes = ", ".join(str(tuple(a.shape)) for a in arrays)
        raise ValueError(f"stack: all arrays must have one shape. Received: {shapes}")
    axis = axis_of(axis, arrays[0].ndim + 1, "stack")
    return concatenate([expand_dims(a, axis) for a in arrays], axis=axis)


def hstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along axis 1, vectors along axis 0."""
    arrays = [_at_least(x, 1) for x in _several(xs, "hstack")]
    return concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along axis 0; vectors are rows."""
    return concatenate([_at_least(x, 2) for x in _several(xs, "vstack")], axis=0)


def dstack(xs: Sequence[Any]) -> Any:
    """Arrays joined along axis 2; vectors and matrices get that axis."""
    return concatenate([_at_least(x, 3) for x in _several(xs, "dstack")], axis=2)


def _at_least(x: Any, ndim: int) -> Any:
    """x with at least `ndim` axes, as numpy.atleast_1d, _2d and _3d place them."""
    x = value(x)
    if x.ndim >= ndim:
        return x
    if ndim == 3:
        return reshaped(x, (1, prod(x.shape), 1) if x.ndim < 2 else (*x.shape, 1))
    return reshaped(x, (1,) * (ndim - x.ndim) + tuple(x.shape))


def take_slice(x: Any, axis: int, start: int, limit: int, step: int = 1) -> Any:
    """``x[…, start:limit:step, …]`` at `axis`, for valid bounds; x itself where that is everything."""
    if (start, limit, step) == (0, x.shape[axis], 1):
        return x
    low, high, strides = [0] * x.ndim, list(x.shape), [1] * x.ndim
    low[axis], high[axis], strides[axis] = start, limit, step
    return p.slice_p.bind(x, start=tuple(low), limit=tuple(high), strides=tuple(strides))


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """x cut into pieces along an axis.

    Args:
        x: array.
        indices_or_sections: int: so many equal pieces; sequence: where to cut.
        axis: default 0.

    Raises:
        ValueError: no equal pieces.

    Example:
        >>> from schuss import ops
        >>> [piece.tolist() for piece in ops.split(ops.array([1, 2, 3, 4]), [1, 3])]
        [[1], [2, 3], [4]]
    """
    x = value(x)
    axis = axis_of(axis, x.ndim, "split")
    size = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = int(indices_or_sections)
        if sections < 1 or size % sections:
            raise ValueError(
                f"split: axis {axis} of shape {tuple(x.shape)} cannot be cut into {sections} equal pieces."
            )
        cuts = [i * (size // sections) for i in range(1, sections)]
    else:
        cuts = [int(i) for i in indices_or_sections]
    return _cut(x, cuts, axis)


def _cut(x: Any, cuts: Sequence[int], axis: int) -> list[Any]:
    size = x.shape[axis]
    bounds = [0, *(min(max(c + size if c < 0 else c, 0), size) for c in cuts), size]
    return [take_slice(x, axis, a, max(a, b)) for a, b in pairwise(bounds)]


def array_split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """As `split`; where equal pieces are impossible, the first ones are longer by one."""
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    x = value(x)
    axis = axis_of(axis, x.ndim, "array_split")
    if indices_or_sections < 1:
        raise ValueError(f"array_split: expected at least one piece. Received: {indices_or_sections}")
    length, longer = divmod(x.shape[axis], int(indices_or_sections))
    return _cut(x, [i * length + min(i, longer) for i in range(1, int(indices_or_sections))], axis)


def hsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """`split` along axis 1 (axis 0 of vectors)."""
    x = value(x)
    return split(x, indices_or_sections, axis=0 if x.ndim == 1 else 1)


def vsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """`split` along axis 0."""
    return split(x, indices_or_sections, axis=0)


def dsplit(x: Any, indices_or_sections: int | Sequence[int]) -> list[Any]:
    """`split` along axis 2."""
    return split(x, indices_or_sections, axis=2)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis, without it. `num`, if given, must be their number."""
    x = value(x)
    axis = axis_of(axis, x.ndim, "unstack")
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"unstack: axis {axis} of shape {tuple(x.shape)} has not `num`={num} slices.")
    return [squeeze(take_slice(x, axis, i, i + 1), axis=axis) for i in range(x.shape[axis])]


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element (slice along `axis`) several times in a row; of the flattened array if `axis` is None.

    Args:
        x: array. repeats: int, or one for each slice. axis: int or None.
    """
    from schuss.ops.indexing import take

    x = value(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = axis_of(axis, x.ndim, "repeat")
    counts = np.asarray(repeats).reshape(-1)
    if counts.size != 1:
        if counts.size != x.shape[axis]:
            raise ValueError(f"repeat: {counts.size} repeats for {x.shape[axis]} slices along axis {axis}.")
        return take(x, np.repeat(np.arange(x.shape[axis], dtype="int32"), counts), axis=axis)
    times = int(counts[0])
    wide = (*x.shape[: axis + 1], times, *x.shape[axis + 1 :])
    flat = (*x.shape[:axis], x.shape[axis] * times, *x.shape[axis + 1 :])
    return reshaped(broadcast(expand_dims(x, axis + 1), wide), flat)


def tile(x: Any, repeats: Any) -> Any:
    """The whole array several times along each axis, as numpy.tile."""
    x = value(x)
    times = shape_of(repeats)
    times = (1,) * (x.ndim - len(times)) + times
    x = reshaped(x, (1,) * (len(times) - x.ndim) + tuple(x.shape))
    if all(n == 1 for n in times):
        return x
    narrow = [n for size in x.shape for n in (1, size)]
    wide = [n for count, size in zip(times, x.shape, strict=True) for n in (count, size)]
    return reshaped(
        broadcast(reshaped(x, narrow), wide), [a * b for a, b in zip(times, x.shape, strict=True)]
    )


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """The order along axes (all by default) turned round."""
    x = value(x)
    axes = tuple(a for a in axes_of(axis, x.ndim, "flip") if x.shape[a] > 1)
    return p.reverse_p.bind(x, axes=axes) if axes else x


def fliplr(x: Any) -> Any:
    """`flip` along axis 1."""
    return flip(x, axis=1)


def flipud(x: Any) -> Any:
    """`flip` along axis 0."""
    return flip(x, axis=0)


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """The plane of two axes turned by k·90° from the first towards the second.

    Raises:
        ValueError: `axes` are not two different axes.
    """
    x = value(array)
    if x.ndim < 2 or len(axes) != 2:
        raise ValueError(
            f"rot90: expected an array with at least 2 axes and a pair `axes`. Received: {x.shape}, {axes}"
        )
    a, b = (axis_of(axis, x.ndim, "rot90") for axis in axes)
    if a == b:
        raise ValueError(f"rot90: `axes` must be different. Received: axes={axes}")
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return flip(x, (a, b))
    return swapaxes(flip(x, b), a, b) if k % 4 == 1 else flip(swapaxes(x, a, b), b)


def roll(x: Any, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Any:
    """Elements moved on by `shift` places; those that fall off the end come in at the start."""
    x = value(x)
    if axis is None:
        return reshaped(roll(ravel(x), shift, 0), x.shape)
    axes = _sequence(axis)
    shifts = _sequence(shift)
    if len(shifts) == 1:
        shifts = list(shifts) * len(axes)
    for places, one_axis in zip(shifts, axes, strict=True):
        at = axis_of(one_axis, x.ndim, "roll")
        size = x.shape[at]
        places = places % size if size else 0
        if places:
            x = p.concatenate_p.bind(
                take_slice(x, at, size - places, size), take_slice(x, at, 0, size - places), axis=at
            )
    return x


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """More elements at both ends of axes.

    Args:
        x: array.
        pad_width: int, ``(before, after)`` for all axes, or such a pair for each.
        mode: ``"constant"``, ``"edge"``, ``"reflect"``, ``"symmetric"`` or ``"wrap"``.
        constant_values: the number for ``"constant"``; default 0.

    Raises:
        ValueError: unknown mode, a wrong `pad_width`, or `constant_values` with another mode.

    Example:
        >>> from schuss import ops
        >>> ops.pad(ops.array([1, 2]), (1, 2)).tolist()
        [0, 1, 2, 0, 0]
    """
    x = value(x)
    widths = _pad_widths(pad_width, x.ndim)
    if mode == "constant":
        if all(pair == (0, 0) for pair in widths):
            return x
        fill = value(0 if constant_values is None else constant_values, x.dtype)
        low, high = (tuple(pair[side] for pair in widths) for side in (0, 1))
        return p.pad_p.bind(x, reshaped(fill, ()), low=low, high=high, interior=(0,) * x.ndim)
    if constant_values is not None:
        raise ValueError(f"pad: `constant_values` is only for mode='constant'. Received: mode={mode!r}")
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            f"pad: mode must be constant, edge, reflect, symmetric or wrap. Received: mode={mode!r}"
        )
    from schuss.ops.indexing import take

    for axis, pair in enumerate(widths):
        if pair != (0, 0):
            x = take(x, np.pad(np.arange(x.shape[axis], dtype="int32"), pair, mode=mode), axis=axis)  # type: ignore[call-overload]
    return x


def _pad_widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    try:
        pairs = np.broadcast_to(np.asarray(pad_width, dtype="int64"), (ndim, 2))
    except ValueError:
        raise ValueError(
            f"pad: `pad_width` must be an int, a pair, or a pair for each of {ndim} axes. Received: "
            f"{pad_width!r}"
        ) from None
    if pairs.size and pairs.min() < 0:
        raise ValueError(f"pad: `pad_width` must not be negative. Received: {pad_width!r}")
    return [(int(a), int(b)) for a, b in pairs]
