"""Images sampled anywhere: coordinates, and elements gathered around them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.graph.primitives import gather_p
from schuss.ops._operands import broadcast, joint_shape
from schuss.ops.image._formats import as_batch, as_given, one_of

INTERPOLATIONS = ("nearest", "bilinear")
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0.0
) -> Any:
    """``y[p] = inputs[coordinates[:, p]]`` for coordinates between the elements, by interpolation.

    Args:
        inputs: array of any number of axes.
        coordinates: [number of axes, …], or a list of arrays of one shape.
        order: 0, the nearest element, or 1, linear between neighbours.
        fill_mode: what lies outside: ``"constant"`` (default), ``"nearest"`` (aaa|abcd|ddd), ``"wrap"``
            (bcd|abcd|abc), ``"mirror"`` (dcb|abcd|cba), ``"reflect"`` (cba|abcd|dcb).
        fill_value: the constant. Default 0.

    Returns:
        The coordinates' shape without their first axis, in the inputs' dtype.

    Raises:
        ValueError: not a coordinate for each axis, or an unknown fill mode. NotImplementedError: an order above 1.

    Example:
        >>> from schuss import ops
        >>> ops.image.map_coordinates(ops.array([0.0, 10.0, 20.0]), ops.array([[0.5, 1.25]]), 1).tolist()
        [5.0, 12.5]
    """
    inputs = ops.convert_to_tensor(inputs)
    if not isinstance(coordinates, (list, tuple)):
        coordinates = ops.convert_to_tensor(coordinates)
        if len(coordinates.shape) < 2:
            raise ValueError(
                "map_coordinates: invalid coordinates rank: expected at least rank 2. Received input with shape: "
                f"{tuple(coordinates.shape)}"
            )
        coordinates = ops.unstack(coordinates)
    if len(coordinates) != len(inputs.shape):
        raise ValueError(
            "map_coordinates: first dim of `coordinates` must be the same as the rank of `inputs`. Received inputs "
            f"with shape: {tuple(inputs.shape)} and coordinate leading dim of {len(coordinates)}"
        )
    one_of("map_coordinates", "fill_mode", fill_mode, FILL_MODES)
    if order not in (0, 1):
        raise NotImplementedError(f"map_coordinates: `order` must be 0 or 1. Received: order={order!r}")
    return _sampled(inputs, [ops.convert_to_tensor(c) for c in coordinates], order, fill_mode, fill_value)


Tap = tuple[Any, Any, Any]
"""An index, its weight (None: 1), and whether it lies within (None: certainly)."""


def _sampled(x: Any, coordinates: list[Any], order: int, fill_mode: str, fill_value: Any) -> Any:
    """Σ over the elements around each place, weighted."""
    shape = joint_shape(*coordinates, name="map_coordinates")
    taps = [_taps(c, n, order, fill_mode) for c, n in zip(coordinates, x.shape, strict=True)]
    total = None
    for corner in itertools.product(*taps):
        indices, weights, valid = zip(*corner, strict=True)
        y = gather_p.bind(x, *(broadcast(i, shape) for i in indices))
        weights = [w for w in weights if w is not None]
        y = y if not weights or is_float(y.dtype) else ops.cast(y, weights[0].dtype)
        within = [v for v in valid if v is not None]
        if within:
            y = ops.where(_all(within), y, np.asarray(fill_value).astype(y.dtype))
        for w in weights:
            y = ops.multiply(y, ops.cast(w, y.dtype))
        total = y if total is None else ops.add(total, y)
    if not is_float(x.dtype):
        total = ops.round(total)
    return ops.cast(total, x.dtype)


def _all(conditions: list[Any]) -> Any:
    result = conditions[0]
    for condition in conditions[1:]:
        result = ops.logical_and(result, condition)
    return result


def _taps(coordinate: Any, size: int, order: int, fill_mode: str) -> list[Tap]:
    """The elements around a coordinate along one axis."""
    if not is_float(coordinate.dtype):
        return [_tap(ops.cast(coordinate, "int32"), None, size, fill_mode)]
    if fill_mode in ("constant", "nearest"):  # far away is as outside as one pixel away, and an int32
        coordinate = ops.clip(coordinate, -2.0, size + 1.0)
    if order == 0:
        return [_tap(ops.cast(ops.round(coordinate), "int32"), None, size, fill_mode)]
    lower = ops.floor(coordinate)
    above = ops.subtract(coordinate, lower)
    index = ops.cast(lower, "int32")
    return [
        _tap(index, ops.subtract(1.0, above), size, fill_mode),
        _tap(ops.add(index, 1), above, size, fill_mode),
    ]


def _tap(index: Any, weight: Any, size: int, fill_mode: str) -> Tap:
    within = None
    if fill_mode == "constant":
        within = ops.logical_and(ops.greater_equal(index, 0), ops.less(index, size))
    return _fixed(index, size, fill_mode), weight, within


def _fixed(index: Any, size: int, fill_mode: str) -> Any:
    """The index within the array that an index outside of it stands for; a gather clamps the others."""
    if fill_mode == "wrap":
        return ops.mod(index, size)
    if fill_mode == "mirror":
        return _mirrored(index, size)
    if fill_mode == "reflect":
        odd = ops.add(ops.multiply(index, 2), 1)
        return ops.floor_divide(ops.subtract(_mirrored(odd, 2 * size + 1), 1), 2)
    return index


def _mirrored(index: Any, size: int) -> Any:
    period = max(size - 1, 1)
    return ops.absolute(ops.subtract(ops.mod(ops.add(index, period), 2 * period), period))


def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """``y[i, j] = images[i', j']`` with ``j' = (a0 j + a1 i + a2)/k``, ``i' = (b0 j + b1 i + b2)/k``,
    ``k = c0 j + c1 i + 1``: the transform leads from places of the result to places of the image.

    Args:
        images: [h, w, c] or [n, h, w, c].
        transform: ``a0, a1, a2, b0, b1, b2, c0, c1``, [8], or one for each image, [n, 8].
        interpolation: ``"bilinear"`` (default) or ``"nearest"``.
        fill_mode, fill_value: as in `map_coordinates`.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Returns:
        Images of the same shape and dtype. Gradients reach images and transform.

    Raises:
        ValueError: an unknown interpolation or fill mode, or wrong shapes.

    Example:
        >>> from schuss import ops
        >>> x = ops.array([[[1.0], [2.0], [3.0]]])
        >>> ops.image.affine_transform(x, ops.array([1.0, 0, -1, 0, 1, 0, 0, 0]))[..., 0].tolist()
        [[0.0, 1.0, 2.0]]
    """
    data_format = checked_data_format("affine_transform", data_format)
    one_of("affine_transform", "interpolation", interpolation, INTERPOLATIONS)
    one_of("affine_transform", "fill_mode", fill_mode, FILL_MODES)
    images = ops.convert_to_tensor(images)
    batch = as_batch("affine_transform", images, data_format)
    transform = ops.convert_to_tensor(transform)
    if len(transform.shape) not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(
            "affine_transform: expected a `transform` of shape (8,) (single transform) or (n, 8) (batch of "
            f"transforms). Received input with shape: transform.shape={tuple(transform.shape)}"
        )
    transform = ops.reshape(transform, (-1, 8))
    _same_number("affine_transform", "transform", transform, batch)
    y = projected(batch, transform, interpolation, fill_mode, fill_value)
    return as_given(y, images, data_format)


def _same_number(name: str, argument: str, given: Any, batch: Any) -> None:
    if given.shape[0] not in (1, batch.shape[0]):
        raise ValueError(
            f"{name}: `{argument}` is for {given.shape[0]} images, but there are {batch.shape[0]}. Give one for all, "
            "or one for each."
        )


def projected(batch: Any, transform: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """Images [n, h, w, c], each by its transform, [n or 1, 8]."""
    dtype = "float64" if transform.dtype == np.float64 and batch.dtype == np.float64 else "float32"
    transform = ops.cast(transform, dtype)
    height, width = batch.shape[1:3]
    x = np.arange(width, dtype=dtype).reshape(1, 1, width)
    y = np.arange(height, dtype=dtype).reshape(1, height, 1)
    a0, a1, a2, b0, b1, b2, c0, c1 = (ops.reshape(transform[:, i], (-1, 1, 1)) for i in range(8))
    k = c0 * x + c1 * y + 1.0
    column, row = ops.divide(a0 * x + a1 * y + a2, k), ops.divide(b0 * x + b1 * y + b2, k)
    return sampled_at(batch, row, column, interpolation, fill_mode, fill_value)


def sampled_at(batch: Any, row: Any, column: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """``y[n, i, j, c] = batch[n, row[n, i, j], column[n, i, j], c]``."""
    n, _, _, channels = batch.shape
    which = np.arange(n, dtype="int32").reshape(n, 1, 1, 1)
    channel = np.arange(channels, dtype="int32")
    order = INTERPOLATIONS.index(interpolation)
    row, column = (ops.expand_dims(c, -1) for c in (row, column))
    return _sampled(batch, [which, row, column, channel], order, fill_mode, fill_value)


def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images as seen from elsewhere: four points of an image come to four others.

    Args:
        images: [h, w, c] or [n, h, w, c].
        start_points, end_points: (x, y) of four points, [4, 2], or for each image, [n, 4, 2], in the order top
            left, top right, bottom left, bottom right (any other, if it is the same in both).
        interpolation: ``"bilinear"`` (default) or ``"nearest"``.
        fill_value: of what lies outside. Default 0.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: an unknown interpolation, or points of wrong shapes.

    Source: Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), 2.2.3.

    Example:
        >>> import numpy as np
        >>> from schuss import ops
        >>> corners = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
        >>> x = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
        >>> ops.image.perspective_transform(x, corners, corners[[1, 0, 3, 2]])[..., 0].tolist()  # mirrored
        [[2.0, 1.0], [4.0, 3.0]]
    """
    name = "perspective_transform"
    data_format = checked_data_format(name, data_format)
    one_of(name, "interpolation", interpolation, INTERPOLATIONS)
    images = ops.convert_to_tensor(images)
    batch = as_batch(name, images, data_format)
    dtype = "float64" if images.dtype == np.float64 else "float32"
    start, end = (ops.cast(ops.convert_to_tensor(p), dtype) for p in (start_points, end_points))
    for argument, points in (("start_points", start), ("end_points", end)):
        if len(points.shape) not in (2, 3) or tuple(points.shape[-2:]) != (4, 2):
            raise ValueError(
                f"{name}: invalid {argument} shape: expected (4,2) for a single image or (N,4,2) for a batch. Received "
                f"shape: {tuple(points.shape)}"
            )
    if tuple(start.shape) != tuple(end.shape):
        raise ValueError(
            f"{name}: start_points and end_points must have the same shape. Received start_points.shape="
            f"{tuple(start.shape)}, end_points.shape={tuple(end.shape)}"
        )
    start, end = ops.reshape(start, (-1, 4, 2)), ops.reshape(end, (-1, 4, 2))
    _same_number(name, "start_points", start, batch)
    y = projected(batch, homography(end, start), interpolation, "constant", fill_value)
    return as_given(y, images, data_format)


def homography(source: Any, target: Any) -> Any:
    """[n, 8]: the transform that leads from four points to four others, [n, 4, 2]."""
    matrix = ops.matmul(_from_square(target), _adjugate(_from_square(source)))
    flat = ops.reshape(matrix, (-1, 9))
    return ops.divide(flat[:, :8], flat[:, 8:])


def _from_square(points: Any) -> Any:
    """[n, 3, 3], up to a factor: the projection that leads from the corners (0, 0), (1, 0), (0, 1), (1, 1)."""
    (x0, y0), (x1, y1), (x3, y3), (x2, y2) = ((points[:, i, 0], points[:, i, 1]) for i in range(4))
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    i = dx1 * dy2 - dx2 * dy1
    g, h = sx * dy2 - dx2 * sy, dx1 * sy - sx * dy1
    rows = (
        (i * (x1 - x0) + g * x1, i * (x3 - x0) + h * x3, i * x0),
        (i * (y1 - y0) + g * y1, i * (y3 - y0) + h * y3, i * y0),
        (g, h, i),
    )
    return _matrix(rows)


def _matrix(rows: Any) -> Any:
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)


def _adjugate(matrix: Any) -> Any:
    """The inverse of [n, 3, 3] up to a factor."""
    (a, b, c), (d, e, f), (g, h, i) = ([matrix[:, r, s] for s in range(3)] for r in range(3))
    return _matrix(
        (
            (e * i - f * h, c * h - b * i, b * f - c * e),
            (f * g - d * i, a * i - c * g, c * d - a * f),
            (d * h - e * g, b * g - a * h, a * e - b * d),
        )
    )
