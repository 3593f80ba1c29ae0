"""ONNX for primitives that move elements, count, gather, reduce and sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.saving._onnx._elementwise import widened
from schuss.saving._onnx._emitter import Emitter, Name, aligned_shape, rules
from schuss.saving._onnx._graphs import Shape, Step, Value
from schuss.saving._onnx._sizes import AnySize

_TO_THE_END = np.iinfo("int64").max


def _reshape(e: Emitter, step: Step, x: Name, shape: Shape) -> str:
    return e.reshape(str(x), x.value.shape, shape)


def _transpose(e: Emitter, step: Step, x: Name, permutation: tuple[int, ...]) -> str:
    return e.transpose(str(x), permutation)


def _slice(e: Emitter, step: Step, x: Name, start: Shape, limit: Shape, strides: Any = None) -> str:
    steps = strides or (1,) * len(start)
    cut = [
        axis
        for axis, (a, b, n) in enumerate(zip(start, limit, x.value.shape, strict=True))
        if a != 0 or b != n or steps[axis] != 1
    ]
    if not cut:
        return str(x)
    bounds = (e.sizes(tuple(ends[axis] for axis in cut)) for ends in (start, limit))
    return e.op("Slice", str(x), *bounds, e.integers(*cut), e.integers(*(steps[axis] for axis in cut)))


def _reverse(e: Emitter, step: Step, x: Name, axes: tuple[int, ...]) -> str:
    if not axes:
        return str(x)
    back = e.integers(*(-1 for _ in axes))
    return e.op("Slice", str(x), back, e.integers(*(-_TO_THE_END for _ in axes)), e.integers(*axes), back)


def _pad(e: Emitter, step: Step, x: Name, value: Name, low: Shape, high: Shape, interior: Any = None) -> str:
    y, shape = str(x), x.value.shape
    for axis, gap in enumerate(interior or ()):
        if gap:
            y, shape = _spread(e, y, shape, axis, gap, value)
    if not any(n != 0 for n in (*low, *high)):
        return y
    return e.op("Pad", y, e.sizes((*low, *high)), str(value))


def _spread(e: Emitter, x: str, shape: Shape, axis: int, gap: int, value: Name) -> tuple[str, Shape]:
    """`x` with `gap` values between its elements along an axis."""
    before, size, after = shape[:axis], shape[axis], shape[axis + 1 :]
    split = (*before, size, 1, *after)
    y = e.reshape(x, shape, split)
    y = e.op(
        "Pad",
        y,
        e.integers(*(0 for _ in split), *(gap * (a == axis + 1) for a in range(len(split)))),
        str(value),
    )
    y = e.reshape(y, (*before, size, 1 + gap, *after), (*before, size * (1 + gap), *after))
    found = size * (1 + gap) - gap
    y = e.op("Slice", y, e.integers(0), e.dimension(found), e.integers(axis), e.integers(1))
    return y, (*before, found, *after)


def _concatenate(e: Emitter, step: Step, *operands: Name, axis: int) -> str:
    return e.op("Concat", *map(str, operands), axis=axis)


def _windows(e: Emitter, step: Step, x: Name, axes: Any, sizes: Any, strides: Any, dilations: Any) -> str:
    """Gathered, an axis after the other; convolutions do without (`_contraction`)."""
    y, shape = str(x), step.outputs[0].shape
    for number, axis in sorted(enumerate(axes), key=lambda pair: -pair[1]):
        places = _window_places(e, shape[axis], sizes[number], strides[number], dilations[number])
        y = e.op("Gather", y, places, axis=axis)
    order: list[int] = []
    within: dict[int, int] = {}
    for axis in range(len(x.value.shape)):
        order.append(len(order) + len(within))
        if axis in axes:
            within[axes.index(axis)] = order[-1] + 1
    return e.transpose(y, [*order, *(within[number] for number in range(len(axes)))])


def _window_places(e: Emitter, positions: AnySize, size: int, stride: int, dilation: int) -> str:
    """int64[positions, size]: which element each place of each window is."""
    within = np.arange(size) * dilation
    if isinstance(positions, int):
        return e.constant((np.arange(positions)[:, None] * stride + within).astype("int64"))
    starts = e.op("Mul", _range(e, positions), e.scalar(stride, "int64"))
    return e.op(
        "Add", e.reshape(starts, (positions,), (positions, 1)), e.constant(within[None].astype("int64"))
    )


def _range(e: Emitter, size: AnySize) -> str:
    """int64[size]: 0, 1, …"""
    limit = e.op("Squeeze", e.dimension(size), e.integers(0))
    return e.op("Range", e.scalar(0, "int64"), limit, e.scalar(1, "int64"))


def _iota(e: Emitter, step: Step, shape: Shape, dtype: Any, axis: int) -> str:
    aligned = tuple(n if a == axis else 1 for a, n in enumerate(shape))
    counts = e.reshape(e.cast(_range(e, shape[axis]), dtype), (shape[axis],), aligned)
    return e.op("Expand", counts, e.sizes(shape))


def _gather(e: Emitter, step: Step, x: Name, *indices: Name) -> str:
    axis = _taken_axis(x.value, [index.value for index in indices], step.outputs[0].shape)
    if axis is not None:
        chosen = indices[axis].value
        count = len(chosen.shape) - len(x.value.shape) + 1
        before = aligned_shape(chosen)
        places = e.reshape(e.aligned(chosen), before, before[axis : axis + count])
        return e.op("Gather", str(x), _clamped(e, places, x.value.shape[axis]), axis=axis)
    shape = step.outputs[0].shape
    parts = [
        e.reshape(_clamped(e, str(index), size), shape, (*shape, 1))
        for index, size in zip(indices, x.value.shape, strict=True)
    ]
    return e.op("GatherND", str(x), e.op("Concat", *parts, axis=-1))


def _taken_axis(x: Value, indices: list[Value], shape: Shape) -> int | None:
    """The axis along which whole slices are taken; None if single elements are."""
    count = len(shape) - len(x.shape) + 1
    for axis, index in enumerate(indices):
        wanted = [a if a < axis else a + count - 1 for a in range(len(x.shape))]
        others = [a for a in range(len(x.shape)) if a != axis]
        before = aligned_shape(index)
        free = [a for a in range(len(shape)) if not axis <= a < axis + count]
        whole = all(_counts_along(indices[a], wanted[a]) and x.shape[a] == shape[wanted[a]] for a in others)
        if count >= 0 and whole and all(before[a] == 1 for a in free):
            return axis
    return None


def _counts_along(index: Value, axis: int) -> bool:
    step = index.step
    return step is not None and step.primitive is p.iota_p and step.params["axis"] == axis


def _clamped(e: Emitter, index: str, size: AnySize) -> str:
    last = (
        e.op("Squeeze", e.dimension(size - 1), e.integers(0))
        if not isinstance(size, int)
        else e.scalar(size - 1, "int64")
    )
    return e.op("Min", e.op("Max", e.cast(index, "int64"), e.scalar(0, "int64")), last)


def _scatter_add(e: Emitter, step: Step, x: Name, updates: Name, *indices: Name) -> str:
    """What lies outside is added as 0 to the nearest place."""
    value, shape, dtype = updates.value, updates.value.shape, widened(updates.value.dtype)
    added, parts = e.converted(str(updates), value.dtype, dtype), []
    for index, size in zip(indices, x.value.shape, strict=True):
        place = e.cast(str(index), "int64")
        inside = _clamped(e, place, size)
        added = e.op("Where", e.op("Equal", place, inside), added, e.scalar(0, dtype))
        parts.append(e.reshape(inside, shape, (*shape, 1)))
    total = e.op(
        "ScatterND",
        e.converted(str(x), value.dtype, dtype),
        e.op("Concat", *parts, axis=-1),
        added,
        reduction="add",
    )
    return e.converted(total, dtype, value.dtype)


def reduction(kind: str) -> Any:
    def rule(e: Emitter, step: Step, x: Name, axes: tuple[int, ...]) -> str:
        if not axes:
            return str(x)
        given, dtype = x.value.dtype, widened(x.value.dtype)
        y = e.op(kind, e.converted(str(x), given, dtype), e.integers(*axes), keepdims=0)
        return e.converted(y, dtype, given)

    return rule


def _position(kind: str) -> Any:
    def rule(e: Emitter, step: Step, x: Name, axis: int) -> str:
        y = e.converted(str(x), x.value.dtype, widened(x.value.dtype))
        return e.cast(e.op(kind, y, axis=axis, keepdims=0), "int32")

    return rule


def _cumsum(e: Emitter, step: Step, x: Name, axis: int, reverse: bool = False) -> str:
    given, dtype = x.value.dtype, widened(x.value.dtype)
    y = e.op("CumSum", e.converted(str(x), given, dtype), e.scalar(axis, "int64"), reverse=int(reverse))
    return e.converted(y, dtype, given)


def _running(kind: str, neutral: Any) -> Any:
    """Totals of 1, then 2, then 4, … elements (Hillis & Steele 1986): ONNX has running sums only."""

    def rule(e: Emitter, step: Step, x: Name, axis: int, reverse: bool = False) -> str:
        given, dtype, shape = x.value.dtype, widened(x.value.dtype), x.value.shape
        size = shape[axis]
        if not isinstance(size, int):
            raise ValueError(
                f"export: {step.primitive.name} along an axis of unknown size. Give it one in `input_signature`."
            )
        y, reach = e.converted(str(x), given, dtype), 1
        start, end = (0, len(shape)) if not reverse else (len(shape), 0)
        while reach < size:
            pads = [0] * (2 * len(shape))
            pads[axis + start], pads[axis + end] = reach, -reach
            moved = e.op("Pad", y, e.integers(*pads), e.scalar(neutral(dtype), dtype))
            y, reach = e.op(kind, y, moved), 2 * reach
        return e.converted(y, dtype, given)

    return rule


def _least(dtype: np.dtype) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _sort(
    e: Emitter, step: Step, keys: Name, *values: Name, axis: int, descending: bool = False
) -> list[str]:
    given, dtype = keys.value.dtype, widened(keys.value.dtype)
    size = e.dimension(keys.value.shape[axis])
    first, order = e.several(
        "TopK", [e.converted(str(keys), given, dtype), size], 2, axis=axis, largest=int(descending), sorted=1
    )
    others = [e.op("GatherElements", str(value), order, axis=axis) for value in values]
    return [e.converted(first, dtype, given), *others]


def _same(e: Emitter, step: Step, x: Name, **params: Any) -> str:
    return str(x)


def _custom_gradient(e: Emitter, step: Step, *operands: Name, n: int, gradient: Any) -> list[str]:
    return [str(operand) for operand in operands[n:]]


def _random_bits(e: Emitter, step: Step, key: Name, shape: Shape) -> str:
    raise ValueError(
        f"export: {step.scope or 'the model'} draws random numbers when it predicts, which a file cannot."
    )


def _host_call(e: Emitter, step: Step, *operands: Name, function: Any, specs: Any) -> list[str]:
    raise ValueError(
        f"export: {step.scope or 'the model'} calls the Python function {getattr(function, '__name__', function)}, which "
        "cannot be written to a file. Export the part of the model behind it."
    )


rules |= {
    p.reshape_p: _reshape,
    p.transpose_p: _transpose,
    p.slice_p: _slice,
    p.reverse_p: _reverse,
    p.pad_p: _pad,
    p.concatenate_p: _concatenate,
    p.windows_p: _windows,
    p.iota_p: _iota,
    p.gather_p: _gather,
    p.scatter_add_p: _scatter_add,
    p.reduce_prod_p: reduction("ReduceProd"),
    p.reduce_max_p: reduction("ReduceMax"),
    p.reduce_min_p: reduction("ReduceMin"),
    p.argmax_p: _position("ArgMax"),
    p.argmin_p: _position("ArgMin"),
    p.cumsum_p: _cumsum,
    p.cumprod_p: _running("Mul", lambda dtype: 1),
    p.cummax_p: _running("Max", _least),
    p.sort_p: _sort,
    p.identity_p: _same,
    p.stop_gradient_p: _same,
    p.materialize_p: _same,
    p.recompute_p: _same,
    p.custom_gradient_p: _custom_gradient,
    p.random_bits_p: _random_bits,
    p.host_call_p: _host_call,
}
