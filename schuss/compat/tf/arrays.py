"""Making and rearranging tensors: the functions at the top of ``tensorflow``, with its signatures."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.compat._eager import EagerTensor, TensorShape, eager, to_tensor
from schuss.compat.tf.math import operands
from schuss.graph import Tensor as _Traced
from schuss.graph import _tree, as_dtype, is_float

__all__ = [
    "Tensor",
    "TensorSpec",
    "argsort",
    "boolean_mask",
    "broadcast_to",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "concat",
    "cond",
    "constant",
    "convert_to_tensor",
    "expand_dims",
    "fill",
    "gather",
    "gather_nd",
    "get_static_value",
    "identity",
    "is_tensor",
    "linspace",
    "map_fn",
    "meshgrid",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "range",
    "rank",
    "repeat",
    "reshape",
    "reverse",
    "roll",
    "shape",
    "size",
    "slice",
    "sort",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "tile",
    "transpose",
    "unstack",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]  # fmt: skip

_range, _slice = range, slice


class _TensorMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, (EagerTensor, _Traced))

    def __subclasscheck__(cls, subclass: Any) -> bool:
        return cls is subclass or issubclass(subclass, (EagerTensor, _Traced))


class Tensor(metaclass=_TensorMeta):
    """For ``isinstance(x, tf.Tensor)``: true of values of operations, in a trace or outside."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise TypeError("tf.Tensor cannot be made; use tf.constant.")


class TensorSpec:
    """Shape (with None for unknown sizes) and type of a tensor."""

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None):
        from schuss.compat.tf.dtypes import as_dtype as tf_dtype

        self.shape = None if shape is None else TensorShape(shape)
        self.dtype, self.name = tf_dtype(dtype), name

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = "Const") -> Any:
    """A tensor of `value` (number, nested list, array); one number fills a `shape`."""
    tensor = to_tensor(value)
    if tensor.dtype == "object":
        tensor = to_tensor(tensor, dtype)
    elif dtype is not None:
        tensor = _exactly(value, tensor, dtype)
    if shape is None:
        return eager(np.array(tensor)) if isinstance(tensor, np.ndarray) else tensor
    dims = _dims(shape)
    size = int(np.prod(dims, dtype=np.int64))
    if tensor.size not in (1, size):
        raise TypeError(
            f"tf.constant: {value!r} has {tensor.size} elements, but got `shape` {dims} with {size}."
        )
    return eager(ops.reshape(tensor, dims) if tensor.size == size else ops.broadcast_to(tensor, dims))


def _exactly(value: Any, tensor: Any, dtype: Any) -> Any:
    """The numbers in another type; Python's floats are not made integers silently."""
    if not hasattr(value, "dtype") and is_float(tensor.dtype) and not is_float(dtype):
        raise TypeError(f"Cannot convert {value!r} to a tensor of dtype {as_dtype(dtype).name}. Use tf.cast.")
    if not hasattr(value, "dtype") and isinstance(tensor, np.ndarray):
        return eager(np.asarray(value).astype(as_dtype(dtype)))
    return to_tensor(tensor, dtype)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None, as_ref: bool = False
) -> Any:
    """`value` as a tensor; a tensor stays itself, and its type must then be `dtype`."""
    if dtype is None:
        return to_tensor(value)
    if isinstance(value, (EagerTensor, _Traced)) and value.dtype != as_dtype(dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor with dtype {value.dtype.name}: "
            "use tf.cast."
        )
    return _exactly(value, to_tensor(value), dtype)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable."""
    return isinstance(x, Tensor) or hasattr(x, "__schuss_value__")


def identity(input: Any, name: Any = None) -> Any:
    """A tensor of the same value."""
    x = to_tensor(input)
    return eager(np.array(x)) if isinstance(x, np.ndarray) and not _followed() else x


def _followed() -> bool:
    from schuss.graph import observers

    return len(observers) > 1  # a tape, which knows tensors by identity


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The numbers where they are known, else None."""
    return None if isinstance(tensor, _Traced) else np.array(tensor)


def _dims(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    return tuple(int(n) for n in shape)


def shape(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """The sizes of the axes, as a tensor."""
    return eager(np.asarray(tuple(to_tensor(input).shape), as_dtype(out_type)))


def rank(input: Any, name: Any = None) -> Any:
    """The number of axes."""
    return eager(np.asarray(len(to_tensor(input).shape), "int32"))


def size(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """The number of elements."""
    return eager(np.asarray(int(np.prod(to_tensor(input).shape, dtype=np.int64)), as_dtype(out_type)))


def zeros(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """Zeros."""
    return eager(ops.zeros(_dims(shape), dtype))


def ones(shape: Any, dtype: Any = "float32", name: Any = None) -> Any:
    """Ones."""
    return eager(ops.ones(_dims(shape), dtype))


def fill(dims: Any, value: Any, name: Any = None) -> Any:
    """One value everywhere."""
    return eager(ops.broadcast_to(to_tensor(value), _dims(dims)))


def zeros_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """Zeros of the same shape."""
    x = to_tensor(input)
    return eager(ops.zeros_like(x, dtype or x.dtype))


def ones_like(input: Any, dtype: Any = None, name: Any = None) -> Any:
    """Ones of the same shape."""
    x = to_tensor(input)
    return eager(ops.ones_like(x, dtype or x.dtype))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = "range") -> Any:
    """start, start + delta, … below limit; ``range(n)`` counts from 0."""
    start, limit = (0, start) if limit is None else (start, limit)
    if dtype is None:
        kinds = [to_tensor(x).dtype for x in (start, limit, delta)]
        floats = [k for k in kinds if is_float(k)]
        dtype = floats[0] if floats else max(kinds, key=lambda k: k.itemsize)
    return eager(np.arange(*(np.asarray(x).item() for x in (start, limit, delta))).astype(as_dtype(dtype)))


def linspace(start: Any, stop: Any, num: int, name: Any = None, axis: int = 0) -> Any:
    """`num` numbers at equal distances, both ends included."""
    start, stop = operands(start, stop)
    return eager(ops.linspace(start, stop, int(num), axis=axis))


def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """The same elements in another shape, row by row; one size may be −1."""
    return eager(ops.reshape(to_tensor(tensor), _dims(shape)))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: Any = "transpose") -> Any:
    """The axes in the order `perm`; reversed by default."""
    return eager(ops.transpose(to_tensor(a), None if perm is None else _dims(perm)))


def expand_dims(input: Any, axis: int, name: Any = None) -> Any:
    """A new axis of size 1."""
    return eager(ops.expand_dims(to_tensor(input), int(axis)))


def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """Without axes of size 1 (all, or those of `axis`)."""
    axis = axis if axis is None or isinstance(axis, int) else tuple(axis) or None
    return eager(ops.squeeze(to_tensor(input), axis))


def concat(values: Any, axis: int, name: Any = "concat") -> Any:
    """Tensors one after the other along `axis`."""
    tensors = [to_tensor(x) for x in values] if isinstance(values, (list, tuple)) else [to_tensor(values)]
    return eager(ops.concatenate(tensors, int(axis)) if len(tensors) > 1 else tensors[0])


def stack(values: Any, axis: int = 0, name: Any = "stack") -> Any:
    """Tensors along a new axis."""
    return eager(ops.stack([to_tensor(x) for x in values], int(axis)))


def unstack(value: Any, num: Any = None, axis: int = 0, name: Any = "unstack") -> list[Any]:
    """The parts along an axis, without it."""
    return [eager(x) for x in ops.unstack(to_tensor(value), num, axis)]


def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: Any = "split"
) -> list[Any]:
    """So many equal parts along `axis`, or parts of these sizes (one may be −1)."""
    x, axis = to_tensor(value), int(axis)
    if isinstance(num_or_size_splits, (int, np.integer)):
        if x.shape[axis] % num_or_size_splits:
            raise ValueError(
                f"tf.split: axis {axis} has size {x.shape[axis]}, which does not divide into "
                f"{num_or_size_splits} equal parts."
            )
        return [eager(part) for part in ops.split(x, int(num_or_size_splits), axis)]
    sizes = list(_dims(num_or_size_splits))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    if sum(sizes) != x.shape[axis]:
        raise ValueError(f"tf.split: sizes {sizes} do not add up to axis {axis}'s size {x.shape[axis]}.")
    return [eager(part) for part in ops.split(x, np.cumsum(sizes)[:-1].tolist(), axis)]


def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """Repeated so many times along each axis."""
    return eager(ops.tile(to_tensor(input), _dims(multiples)))


def repeat(input: Any, repeats: Any, axis: Any = None, name: Any = None) -> Any:
    """Each element so many times."""
    return eager(ops.repeat(to_tensor(input), repeats, axis))


def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """Reversed along axes."""
    return eager(ops.flip(to_tensor(tensor), axis if isinstance(axis, int) else _dims(axis)))


def roll(input: Any, shift: Any, axis: Any, name: Any = None) -> Any:
    """Moved along axes; what leaves on one side enters on the other."""
    return eager(ops.roll(to_tensor(input), shift, axis))


def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None
) -> Any:
    """Padded by ``paddings[axis] = (before, after)``. mode: CONSTANT, REFLECT or SYMMETRIC."""
    widths = [tuple(int(n) for n in pair) for pair in np.asarray(paddings)]
    if mode.lower() == "constant":
        return eager(ops.pad(to_tensor(tensor), widths, "constant", constant_values))
    return eager(ops.pad(to_tensor(tensor), widths, mode.lower()))


def slice(input_: Any, begin: Any, size: Any, name: Any = None) -> Any:
    """`size` elements from `begin` on, for each axis; −1: all that follow."""
    x = to_tensor(input_)
    ends = [x.shape[i] if n == -1 else b + n for i, (b, n) in enumerate(zip(_dims(begin), _dims(size)))]
    return x[tuple(_slice(b, e) for b, e in zip(_dims(begin), ends))]


def broadcast_to(input: Any, shape: Any, name: Any = None) -> Any:
    """Repeated to a shape."""
    return eager(ops.broadcast_to(to_tensor(input), _dims(shape)))


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: Any = None,
) -> Any:
    """The parts at `indices` along `axis` (0 by default, or the first after `batch_dims`)."""
    x, places = to_tensor(params), to_tensor(indices)
    if batch_dims < 0:
        batch_dims += len(places.shape)
    axis = batch_dims if axis is None else int(axis) % len(x.shape)
    _require_places(places, x.shape[axis], "tf.gather")
    if not batch_dims:
        return eager(ops.take(x, places, axis))
    if axis != batch_dims:
        raise NotImplementedError("tf.gather: with batch_dims, `axis` must be batch_dims.")
    batch = [
        ops.reshape(np.arange(n), [-1 if i == j else 1 for j in _range(len(places.shape))])
        for i, n in enumerate(tuple(x.shape)[:batch_dims])
    ]
    return eager(x[(*batch, places)])


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Any = None) -> Any:
    """``params[indices[..., 0], indices[..., 1], …]``."""
    if batch_dims:
        raise NotImplementedError("tf.gather_nd: batch_dims is not part of Schuss.")
    x, places = to_tensor(params), to_tensor(indices)
    return eager(x[tuple(places[..., i] for i in _range(places.shape[-1]))])


def _require_places(places: Any, size: int, function: str) -> None:
    if isinstance(places, np.ndarray) and places.size:
        array = np.asarray(places)
        wrong = array[(array < 0) | (array >= size)]
        if wrong.size:
            raise IndexError(f"{function}: index {wrong[0]} is not in [0, {size}).")


def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: Any = "boolean_mask") -> Any:
    """The parts where `mask` is true. Not in traces, where shapes must be known."""
    x, m = to_tensor(tensor), ops.convert_to_numpy(mask).astype(bool)
    if axis:
        return eager(ops.take(x, np.flatnonzero(m), int(axis)))
    return eager(x[tuple(np.nonzero(m))])


def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """x where the condition holds, else y; without them the places where it holds, [n, axes]."""
    condition = to_tensor(condition)
    if x is None and y is None:
        return eager(np.argwhere(ops.convert_to_numpy(condition)).astype("int64"))
    return eager(ops.where(condition, *operands(x, y)))


def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: Any = None,
) -> Any:
    """`on_value` (1) at each index, else `off_value` (0); an index outside of [0, depth) gives no 1."""
    hot = ops.one_hot(to_tensor(indices), int(depth), -1 if axis is None else axis, "bool")
    dtype = dtype or (to_tensor(on_value if on_value is not None else off_value).dtype
                      if on_value is not None or off_value is not None else "float32")  # fmt: skip
    on, off = to_tensor(1 if on_value is None else on_value, dtype), to_tensor(off_value or 0, dtype)
    return eager(ops.where(hot, on, off))


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """Elements held between two values."""
    x = to_tensor(t)
    return eager(ops.minimum(ops.maximum(x, operands(x, clip_value_min)[1]), operands(x, clip_value_max)[1]))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Any:
    """Scaled down where the norm exceeds `clip_norm`."""
    x = to_tensor(t)
    norm = ops.sqrt(ops.sum(ops.square(x), axis=axes, keepdims=True))
    return eager(ops.divide(ops.multiply(x, clip_norm), ops.maximum(norm, operands(x, clip_norm)[1])))


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: Any = None
) -> tuple[Any, Any]:
    """Tensors scaled down together where their common norm exceeds `clip_norm`; and that norm."""
    tensors = [None if t is None else to_tensor(t) for t in t_list]
    norm = use_norm
    if norm is None:
        norm = ops.sqrt(sum(ops.sum(ops.square(t)) for t in tensors if t is not None))
    scale = ops.divide(clip_norm, ops.maximum(norm, operands(to_tensor(norm), clip_norm)[1]))
    return [None if t is None else eager(ops.multiply(t, scale)) for t in tensors], eager(norm)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: Any = None) -> Any:
    """Sorted along `axis`."""
    result = ops.sort(to_tensor(values), axis)
    return eager(ops.flip(result, axis) if direction == "DESCENDING" else result)


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: Any = None
) -> Any:
    """The places that sort `values`, equal ones in their order."""
    x = to_tensor(values)
    if direction == "DESCENDING":
        x = ops.negative(ops.cast(x, "int64") if x.dtype.kind in "bu" else x)
    return eager(ops.cast(ops.argsort(x, axis), "int32"))


def stop_gradient(input: Any, name: Any = None) -> Any:
    """The value, through which no gradient passes."""
    return eager(ops.stop_gradient(to_tensor(input)))


def meshgrid(*args: Any, indexing: str = "xy", name: Any = None) -> list[Any]:
    """Coordinates of a grid."""
    return [eager(x) for x in ops.meshgrid(*map(to_tensor, args), indexing=indexing)]


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: Any = None) -> Any:
    """``true_fn()`` or ``false_fn()``."""
    return ops.cond(pred, true_fn, false_fn)


def while_loop(
    cond: Any,
    body: Any,
    loop_vars: Any,
    shape_invariants: Any = None,
    maximum_iterations: Any = None,
    **_: Any,
) -> Any:
    """``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``."""
    return ops.while_loop(cond, body, _tree.map_structure(to_tensor, loop_vars), maximum_iterations)


def map_fn(fn: Any, elems: Any, dtype: Any = None, fn_output_signature: Any = None, **_: Any) -> Any:
    """`fn` of every row (of several tensors together, where `elems` is a structure)."""
    tensors = _tree.map_structure(to_tensor, elems)
    count = _tree.leaves(tensors)[0].shape[0]
    results = [fn(_tree.map_structure(lambda x, i=i: x[i], tensors)) for i in _range(count)]
    return _tree.map_structure(lambda *rows: stack(rows), *results)
