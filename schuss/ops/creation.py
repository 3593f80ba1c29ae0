"""Arrays from nothing: constants, counts, grids, windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from schuss.graph import Spec, Tensor, active_trace, as_dtype, as_value, is_float, observers, result_type
from schuss.graph import primitives as p
from schuss.ops._operands import (
    as_float,
    broadcast,
    convert,
    filled,
    is_weak,
    kind_of,
    reshaped,
    shape_of,
    value,
)
from schuss.ops.elementwise import add, cos, divide, exp, log, multiply, power, sqrt, subtract

__all__ = [
    "arange", "array", "bartlett", "blackman", "copy", "empty", "empty_like", "eye", "full", "full_like", "geomspace",
    "hamming", "hanning", "i0", "identity", "kaiser", "linspace", "logspace", "meshgrid", "ones", "ones_like", "tri", "tril",
    "triu", "vander", "zeros", "zeros_like",
]  # fmt: skip


def array(x: Any, dtype: Any = None) -> Any:
    """`x` (numbers, nested lists, arrays) as an array of its own; Python floats become floatx, ints int32.

    Example:
        >>> from schuss import ops
        >>> ops.array([1.0, 2.0]).dtype.name
        'float32'
    """
    x = value(x, dtype) if not isinstance(x, (list, tuple)) or not has_tensor(x) else stacked(x, dtype)
    return x if isinstance(x, Tensor) else np.array(x)


def has_tensor(x: Any) -> bool:
    """Whether a nested list has tensors in it, or arrays of a kind whose operations somebody follows."""
    if isinstance(x, (list, tuple)):
        return any(has_tensor(item) for item in x)
    if isinstance(x, np.ndarray):
        return type(x) is not np.ndarray and bool(observers)
    return isinstance(as_value(x), Tensor) if hasattr(x, "__schuss_value__") else isinstance(x, Tensor)


def stacked(x: Any, dtype: Any) -> Any:
    """A nested list with tensors in it as one tensor."""
    from schuss.ops.shaping import stack

    if not isinstance(x, (list, tuple)):
        return value(x, dtype)
    result = stack([stacked(item, None) if isinstance(item, (list, tuple)) else item for item in x])
    return result if dtype is None else convert(result, dtype)


def copy(x: Any) -> Any:
    """`x` as an array that shares no memory with it."""
    return array(x)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of one value (or of a smaller array, broadcast).

    Args:
        shape: int or sequence. fill_value: number or array. dtype: default: floatx.
    """
    shape, dtype = shape_of(shape), as_dtype(dtype)
    fill = value(fill_value, dtype)
    if isinstance(fill, Tensor) or active_trace() is not None:
        return broadcast(fill, shape)
    return np.full(shape, fill, dtype)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros; dtype floatx by default."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones; dtype floatx by default."""
    return full(shape, 1, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """The same as `zeros`."""
    return full(shape, 0, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of one value with the shape of x, and its dtype unless `dtype` is given."""
    x = x if hasattr(x, "shape") and hasattr(x, "dtype") else as_value(x)
    return full(x.shape, fill_value, x.dtype if dtype is None else dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros with the shape and dtype of x."""
    return full_like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones with the shape and dtype of x."""
    return full_like(x, 1, dtype)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """The same as `zeros_like`."""
    return full_like(x, 0, dtype)


def count(size: int, dtype: Any = "int32") -> Any:
    """``[0, 1, …, size − 1]``; inside a trace a primitive, so that compilers know what it is."""
    return p.iota_p.bind(shape=(int(size),), dtype=as_dtype(dtype), axis=0)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """``start, start + step, …`` up to but without `stop`.

    Args:
        start: number; where `stop` is missing, the stop, counted from 0.
        stop, step: numbers; step is 1 by default.
        dtype: default: int32 if all are integers, else floatx (or the arrays' type).

    Example:
        >>> from schuss import ops
        >>> ops.arange(1, 7, 2).tolist()
        [1, 3, 5]
    """
    start, stop = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    for name, number in (("start", start), ("stop", stop), ("step", step)):
        if isinstance(number, Tensor):
            raise TypeError(
                f"arange: `{name}` is a tensor; the length of the result must be known in a trace."
            )
    start, stop, step = (x if is_weak(x) else as_value(x) for x in (start, stop, step))
    dtype = result_type(*map(kind_of, (start, stop, step))) if dtype is None else as_dtype(dtype)
    start, stop, step = (x if is_weak(x) else x.item() for x in (start, stop, step))
    if step == 0:
        raise ValueError("arange: `step` must not be 0.")
    length = max(0, math.ceil((stop - start) / step))
    if active_trace() is None or not isinstance(start, int) or not isinstance(step, int):
        return (
            np.arange(length) * step + start
            if dtype == np.int64
            else (np.arange(length) * step + start).astype(dtype)
        )
    counted = count(length, "int32" if dtype.kind == "b" else dtype)
    scaled = counted if step == 1 else multiply(counted, step)
    return convert(scaled if start == 0 else add(scaled, start), dtype)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal distances from `start` to `stop`.

    Args:
        start, stop: numbers or arrays, broadcast.
        num: how many. endpoint: whether `stop` is the last of them.
        retstep: return ``(numbers, distance)``.
        dtype: default: floatx, or the arrays' float type. axis: where the new axis goes.

    Example:
        >>> from schuss import ops
        >>> ops.linspace(0.0, 1.0, 5).tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    from schuss.ops.shaping import moveaxis

    work = result_type(kind_of(start), kind_of(stop), float)
    dtype = work if dtype is None else as_dtype(dtype)
    work = dtype if is_float(dtype) else work
    start, stop = value(start, work), value(stop, work)
    intervals = num - 1 if endpoint else num
    if not isinstance(start, Tensor) and not isinstance(stop, Tensor):
        points, step = np.linspace(
            start.astype("float64"), stop.astype("float64"), num, endpoint=endpoint, retstep=True, axis=axis
        )
        if dtype.kind in "iu":
            points = np.floor(points)
        step = np.asarray(step).astype(work)
        return (points.astype(dtype), step) if retstep else points.astype(dtype)
    step = divide(subtract(stop, start), max(intervals, 1))
    turns = reshaped(count(num, work), (num, *[1] * step.ndim))
    points = add(start, multiply(turns, step))
    if endpoint and num > 1:  # exactly the stop, whatever rounding says
        last = p.compare_p.bind(turns, filled(turns.shape, num - 1, work), direction="EQ")
        points = p.select_p.bind(broadcast(last, points.shape), broadcast(stop, points.shape), points)
    if dtype.kind in "iu":
        points = p.floor_p.bind(points)
    points = moveaxis(convert(points, dtype), 0, axis)
    return (points, step) if retstep else points


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """``base`` to the powers `linspace` gives."""
    powers = linspace(start, stop, num, endpoint, axis=axis)
    dtype = powers.dtype if dtype is None else as_dtype(dtype)
    return convert(power(value(base, powers.dtype), powers), dtype)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers of equal ratios from `start` to `stop`, both of one sign and not 0."""
    start, stop = as_float(start), as_float(stop)
    sign = p.sign_p.bind(start)
    powers = linspace(log(multiply(start, sign)), log(multiply(stop, sign)), num, endpoint, axis=axis)
    from schuss.ops.shaping import expand_dims

    signs = expand_dims(sign, axis) if sign.ndim else sign
    points = multiply(exp(powers), signs)
    return points if dtype is None else convert(points, dtype)


def identity(n: int, dtype: Any = None) -> Any:
    """The unit matrix [n, n]; dtype floatx by default."""
    return eye(n, dtype=dtype)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal of zeros [N, M]; dtype floatx by default."""
    return convert(_compare_places(int(N), int(N if M is None else M), int(k), "EQ"), as_dtype(dtype))


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones at and below the k-th diagonal of zeros [N, M]; dtype floatx by default."""
    return convert(_compare_places(int(N), int(N if M is None else M), int(k), "LE"), as_dtype(dtype))


def _compare_places(rows: int, columns: int, k: int, direction: str) -> Any:
    """bool [rows, columns]: how ``column − k`` compares with ``row``."""
    row = p.iota_p.bind(shape=(rows, columns), dtype=np.dtype("int32"), axis=0)
    column = p.iota_p.bind(shape=(rows, columns), dtype=np.dtype("int32"), axis=1)
    return p.compare_p.bind(column, add(row, k), direction=direction)


def tril(x: Any, k: int = 0) -> Any:
    """x with zeros above its k-th diagonal (of the last two axes)."""
    return _triangle(x, k, "LE", "tril")


def triu(x: Any, k: int = 0) -> Any:
    """x with zeros below its k-th diagonal (of the last two axes)."""
    return _triangle(x, k, "GE", "triu")


def _triangle(x: Any, k: int, direction: str, name: str) -> Any:
    x = value(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: expected at least 2 axes, got shape {tuple(x.shape)}.")
    kept = _compare_places(x.shape[-2], x.shape[-1], int(k), direction)
    return p.select_p.bind(broadcast(kept, x.shape), x, filled(x.shape, 0, x.dtype))


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Grids of coordinates from vectors of them.

    Args:
        *x: vectors or scalars. indexing: ``"xy"``: the first varies along axis 1; ``"ij"``: along axis 0.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: `indexing` must be 'xy' or 'ij'. Received: indexing={indexing!r}")
    vectors = [value(v) for v in x]
    sizes = [math.prod(v.shape) for v in vectors]
    place = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        place[:2] = [1, 0]
    shape = [sizes[i] for i in place]
    grids = []
    for vector, axis in zip(vectors, place, strict=True):
        thin = [1] * len(vectors)
        thin[axis] = math.prod(vector.shape)
        grids.append(broadcast(reshaped(vector, thin), shape))
    return grids


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of the elements of a vector: ``y[i, j] = x[i]^(N − 1 − j)`` (``x[i]^j`` if `increasing`)."""
    x = value(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected a vector, got shape {tuple(x.shape)}.")
    size = x.shape[0] if N is None else int(N)
    powers = np.arange(size) if increasing else np.arange(size)[::-1]
    return power(reshaped(x, (x.shape[0], 1)), powers.astype(x.dtype if x.dtype.kind != "b" else "int32"))


def _window(name: str, x: Any) -> tuple[Any, int]:
    size = int(np.asarray(as_value(x) if not is_weak(x) else x).item())
    return count(size, as_dtype(None)), size


def hanning(x: int) -> Any:
    """The window ``0.5 − 0.5 cos(2πn/(x − 1))`` of x points."""
    return _cosines("hanning", x, 0.5, 0.5)


def hamming(x: int) -> Any:
    """The window ``0.54 − 0.46 cos(2πn/(x − 1))`` of x points."""
    return _cosines("hamming", x, 0.54, 0.46)


def blackman(x: int) -> Any:
    """The window ``0.42 − 0.5 cos(2πn/(x − 1)) + 0.08 cos(4πn/(x − 1))`` of x points."""
    return _cosines("blackman", x, 0.42, 0.5, 0.08)


def _cosines(name: str, x: int, *weights: float) -> Any:
    n, size = _window(name, x)
    if size <= 1:
        return ones((size,))
    total = filled(n.shape, weights[0], n.dtype)
    for k, weight in enumerate(weights[1:], 1):
        total = add(total, multiply((-1) ** k * weight, cos(multiply(n, 2 * math.pi * k / (size - 1)))))
    return total


def bartlett(x: int) -> Any:
    """The triangular window of x points, 0 at both ends."""
    n, size = _window("bartlett", x)
    if size <= 1:
        return ones((size,))
    half = (size - 1) / 2
    return subtract(1.0, p.abs_p.bind(divide(subtract(n, half), half)))


def kaiser(x: int, beta: Any) -> Any:
    """The window ``I₀(β √(1 − (2n/(x − 1) − 1)²)) / I₀(β)`` of x points."""
    n, size = _window("kaiser", x)
    if size <= 1:
        return ones((size,))
    place = subtract(divide(multiply(n, 2.0), size - 1), 1.0)
    inside = sqrt(subtract(1.0, multiply(place, place)))
    return divide(i0(multiply(beta, inside)), i0(beta))


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind of order 0; computed on the host."""
    x = as_float(x)

    def bessel(array: np.ndarray) -> np.ndarray:
        return np.i0(array.astype("float64")).reshape(array.shape)

    return p.host_call_p.bind(x, function=bessel, specs=(Spec(x.shape, x.dtype),))[0]
