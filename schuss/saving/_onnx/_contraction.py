"""ONNX for sums of products: MatMul, and Conv where windows of an array are multiplied with a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import primitives as p
from schuss.graph.primitives.contraction import free_axes
from schuss.saving._onnx._elementwise import widened
from schuss.saving._onnx._emitter import Emitter, Name, aligned_shape, is_broadcast, rules
from schuss.saving._onnx._graphs import Shape, Step, Value
from schuss.saving._onnx._sizes import product
from schuss.saving._onnx._structure import reduction

Ints = tuple[int, ...]


def _dot_general(e: Emitter, step: Step, x: Name, y: Name, contract: Any, batch: Any) -> str:
    conv = _conv(e, x.value, y.value, contract, batch)
    return _matmul(e, step, x, y, contract, batch) if conv is None else conv


def _matmul(e: Emitter, step: Step, x: Name, y: Name, contract: Any, batch: Any) -> str:
    given, dtype = x.value.dtype, widened(x.value.dtype)
    left, right = (e.converted(str(operand), given, dtype) for operand in (x, y))
    a, b = x.value.shape, y.value.shape
    x_free, y_free = free_axes(len(a), contract[0], batch[0]), free_axes(len(b), contract[1], batch[1])
    stack, rows, columns = (
        tuple(shape[axis] for axis in axes) for shape, axes in ((a, batch[0]), (a, x_free), (b, y_free))
    )
    inner = tuple(a[axis] for axis in contract[0])
    left = e.transpose(left, (*batch[0], *x_free, *contract[0]))
    right = e.transpose(right, (*batch[1], *contract[1], *y_free))
    several_rows = (len(rows) >= 1 and not stack) or len(rows) == 1
    flat = rows if several_rows else (product(rows),)
    left = e.reshape(left, (*stack, *rows, *inner), (*stack, *flat, product(inner)))
    right = e.reshape(right, (*stack, *inner, *columns), (*stack, product(inner), product(columns)))
    z = e.reshape(e.op("MatMul", left, right), (*stack, *flat, product(columns)), (*stack, *rows, *columns))
    return e.converted(z, dtype, given)


@dataclass
class _Windows:
    """Windows [n, positions…, places…, c] of `source` [n, spatial…, c], with zeros around."""

    source: Value
    sizes: Ints
    strides: Ints
    dilations: Ints
    low: Ints
    high: Ints

    @property
    def spatial(self) -> int:
        return len(self.sizes)


def _windows_of(value: Value) -> _Windows | None:
    """What windows a value is, if it is windows with the channels last."""
    if value.step is None or value.step.primitive is not p.transpose_p or value.dtype != np.float32:
        return None
    found = value.step.inputs[0].step
    if found is None or found.primitive is not p.windows_p:
        return None
    sizes, spatial = found.params["sizes"], len(found.params["sizes"])
    source, last = found.inputs[0], spatial + 1
    order = (*range(last), *range(last + 1, 2 * spatial + 2), last)
    plain = found.params["axes"] == tuple(range(1, spatial + 1)) and value.step.params["permutation"] == order
    if not plain or len(source.shape) != spatial + 2 or spatial > 3:
        return None
    none = (0,) * spatial
    windows = _Windows(source, sizes, found.params["strides"], found.params["dilations"], none, none)
    return _with_zeros_around(windows)


def _with_zeros_around(windows: _Windows) -> _Windows:
    step = windows.source.step
    if step is None or step.primitive is not p.pad_p:
        return windows
    low, high = step.params["low"], step.params["high"]
    value = step.inputs[1].array
    plain = all(isinstance(n, int) for n in (*low, *high)) and not any(step.params.get("interior") or ())
    outer = (low[0], low[-1], high[0], high[-1])
    if not plain or outer != (0, 0, 0, 0) or value is None or value != 0:
        return windows
    return _Windows(step.inputs[0], windows.sizes, windows.strides, windows.dilations, low[1:-1], high[1:-1])


def _convolved(e: Emitter, windows: _Windows, kernel: str, groups: Any) -> str:
    """[n, o, positions…], of a kernel [o, c / groups, places…]."""
    spatial = windows.spatial
    x = e.transpose(e.name(windows.source), (0, spatial + 1, *range(1, spatial + 1)))
    return e.op(
        "Conv", x, kernel, group=groups, strides=list(windows.strides), dilations=list(windows.dilations),
        pads=[*windows.low, *windows.high], kernel_shape=list(windows.sizes),
    )  # fmt: skip


def _conv(e: Emitter, x: Value, y: Value, contract: Any, batch: Any) -> str | None:
    """The contraction of windows with a kernel, as `schuss.ops.convolution` writes it; None if it is another one."""
    if not batch[0]:
        windows = _windows_of(x)
        if windows is None:
            return None
        n = windows.spatial
        if contract != ((*range(n + 1, 2 * n + 1), 2 * n + 1), tuple(range(n + 1))) or len(y.shape) != n + 2:
            return None
        kernel = e.transpose(e.name(y), (n + 1, n, *range(n)))
        return e.transpose(_convolved(e, windows, kernel, 1), (0, *range(2, n + 2), 1))
    if x.step is None or x.step.primitive is not p.reshape_p:
        return None
    windows = _windows_of(x.step.inputs[0])
    if windows is None:
        return None
    n = windows.spatial
    wanted = ((*range(n + 1, 2 * n + 1), 2 * n + 2), tuple(range(n + 1))), ((2 * n + 1,), (n + 1,))
    if (contract, batch) != wanted or len(x.shape) != 2 * n + 3 or len(y.shape) != n + 3:
        return None
    depth, groups, multiple = y.shape[n:]
    kernel = e.transpose(e.name(y), (n + 1, n + 2, n, *range(n)))
    kernel = e.reshape(
        kernel, (groups, multiple, depth, *windows.sizes), (groups * multiple, depth, *windows.sizes)
    )
    found, positions = _convolved(e, windows, kernel, groups), x.shape[1 : n + 1]
    split = e.reshape(
        found, (x.shape[0], groups * multiple, *positions), (x.shape[0], groups, multiple, *positions)
    )
    return e.transpose(split, (1, 0, *range(3, n + 3), 2))


def _reduce_sum(e: Emitter, step: Step, x: Name, axes: Ints) -> str:
    conv = _depthwise(e, x.value, axes)
    return _plain_sum(e, step, x, axes=axes) if conv is None else conv


def _depthwise(e: Emitter, product: Value, axes: Ints) -> str | None:
    """The sum over places of windows [n, positions…, places…, c, 1] times a kernel [places…, c, multiple]."""
    if product.step is None or product.step.primitive is not p.multiply_p:
        return None
    seen, kernel = product.step.inputs
    while seen.step is not None and (is_broadcast(seen) or seen.step.primitive is p.reshape_p):
        if is_broadcast(seen) and tuple(seen.step.params["dims"]) != tuple(range(len(seen.shape))):
            return None
        seen = seen.step.inputs[0]
    windows = _windows_of(seen)
    if windows is None or len(product.shape) != 2 * windows.spatial + 3:
        return None
    n, shape = windows.spatial, aligned_shape(kernel)
    channels, multiple = product.shape[-2:]
    if tuple(axes) != tuple(range(n + 1, 2 * n + 1)) or shape != (
        (1,) * (n + 1) + (*windows.sizes, channels, multiple)
    ):
        return None
    weights = e.reshape(e.aligned(kernel), shape, shape[n + 1 :])
    weights = e.transpose(weights, (n, n + 1, *range(n)))
    weights = e.reshape(
        weights, (channels, multiple, *windows.sizes), (channels * multiple, 1, *windows.sizes)
    )
    found, lead = _convolved(e, windows, weights, channels), product.shape[: n + 1]
    split: Shape = (lead[0], channels, multiple, *lead[1:])
    found = e.reshape(found, (lead[0], channels * multiple, *lead[1:]), split)
    return e.transpose(found, (0, *range(3, n + 3), 1, 2))


_plain_sum = reduction("ReduceSum")
rules |= {p.dot_general_p: _dot_general, p.reduce_sum_p: _reduce_sum}
